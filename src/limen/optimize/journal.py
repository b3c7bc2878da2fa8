"""What a search has measured, on disk: one JSON line per finding, each with its own checksum.

A line counts once it is whole: a search that is killed while it writes loses that finding and nothing before it. The
first line names what was searched; a journal of something else is refused, never mixed in.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from limen.errors import DataError

SCHEMA = 1


class Journal:
    """Findings by key. Without a path they are kept in memory only.

    Args:
        path: the file; it is made where it is missing.
        subject: what is searched; JSON values.

    Raises:
        DataError: the file is another search's, or cannot be read or written.
    """

    def __init__(self, path: Path | None, subject: Mapping[str, Any]) -> None:
        self.path = path
        self.found: dict[str, Any] = {}
        self.resumed = 0
        header = {"schema": SCHEMA, "subject": json.loads(json.dumps(subject, sort_keys=True))}
        if path is None:
            return
        lines, whole = _read(path)
        if lines and lines[0] != header:
            raise DataError(f"{path}: is the journal of another search", "give another --journal, or remove it")
        for line in lines[1:]:
            self.found[line["key"]] = line["value"]
        self.resumed = len(self.found)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                os.truncate(path, whole)
            if not lines:
                self._append(header)
        except OSError as error:
            raise DataError(f"{path}: cannot be written: {error.strerror}") from error

    def __contains__(self, key: str) -> bool:
        return key in self.found

    def __getitem__(self, key: str) -> Any:
        return self.found[key]

    def add(self, key: str, value: Any) -> Any:
        """Keep a finding; the value as it will be read back."""
        value = json.loads(json.dumps(value))
        if self.path is not None:
            self._append({"key": key, "value": value})
        self.found[key] = value
        return value

    def _append(self, line: Mapping[str, Any]) -> None:
        assert self.path is not None
        text = json.dumps(line, sort_keys=True, separators=(",", ":"))
        with self.path.open("ab") as file:
            file.write(f"{_checksum(text)} {text}\n".encode())
            file.flush()
            os.fsync(file.fileno())


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(path: Path) -> tuple[list[dict[str, Any]], int]:
    """Whole lines, and how many bytes they are; what follows the first broken one is left out."""
    if not path.exists():
        return [], 0
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    lines, whole = [], 0
    for row in data.splitlines(keepends=True):
        checksum, _, text = row.decode("utf-8", "replace").rstrip("\n").partition(" ")
        if not row.endswith(b"\n") or checksum != _checksum(text):
            break
        lines.append(json.loads(text))
        whole += len(row)
    if b"\n" in data and not lines:
        raise DataError(f"{path}: is no journal of a search", "give another --journal")
    return lines, whole
