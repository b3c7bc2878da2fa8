"""A published release is what a TUF client downloads, and it is the bundle."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from backports import zstd

from delta_reader import apply
from limen.bundle import PrivateKey
from limen.deliver import formats
from limen.deliver.repository import delta
from limen.deliver.repository.publish import Wishes, flaw, publish
from limen.errors import BadInput, UsageError, VerificationError
from small_repository import Client, Repository, new_repository, small_bundle


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return new_repository(tmp_path / "repo")


def test_a_client_downloads_the_payload(repository: Repository, tmp_path: Path) -> None:
    bundle = small_bundle(tmp_path / "v1.limen")
    done = repository.publish(bundle)
    assert (done.counter, done.sealed) == (1, False)
    client = Client(tmp_path / "device", repository)
    assert zstd.decompress(client.download("kws/1/full")) == bundle.read_bytes()


def test_the_director_assigns_what_the_image_repository_has(repository: Repository, tmp_path: Path) -> None:
    repository.publish(small_bundle(tmp_path / "v1.limen"))
    assert repository.assign(kws=1).assignments == {"kws": 1}
    client = Client(tmp_path / "device", repository)
    genuine = client.image().get_targetinfo("kws/1/full")
    assigned = client.assigned("kws", 1)
    assert genuine is not None
    assert assigned is not None
    assert (assigned.path, assigned.length, assigned.hashes) == (genuine.path, genuine.length, genuine.hashes)
    record = formats.from_custom(assigned.unrecognized_fields["custom"], formats.Assignment, "target")
    assert (record.device, record.hardware, record.counter) == ("dev-1", "rpi4", 1)


def test_a_delta_is_published_where_it_is_smaller(repository: Repository, tmp_path: Path) -> None:
    files = [small_bundle(tmp_path / f"v{i}.limen", i) for i in (1, 2)]
    repository.publish(files[0])
    (made,) = repository.publish(files[1]).deltas
    assert (made.base, made.published, made.why) == (1, True, "")
    old, new = (file.read_bytes() for file in files)
    path = formats.delta_path("kws", 2, hashlib.sha256(old).hexdigest())
    assert apply(old, Client(tmp_path / "device", repository).download(path)) == new


def test_a_delta_that_a_device_could_not_use_is_known(tmp_path: Path) -> None:
    old, new = (small_bundle(tmp_path / f"v{i}.limen", i).read_bytes() for i in (1, 2))
    made = delta.make(old, new)
    assert flaw(old, new, made) == ""
    for at in (0, 8, 20, 40, 70, 100, len(made) // 2, len(made) - 1):
        damaged = bytearray(made)
        damaged[at] ^= 1
        assert flaw(old, new, bytes(damaged)) != "", at
    assert flaw(new, new, made) != ""
    assert flaw(old, old, made) != ""
    assert flaw(old, new, made[:-1]) != ""


def test_deltas_are_made_from_the_newest_payloads(repository: Repository, tmp_path: Path) -> None:
    for i in range(4):
        done = repository.publish(small_bundle(tmp_path / f"v{i}.limen", i), deltas=2)
    assert [d.base for d in done.deltas] == [3, 2]
    again = repository.publish(tmp_path / "v0.limen", deltas=9)  # a downgrade is a new counter with old contents
    assert again.counter == 5
    assert [d.base for d in again.deltas] == [4, 3, 2]


def test_a_counter_is_never_used_twice(repository: Repository, tmp_path: Path) -> None:
    bundle = small_bundle(tmp_path / "v1.limen")
    repository.publish(bundle)
    with pytest.raises(UsageError, match="counter 1 cannot be used"):
        publish(repository.ws, bundle, "kws", Wishes(), repository.ring(), repository.now, counter=1)
    publish(repository.ws, bundle, "kws", Wishes(), repository.ring(), repository.now, counter=7)
    assert repository.publish(bundle).counter == 8


def test_only_a_bundle_of_a_known_signer_is_published(repository: Repository, tmp_path: Path) -> None:
    key = PrivateKey.generate()
    with pytest.raises(VerificationError):
        repository.publish(small_bundle(tmp_path / "v1.limen"), signers=(key.public,))


def test_a_damaged_bundle_is_not_published(repository: Repository, tmp_path: Path) -> None:
    file = small_bundle(tmp_path / "v1.limen")
    data = bytearray(file.read_bytes())
    data[5000] ^= 1
    file.write_bytes(data)
    with pytest.raises((VerificationError, BadInput)):
        repository.publish(file)


def test_an_unknown_line_is_told(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not known"):
        repository.publish(small_bundle(tmp_path / "v1.limen"), "ghost")


def test_a_release_for_other_hardware_is_not_assigned(repository: Repository, tmp_path: Path) -> None:
    repository.publish(small_bundle(tmp_path / "v1.limen"), hardware=("rpi5",))
    with pytest.raises(UsageError, match="is for rpi5"):
        repository.assign(kws=1)
