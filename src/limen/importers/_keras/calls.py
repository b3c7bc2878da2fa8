"""How a configuration writes the arguments of a call, in Keras 3 (objects) and before (nested lists)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from limen.errors import ModelError
from limen.importers._keras.build import Value

Key = tuple[str, int, int]
_MAX_DEPTH = 64
_CONSTANT = "_CONSTANT_VALUE"


def key_of(item: Any) -> Key | None:
    """The (layer, call, result) that a legacy reference names, or None if it is no reference."""
    if not isinstance(item, list) or len(item) not in (3, 4) or not isinstance(item[0], str) or item[0] == _CONSTANT:
        return None
    if not all(isinstance(i, int) and not isinstance(i, bool) for i in item[1:3]):
        return None
    return (item[0], item[1], item[2])


def references(given: Any, where: str) -> list[Key]:
    """The references of ``input_layers`` or ``output_layers``: one, a list, or a dictionary of them.

    Raises:
        ModelError: it is something else.
    """
    key = key_of(given)
    if key is not None:
        return [key]
    items = list(given.values()) if isinstance(given, dict) else given
    if not isinstance(items, list):
        raise ModelError(f"{where}: {given!r} names no layers")
    return [key for item in items for key in references(item, where)]


def wanted(call: Any, depth: int = 0) -> Iterator[Key]:
    """Every reference in the description of a call."""
    if depth > _MAX_DEPTH:
        raise ModelError("the arguments of a call are nested too deeply")
    key = _tensor_key(call)
    if key is not None:
        yield key
    if isinstance(call, Mapping) and key is None:
        for item in call.values():
            yield from wanted(item, depth + 1)
    elif isinstance(call, list):
        for item in call[3:] if key is not None else call:
            yield from wanted(item, depth + 1)


def _tensor_key(item: Any) -> Key | None:
    if isinstance(item, Mapping) and item.get("class_name") == "__keras_tensor__":
        config = item.get("config")
        history = config.get("keras_history") if isinstance(config, Mapping) else None
        key = key_of(history)
        if key is None:
            raise ModelError(f"a tensor without history: {history!r}")
        return key
    return key_of(item)


def decode_call(call: Any, ready: Mapping[Key, Value], where: str) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """Positional and keyword arguments of a call, tensors replaced by their Values.

    Raises:
        ModelError: the description is not valid.
    """
    if isinstance(call, Mapping):
        arguments, keywords = _decode(call.get("args"), ready), _decode(call.get("kwargs"), ready)
        if not isinstance(arguments, list | tuple) or not isinstance(keywords, Mapping):
            raise ModelError(f"{where}: a call without args and kwargs")
        return tuple(arguments), {k: v for k, v in keywords.items() if v is not None}
    if not isinstance(call, list):
        raise ModelError(f"{where}: a call that is neither an object nor a list")
    entries = [call] if call and isinstance(call[0], str) else call
    given: list[Any] = []
    named: dict[str, Any] = {}
    for entry in entries:
        if not isinstance(entry, list) or len(entry) not in (3, 4):
            raise ModelError(f"{where}: an argument that is no reference: {entry!r}")
        given.append(entry[2] if entry[0] == _CONSTANT else _decode(entry[:3], ready))
        named.update(_decode(entry[3], ready) if len(entry) == 4 and isinstance(entry[3], Mapping) else {})
    arguments = (given[0],) if len(given) == 1 else (given,)
    return arguments, {k: v for k, v in named.items() if v is not None}


def _decode(item: Any, ready: Mapping[Key, Value]) -> Any:
    key = _tensor_key(item)
    if key is not None and key in ready:
        return ready[key]
    if isinstance(item, list):
        return [_decode(i, ready) for i in item]
    if isinstance(item, Mapping):
        kind, config = item.get("class_name"), item.get("config")
        if kind == "__tuple__" and isinstance(item.get("items"), list):
            return tuple(_decode(i, ready) for i in item["items"])
        if kind in ("__numpy__", "__tensor__") and isinstance(config, Mapping):
            return np.asarray(config.get("value"), dtype=str(config.get("dtype", "float32")))
        if kind is None:
            return {k: _decode(v, ready) for k, v in item.items()}
    return item
