"""What a release says of itself to people and auditors: a bill of materials and a provenance statement.

The bill is CycloneDX 1.6 JSON with the model as a ``machine-learning-model`` component; the provenance is an in-toto
Statement v1 with SLSA's predicate v1 in a DSSE envelope, signed by the line's keys; its subject is the payload's
sha256. Both are readable without a key, also where the release is sealed: they hold names, shapes, sizes, hashes and
metrics, and no weights, labels or samples.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner

from limen.bundle import PROVENANCE, REPORT, Bundle
from limen.deliver import formats

BOM, STATEMENT = "bom.cdx.json", "provenance.intoto.json"
IN_TOTO = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:limen:build:v1"
BUILDER = "urn:limen:build"
MODEL_REF = "model"

Json = dict[str, Any]


def make(bundle: Bundle, release: formats.Release, now: datetime, signers: Sequence[CryptoSigner]) -> dict[str, bytes]:
    """File name -> bytes of both documents."""
    statement = msgspec.json.encode(provenance(bundle, release, now), order="sorted")
    envelope = Envelope(statement, IN_TOTO, {})
    for signer in signers:
        envelope.sign(signer)
    return {
        BOM: msgspec.json.encode(bill(bundle, release, now), order="sorted"),
        STATEMENT: msgspec.json.encode(_envelope(envelope), order="sorted"),
    }


def bill(bundle: Bundle, release: formats.Release, now: datetime) -> Json:
    """The bill of materials: CycloneDX 1.6 (cyclonedx.org/docs/1.6/json)."""
    manifest, source = bundle.manifest, _source(bundle)
    artifacts = [_artifact(bundle, kind) for kind in manifest.artifacts]
    parts = [part for part in (source, *artifacts) if part]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, 'urn:limen:' + _name(release))}",
        "version": 1,
        "metadata": {
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": "limen", "version": _built_by(bundle)}]},
            "component": _model(bundle, release),
        },
        "components": parts,
        "dependencies": [
            {"ref": MODEL_REF, "dependsOn": [part["bom-ref"] for part in artifacts]},
            *({"ref": part["bom-ref"], "dependsOn": ["source"] if source else []} for part in artifacts),
            *([{"ref": "source"}] if source else []),
        ],
    }


def provenance(bundle: Bundle, release: formats.Release, now: datetime) -> Json:
    """The statement: in-toto Statement v1, SLSA provenance v1 (slsa.dev/spec/v1.0/provenance)."""
    said = bundle.statement(PROVENANCE) or {}
    source = said.get("source", {})
    materials: list[Json] = [
        {"name": str(source.get("name", "model")), "digest": {"sha256": bundle.manifest.source_sha256}}
    ]
    data = said.get("data", {})
    materials += [{"name": str(name), "digest": {"sha256": str(digest)}} for name, digest in data.items()]
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": f"{_name(release)}.limen", "digest": {"sha256": release.payload_sha256}},
            {"name": f"{_name(release)}.core", "digest": {"sha256": release.core_digest}},
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "recipe": bundle.manifest.recipe,
                    "device": bundle.manifest.device,
                    "line": release.line,
                    "counter": release.counter,
                    "version": release.version,
                },
                "resolvedDependencies": materials,
            },
            "runDetails": {
                "builder": {"id": BUILDER, "version": {"limen": _built_by(bundle)}},
                "metadata": {"finishedOn": now.strftime("%Y-%m-%dT%H:%M:%SZ")},
            },
        },
    }


def _model(bundle: Bundle, release: formats.Release) -> Json:
    manifest = bundle.manifest
    card: Json = {
        "modelParameters": {
            "inputs": [{"format": _port(p.name, p.dtype, p.shape)} for p in manifest.inputs],
            "outputs": [{"format": _port(p.name, p.dtype, p.shape)} for p in manifest.outputs],
        }
    }
    metrics = _metrics(bundle)
    if metrics:
        card["quantitativeAnalysis"] = {"performanceMetrics": metrics}
    return {
        "type": "machine-learning-model",
        "bom-ref": MODEL_REF,
        "name": manifest.name or release.line,
        "version": release.version,
        "hashes": [_hash(release.payload_sha256)],
        "modelCard": card,
        "properties": _properties(
            {
                "limen:line": release.line,
                "limen:counter": release.counter,
                "limen:core_digest": release.core_digest,
                "limen:recipe": manifest.recipe,
                "limen:device": manifest.device,
                "limen:payload_bytes": release.payload_size,
            }
        ),
    }


def _artifact(bundle: Bundle, entry: Any) -> Json:
    size = len(bundle.view(entry.blob))
    return {
        "type": "file",
        "bom-ref": f"artifact-{entry.kind}",
        "name": entry.file,
        "hashes": [_hash(entry.blob)],
        "properties": _properties(
            {"limen:kind": entry.kind, "limen:engines": " ".join(entry.engines), "limen:bytes": size}
        ),
    }


def _source(bundle: Bundle) -> Json | None:
    if not bundle.manifest.source_sha256:
        return None
    said = (bundle.statement(PROVENANCE) or {}).get("source", {})
    name = str(said.get("name", "model"))
    return {"type": "file", "bom-ref": "source", "name": name, "hashes": [_hash(bundle.manifest.source_sha256)]}


def _metrics(bundle: Bundle) -> list[Json]:
    report = bundle.statement(REPORT) or {}
    metric = report.get("metric")
    variants = report.get("variants", [])
    if not metric or not isinstance(variants, list):
        return []
    found = [(v.get("engine", ""), v.get("metric")) for v in variants if isinstance(v, dict)]
    return [
        {"type": str(metric), "value": str(value), "slice": str(engine)}
        for engine, value in found
        if isinstance(value, int | float)
    ]


def _built_by(bundle: Bundle) -> str:
    return str((bundle.statement(PROVENANCE) or {}).get("limen", "unknown"))


def _name(release: formats.Release) -> str:
    return f"{release.line}-{release.counter}"


def _port(name: str, dtype: str, shape: Iterable[int]) -> str:
    return f"{name}: {dtype}[{', '.join(map(str, shape))}]"


def _hash(sha256: str) -> Json:
    return {"alg": "SHA-256", "content": sha256}


def _properties(values: Mapping[str, object]) -> list[Json]:
    return [{"name": name, "value": str(value)} for name, value in values.items()]


def _envelope(envelope: Envelope) -> Json:
    signatures = [
        {"keyid": key, "sig": base64.b64encode(bytes.fromhex(s.signature)).decode("ascii")}
        for key, s in envelope.signatures.items()
    ]
    payload = base64.b64encode(envelope.payload).decode("ascii")
    return {"payload": payload, "payloadType": envelope.payload_type, "signatures": signatures}
