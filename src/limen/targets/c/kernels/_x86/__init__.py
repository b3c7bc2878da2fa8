"""What the kernels of x86-64 share; the instruction sets differ in vector width and in the dot product."""
