"""Pre- and post-processing steps as C: one module per step, and the chain that calls them.

``emit_chain`` and ``emit_post`` turn the steps of a bundle into one function before the model and one after it, with
all tables computed at compile time. The C calls nothing but memcpy and memset.
"""

from __future__ import annotations

from limen.targets.c.steps._arithmetic import arithmetic_of
from limen.targets.c.steps._border import Border
from limen.targets.c.steps._chain import StepChain, constant_bytes, definitions, emit_chain, emit_post, view_bytes
from limen.targets.c.steps._files import FileChain, emit_file_chain
from limen.targets.c.steps._kernel import VIEW_REALS, Flow, Port, StepKernel, StepSite

__all__ = [
    "VIEW_REALS",
    "Border",
    "FileChain",
    "Flow",
    "Port",
    "StepChain",
    "StepKernel",
    "StepSite",
    "arithmetic_of",
    "constant_bytes",
    "definitions",
    "emit_chain",
    "emit_file_chain",
    "emit_post",
    "view_bytes",
]
