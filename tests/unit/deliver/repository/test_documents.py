"""The bill of materials keeps CycloneDX's schema; the provenance is an in-toto statement that others can verify."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import limen
from limen.bundle import Bundle
from limen.deliver.repository import keys, roles
from small_bundles import classifier
from small_repository import NOW, Client, Repository, new_repository, small_bundle


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = new_repository(tmp_path / "repo")
    made.publish(small_bundle(tmp_path / "v1.limen"), seal=True, version='1.0 "beta" ü')
    return made


@pytest.fixture
def bill(repository: Repository, tmp_path: Path) -> dict[str, Any]:
    return json.loads(Client(tmp_path / "device", repository).download("kws/1/bom.cdx.json"))


@pytest.fixture
def envelope(repository: Repository, tmp_path: Path) -> dict[str, Any]:
    return json.loads(Client(tmp_path / "device", repository).download("kws/1/provenance.intoto.json"))


def problem(bill: dict[str, Any]) -> object:
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill))


def test_the_bill_keeps_the_schema(bill: dict[str, Any]) -> None:
    assert problem(bill) is None


def test_the_schema_refuses_what_is_wrong(bill: dict[str, Any]) -> None:
    assert problem({**bill, "surprise": 1}) is not None
    bill["components"][0]["hashes"][0]["content"] = "short"
    assert problem(bill) is not None


def test_the_bill_names_the_payload_and_every_artifact(bill: dict[str, Any], tmp_path: Path) -> None:
    payload = (tmp_path / "v1.limen").read_bytes()
    model = bill["metadata"]["component"]
    assert model["type"] == "machine-learning-model"
    assert model["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(payload).hexdigest()}]
    bundle = Bundle.open(tmp_path / "v1.limen")
    listed = {part["hashes"][0]["content"] for part in bill["components"]}
    assert {entry.blob for entry in bundle.artifacts} <= listed
    references = [model["bom-ref"], *(part["bom-ref"] for part in bill["components"])]
    assert len(references) == len(set(references))
    assert {entry["ref"] for entry in bill["dependencies"]} == set(references)


def verified(envelope: dict[str, Any], public: Ed25519PublicKey) -> dict[str, Any]:
    """The statement, by DSSE's text: the signature is of the pre-authentication encoding."""
    payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    for signature in envelope["signatures"]:
        public.verify(base64.b64decode(signature["sig"]), signed)
    assert envelope["signatures"]
    return json.loads(payload)


def line_key(repository: Repository) -> Ed25519PublicKey:
    signer = keys.load_private(repository.ws.private / "keys/line-kws.pem")
    return signer.public_key()


def test_the_provenance_is_signed_by_the_line_and_names_the_payload(
    repository: Repository, envelope: dict[str, Any], tmp_path: Path
) -> None:
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    statement = verified(envelope, line_key(repository))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    payload = (tmp_path / "v1.limen").read_bytes()
    digests = {subject["digest"]["sha256"] for subject in statement["subject"]}
    assert digests == {hashlib.sha256(payload).hexdigest(), Bundle.open(tmp_path / "v1.limen").core_digest}
    assert statement["predicate"]["buildDefinition"]["externalParameters"]["line"] == "kws"
    assert statement["predicate"]["runDetails"]["builder"]["id"]


def test_a_changed_statement_is_not_verified(repository: Repository, envelope: dict[str, Any]) -> None:
    payload = base64.b64decode(envelope["payload"]).replace(b'"counter":1', b'"counter":2')
    forged = {**envelope, "payload": base64.b64encode(payload).decode()}
    with pytest.raises(InvalidSignature):
        verified(forged, line_key(repository))
    with pytest.raises(InvalidSignature):
        verified({**envelope, "payloadType": "text/plain"}, line_key(repository))


def test_every_key_of_the_line_signs(repository: Repository, tmp_path: Path) -> None:
    second = keys.generate(repository.ws.private / "keys" / "second.pem")
    roles.change(repository.ws, "kws", repository.ring(), NOW, [second.public_key], threshold=2)
    repository.publish(small_bundle(tmp_path / "v2.limen", 2))
    envelope = json.loads(Client(tmp_path / "device", repository).download("kws/2/provenance.intoto.json"))
    assert {s["keyid"] for s in envelope["signatures"]} == set(roles.key_ids(repository.ws, "kws"))


def built(folder: Path) -> Path:
    """A bundle that was built here, with its statements."""
    (folder / "model.onnx").write_bytes(classifier().artifacts["onnx"][0])
    random = np.random.default_rng(0)
    samples = random.uniform(-1, 1, (32, 3, 4, 4)).astype(np.float32)
    np.savez(folder / "data.npz", x=samples, y=random.integers(0, 5, 32))
    data = folder / "data.npz"
    limen.build(folder / "model.onnx", folder / "built.limen", data=data, evaluation=data, metric="accuracy")
    return folder / "built.limen"


def test_documents_of_a_real_build(tmp_path: Path) -> None:
    made = new_repository(tmp_path / "repo")
    bundle = built(tmp_path)
    made.publish(bundle)
    client = Client(tmp_path / "device", made)
    bill = json.loads(client.download("kws/1/bom.cdx.json"))
    assert problem(bill) is None
    assert [part["name"] for part in bill["components"] if part["bom-ref"] == "source"] == ["model.onnx"]
    metrics = bill["metadata"]["component"]["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert {entry["type"] for entry in metrics} == {"accuracy"}
    statement = verified(json.loads(client.download("kws/1/provenance.intoto.json")), line_key(made))
    materials = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    source = hashlib.sha256((tmp_path / "model.onnx").read_bytes()).hexdigest()
    assert materials[0] == {"name": "model.onnx", "digest": {"sha256": source}}
    data = hashlib.sha256((tmp_path / "data.npz").read_bytes()).hexdigest()
    assert {"name": "data.npz", "digest": {"sha256": data}} in materials
