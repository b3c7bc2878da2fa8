"""The few operations on a disk that the store is made of, and the one order of them that survives a power cut.

Nothing is ever changed in place: a file is written under another name, synced, renamed over the old one, and the
folder is synced. The store does all its I/O through ``Disk``, so that ``bench/crash_states.py`` can run the same code
on a disk that loses, reorders and tears whatever was not synced. Names are relative, with ``/``.

Errors are ``StoreError``; ``Full`` where the disk (or the quota) is.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from limen.errors import StoreError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Full(StoreError):
    """No space is left for what should be written."""


class Disk(Protocol):
    """Named files in folders. What is not synced may be lost, in part or in any order, when the power fails."""

    def read(self, name: str) -> bytes | None:
        """The bytes; None where there is no such file."""

    def read_at(self, name: str, offset: int, length: int) -> bytes:
        """At most ``length`` bytes from ``offset``."""

    def size(self, name: str) -> int | None:
        """Bytes; None where there is no such file."""

    def names(self, folder: str) -> tuple[str, ...]:
        """Names of the files in a folder, without the folder, sorted; nothing where there is no such folder."""

    def write(self, name: str, data: bytes) -> None:
        """Make the file, or cut it to nothing, and write. Not durable."""

    def append(self, name: str, data: bytes) -> None:
        """Write at the end; the file is made where there is none. Not durable."""

    def sync(self, name: str) -> None:
        """Make the file's bytes durable (not its name)."""

    def rename(self, old: str, new: str) -> None:
        """Give the file a new name in the same folder, over any file of that name. Atomic; not durable."""

    def remove(self, name: str) -> None:
        """Take the name away, if it is there. Not durable."""

    def make_folder(self, name: str) -> None:
        """Make a folder, if there is none. Not durable."""

    def sync_folder(self, name: str) -> None:
        """Make the names in a folder durable; ``""`` is the disk's own."""

    def wipe(self, name: str) -> None:
        """Write zeros over the bytes where they are. Not durable. A journal or a flash's controller may keep a copy."""

    def free(self) -> int:
        """Bytes that can still be written."""


@contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = Full if error.errno in FULL else StoreError
        raise kind(f"{path}: cannot be {what}: {error.strerror or error}") from error


class Folder:
    """A folder of a real filesystem; files are readable by their owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> bytes | None:
        path = self.path / name
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from error

    def read_at(self, name: str, offset: int, length: int) -> bytes:
        with _told(self.path / name, "read"), (self.path / name).open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def size(self, name: str) -> int | None:
        try:
            return (self.path / name).stat().st_size
        except OSError:
            return None

    def names(self, folder: str) -> tuple[str, ...]:
        try:
            with os.scandir(self.path / folder) as entries:
                return tuple(sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False)))
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise StoreError(f"{self.path / folder}: cannot be read: {error.strerror or error}") from error

    def write(self, name: str, data: bytes) -> None:
        self._put(name, data, os.O_TRUNC)

    def append(self, name: str, data: bytes) -> None:
        self._put(name, data, os.O_APPEND)

    def sync(self, name: str) -> None:
        self._sync(name, os.O_RDONLY)

    def rename(self, old: str, new: str) -> None:
        with _told(self.path / new, "written"):
            os.replace(self.path / old, self.path / new)

    def remove(self, name: str) -> None:
        with _told(self.path / name, "removed"):
            (self.path / name).unlink(missing_ok=True)

    def make_folder(self, name: str) -> None:
        with _told(self.path / name, "made"):
            (self.path / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def sync_folder(self, name: str) -> None:
        self._sync(name, os.O_RDONLY | os.O_DIRECTORY)

    def wipe(self, name: str) -> None:
        size = self.size(name)
        if size:
            self._put(name, bytes(size), 0)

    def free(self) -> int:
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def _put(self, name: str, data: bytes, how: int) -> None:
        path = self.path / name
        with _told(path, "written"):
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | how, 0o600)
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(file, view) :]
            finally:
                os.close(file)

    def _sync(self, name: str, how: int) -> None:
        path = self.path / name
        with _told(path, "written"):
            file = os.open(path, how | os.O_CLOEXEC)
            try:
                os.fsync(file)
            finally:
                os.close(file)


def replace(disk: Disk, name: str, data: bytes) -> None:
    """Write a whole file so that it is the old or the new one at every instant, and the new one on return.

    Raises:
        Full: there is no space; the old file stays.
    """
    replace_all(disk, {name: data})


def replace_all(disk: Disk, files: dict[str, bytes]) -> None:
    """The same for several files of one folder: all bytes first, then all names.

    A full disk is met before the first name changes.
    """
    try:
        for name, data in files.items():
            disk.write(f"{name}.tmp", data)
            disk.sync(f"{name}.tmp")
    except StoreError:
        discard(disk, (f"{name}.tmp" for name in files))
        raise
    for name in files:
        disk.rename(f"{name}.tmp", name)
    disk.sync_folder(next(iter(files)).rpartition("/")[0])


def discard(disk: Disk, names: Iterator[str]) -> None:
    """Remove what can be removed."""
    for name in names:
        try:
            disk.remove(name)
        except StoreError:
            continue
