"""Finds the emitter of an operator: the instruction set's own, else the portable one."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pkgutil
from dataclasses import replace
from typing import Any

from limen.errors import UnsupportedOp
from limen.ops.average_pool2d import AveragePool2D
from limen.program import OPS, Op
from limen.registry import Registry
from limen.targets.c._isa import PORTABLE
from limen.targets.c._kernel import Emitter, Kernel, Site
from limen.targets.c.encodings._kernels import packed_kernel
from limen.targets.c.ops._fold import average_fold

_OPS = "limen.targets.c.ops"
_KERNELS = "limen.targets.c.kernels"

BY_CORE = {
    "Reshape": "a change of names: the memory is the input's",
    "Squeeze": "a change of names: the memory is the input's",
    "ExpandDims": "a change of names: the memory is the input's",
    "ReadVariable": "the core copies the state, or reads it where it lies",
    "AssignVariable": "the core copies the value",
}


class EmitterTable(Registry[Any]):
    """The portable emitters by operator name: a module of ``ops`` serves the operator of the module's own name."""

    @functools.cached_property
    def _entries(self) -> dict[str, Any]:
        package = importlib.import_module(self.package)
        stems = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")]
        found = {stem: importlib.import_module(f"{self.package}.{stem}").EMIT for stem in stems}
        return {name: found[stem] for name in OPS.names() if (stem := _stem(OPS.get(name))) in found}


EMITTERS = EmitterTable("C emitter", _OPS, "EMIT")


def select(site: Site) -> tuple[Kernel, str]:
    """The kernel of a node and whose it is.

    Raises:
        UnsupportedOp: nobody has one.
    """
    packed = packed_kernel(site) if site.form else None
    if packed is not None:
        return packed, f"{PORTABLE}, {site.form}"
    own = _own(site.isa, _stem(type(site.op)))
    kernel = own(site) if own is not None else None
    if kernel is not None:
        return _with_fold(site, kernel), site.isa
    if site.op.name not in EMITTERS:
        raise UnsupportedOp(
            site.node.name or site.node.outputs[0], site.op.name, "target c", "use target tflite or onnx"
        )
    emitter: Emitter = EMITTERS.get(site.op.name)
    kernel = emitter(site)
    assert kernel is not None
    return _with_fold(site, kernel), PORTABLE


def _with_fold(site: Site, kernel: Kernel) -> Kernel:
    """A global average gets its streaming form."""
    if kernel.fold is None and isinstance(site.op, AveragePool2D):
        return replace(kernel, fold=average_fold(site))
    return kernel


def _stem(op: type[Op]) -> str:
    return op.__module__.rsplit(".", 1)[-1]


@functools.cache
def _own(isa: str, stem: str) -> Emitter | None:
    if isa == PORTABLE:
        return None
    name = f"{_KERNELS}.{isa}.{stem}"
    if importlib.util.find_spec(name) is None:
        return None
    emitter: Emitter = importlib.import_module(name).EMIT
    return emitter
