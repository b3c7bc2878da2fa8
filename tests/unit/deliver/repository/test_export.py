"""One file on a USB stick holds what a device checks, as it checks a server."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest
from tuf.api.exceptions import DownloadHTTPError, RepositoryError
from tuf.ngclient import FetcherInterface

from delta_reader import apply
from limen.deliver.repository import online
from limen.deliver.repository.export import export
from limen.errors import BadInput, UsageError
from small_repository import BASE, NOW, Client, Repository, new_repository, small_bundle


class PackFetcher(FetcherInterface):
    """Serves a .limenpack; roots of the director lie one folder up."""

    def __init__(self, pack: Path, device: str) -> None:
        self.pack, self.device = zipfile.ZipFile(pack), device

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.removeprefix(f"{BASE}/")
        if name.endswith(".root.json"):
            name = name.replace(f"director/{self.device}/", "director/")
        try:
            yield self.pack.read(name)
        except KeyError as error:
            raise DownloadHTTPError("not found", 404) from error


class PackClient(Client):
    """A client without a network."""

    def __init__(self, folder: Path, repository: Repository, pack: Path, device: str = "dev-1") -> None:
        super().__init__(folder, repository, device)
        self.pack = pack

    def fetcher(self, name: str) -> FetcherInterface:
        return PackFetcher(self.pack, self.device)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = new_repository(tmp_path / "repo", "kws", "vision")
    for i in (1, 2):
        made.publish(small_bundle(tmp_path / f"v{i}.limen", i))
    made.publish(small_bundle(tmp_path / "other.limen", 7), "vision")
    made.assign("dev-1", kws=2)
    made.assign("dev-2", vision=1)
    return made


def names(pack: Path) -> set[str]:
    with zipfile.ZipFile(pack) as file:
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in file.infolist())
        return set(file.namelist())


def test_a_device_without_a_network_gets_what_it_was_assigned(repository: Repository, tmp_path: Path) -> None:
    done = export(repository.ws, tmp_path / "stick.limenpack", ["dev-1"])
    assert (done.devices, done.bytes) == (("dev-1",), done.file.stat().st_size)
    client = PackClient(tmp_path / "device", repository, done.file)
    assert client.assigned("kws", 2) is not None
    delta = next(name.rpartition(".")[2] for name in names(done.file) if ".from-" in name)
    old, new = ((tmp_path / f"v{i}.limen").read_bytes() for i in (1, 2))
    assert apply(old, client.download(f"kws/2/{delta}")) == new


def test_only_what_the_chosen_devices_need_is_in_it(repository: Repository, tmp_path: Path) -> None:
    found = names(export(repository.ws, tmp_path / "a", ["dev-1"], deltas=False).file)
    assert not any("vision/" in name or "dev-2" in name or ".from-" in name or "kws/1/" in name for name in found)
    assert any(name.endswith(".full") for name in found)
    everything = names(export(repository.ws, tmp_path / "b").file)
    assert {name.split("/")[1] for name in everything if name.count("/") == 2 and name.startswith("director")} == {
        "dev-1",
        "dev-2",
    }


def test_a_changed_file_in_the_pack_is_refused(repository: Repository, tmp_path: Path) -> None:
    pack = export(repository.ws, tmp_path / "stick", ["dev-1"]).file
    full = next(name for name in names(pack) if name.endswith(".full"))
    damaged = rewritten(pack, tmp_path / "damaged", {full: lambda data: data[:-1] + bytes([data[-1] ^ 1])})
    client = PackClient(tmp_path / "device", repository, damaged)
    with pytest.raises(RepositoryError):
        client.download("kws/2/full")


def test_an_older_pack_is_refused_after_a_newer_one(repository: Repository, tmp_path: Path) -> None:
    old = export(repository.ws, tmp_path / "old", ["dev-1"]).file
    repository.publish(small_bundle(tmp_path / "v3.limen", 3))
    repository.assign("dev-1", kws=3)
    new = export(repository.ws, tmp_path / "new", ["dev-1"]).file
    client = PackClient(tmp_path / "device", repository, new)
    client.image()
    assert client.assigned("kws", 3) is not None
    replay = PackClient(tmp_path / "device", repository, old)
    for refresh in (replay.image, replay.director):
        with pytest.raises(RepositoryError):
            refresh()


def test_parts_of_two_packs_do_not_mix(repository: Repository, tmp_path: Path) -> None:
    old = export(repository.ws, tmp_path / "old", ["dev-1"]).file
    online.renew(repository.ws, repository.ring(), NOW)
    repository.publish(small_bundle(tmp_path / "v3.limen", 3))
    new = zipfile.ZipFile(export(repository.ws, tmp_path / "new", ["dev-1"]).file)
    mixed = rewritten(old, tmp_path / "mixed", {"image/metadata/timestamp.json": lambda _: new.read(
        "image/metadata/timestamp.json")})  # fmt: skip
    with pytest.raises((RepositoryError, DownloadHTTPError)):
        PackClient(tmp_path / "device", repository, mixed).image()


def test_a_pack_for_another_device_names_it(repository: Repository, tmp_path: Path) -> None:
    pack = zipfile.ZipFile(export(repository.ws, tmp_path / "stick", ["dev-2"]).file)
    stamp = json.loads(pack.read("director/dev-2/timestamp.json"))
    assert stamp["signed"]["limen_device"] == "dev-2"


def test_the_same_repository_gives_the_same_bytes(repository: Repository, tmp_path: Path) -> None:
    one, two = (export(repository.ws, tmp_path / name).file.read_bytes() for name in "ab")
    assert one == two


def test_many_recipients_open_the_encrypted_pack_each_alone(repository: Repository, tmp_path: Path) -> None:
    identities = [pyrage.x25519.Identity.generate() for _ in range(20)]
    recipients = [str(identity.to_public()) for identity in identities]
    plain = export(repository.ws, tmp_path / "plain").file.read_bytes()
    sealed = export(repository.ws, tmp_path / "sealed", recipients=recipients).file.read_bytes()
    assert len(sealed) - len(plain) < 200 * len(recipients)
    assert b"image/metadata" not in sealed
    for identity in identities:
        opened = pyrage.decrypt(sealed, [identity])
        assert opened == plain
    assert zipfile.ZipFile(io.BytesIO(opened)).testzip() is None
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [pyrage.x25519.Identity.generate()])
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed[:-1], identities)


@pytest.mark.parametrize("recipient", ["", "age1junk", "ssh-ed25519 AAAA"])
def test_a_recipient_that_is_none_is_told(recipient: str, repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="recipient"):
        export(repository.ws, tmp_path / "sealed", recipients=[recipient])


def test_a_device_without_an_assignment_is_told(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no assignment"):
        export(repository.ws, tmp_path / "stick", ["dev-9"])


def rewritten(pack: Path, output: Path, changes: dict[str, object]) -> Path:
    """The pack with some members changed."""
    with zipfile.ZipFile(pack) as old, zipfile.ZipFile(output, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, changes[name](data) if name in changes else data)  # type: ignore[operator]
    return output
