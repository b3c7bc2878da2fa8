"""Whether a ``.pt2`` archive can be loaded without running code that it carries.

torch.export.load unpickles weights and constants that are marked so, custom objects, and sample inputs that are more
than tensors, and it hands symbolic sizes to a parser that evaluates them. All of that is refused unless trusted.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from limen.errors import ModelError, Unsupported

_MAX_MEMBERS = 100_000
_MAX_BYTES = 8 << 30
_MAX_RATIO = 1100
_CODE = re.compile(r"/data/constants/(custom_obj|opaque_obj)")
_FUNCTIONS = frozenset(
    [
        "Max",
        "Min",
        "Mod",
        "FloorDiv",
        "ModularIndexing",
        "PythonMod",
        "CleanDiv",
        "CeilDiv",
        "IntTrueDiv",
        "FloatTrueDiv",
        "CeilToInt",
        "FloorToInt",
        "Abs",
        "floor",
        "ceiling",
        "Eq",
        "Ne",
        "Le",
        "Lt",
        "Ge",
        "Gt",
        "And",
        "Or",
        "Not",
        "True",
        "False",
        "Symbol",
        "Integer",
        "Rational",
        "Add",
        "Mul",
        "Pow",
        "positive",
        "integer",
        "nonnegative",
    ]
)
_SYMBOL = re.compile(r"[su]\d+|zuf\d+")
_WAY_OUT = "pass --trust-pickle if you made the file, or export to .onnx with torch.onnx.export"


def names_of(path: Path) -> list[str]:
    """The members of a torch archive.

    Raises:
        ModelError: it is no archive, or it unpacks to too much.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, UnicodeError, NotImplementedError) as error:
        raise ModelError(f"{path}: the archive is damaged: {error}") from error
    total, packed = sum(i.file_size for i in infos), sum(i.compress_size for i in infos)
    if len(infos) > _MAX_MEMBERS or total > min(_MAX_BYTES, (packed + 1) * _MAX_RATIO):
        raise ModelError(f"{path}: unpacks to {total} bytes in {len(infos)} members, which is refused")
    return [info.filename for info in infos]


def check_exported(path: Path) -> None:
    """Refuse an exported program that needs pickle.

    Raises:
        ModelError: the archive is damaged or is no exported program.
        Unsupported: loading it could run code.
    """
    names = names_of(path)
    if not any(name.endswith("/archive_format") for name in names):
        raise ModelError(f"{path}: not an exported program", "save it with torch.export.save, from torch 2.9 on")
    for name in names:
        if _CODE.search("/" + name):
            raise Unsupported(f"{path}: {name} is a pickled object, and a pickle can run any code", _WAY_OUT)
    for name in (n for n in names if n.endswith(".json")):
        _check_json(path, name, _json(path, name))
    for name in (n for n in names if "/data/sample_inputs/" in "/" + n):
        _check_tensors(path, name)


def _json(path: Path, name: str) -> Any:
    try:
        return json.loads(_bytes(path, name))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: {name} is damaged: {error}") from error


def _bytes(path: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    except Exception as error:  # zlib.error and its like share no base class
        raise ModelError(f"{path}: {name} is damaged: {error}") from error


def _check_json(path: Path, name: str, tree: Any) -> None:
    for key, value in _pairs(tree):
        if key == "use_pickle" and value:
            raise Unsupported(f"{path}: {name} asks for pickle, which can run any code", _WAY_OUT)
        if key == "expr_str" and not _is_plain(str(value)):
            raise Unsupported(f"{path}: {name}: the size {str(value)[:60]!r} is not plain arithmetic", _WAY_OUT)


def _is_plain(text: str) -> bool:
    text = re.sub(r"'([su]\d+)'", r"\1", text)
    if not re.fullmatch(r"[\w\s+\-*/(),.<>=]*", text):
        return False
    words = re.findall(r"[A-Za-z_]\w*", text)
    return all(word in _FUNCTIONS or _SYMBOL.fullmatch(word) for word in words) and "**" not in text


def _pairs(tree: Any) -> Iterator[tuple[str, Any]]:
    stack = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            yield from item.items()
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def _check_tensors(path: Path, name: str) -> None:
    """Sample inputs must load as plain tensors: torch falls back to unpickling anything else."""
    import torch

    data = _bytes(path, name)
    if not data:
        return
    try:
        torch.load(io.BytesIO(data), weights_only=True)
    except Exception as error:
        raise Unsupported(f"{path}: {name} holds more than tensors, and a pickle can run any code", _WAY_OUT) from error
