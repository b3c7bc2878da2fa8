"""Open a ``.keras`` or legacy ``.h5`` file: configuration, Keras version and weights. Nothing in it is trusted."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limen.errors import MissingExtra, ModelError
from limen.importers._keras.build import Array
from limen.importers._keras.weights import Named, Tree, Weights, descend, member, read_dataset

MAX_FILE_BYTES = 4 << 30
MAX_JSON_BYTES = 64 << 20
_MAX_RATIO = 1100


@dataclass(frozen=True)
class Source:
    """What a Keras file holds.

    Args:
        config: ``{"class_name": ..., "config": {...}}`` of the model.
        version: Keras major version that wrote it.
        weights: of the whole model.
        legacy: layer name -> weights, for files that keep them per top layer; empty otherwise.
    """

    config: Mapping[str, Any]
    version: int
    weights: Weights
    legacy: Mapping[str, Weights]


def open_model(path: Path) -> Source:
    """Read a Keras file; the format is told by its first bytes, not by its name.

    Raises:
        ModelError: not a Keras model file, damaged, or without an architecture.
        MissingExtra: h5py is not installed.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ModelError(f"{path}: larger than {MAX_FILE_BYTES >> 30} GiB")
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
    if data.startswith(b"PK"):
        return _open_archive(data, path.name)
    if data.startswith(b"\x89HDF\r\n\x1a\n"):
        return _open_legacy(_open_h5(data, path.name), path.name)
    raise ModelError(f"{path}: not a Keras file: neither a .keras archive nor HDF5", "save it with model.save()")


def _open_archive(data: bytes, name: str) -> Source:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, UnicodeError, NotImplementedError) as error:
        raise ModelError(f"{name}: the archive is damaged: {error}") from error
    if "config.json" not in members:
        raise ModelError(f"{name}: not a Keras file: the archive has no config.json")
    if "model.weights.h5" not in members:
        raise ModelError(f"{name}: the archive has no model.weights.h5", "save it unsharded with model.save()")
    config = _parse_json(_read_member(archive, "config.json", name, MAX_JSON_BYTES), f"{name}: config.json")
    version = 3
    if "metadata.json" in members:
        meta = _parse_json(_read_member(archive, "metadata.json", name, MAX_JSON_BYTES), f"{name}: metadata.json")
        version = _major(meta.get("keras_version"), version)
    group = _open_h5(_read_member(archive, "model.weights.h5", name, MAX_FILE_BYTES), f"{name}: model.weights.h5")
    return Source(config, version, Tree(group, name), {})


def _read_member(archive: zipfile.ZipFile, member_name: str, name: str, limit: int) -> bytes:
    info = archive.getinfo(member_name)
    if info.file_size > limit or info.file_size > (info.compress_size + 1) * _MAX_RATIO:
        raise ModelError(f"{name}: {member_name} unpacks to {info.file_size} bytes, which is refused")
    try:
        with archive.open(info) as file:
            return file.read(info.file_size + 1)
    except Exception as error:  # zlib.error, lzma.LZMAError, RuntimeError (encrypted) share no base class
        raise ModelError(f"{name}: {member_name} is damaged: {error}") from error


def _parse_json(text: bytes | str, where: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{where}: not valid JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise ModelError(f"{where}: expected an object")
    return parsed


def _major(version: Any, default: int) -> int:
    text = version.decode("utf-8", "replace") if isinstance(version, bytes) else str(version)
    head = text.split(".")[0]
    return int(head) if head.isdecimal() and len(head) < 4 else default


def _open_h5(data: bytes, name: str) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise MissingExtra("h5py", "keras") from error
    try:
        return h5py.File(io.BytesIO(data), "r")
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise ModelError(f"{name}: the HDF5 file is damaged: {error}") from error


def _open_legacy(file: Any, name: str) -> Source:
    text = _attribute(file, "model_config", name)
    if text is None:
        hint = "save the whole model with model.save('model.keras')"
        raise ModelError(f"{name}: holds weights only, without the model's architecture", hint)
    config = _parse_json(text, f"{name}: model_config")
    root = member(file, "model_weights")
    root = file if root is None else root
    version = _major(_attribute(root, "keras_version", name) or _attribute(file, "keras_version", name), 1)
    legacy: dict[str, Weights] = {}
    every: list[tuple[tuple[str, ...], Callable[[], Array]]] = []
    for layer in _names(root, "layer_names", name):
        entries = _entries(descend(root, layer), layer, name)
        legacy[layer] = Named(tuple(entries), layer)
        every.extend(entries)
    return Source(config, version, Named(tuple(every), name), legacy)


def _entries(group: Any, layer: str, name: str) -> list[tuple[tuple[str, ...], Callable[[], Array]]]:
    if group is None:
        raise ModelError(f"{name}: layer {layer} has no group of weights")

    def reader(variable: str) -> Callable[[], Array]:
        return lambda: read_dataset(descend(group, variable), f"{layer}: {variable}")

    return [(tuple(v.split("/")), reader(v)) for v in _names(group, "weight_names", name)]


def _attribute(group: Any, key: str, name: str) -> Any:
    try:
        return group.attrs.get(key)
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, UnicodeError) as error:
        raise ModelError(f"{name}: attribute {key} is damaged: {error}") from error


def _names(group: Any, key: str, name: str) -> list[str]:
    """A list of names; Keras splits long ones over ``key0``, ``key1`` and so on."""
    found = _attribute(group, key, name)
    parts = [] if found is None else list(found)
    index = 0
    while found is None and (chunk := _attribute(group, f"{key}{index}", name)) is not None:
        parts.extend(chunk)
        index += 1
    return [part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in parts]
