"""Target onnx: a Model as one .onnx file for ONNX Runtime and everything else that reads it."""

from limen.targets.onnx._target import TARGET

__all__ = ["TARGET"]
