"""Labels that TFLite's metadata tools append to a file as a ZIP archive of text files, one label a line.

Source: TensorFlow Lite metadata, associated files.
"""

from __future__ import annotations

import io
import zipfile
import zlib

_MAX_FILES = 16
_MAX_BYTES = 2**20


def appended_labels(content: bytes, sizes: set[int]) -> list[str]:
    """The lines of the first text file that has as many as one of ``sizes``; empty where there is none.

    Args:
        content: the whole file.
        sizes: numbers of classes that an output tells apart.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            texts = [i for i in archive.infolist() if i.filename.endswith(".txt") and i.file_size <= _MAX_BYTES]
            for info in texts[:_MAX_FILES]:
                with archive.open(info) as file:
                    lines = file.read(_MAX_BYTES).decode("utf-8", "replace").splitlines()
                if len(lines) in sizes:
                    return lines
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, zlib.error):
        return []  # labels are a help; a model without them is whole
    return []
