"""Plug-ins are found by folder, then by entry points.

A module in the registry's package is a plug-in; a leading underscore makes it a helper. The module names its
plug-in in one attribute (``OP``, ``STEP``, ``ENGINE`` ...). Packages outside limen add theirs as entry points in the
group named like the package (``limen.ops``), each pointing at the plug-in object. A duplicate name fails loudly; a
miss suggests the nearest name.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import importlib.metadata
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from limen.errors import InternalError, LimenError, UsageError

T = TypeVar("T")


class Registry(Generic[T]):
    """Names to plug-ins of one kind, loaded at first use.

    Args:
        kind: what one entry is called in messages (``"engine"``).
        package: the folder's dotted name; also the entry point group.
        attribute: the module attribute that holds the plug-in.
        key: name of a plug-in; by default its ``name`` attribute.
    """

    def __init__(self, kind: str, package: str, attribute: str, key: Callable[[T], str] | None = None) -> None:
        self.kind = kind
        self.package = package
        self.attribute = attribute
        self._key: Callable[[Any], str] = key if key is not None else lambda plugin: str(plugin.name)

    @functools.cached_property
    def _entries(self) -> dict[str, T]:
        entries: dict[str, T] = {}
        for plugin in self._discover():
            name = self._key(plugin)
            if name in entries and entries[name] is not plugin:
                raise InternalError(f"{self.kind} {name}: registered twice")
            entries[name] = plugin
        return dict(sorted(entries.items()))

    def _discover(self) -> Iterator[T]:
        package = importlib.import_module(self.package)
        for module_name in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
            if not module_name.startswith("_"):
                module = importlib.import_module(f"{self.package}.{module_name}")
                if hasattr(module, self.attribute):
                    yield getattr(module, self.attribute)
        for entry in importlib.metadata.entry_points(group=self.package):
            yield entry.load()

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(self._entries)

    def values(self) -> tuple[T, ...]:
        return tuple(self._entries.values())

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __getitem__(self, name: str) -> T:
        return self.get(name)

    def get(self, name: str, error: type[LimenError] = UsageError) -> T:
        """The plug-in of that name.

        Raises:
            error: no such name; the hint suggests the nearest ones.
        """
        if name in self._entries:
            return self._entries[name]
        raise error(f"{self.kind} {name!r} is not known", suggest(name, self._entries))


def suggest(name: str, known: Any) -> str:
    """A hint: the nearest of the known names, or all of them."""
    names = sorted(str(n) for n in known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return "did you mean " + " or ".join(near) + "?"
    return "known: " + ", ".join(names) if names else "none is installed"
