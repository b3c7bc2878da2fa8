"""Publishing sees plaintext, serving never does: a device opens what it was assigned, with its own key, as itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from delta_reader import apply, unseal
from limen.deliver import formats
from limen.deliver.repository import delta, envelope
from limen.errors import BadInput, UsageError
from small_repository import Client, Repository, new_repository, small_bundle

LINE_BYTES = 200


def open_wrap(private: X25519PrivateKey, wrapped: bytes, device: str, line: str, counter: int) -> bytes:
    """HPKE base mode by RFC 9180's text, from X25519, HMAC and AES-GCM alone."""

    def extract(suite: bytes, salt: bytes, label: bytes, key: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + key, "sha256")

    def expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
        labeled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
        return hmac.digest(prk, labeled + b"\1", "sha256")[:length]

    encapsulated, sealed = wrapped[:32], wrapped[32:]
    kem, suite = b"KEM\0\x20", b"HPKE\0\x20\0\1\0\2"
    dh = private.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    context = encapsulated + private.public_key().public_bytes_raw()
    shared = expand(kem, extract(kem, b"", b"eae_prk", dh), b"shared_secret", context, 32)
    info = b"limen wrap 1\0" + f"{device}\0{line}\0{counter}".encode()
    schedule = b"\0" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    secret = extract(suite, shared, b"secret", b"")
    key = expand(suite, secret, b"key", schedule, 32)
    nonce = expand(suite, secret, b"base_nonce", schedule, 12)
    return AESGCM(key).decrypt(nonce, sealed, b"")


def wrap_of(client: Client, line: str, counter: int) -> bytes:
    target = client.assigned(line, counter)
    assert target is not None
    record = formats.from_custom(target.unrecognized_fields["custom"], formats.Assignment, "target")
    return base64.b64decode(record.wrap)


@pytest.fixture
def keys() -> dict[str, X25519PrivateKey]:
    return {name: X25519PrivateKey.generate() for name in ("dev-1", "dev-2")}


@pytest.fixture
def repository(tmp_path: Path, keys: dict[str, X25519PrivateKey]) -> Repository:
    made = new_repository(tmp_path / "repo")
    for counter in (1, 2):
        made.publish(small_bundle(tmp_path / f"v{counter}.limen", counter), seal=True)
        for name, key in keys.items():
            made.assign(name, key.public_key().public_bytes_raw().hex(), kws=counter)
    return made


def clients(tmp_path: Path, repository: Repository) -> dict[str, Client]:
    return {name: Client(tmp_path / name, repository, name) for name in ("dev-1", "dev-2")}


def test_each_device_opens_the_release_with_its_own_key(
    repository: Repository, keys: dict[str, X25519PrivateKey], tmp_path: Path
) -> None:
    payload = (tmp_path / "v2.limen").read_bytes()
    for name, client in clients(tmp_path, repository).items():
        wrapped = wrap_of(client, "kws", 2)
        assert len(wrapped) == 80
        key = open_wrap(keys[name], wrapped, name, "kws", 2)
        assert zstd.decompress(unseal(client.download("kws/2/full"), key, "kws/2/full")) == payload


def test_a_sealed_delta_rebuilds_the_release(
    repository: Repository, keys: dict[str, X25519PrivateKey], tmp_path: Path
) -> None:
    old, new = ((tmp_path / f"v{i}.limen").read_bytes() for i in (1, 2))
    client = clients(tmp_path, repository)["dev-1"]
    key = open_wrap(keys["dev-1"], wrap_of(client, "kws", 2), "dev-1", "kws", 2)
    path = formats.delta_path("kws", 2, hashlib.sha256(old).hexdigest())
    assert apply(old, unseal(client.download(path), key, path)) == new


def test_the_key_of_one_device_opens_nothing_of_another(
    repository: Repository, keys: dict[str, X25519PrivateKey], tmp_path: Path
) -> None:
    wrapped = wrap_of(clients(tmp_path, repository)["dev-2"], "kws", 2)
    for device in ("dev-1", "dev-2"):
        with pytest.raises(InvalidTag):
            open_wrap(keys["dev-1"], wrapped, device, "kws", 2)


@pytest.mark.parametrize(("device", "line", "counter"), [("dev-2", "kws", 2), ("dev-1", "kwt", 2), ("dev-1", "kws", 1)])
def test_a_wrapped_key_is_for_one_release_of_one_device(
    device: str, line: str, counter: int, repository: Repository, keys: dict[str, X25519PrivateKey], tmp_path: Path
) -> None:
    wrapped = wrap_of(clients(tmp_path, repository)["dev-1"], "kws", 2)
    with pytest.raises(InvalidTag):
        open_wrap(keys["dev-1"], wrapped, device, line, counter)


