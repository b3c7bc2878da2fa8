"""Chains for programs that read a file: which reader, and the chain on what it gives.

A picture may have any size up to a largest one, a sound any length up to a longest one, as in the Python steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from limen.steps import Step
from limen.steps.decode_audio import DecodeAudio
from limen.steps.decode_image import DecodeImage
from limen.targets.c.steps._border import Border
from limen.targets.c.steps._chain import StepChain, emit_chain
from limen.targets.c.steps._kernel import Real, Varies

SIZED = ("resize", "crop", "letterbox")
"""Steps that take a picture of any size."""


@dataclass(frozen=True, eq=False)
class FileChain:
    """A ``pre`` chain on the content of a file.

    Args:
        reader: ``wav`` (read_wav.h), ``pnm`` (read_pnm.h), or ``tensor`` (raw bytes or .npy, read_npy.h) for chains
            that begin with an array.
        chain: takes what the reader gives; see ``chain.source`` for its type and its largest shape.
        rate: samples per second that a sound must have; 0 for any.
        channels: of a picture: 3, or 1 for grey.
    """

    reader: Literal["wav", "pnm", "tensor"]
    chain: StepChain
    rate: int = 0
    channels: int = 0


def emit_file_chain(
    steps: Sequence[Step],
    prefix: str,
    border: Border,
    *,
    side: int = 4096,
    samples: int = 960_000,
    real: Real = "double",
    labels: tuple[str, ...] = (),
    view: bool = False,
) -> FileChain:
    """The ``pre`` chain of a program that reads files.

    Args:
        steps: in order; ``decode_image`` or ``decode_audio`` in front says that it is a picture or a sound.
        prefix: name of the function and prefix of all symbols.
        border: the model's input.
        side: largest height and width of a picture, pixels.
        samples: longest sound.
        real, labels, view: as for ``emit_chain``.

    Raises:
        UnsupportedOp: a step or a case has no C.
    """
    first = steps[0] if steps else None

    def emitted(shape: tuple[int, ...], dtype: str, varies: Varies = "") -> StepChain:
        return emit_chain(
            steps, prefix, shape, dtype, border=border, varies=varies, real=real, labels=labels, view=view
        )

    if isinstance(first, DecodeAudio):
        return FileChain("wav", emitted((samples,), first.dtype, "count"), rate=first.rate)
    if isinstance(first, DecodeImage):
        channels = 3 if first.mode == "rgb" else 1
        if any(step.name in SIZED for step in steps):
            return FileChain("pnm", emitted((side, side, channels), "uint8", "picture"), channels=channels)
        return FileChain("pnm", emitted((*_size(steps, border), channels), "uint8"), channels=channels)
    return FileChain("tensor", emitted(border.source_shape, border.source_dtype))


def _size(steps: Sequence[Step], border: Border) -> tuple[int, ...]:
    """Height and width of the picture that the model takes as it is."""
    channels_first = any(step.name == "layout" and getattr(step, "to", "").endswith("chw") for step in steps)
    shape = border.source_shape
    size = shape[-2:] if channels_first or len(shape) < 3 else shape[-3:-1]
    return size if len(size) == 2 else (1, *size)
