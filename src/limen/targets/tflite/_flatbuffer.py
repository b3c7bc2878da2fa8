"""Put tables together with flatbuffers: the only module that knows the schema's generated classes.

The classes are those that ai-edge-litert ships, so the schema is the one of the runtime that is pinned. Vectors of
bytes are aligned to 16, as the schema asks of buffers and flatbuffers' Python builder does not do by itself; other
vectors with the same values are stored once.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from limen.errors import InternalError, MissingExtra
from limen.targets.tflite._emit import Named

FILE_IDENTIFIER = b"TFL3"
_ALIGN = 16


@functools.cache
def schema() -> ModuleType:
    """The generated classes.

    Raises:
        MissingExtra: ai-edge-litert or flatbuffers is absent.
    """
    try:
        from ai_edge_litert import schema_py_generated
    except ImportError as error:
        raise MissingExtra("flatbuffers", "build") from error
    module: ModuleType = schema_py_generated
    return module


def table(name: str, /, **fields: Any) -> Any:
    """A table by its name in the schema, with its fields by theirs (``stride_w``).

    Raises:
        InternalError: the schema has no such table or field.
    """
    cls = getattr(schema(), name + "T", None)
    if cls is None:
        raise InternalError(f"the schema has no table {name}")
    made = cls()
    for key, value in fields.items():
        head, *rest = key.split("_")
        attribute = head + "".join(part.capitalize() for part in rest)
        if not hasattr(made, attribute):
            raise InternalError(f"table {name} has no field {key}")
        setattr(made, attribute, _plain(value))
    return made


def member(enumeration: str, name: str) -> int:
    """The number of an enumeration's member.

    Raises:
        InternalError: the schema has no such member.
    """
    value = getattr(getattr(schema(), enumeration), name, None)
    if value is None:
        raise InternalError(f"{enumeration} has no member {name}")
    return int(value)


def finish(model: Any) -> bytes:
    """The model's bytes; the same tables give the same bytes."""
    import flatbuffers

    stored: dict[tuple[str, bytes], int] = {}

    class Builder(flatbuffers.Builder):  # type: ignore[misc]
        def CreateNumpyVector(self, x: Any) -> int:
            if x.dtype.itemsize != 1:
                key = (x.dtype.str, x.tobytes())
                if key not in stored:
                    stored[key] = int(super().CreateNumpyVector(x))
                return stored[key]
            self.StartVector(1, x.size, _ALIGN)
            raw = x.tobytes()
            self.head -= len(raw)
            self.Bytes[self.head : self.head + len(raw)] = raw
            return int(self.EndVector())

    builder = Builder(1024)
    builder.Finish(model.Pack(builder), FILE_IDENTIFIER)
    return bytes(builder.Output())


def _plain(value: Any) -> Any:
    if isinstance(value, Named):
        return member(value.enumeration, value.member)
    return list(value) if isinstance(value, tuple) else value
