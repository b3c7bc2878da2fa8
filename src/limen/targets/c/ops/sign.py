"""Sign in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_plain import expression

_TEXTS = {
    "float32": "{0} > 0.0f ? 1.0f : {0} < 0.0f ? -1.0f : {0}",
    "float64": "{0} > 0.0 ? 1.0 : {0} < 0.0 ? -1.0 : {0}",
    "int32": "({0} > 0) - ({0} < 0)",
}


def emit(site: Site) -> Kernel:
    """-1, 0 or 1; nan stays nan."""
    return expression(site, _TEXTS[site.input(0).dtype])


EMIT = emit
