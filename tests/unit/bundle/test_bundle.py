"""What a bundle keeps: the same bytes for the same contents, its blobs, its statements, its keys."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from pathlib import Path

import msgspec
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from limen.bundle import (
    PROVENANCE,
    REPORT,
    Bundle,
    PrivateKey,
    PublicKey,
    load_private,
    load_public,
    pack_arrays,
    save_pair,
    unpack_arrays,
)
from limen.bundle.file import PAGE, write_atomically
from limen.bundle.manifest import to_bytes
from limen.errors import BadInput, BundleError, UsageError
from limen.steps import Chain
from small_bundles import LABELS, classifier, counter

KEY = PrivateKey(bytes(range(32)))


def test_the_same_contents_give_the_same_bytes() -> None:
    first, second = (classifier().bundle().signed(KEY).to_bytes() for _ in range(2))
    assert first == second
    reopened = Bundle.open(first)
    assert reopened.to_bytes() == first


def test_statements_do_not_change_the_core() -> None:
    bundle = classifier().bundle()
    reported = bundle.with_statement(REPORT, {"latency_us": 12.5}, KEY).signed(KEY)
    assert Bundle.open(reported.to_bytes()).core_digest == bundle.core_digest
    assert bundle.core_digest == hashlib.sha256(to_bytes(bundle.manifest)).hexdigest()
    assert reported.to_bytes() != bundle.signed(KEY).to_bytes()


def test_blobs_lie_on_pages_and_are_what_their_digest_says(tmp_path: Path) -> None:
    bundle = classifier().bundle().signed(KEY)
    bundle.save(tmp_path / "a.limen")
    data, offset = (tmp_path / "a.limen").read_bytes(), PAGE
    opened = Bundle.open(tmp_path / "a.limen")
    for blob in opened.manifest.blobs:
        assert offset % PAGE == 0
        assert hashlib.sha256(data[offset : offset + blob.size]).hexdigest() == blob.digest
        assert opened.blob(blob.digest) == data[offset : offset + blob.size]
        offset += blob.size + -blob.size % PAGE
    tflite = classifier().artifacts["tflite"][0]
    assert opened.view(opened.artifact("litert").blob) == tflite
    with pytest.raises(BundleError, match="has no blob"):
        opened.view("0" * 64)


def test_a_statement_can_be_checked_by_anyone_with_the_published_formats() -> None:
    bundle = classifier().bundle().with_statement(PROVENANCE, {"source": "model.h5"}, KEY).signed(KEY)
    data = bundle.to_bytes()
    tail = int.from_bytes(data[32:40], "little")
    envelopes = msgspec.json.decode(data[tail:-32])
    for envelope in envelopes:
        payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
        signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
        (signature,) = envelope["signatures"]
        raw = base64.b64decode(signature["public_key"])
        Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(signature["sig"]), signed)
        assert signature["keyid"] == hashlib.sha256(raw).hexdigest()
        statement = msgspec.json.decode(payload)
        assert statement["_type"] == "https://in-toto.io/Statement/v1"
        assert statement["subject"] == [{"name": "core", "digest": {"sha256": bundle.core_digest}}]
    assert Bundle.open(data).statement(PROVENANCE) == {"source": "model.h5"}
    assert Bundle.open(data).statement(REPORT) is None


def test_a_newer_report_replaces_the_older_one() -> None:
    bundle = (
        classifier().bundle().signed(KEY).with_statement(REPORT, {"n": 1}, KEY).with_statement(REPORT, {"n": 2}, KEY)
    )
    assert Bundle.open(bundle.to_bytes()).statement(REPORT) == {"n": 2}


def test_a_statement_that_is_no_json_is_refused() -> None:
    with pytest.raises(UsageError, match="statement report: is not JSON"):
        classifier().bundle().with_statement(REPORT, {"n": object()}, KEY)


def test_steps_labels_and_description() -> None:
    pre, post = Chain.parse("normalise:mean=0:std=255"), Chain.parse("softmax,top_k:k=2")
    bundle = Bundle.open(classifier().bundle(pre=pre, post=post).signed(KEY).to_bytes())
    assert bundle.labels == LABELS
    assert (bundle.chain("pre"), bundle.chain("post")) == (pre, post)
    found = json.loads(json.dumps(bundle.describe()))
    assert found["core_digest"] == bundle.core_digest
    assert found["signature"] == "signature valid, key not pinned"
    assert found["inputs"] == [{"name": "image", "shape": [1, 3, 4, 4], "dtype": "float32"}]
    assert [a["kind"] for a in found["artifacts"]] == ["tflite", "program", "onnx"]
    assert found["artifacts"][0]["inputs"][0]["permutation"] == [0, 2, 3, 1]
    assert found["post"] == post.spec()


def test_an_engine_without_an_artifact_is_named_with_those_that_have_one() -> None:
    with pytest.raises(BundleError, match=r"no artifact for engine 'litertt' \(did you mean litert\?"):
        classifier().bundle().artifact("litertt")
    assert counter().bundle("program").engines == ("reference",)


def test_keys_are_written_once_with_mode_0600_and_read_back(tmp_path: Path) -> None:
    key = PrivateKey.generate()
    private, public = save_pair(key, tmp_path / "publisher")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert load_private(private) == key
    assert load_public(public) == key.public
    assert key.public.key_id == hashlib.sha256(key.public.raw).hexdigest()
    assert key.raw.hex() not in repr(key)
    with pytest.raises(BadInput, match="cannot be written"):
        save_pair(PrivateKey.generate(), private)
    assert load_private(private) == key


def test_keys_are_read_raw_and_as_hex(tmp_path: Path) -> None:
    path = tmp_path / "k"
    path.write_bytes(KEY.raw)
    path.chmod(0o600)
    assert load_private(path) == KEY
    path.write_bytes(KEY.public.raw)
    assert load_public(path) == KEY.public
    path.write_text(KEY.public.raw.hex() + "\n")
    assert load_public(path) == KEY.public


def test_keys_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "k"
    for content in (b"", b"x" * 31, b"x" * 33, b"g" * 64, b"-----BEGIN PUBLIC KEY-----\n", os.urandom(500)):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(BadInput):
            load_public(path)
        with pytest.raises(BadInput):
            load_private(path)
    with pytest.raises(BadInput, match="cannot be read"):
        load_public(tmp_path / "absent")


def test_a_private_key_is_neither_read_from_a_file_of_all_nor_taken_for_a_public_one(tmp_path: Path) -> None:
    private, _ = save_pair(KEY, tmp_path / "publisher")
    with pytest.raises(BadInput, match=r"is a private key \(give the public one: .*publisher\.pub"):
        load_public(private)
    private.chmod(0o644)
    with pytest.raises(BadInput, match=r"others may read \(mode 0644\) \(chmod 600"):
        load_private(private)


def test_a_public_key_of_the_wrong_length_verifies_nothing() -> None:
    for raw in (b"", b"1" * 31, b"1" * 33):
        with pytest.raises(Exception, match="not made by key"):
            PublicKey(raw).verify(KEY.sign(b"data"), b"data")


def test_writing_is_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.limen"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    (tmp_path / "file").write_bytes(b"")
    for bad in (tmp_path / "absent" / "a", tmp_path / "file" / "a", tmp_path):
        with pytest.raises(BadInput, match="cannot be written"):
            write_atomically(bad, b"data")
    assert {p.name for p in tmp_path.iterdir()} == {"a.limen", "file"}


_DTYPES = st.sampled_from([np.float32, np.float16, np.float64, np.int8, np.uint8, np.int16, np.int64, np.bool_])
_ARRAYS = _DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0)))


@given(st.dictionaries(st.text(max_size=8), _ARRAYS, max_size=4))
def test_arrays_read_back_as_they_were(arrays: dict[str, np.ndarray]) -> None:
    data = pack_arrays(arrays)
    found = unpack_arrays(data)
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    assert pack_arrays(found) == data


@given(st.dictionaries(st.text(max_size=4), _ARRAYS, min_size=1, max_size=3), st.data())
def test_damaged_arrays_are_refused_or_of_the_same_size(arrays: dict[str, np.ndarray], data: st.DataObject) -> None:
    packed = bytearray(pack_arrays(arrays))
    cut = data.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(BundleError):
        unpack_arrays(bytes(packed[:cut]))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = unpack_arrays(bytes(packed))
    except BundleError:
        return
    assert sum(a.nbytes for a in found.values()) <= len(packed)
