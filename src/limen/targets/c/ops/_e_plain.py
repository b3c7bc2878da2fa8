"""Element-wise arithmetic of plain numbers: floats in their own precision, integers wrapping."""

from __future__ import annotations

from limen.program import Activation
from limen.targets.c._kernel import Helper, Kernel, Site, c_type
from limen.targets.c.ops._elementwise import Element, elementwise

_BOUNDS: dict[str, tuple[int | None, int | None]] = {
    "none": (None, None),
    "relu": (0, None),
    "relu6": (0, 6),
    "relu_n1_to_1": (-1, 1),
}
_UNSIGNED = {"int32": "uint32_t", "int64": "uint64_t"}


def arithmetic(site: Site, sign: str, activation: Activation) -> Kernel:
    """a sign b for +, - and *."""
    dtype, kind = site.output().dtype, c_type(site.output())
    if dtype in _UNSIGNED:
        wide = _UNSIGNED[dtype]
        text = f"({kind})(({wide}){{0}} {sign} ({wide}){{1}})"
    elif dtype in ("float32", "uint32"):
        text = f"{{0}} {sign} {{1}}"
    else:
        text = f"({kind})({{0}} {sign} {{1}})"
    return expression(site, text, activation)


def expression(site: Site, text: str, activation: Activation = "none", helpers: tuple[Helper, ...] = ()) -> Kernel:
    """The kernel of one C expression of the output's type, clamped to the activation."""
    low, high = _BOUNDS[activation]
    if low is None and high is None:
        return elementwise(site, Element((f"{{y}} = {text};",), helpers))
    kind = c_type(site.output())
    lines = (f"const {kind} v = {text};", f"{{y}} = {bounded('v', site.output().dtype, low, high)};")
    return elementwise(site, Element(lines, helpers))


def bounded(name: str, dtype: str, low: float | None, high: float | None) -> str:
    """A name kept within bounds of its own type; nan stays nan."""
    text = name
    if high is not None:
        text = f"{name} > {number(high, dtype)} ? {number(high, dtype)} : {text}"
    if low is not None and not (dtype.startswith("u") and low == 0):
        text = f"{name} < {number(low, dtype)} ? {number(low, dtype)} : {text}"
    return text


def number(value: float, dtype: str) -> str:
    """A small whole number as a literal of a type."""
    if dtype == "float32":
        return f"{value:.1f}f"
    return f"{int(value)}u" if dtype == "uint32" else str(int(value))
