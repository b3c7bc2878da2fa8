"""Pre- and post-processing steps: written once, the same on every device.

A step is a frozen dataclass whose fields are its parameters. It maps one value to the next, in numpy, and its result
is fixed by test vectors that a C emitter must reproduce: bit for bit where the step is integer, to 1e-5 where it is
float. A ``Chain`` is an ordered tuple of steps of one kind, ``pre`` (raw input to model input) or ``post`` (model
outputs to answer), with a JSON form, a command line form (``limen.steps._spec``) and a text for people.

This package belongs to the device half: it imports numpy and the standard library only. Pillow is imported inside
the one function that needs it.
"""

from __future__ import annotations

from limen.steps._base import STEPS, Context, Kind, Step, Value
from limen.steps._chain import Chain
from limen.steps._vectors import Vector, vectors

__all__ = ["STEPS", "Chain", "Context", "Kind", "Step", "Value", "Vector", "vectors"]
