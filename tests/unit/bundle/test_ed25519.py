"""Signatures checked without the cryptography package are those that it accepts, and no others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from limen.bundle import PrivateKey
from limen.bundle.ed25519 import BASE, NEUTRAL, ORDER, P, _encode, _sum_of_multiples, verify
from limen.engines import record_golden
from small_bundles import classifier

# RFC 8032, section 7.1: public key, message, signature of tests 1, 2 and 3
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


def by_package(public: bytes, signature: bytes, data: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


@pytest.mark.parametrize(("public", "data", "signature"), VECTORS)
def test_vectors_of_the_specification(public: str, data: str, signature: str) -> None:
    key, message, signed = (bytes.fromhex(text) for text in (public, data, signature))
    assert verify(key, signed, message)
    assert not verify(key, signed, message + b"\0")
    assert not verify(key[:31], signed, message)
    assert not verify(key, signed + b"\0", message)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 32 + 64 + 80), st.integers(1, 255))
def test_a_signature_is_accepted_and_none_with_another_byte(seed: bytes, data: bytes, at: int, flip: int) -> None:
    key = PrivateKey(seed)
    whole = bytearray(key.public.raw + key.sign(data) + data)
    assert verify(bytes(whole[:32]), bytes(whole[32:96]), bytes(whole[96:]))
    whole[at % len(whole)] ^= flip
    public, signature, message = bytes(whole[:32]), bytes(whole[32:96]), bytes(whole[96:])
    assert verify(public, signature, message) == by_package(public, signature, message)
    assert not verify(public, signature, message)


def test_other_encodings_of_the_same_numbers_are_refused() -> None:
    key, data = PrivateKey(bytes(range(32))), b"a bundle"
    public, signature = key.public.raw, key.sign(data)
    larger = int.from_bytes(signature[32:], "little") + ORDER
    assert not verify(public, signature[:32] + larger.to_bytes(32, "little"), data)
    one = (P + 1).to_bytes(32, "little")
    assert not verify(one, one + bytes(32), data)
    assert not verify((2).to_bytes(32, "little"), signature, data), "no point has this y"
    assert not verify((1 | 1 << 255).to_bytes(32, "little"), signature, data), "x = 0 has no sign"


def test_the_base_point_has_the_order_of_the_group() -> None:
    assert _encode(_sum_of_multiples(ORDER, BASE, 0, NEUTRAL)) == _encode(NEUTRAL)


def test_a_device_without_the_package_checks_a_bundle(tmp_path: Path) -> None:
    key = PrivateKey(bytes(32))
    path = tmp_path / "signed.limen"
    record_golden(classifier().bundle(), {"image": np.ones((2, 3, 4, 4), np.float32)})[0].signed(key).save(path)
    (tmp_path / "key.pub").write_text(key.public.raw.hex())
    code = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from limen.cli.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )

    def limen(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True)

    assert limen("verify", path, "--key", tmp_path / "key.pub").returncode == 0
    other = tmp_path / "other.pub"
    other.write_text(PrivateKey(b"\1" * 32).public.raw.hex())
    assert limen("verify", path, "--key", other).returncode == 7
