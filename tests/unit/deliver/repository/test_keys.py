"""Keys live and die: roots rotate, roles are revoked, thresholds hold, lost keys are replaced; clients follow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tuf.api.exceptions import RepositoryError

from limen.deliver.repository import keys, roles
from limen.deliver.repository.online import renew
from limen.errors import BadInput, UsageError, VerificationError
from small_repository import NOW, Client, Repository, new_repository, small_bundle

ONLINE = ("targets", "snapshot", "timestamp")


def key_ids(repository: Repository, role: str) -> tuple[str, ...]:
    return roles.key_ids(repository.ws, role)


def replace_keys(repository: Repository, role: str, name: str, *more: Path) -> roles.Progress:
    """One new key instead of all old ones."""
    signer = keys.generate(repository.path.parent / "new" / f"{name}.pem")
    ring = {**repository.ring(*more), signer.public_key.keyid: signer}
    (repository.ws.private / "keys" / f"{name}.pem").write_bytes(
        (repository.path.parent / "new" / f"{name}.pem").read_bytes()
    )
    (repository.ws.private / "keys" / f"{name}.pem").chmod(0o600)
    return roles.change(repository.ws, role, ring, NOW, [signer.public_key], key_ids(repository, role))


def drop(repository: Repository, name: str) -> None:
    (repository.ws.private / "keys" / f"{name}.pem").unlink()


def test_a_client_follows_the_root_from_1_to_256(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    repository = new_repository(tmp_path / "repo")
    repository.publish(small_bundle(tmp_path / "v1.limen"))
    client = Client(tmp_path / "device", repository)
    client.image()
    name = "root-1"
    for version in range(2, 257):
        replace_keys(repository, "root", f"r{version}")
        drop(repository, name)
        name = f"r{version}"
    followed = client.image()._trusted_set.root.version
    record_property("roots followed", followed)
    assert followed == 256
    assert client.download("kws/1/full")


@pytest.mark.parametrize("role", [*ONLINE, "kws", *(f"director/{role}" for role in ONLINE)])
def test_a_revoked_key_signs_nothing_more(role: str, tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "repo")
    repository.publish(small_bundle(tmp_path / "v1.limen"))
    repository.assign(kws=1)
    client = Client(tmp_path / "device", repository)
    client.image()
    client.director()
    (old,) = key_ids(repository, role)
    assert replace_keys(repository, role, "fresh").published
    assert old not in key_ids(repository, role)
    assert client.download("kws/1/full")
    assert client.assigned("kws", 1) is not None
    for file in (repository.ws.private / "keys").glob("*.pem"):
        if keys.load(file).public_key.keyid == old:
            file.unlink()
    repository.publish(small_bundle(tmp_path / "v2.limen", 1))
    repository.assign(kws=2)
    renew(repository.ws, repository.ring(), NOW)
    assert client.download("kws/2/full")
    assert client.assigned("kws", 2) is not None


def test_what_a_revoked_key_signed_is_refused(tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "repo")
    repository.publish(small_bundle(tmp_path / "v1.limen"))
    client = Client(tmp_path / "device", repository)
    client.image()
    before = repository.file("image/metadata/timestamp.json")
    replace_keys(repository, "timestamp", "fresh")
    (repository.public / "image/metadata/timestamp.json").write_bytes(before)
    with pytest.raises(RepositoryError):
        client.image()


def test_two_of_three_root_keys_are_needed_and_suffice(tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    repository = new_repository(tmp_path / "repo", roots=3, threshold=2, root_folder=usb)
    repository.publish(small_bundle(tmp_path / "v1.limen"))
    client = Client(tmp_path / "device", repository)
    client.image()
    nobody = replace_keys(repository, "timestamp", "fresh")
    assert not nobody.published
    one = roles.sign_root(repository.ws, "image", repository.ring(usb / "root-1.pem"), NOW)
    assert not one.published
    assert client.image()._trusted_set.root.version == 1
    two = roles.sign_root(repository.ws, "image", repository.ring(usb / "root-3.pem"), NOW)
    assert two.published
    assert client.image()._trusted_set.root.version == 2


def test_one_of_three_root_keys_is_lost_and_replaced(tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    repository = new_repository(tmp_path / "repo", roots=3, threshold=2, root_folder=usb)
    repository.publish(small_bundle(tmp_path / "v1.limen"))
    client = Client(tmp_path / "device", repository)
    client.image()
    lost = keys.load(usb / "root-2.pem").public_key.keyid
    (usb / "root-2.pem").unlink()
    spare = keys.generate(usb / "root-4.pem")
    done = roles.change(repository.ws, "root", repository.ring(usb), NOW, [spare.public_key], [lost])
    assert done.published
    (usb / "root-1.pem").unlink()  # the spare key now counts
    signer = keys.generate(repository.ws.private / "keys" / "t2.pem")
    assert roles.change(repository.ws, "timestamp", repository.ring(usb), NOW, [signer.public_key]).published
    assert client.image()._trusted_set.root.version == 3


def test_a_repository_starts_with_root_keys_that_others_hold(tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    for i in (1, 2):
        keys.generate(usb / f"{i}.pem")
    repository = Repository(tmp_path / "repo")
    with pytest.raises(BadInput):
        new_repository(repository.path, root_keys=[usb / "1.pem", usb / "2.pem.pub"], threshold=2)
    for name in roles.REPOSITORIES:
        assert roles.sign_root(repository.ws, name, repository.ring(usb), NOW).published
    assert repository.file("image/metadata/1.root.json")


def test_a_threshold_of_a_line_needs_both_keys(tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "repo")
    second = keys.generate(tmp_path / "second.pem")
    ring = repository.ring(tmp_path / "second.pem")
    roles.change(repository.ws, "kws", ring, NOW, [second.public_key], threshold=2)
    with pytest.raises(UsageError, match="1 of 2 keys"):
        repository.publish(small_bundle(tmp_path / "v1.limen"))


@pytest.mark.parametrize("threshold", [0, 3])
def test_a_threshold_that_cannot_be_reached_is_refused(threshold: int, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="threshold"):
        new_repository(tmp_path / "repo", roots=2, threshold=threshold)


def test_the_last_key_of_a_role_stays(tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "repo")
    with pytest.raises(UsageError, match="threshold"):
        roles.change(repository.ws, "targets", repository.ring(), NOW, remove=key_ids(repository, "targets"))


def test_metadata_that_somebody_else_changed_is_not_signed_again(tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "repo")
    repository.publish(small_bundle(tmp_path / "v1.limen"))
    file = next((repository.public / "image/metadata").glob("*2.kws.json"))
    file.write_bytes(file.read_bytes().replace(b'"line":"kws"', b'"line":"bad"'))
    with pytest.raises(VerificationError, match="kws"):
        repository.publish(small_bundle(tmp_path / "v2.limen", 1))


def test_a_key_file_with_a_passphrase(tmp_path: Path) -> None:
    made = keys.generate(tmp_path / "k.pem", b"open sesame")
    assert keys.load(tmp_path / "k.pem", b"open sesame").public_key == made.public_key
    with pytest.raises(BadInput, match="passphrase"):
        keys.load(tmp_path / "k.pem", b"wrong")
    with pytest.raises(BadInput, match="needs a passphrase"):
        keys.load(tmp_path / "k.pem")


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    keys.generate(tmp_path / "k.pem")
    (tmp_path / "k.pem").chmod(0o644)
    with pytest.raises(BadInput, match="others may read"):
        keys.load(tmp_path / "k.pem")
