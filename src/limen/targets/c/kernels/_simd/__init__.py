"""What the kernels of vector instruction sets share: tiles of dot products, woven rows, one proven multiply-add."""
