"""Target native: a shared library for Linux, in the C of target c, for the engine of the same name."""

from limen.targets.native._target import TARGET

__all__ = ["TARGET"]
