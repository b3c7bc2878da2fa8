"""One file per ONNX operator: how it becomes operators of a Program. Being in this folder is being registered."""