def test_each_release_has_another_key(repository: Repository, tmp_path: Path) -> None:
    one, two = (envelope.content_key(repository.ws, "kws", i) for i in (1, 2))
    assert one != two
    sealed = Client(tmp_path / "device", repository).download("kws/2/full")
    for key, context in ((one, "kws/2/full"), (two, "kws/1/full")):
        with pytest.raises(InvalidTag):
            unseal(sealed, key, context)


def test_the_payload_is_kept_once_and_a_device_costs_at_most_200_bytes(
    repository: Repository, record_property: Callable[[str, object], None]
) -> None:
    assert len(list((repository.public / "image/targets").rglob("*.full"))) == 2
    for name in ("dev-1", "dev-2"):
        cost = repository.assign(name, "22" * 32, kws=2).wrap_bytes
        record_property("bytes a device", cost)
        assert cost == 80
        metadata = (repository.public / "director" / name).glob("*.targets.json")
        text = max(metadata, key=lambda path: int(path.name.split(".")[0])).read_text()
        wrapped = formats.parse(text.split('"limen":')[1].split("}}")[0].encode() + b"}", formats.Assignment, name).wrap
        assert 80 < len(wrapped) <= LINE_BYTES


def test_the_server_stores_only_ciphertext(repository: Repository, tmp_path: Path) -> None:
    found = plaintext(repository, *((tmp_path / f"v{i}.limen").read_bytes() for i in (1, 2)))
    assert found == []


def plaintext(repository: Repository, old: bytes, new: bytes) -> list[bytes]:
    """Blocks of secrets that are in the public files; the documents may hold names and hashes, but no label."""
    files = [path for path in repository.public.rglob("*") if path.is_file()]
    assert len(files) >= 14
    documents = [path.read_bytes() for path in files if path.name.endswith(("bom.cdx.json", "provenance.intoto.json"))]
    rest = [path.read_bytes() for path in files]
    rest = [data for data in rest if data not in documents]
    assert not any(label in data for data in documents for label in (b"eel", *private_keys(repository)))
    found = []
    for secret in (blob_bytes(new), zstd.compress(new, 19), delta.make(old, new), *private_keys(repository)):
        blocks = (secret[at : at + 16] for at in range(0, len(secret) - 16, 8))
        found += [b for b in blocks if len(set(b)) > 4 and any(b in data for data in rest)]
    return found


def blob_bytes(payload: bytes) -> bytes:
    """What is secret of a bundle: its blobs; the manifest's names and hashes are also in the bill of materials."""
    return payload[4096 : int.from_bytes(payload[16:24], "little")]


def private_keys(repository: Repository) -> list[bytes]:
    files = [path for path in repository.ws.private.rglob("*") if path.suffix in (".key", ".pem")]
    assert len(files) > 6
    return [path.read_bytes() for path in files]


def test_the_search_for_plaintext_finds_it_where_nothing_is_sealed(tmp_path: Path) -> None:
    made = new_repository(tmp_path / "repo")
    files = [small_bundle(tmp_path / f"v{i}.limen", i) for i in (1, 2)]
    for file in files:
        made.publish(file)
    assert len(plaintext(made, *(file.read_bytes() for file in files))) > 1000


def test_a_device_without_a_key_gets_no_sealed_release(repository: Repository) -> None:
    with pytest.raises(UsageError, match="no sealing key"):
        repository.assign("dev-3", kws=2)


@pytest.mark.parametrize("key", ["00" * 32, "01" + "00" * 31])
def test_a_key_of_low_order_is_refused(key: str, repository: Repository) -> None:
    with pytest.raises(BadInput, match="no X25519 key"):
        repository.assign("dev-3", key, kws=2)


def test_a_lost_content_key_is_told(repository: Repository) -> None:
    (repository.ws.private / "content/kws/2.key").unlink()
    with pytest.raises(BadInput, match="lost"):
        repository.assign("dev-3", "22" * 32, kws=2)


def test_private_files_are_for_their_owner_only(repository: Repository) -> None:
    for path in repository.ws.private.rglob("*"):
        if path.is_file() and path.suffix != ".pub" and path.name != "lock":
            assert path.stat().st_mode & 0o077 == 0, path
    assert repository.ws.private.stat().st_mode & 0o077 == 0
