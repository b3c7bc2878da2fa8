"""Model -> Program (``lower``) and Program -> Model (``raise_program``), one file per ONNX operator."""

from limen.lower.lowering import LOWERINGS, lower

__all__ = ["LOWERINGS", "lower"]
