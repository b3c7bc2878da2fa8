"""Readers of files for executables, in C: WAV sounds, PNM pictures, NumPy arrays.

Each is a pair ``NAME.h`` and ``NAME.c`` beside this module, C11, reentrant, without malloc: the caller hands over the
bytes of the file and the memory of the result. What they answer is what the Python steps ``decode_audio`` and
``decode_image`` answer on the same file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

NAMES = ("npy", "pnm", "wav")


def reader_files(names: Iterable[str] = NAMES) -> dict[str, bytes]:
    """The C files of readers, by file name.

    Raises:
        KeyError: there is no reader of that name.
    """
    found = {}
    for name in names:
        if name not in NAMES:
            raise KeyError(name)
        for suffix in ("h", "c"):
            file = f"read_{name}.{suffix}"
            found[file] = (Path(__file__).parent / file).read_bytes()
    return found
