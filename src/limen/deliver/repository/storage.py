"""Where the public files are: names with slashes -> bytes. A folder, or an object store through obstore.

A write is whole or not at all: readers see the old file or the new one.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from limen.errors import BadInput, MissingExtra


class Storage(Protocol):
    """Named files. Names are relative, with ``/``."""

    def read(self, name: str) -> bytes | None:
        """The bytes; None where there is no such file."""

    def write(self, name: str, data: bytes) -> None:
        """Create or replace, atomically and durably.

        Raises:
            BadInput: it cannot be written.
        """

    def names(self, folder: str) -> Iterator[str]:
        """Names of all files directly in a folder, without the folder; in no order."""

    def folders(self, folder: str) -> Iterator[str]:
        """Names of all folders directly in a folder; in no order."""


class Folder:
    """A local folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise BadInput(f"{self.path / name}: cannot be read: {error.strerror}") from error

    def write(self, name: str, data: bytes) -> None:
        write_synced(self.path / name, data, mode=0o644)

    def names(self, folder: str) -> Iterator[str]:
        return (entry.name for entry in self._entries(folder) if entry.is_file() and not entry.name.startswith("."))

    def folders(self, folder: str) -> Iterator[str]:
        return (entry.name for entry in self._entries(folder) if entry.is_dir())

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.path / folder) as entries:
                return list(entries)
        except FileNotFoundError:
            return []


class ObjectStore:
    """A bucket: S3, GCS, Azure (extra ``s3``: obstore). A put of one object is atomic there.

    Keys and endpoints come from the environment, as the store's own tools read it (``AWS_ACCESS_KEY_ID``,
    ``AWS_ENDPOINT_URL`` ...).

    Raises:
        MissingExtra: obstore is not installed.
        BadInput: the URL leads to no kind of store that is known.
    """

    def __init__(self, url: str, store: Any = None) -> None:
        try:
            from obstore.store import from_url
        except ImportError as error:
            raise MissingExtra("obstore", "s3") from error

        self.url = url
        with self._told("opened", ""):
            self.store = from_url(url) if store is None else store

    def read(self, name: str) -> bytes | None:
        with self._told("read", name):
            try:
                return bytes(self.store.get(name).bytes())
            except FileNotFoundError:
                return None

    def write(self, name: str, data: bytes) -> None:
        with self._told("written", name):
            self.store.put(name, data)

    def names(self, folder: str) -> Iterator[str]:
        return (item["path"].rpartition("/")[2] for item in self._list(folder)["objects"])

    def folders(self, folder: str) -> Iterator[str]:
        return (prefix.rstrip("/").rpartition("/")[2] for prefix in self._list(folder)["common_prefixes"])

    def _list(self, folder: str) -> Any:
        with self._told("listed", folder):
            return self.store.list_with_delimiter(folder or None)

    @contextmanager
    def _told(self, action: str, name: str) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except FileNotFoundError:
            raise
        except (BaseError, OSError, ValueError) as error:
            first = str(error).partition("\n")[0]
            raise BadInput(f"{self.url}/{name}: cannot be {action}: {first}") from error


def open_storage(place: str) -> Storage:
    """A folder's path, or the URL of a bucket (``s3://name/prefix``)."""
    return ObjectStore(place) if "://" in place else Folder(Path(place))


def write_synced(path: Path, data: bytes, mode: int) -> None:
    """Write beside, sync, rename, sync the folder.

    Raises:
        BadInput: it cannot be written.
    """
    temporary = path.with_name(f".{path.name[:64]}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror or error}") from error


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
