"""limen takes a trained model to a device and back: import, optimise, compile, bundle, deliver, run, learn.

::

    import limen

    limen.build("model.h5", device="rpi4", data="calibration.npz", output="model.limen")
    session = limen.load("model.limen")
    outputs = session.run({"image": image})

The names below are the whole public surface and are loaded at first use: importing limen loads neither an engine nor
the build half. A verb's name wins over the submodule of the same name: ``limen.build`` is always the function, and the
module is reached by ``from limen.build import ...``.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

# public name -> where it lives; what has another name there is written module:name
_HOME = {
    # device half
    "Bundle": "limen.bundle",
    "LimenError": "limen.errors",
    "Session": "limen.engines",
    "load": "limen.engines",
    "run": "limen.engines:run_file",
    "verify": "limen.engines:verify_file",
    # build half
    "bench": "limen.build",
    "build": "limen.build",
    "check": "limen.build",
    "compare": "limen.build",
    "compile": "limen.build",
    "evaluate": "limen.build",
    "inspect": "limen.build",
    "optimize": "limen.build",
    "package": "limen.build",
    "profile": "limen.build",
}

__all__ = ["__version__", *sorted(_HOME)]  # noqa: PLE0604 (the names come from the table above)


class _Package(ModuleType):
    """Keeps a public name when the import system binds the submodule of the same name to the package."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'limen' has no attribute {name!r}")
    module, _, attribute = _HOME[name].partition(":")
    value = getattr(import_module(module), attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)


sys.modules[__name__].__class__ = _Package
