"""A repository of small bundles in a folder, and a client of python-tuf that reads it: for tests of delivery.

The client is the reference implementation of the TUF specification, not limen's agent: what it accepts is TUF.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
from tuf.api.exceptions import DownloadHTTPError
from tuf.api.metadata import TargetFile
from tuf.ngclient import FetcherInterface, Updater
from tuf.ngclient.config import UpdaterConfig

from limen.bundle import Bundle, pack_arrays
from limen.bundle.bundle import Blobs, assemble
from limen.deliver.repository import init, roles
from limen.deliver.repository.director import Assigned, assign
from limen.deliver.repository.publish import Published, Wishes, publish
from limen.deliver.repository.workspace import KnownDevice, Settings, Workspace, open_workspace
from small_bundles import classifier

NOW = datetime.now(UTC).replace(microsecond=0)
BASE = "https://repository.test"


@dataclasses.dataclass(frozen=True)
class Repository:
    """A workspace whose keys are all at hand."""

    path: Path
    now: datetime = NOW

    @property
    def ws(self) -> Workspace:
        return open_workspace(self.path)

    @property
    def public(self) -> Path:
        return self.path / "public"

    def ring(self, *more: Path) -> dict[str, object]:
        return init.open_ring(self.ws, more, None)

    def later(self, **time: float) -> Repository:
        return dataclasses.replace(self, now=self.now + timedelta(**time))

    def publish(self, bundle: Path, line: str = "kws", **wishes: object) -> Published:
        return publish(self.ws, bundle, line, Wishes(**wishes), self.ring(), self.now)

    def assign(self, device: str = "dev-1", seal_key: str = "", **wanted: int) -> Assigned:
        known = KnownDevice(device, "rpi4", seal_key)
        return assign(self.ws, known, wanted, self.ring(), self.now)

    def file(self, name: str) -> bytes:
        return (self.public / name).read_bytes()


def new_repository(path: Path, *lines: str, **options: object) -> Repository:
    """A repository with these lines (``kws`` by default), each with a key of its own."""
    init.init(path, Settings(), NOW, **options)
    made = Repository(path)
    for line in lines or ("kws",):
        add_line(made, line)
    return made


def add_line(repository: Repository, line: str) -> None:
    from limen.deliver.repository import keys

    signer = keys.generate(repository.ws.private / "keys" / f"line-{line}.pem")
    roles.change(repository.ws, line, repository.ring(), repository.now, add=[signer.public_key])


def small_bundle(path: Path, seed: int = 0, size: int = 4000) -> Path:
    """A bundle whose payload depends on the seed: a classifier, and ``size`` random floats as a further blob."""
    base = classifier().bundle("program")
    blobs = Blobs()
    for blob in base.manifest.blobs:
        blobs.add(base.blob(blob.digest))
    random = np.random.default_rng(seed)
    extra = blobs.add(pack_arrays({"w": random.standard_normal(size).astype(np.float32)}))
    entry = msgspec.structs.replace(base.manifest.artifacts[0], files={"extra.bin": extra})
    assemble(msgspec.structs.replace(base.manifest, artifacts=(entry,), blobs=()), blobs).save(path)
    assert Bundle.open(path).signer is None
    return path


class FolderFetcher(FetcherInterface):
    """Serves a public folder under BASE."""

    def __init__(self, public: Path) -> None:
        self.public = public

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self.public / url.removeprefix(f"{BASE}/")
        if not path.is_file():
            raise DownloadHTTPError("not found", 404)
        yield path.read_bytes()


class Client:
    """One device as TUF sees it: trusted metadata in a folder, an image and a director repository."""

    def __init__(self, folder: Path, repository: Repository, device: str = "dev-1") -> None:
        self.folder, self.public, self.device = folder, repository.public, device
        self.roots = [(self.public / name / "1.root.json").read_bytes() for name in ("image/metadata", "director")]

    def fetcher(self, name: str) -> FetcherInterface:
        """What reads the files of a repository."""
        return (DirectorFetcher if name == "director" else FolderFetcher)(self.public)

    def image(self) -> Updater:
        return self._updater("image", "image/metadata", self.roots[0])

    def director(self) -> Updater:
        return self._updater("director", f"director/{self.device}", self.roots[1])

    def _updater(self, name: str, metadata: str, root: bytes) -> Updater:
        fetcher = self.fetcher(name)
        for folder in (self.folder / name, self.folder / "targets"):
            folder.mkdir(parents=True, exist_ok=True)
        updater = Updater(
            str(self.folder / name),
            f"{BASE}/{metadata}/",
            str(self.folder / "targets"),
            f"{BASE}/image/targets/",
            fetcher,
            UpdaterConfig(max_root_rotations=256),
            bootstrap=root,
        )
        updater.refresh()
        return updater

    def download(self, path: str) -> bytes:
        """A target of the image repository, checked."""
        updater = self.image()
        info = updater.get_targetinfo(path)
        assert info is not None, path
        name = path.replace("/", "_")
        return Path(updater.download_target(info, str(self.folder / "targets" / name))).read_bytes()

    def assigned(self, line: str, counter: int) -> TargetFile | None:
        """What the director says of a release."""
        return self.director().get_targetinfo(f"{line}/{counter}/full")


class DirectorFetcher(FolderFetcher):
    """Roots of all devices lie one folder up."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        head, _, name = url.rpartition("/")
        if name.endswith(".root.json"):
            head = head.rpartition("/")[0]
        return super()._fetch(f"{head}/{name}")
