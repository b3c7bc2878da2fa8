"""The ONNX side: load, save, check, evaluate, static shapes, text form, and passes that tidy a graph."""

from limen.model.checks import check
from limen.model.evaluate import evaluate, random_feeds
from limen.model.files import from_bytes, from_proto, load, save, to_bytes
from limen.model.graph import Model, StatePair, constant_of, dtype_of, shape_of
from limen.model.infer import infer
from limen.model.shapes import static_shapes
from limen.model.text import to_text

__all__ = [
    "Model",
    "StatePair",
    "check",
    "constant_of",
    "dtype_of",
    "evaluate",
    "from_bytes",
    "from_proto",
    "infer",
    "load",
    "random_feeds",
    "save",
    "shape_of",
    "static_shapes",
    "to_bytes",
    "to_text",
]
