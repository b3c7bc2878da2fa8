"""Neg in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_codes import unsupported
from limen.targets.c.ops._e_plain import expression

_TEXTS = {
    "float32": "-{0}",
    "int8": "(int8_t)-{0}",
    "int16": "(int16_t)-{0}",
    "int32": "(int32_t)(0u - (uint32_t){0})",
    "int64": "(int64_t)(UINT64_C(0) - (uint64_t){0})",
}


def emit(site: Site) -> Kernel:
    """-x of the stored numbers; the smallest integer stays itself."""
    if site.input(0).dtype not in _TEXTS:
        raise unsupported(site)
    return expression(site, _TEXTS[site.input(0).dtype])


EMIT = emit
