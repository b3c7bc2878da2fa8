"""Where files come from: a web server, a folder (a USB stick), a .limenpack; all are checked in the same way.

A place is not trusted: it gives bytes, :mod:`.trust` and the sha256 of each target decide. Names are relative, as
:mod:`limen.deliver` lays them out.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol, TypeVar

from limen.deliver.agent.trust import Offer, Source
from limen.deliver.agent.web import Net, Sink, Web
from limen.deliver.reading import PIECE
from limen.errors import LimenError, MissingExtra, Refused, Unreachable, VerificationError

AGE = b"age-encryption.org/v1"
MAX_AGE = 1 << 30
T = TypeVar("T")


class Place(Protocol):
    """Gives files by name."""

    @property
    def name(self) -> str:
        """For messages."""

    def read(self, name: str, limit: int) -> bytes | None:
        """A small file; of a longer one ``limit + 1`` bytes; None where it is not there.

        Raises:
            Unreachable: the place does not answer, or not as it should.
            Refused: ``slow``.
        """

    def fetch(self, name: str, length: int, sink: Sink) -> None:
        """Bring a file of that length into the sink, after what it holds already. Its contents are not checked.

        Raises:
            Unreachable, Refused: as above; what came in is kept.
            StoreError: the sink's.
        """


class Folder:
    """A folder as ``limen repo`` writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        return str(self.path)

    def read(self, name: str, limit: int) -> bytes | None:
        file = self._open(name)
        if file is None:
            return None
        with file, _told(self.name):
            return file.read(limit + 1)

    def fetch(self, name: str, length: int, sink: Sink) -> None:
        file = self._open(name)
        if file is None:
            raise Unreachable(f"{self.path / name}: is not there")
        with file, _told(self.name):
            _copy(f"{self.path / name}", file, file.seek(0, io.SEEK_END), length, sink)

    def _open(self, name: str) -> IO[bytes] | None:
        if not self.path.is_dir():
            raise Unreachable(f"{self.path}: is not there")
        try:
            return (self.path / checked(name)).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise Unreachable(f"{self.path / name}: cannot be read: {error.strerror or error}") from error


class Pack:
    """A .limenpack (a ZIP file, stored); also one that is encrypted by age, if an identity is given.

    Args:
        identities: file of age identities (``AGE-SECRET-KEY-1...``), as age-keygen writes it.
    """

    def __init__(self, path: Path, identities: Path | None = None) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                start = file.read(len(AGE))
            source = path if start != AGE else io.BytesIO(_decrypted(path, identities))
            self._zip = zipfile.ZipFile(source)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise Unreachable(f"{path}: cannot be read as a pack: {error}") from error

    @property
    def name(self) -> str:
        return str(self.path)

    def read(self, name: str, limit: int) -> bytes | None:
        found = self._open(name)
        if found is None:
            return None
        with found[0] as file, _told(self.name):
            return file.read(limit + 1)

    def fetch(self, name: str, length: int, sink: Sink) -> None:
        found = self._open(name)
        if found is None:
            raise Unreachable(f"{self.path}: has no {name}")
        with found[0] as file, _told(self.name):
            _copy(f"{self.path}: {name}", file, found[1], length, sink)

    def _open(self, name: str) -> tuple[IO[bytes], int] | None:
        try:
            entry = self._zip.getinfo(checked(name))
        except KeyError:
            return None
        if entry.compress_type != zipfile.ZIP_STORED:
            raise Unreachable(f"{self.path}: {name} is compressed", "write it by limen repo export")
        with _told(self.name):
            return self._zip.open(entry), entry.file_size


def open_place(where: str, net: Net, identities: Path | None = None) -> Place:
    """A place by its URL or path.

    Raises:
        Unreachable: a pack that cannot be read.
        UsageError: a URL of an unknown kind.
    """
    if where.startswith("file://"):
        where = where.removeprefix("file://")
    if "://" in where:
        return Web(where, net)
    path = Path(where)
    return Pack(path, identities) if path.is_file() else Folder(path)


def first_that(places: Sequence[Place], do: Callable[[Place], T]) -> T:
    """What the first place gives for which ``do`` succeeds.

    Raises:
        LimenError: the last place's, if all fail: a refusal is told before a place that did not answer.
    """
    failures: list[LimenError] = []
    for place in places:
        try:
            return do(place)
        except (Unreachable, Refused, VerificationError) as error:
            failures.append(error)
    refusals = [f for f in failures if not isinstance(f, Unreachable)]
    if not failures:
        raise Unreachable("no place to ask is known", "limen agent enroll --from URL")
    raise (refusals or failures)[-1]


def part_name(source: Source) -> str:
    """The file that comes in, in the store."""
    return f"get-{source.sha256[:40]}"


def part_names(offer: Offer) -> frozenset[str]:
    """All of an offer's: what a sweep leaves alone."""
    return frozenset(part_name(source) for source in (offer.full, *offer.deltas))


def checked(name: str) -> str:
    """The name, if it stays within its place.

    Raises:
        Unreachable: it does not.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name:
        raise Unreachable(f"{name[:80]!r}: is no name of a file here")
    return name


def _copy(where: str, file: IO[bytes], size: int, length: int, sink: Sink) -> None:
    if size != length:
        raise Unreachable(f"{where}: has {size} bytes instead of {length}")
    if sink.size > length:
        sink.restart()
    offset = sink.size
    file.seek(offset)
    while offset < length:
        data = file.read(min(PIECE, length - offset))
        if not data:
            raise Unreachable(f"{where}: ends after {offset} of {length} bytes")
        sink.append(data)
        offset += len(data)


@contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except (OSError, zipfile.BadZipFile, EOFError, ValueError) as error:
        raise Unreachable(f"{where}: cannot be read: {error}") from error


def _decrypted(path: Path, identities: Path | None) -> bytes:
    if identities is None:
        raise Unreachable(f"{path}: is encrypted by age", "--age-identity FILE")
    try:
        import pyrage
    except ImportError as error:
        raise MissingExtra("pyrage", hint="pip install pyrage") from error
    if path.stat().st_size > MAX_AGE:
        raise Unreachable(f"{path}: is too large to be decrypted in memory")
    lines = [line.strip() for line in identities.read_text().splitlines()]
    try:
        keys = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
        return bytes(pyrage.decrypt(path.read_bytes(), keys))
    except (pyrage.DecryptError, pyrage.IdentityError) as error:
        raise VerificationError(f"{path}: cannot be decrypted: {error}") from error
