"""What the publisher keeps: a folder with ``public`` (what is served) and ``private`` (mode 0700, never served).

::

    private/settings.json                  where public is, lifetimes
    private/keys/*.pem                     keys that are kept here; others come by ``--keys``
    private/content/<line>/<counter>.key   content keys of sealed releases
    private/payloads/<sha256>.limen        payloads, to make deltas from
    private/devices/<device>.json          hardware id and sealing key of each device known
    private/staged/<image|director>.json   a root that still lacks signatures
    private/lock                           one publisher at a time
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from limen.deliver import formats
from limen.deliver.repository.metadata import Files, Lifetimes
from limen.deliver.repository.storage import Storage, open_storage, write_synced
from limen.errors import BadInput, UsageError

Days = Annotated[int, Meta(ge=1, le=36500)]


class Settings(formats.Record, frozen=True, forbid_unknown_fields=True):
    """``public``: a folder below the workspace, or the URL of a bucket. The others: days (see Lifetimes)."""

    schema: int = 1
    public: str = "public"
    root: Days = 365
    targets: Days = 180
    line: Days = 180
    snapshot: Days = 30
    timestamp: Days = 7

    def lifetimes(self) -> Lifetimes:
        """As the metadata takes them."""
        return Lifetimes(self.root, self.targets, self.line, self.snapshot, self.timestamp)


class KnownDevice(formats.Record, frozen=True, forbid_unknown_fields=True):
    """``seal_key``: hex of the raw X25519 public key; empty where the device gets no sealed release."""

    device: formats.Device
    hardware: formats.Device
    seal_key: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""


@dataclass(frozen=True)
class Workspace:
    """An opened workspace."""

    path: Path
    settings: Settings
    public: Storage

    @property
    def private(self) -> Path:
        return self.path / "private"

    @property
    def lifetimes(self) -> Lifetimes:
        return self.settings.lifetimes()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One publisher at a time.

        Raises:
            UsageError: another one is at work.
        """
        with (self.private / "lock").open("wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise UsageError(f"{self.path}: another publisher is at work", "wait for it") from error
            yield

    def publish(self, files: Files) -> None:
        """Write public files in order."""
        for name, data in files.items():
            self.public.write(name, data)

    def keep(self, name: str, data: bytes) -> None:
        """Write a private file (mode 0600), durably."""
        path = self.private / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_synced(path, data, mode=0o600)

    def kept(self, name: str) -> bytes | None:
        """A private file, or None.

        Raises:
            BadInput: it cannot be read.
        """
        try:
            return (self.private / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BadInput(f"{self.private / name}: cannot be read: {error.strerror}") from error

    def device(self, name: str) -> KnownDevice | None:
        """What is known of a device."""
        data = self.kept(f"devices/{name}.json")
        return None if data is None else formats.parse(data, KnownDevice, f"device {name}")

    def devices(self) -> list[str]:
        """Names of all devices known, sorted."""
        return sorted(path.stem for path in (self.private / "devices").glob("*.json"))

    def remember(self, device: KnownDevice) -> None:
        """Keep what is known of a device."""
        self.keep(f"devices/{device.device}.json", msgspec.json.encode(device))


def create(path: Path, settings: Settings) -> Workspace:
    """Make an empty workspace.

    Raises:
        UsageError: there is one already.
    """
    if (path / "private" / "settings.json").exists():
        raise UsageError(f"{path}: is a repository already")
    try:
        (path / "private").mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BadInput(f"{path}: cannot be made: {error.strerror}") from error
    made = Workspace(path, settings, _public(path, settings))
    made.keep("settings.json", msgspec.json.encode(settings))
    return made


def open_workspace(path: Path) -> Workspace:
    """Open one.

    Raises:
        BadInput: there is none.
    """
    try:
        data = (path / "private" / "settings.json").read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: is no repository", "limen repo init DIR") from error
    settings = formats.parse(data, Settings, f"{path}/private/settings.json")
    return Workspace(path, settings, _public(path, settings))


def _public(path: Path, settings: Settings) -> Storage:
    return open_storage(settings.public if "://" in settings.public else str(path / settings.public))
