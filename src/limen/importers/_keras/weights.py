"""The two ways Keras stores weights, behind one interface: by position in a tree of attributes, or by variable name.

``.keras`` and ``.weights.h5`` (Keras 3, and tf.keras from 2.13) keep ``layers/<class>_<n>/<attribute>/vars/<i>``.
Legacy ``.h5`` keeps a flat list of named variables per top layer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from limen.errors import ModelError, Unsupported
from limen.importers._keras.build import Array

MAX_TENSOR_BYTES = 4 << 30
_MAX_EXPANSION = 1100  # deflate cannot do better
# What Keras 1 called the variables, and names that changed between versions.
_ALIASES = {
    "kernel": ("kernel", "depthwise_kernel", "W"),
    "depthwise_kernel": ("depthwise_kernel", "kernel"),
    "bias": ("bias", "b"),
    "moving_mean": ("moving_mean", "running_mean"),
    "moving_variance": ("moving_variance", "running_std", "running_var"),
    "scale": ("scale", "gamma"),
    "gamma": ("gamma", "scale"),
    "embeddings": ("embeddings", "W"),
    "alpha": ("alpha", "alphas"),
}


class Weights(Protocol):
    """The variables of one layer and of the layers inside it."""

    def take(self, roles: Sequence[str]) -> tuple[Array, ...]:
        """The layer's own variables, in this order of creation; float64 and float16 become float32.

        Raises:
            ModelError: they are not there.
        """

    def child(self, attribute: str, *names: str) -> Weights:
        """A layer held in an attribute; legacy files know it by one of the names."""

    def layers(self, layers: Sequence[tuple[str, str]]) -> list[Weights]:
        """The layers of a model, given as (class name, layer name) in order."""


@dataclass(frozen=True)
class Tree:
    """Weights by position in a tree of attributes.

    Args:
        group: an h5py group, or None where the file has none: then there are no variables.
        path: names the place in messages.
    """

    group: Any
    path: str

    def take(self, roles: Sequence[str]) -> tuple[Array, ...]:
        found = self._member("vars").group
        count = 0 if found is None else len(found)
        if count != len(roles):
            raise ModelError(f"{self.path}: expected {len(roles)} variables ({', '.join(roles)}), found {count}")
        arrays = [None if found is None else member(found, str(index)) for index in range(count)]
        return tuple(read_dataset(a, f"{self.path}/{role}") for a, role in zip(arrays, roles, strict=True))

    def child(self, attribute: str, *names: str) -> Tree:
        return self._member(attribute)

    def layers(self, layers: Sequence[tuple[str, str]]) -> list[Weights]:
        used: dict[str, int] = {}
        found: list[Weights] = []
        inside = self._member("layers")
        for kind, _ in layers:
            snake = snake_case(kind)
            used[snake] = used.get(snake, -1) + 1
            found.append(inside._member(f"{snake}_{used[snake]}" if used[snake] else snake))
        return found

    def _member(self, name: str) -> Tree:
        found = None if self.group is None else member(self.group, name)
        if found is not None and not hasattr(found, "keys"):
            raise ModelError(f"{self.path}/{name}: not a group")
        return Tree(found, f"{self.path}/{name}")


@dataclass(frozen=True)
class Named:
    """Weights by variable name, as in a legacy file.

    Args:
        entries: (name split at '/', reader) of each variable, in file order.
        path: names the place in messages.
    """

    entries: tuple[tuple[tuple[str, ...], Callable[[], Array]], ...]
    path: str

    def take(self, roles: Sequence[str]) -> tuple[Array, ...]:
        if len(self.entries) != len(roles):
            found = ", ".join("/".join(name) for name, _ in self.entries) or "none"
            raise ModelError(f"{self.path}: expected the variables {', '.join(roles)}, found {found}")
        chosen = [self._find(role) for role in roles]
        if None in chosen or len(set(chosen)) != len(roles):
            chosen = list(range(len(roles)))
        return tuple(self.entries[index][1]() for index in chosen if index is not None)

    def child(self, attribute: str, *names: str) -> Named:
        inside = [e for e in self.entries if any(_is_in(name, e[0]) for name in (attribute, *names))]
        return Named(tuple(inside) if inside else self.entries, f"{self.path}/{attribute}")

    def layers(self, layers: Sequence[tuple[str, str]]) -> list[Weights]:
        return [
            Named(tuple(e for e in self.entries if _is_in(name, e[0])), f"{self.path}/{name}") for _, name in layers
        ]

    def _find(self, role: str) -> int | None:
        for alias in _ALIASES.get(role, (role,)):
            for index, (name, _) in enumerate(self.entries):
                last = name[-1].split(":")[0]
                if last == alias or (last.endswith(f"_{alias}") and len(name) == 1):
                    return index
        return None


def _is_in(name: str, components: tuple[str, ...]) -> bool:
    """Whether a component is the name; a name that ends in ``*`` is a prefix."""
    if name.endswith("*"):
        return any(c.startswith(name[:-1]) for c in components[:-1])
    return name in components[:-1]


def snake_case(name: str) -> str:
    """The name Keras gives a group, from the layer's class."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def member(group: Any, name: str) -> Any:
    """A member of an h5 group, or None; links that leave the file are refused.

    Raises:
        ModelError: the link points outside the file, or is damaged.
    """
    import h5py

    try:
        link = group.get(name, getlink=True)
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise ModelError(f"{group.name}/{name}: links are not followed", "save the model again with its weights")
        return group.get(name)
    except (KeyError, OSError, RuntimeError, ValueError, TypeError) as error:
        raise ModelError(f"{name}: the HDF5 file is damaged: {error}") from error


def descend(group: Any, path: str) -> Any:
    """The member at a path of names, or None."""
    for part in path.split("/"):
        group = member(group, part) if group is not None and hasattr(group, "keys") else None
    return group


def read_dataset(dataset: Any, where: str) -> Array:
    """The array of an h5 dataset, floats as float32; nothing outside the file is opened.

    Raises:
        ModelError: it is absent, damaged, too large for the bytes that store it, or its type is no number.
    """
    if dataset is None or not hasattr(dataset, "dtype"):
        raise ModelError(f"{where}: the variable is missing")
    try:
        dtype, stored, wanted = dataset.dtype, dataset.id.get_storage_size(), dataset.nbytes
        if dataset.external or dataset.is_virtual:
            raise ModelError(f"{where}: data outside the file is not read")
        limit = stored * _MAX_EXPANSION if dataset.chunks else stored
        if wanted > min(MAX_TENSOR_BYTES, max(limit, 64)):
            raise ModelError(f"{where}: {wanted} bytes do not fit into the {stored} bytes stored")
        if dtype.kind not in "fiub":
            raise Unsupported(f"{where}: variables of type {dtype} are not supported", "save the model in float32")
        array = np.asarray(dataset[()])
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise ModelError(f"{where}: the HDF5 file is damaged: {error}") from error
    return array.astype(np.float32) if array.dtype.kind == "f" else array
