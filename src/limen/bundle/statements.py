"""Signed statements about a core: the signature itself, the report, the provenance.

Each is a DSSE envelope (github.com/secure-systems-lab/dsse, v1.0.2) around JSON that names the core_digest; it lives
beside the core, so that reports may differ from run to run while the core's bytes do not.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from limen.bundle.keys import PrivateKey, PublicKey, encode
from limen.errors import BundleError, VerificationError

PAYLOAD_TYPE = "application/vnd.limen.statement+json"
CORE, REPORT, PROVENANCE = "core", "report", "provenance"


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payload and who signed it; ``signature`` and ``public_key`` are empty where it is unsigned."""

    payload: str
    public_key: str = ""
    signature: str = ""


class Statement(msgspec.Struct, frozen=True):
    """An opened envelope."""

    kind: str
    core_digest: str
    body: dict[str, Any]
    key: PublicKey | None


def make(kind: str, core_digest: str, body: Mapping[str, Any], key: PrivateKey | None) -> Envelope:
    """Wrap and sign; without a key the envelope is unsigned."""
    payload = json.dumps({"kind": kind, "core_digest": core_digest, "body": body}, sort_keys=True).encode()
    if key is None:
        return Envelope(encode(payload))
    return Envelope(encode(payload), encode(key.public.raw), encode(key.sign(_pae(payload))))


def open_envelope(envelope: Envelope, core_digest: str) -> Statement:
    """Check the signature and that it speaks of this core.

    Raises:
        VerificationError: the signature is wrong, or it speaks of another core.
        BundleError: it cannot be read.
    """
    try:
        payload = base64.b64decode(envelope.payload, validate=True)
        value = json.loads(payload)
        kind, subject, body = str(value["kind"]), str(value["core_digest"]), dict(value["body"])
        raw = base64.b64decode(envelope.public_key, validate=True)
        signature = base64.b64decode(envelope.signature, validate=True)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleError(f"statement: cannot be read: {error}") from error
    key = None
    if raw or signature:
        if len(raw) != 32 or len(signature) != 64:
            raise VerificationError("statement: its key or signature has the wrong length")
        key = PublicKey(raw)
        key.verify(signature, _pae(payload))
    if subject != core_digest:
        raise VerificationError(f"statement {kind}: speaks of core {subject[:12]}, this is {core_digest[:12]}")
    return Statement(kind, subject, body, key)


def _pae(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
