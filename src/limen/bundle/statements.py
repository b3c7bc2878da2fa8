"""Signed statements about a core: the signature itself, the report, the provenance.

Each is an in-toto Statement v1 (github.com/in-toto/attestation) whose subject is the core's sha256, in a DSSE envelope
(github.com/secure-systems-lab/dsse, v1.0.2). They live beside the core, so that reports may differ from run to run
while the core's bytes do not. A signature carries its public key, so that it can be checked without a key at hand;
whether to trust that key is the caller's to say.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from limen.bundle.keys import PrivateKey, PublicKey, encode
from limen.errors import BundleError, UsageError, VerificationError

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_PREFIX = "urn:limen:"
SUBJECT = "core"
CORE, REPORT, PROVENANCE = "core", "report", "provenance"


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One DSSE signature; ``public_key`` (raw, base64) is limen's addition."""

    keyid: str
    sig: str
    public_key: str


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A DSSE envelope: a payload and who signed it; no signature where it is unsigned."""

    payload: str
    payload_type: str
    signatures: Annotated[tuple[Signature, ...], Meta(max_length=1)] = ()


class Statement(msgspec.Struct, frozen=True):
    """An opened envelope.

    Args:
        kind: ``core``, ``report``, ``provenance`` ...
        core_digest: what it speaks of.
        body: the in-toto predicate.
        key: who signed it; None where nobody did.
    """

    kind: str
    core_digest: str
    body: dict[str, Any]
    key: PublicKey | None


class _Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    digest: dict[str, str]


class _InToto(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    type_: str = msgspec.field(name="_type")
    subject: Annotated[tuple[_Subject, ...], Meta(min_length=1, max_length=1)]
    predicate_type: str
    predicate: dict[str, Any]


def make(kind: str, core_digest: str, body: Mapping[str, Any], key: PrivateKey | None) -> Envelope:
    """Wrap and sign; without a key the envelope is unsigned.

    Raises:
        UsageError: the body holds something that JSON does not.
    """
    subject = (_Subject(SUBJECT, {"sha256": core_digest}),)
    try:
        statement = _InToto(STATEMENT_TYPE, subject, PREDICATE_PREFIX + kind, dict(body))
        payload = msgspec.json.encode(statement, order="sorted")
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"statement {kind}: is not JSON: {error}") from error
    if key is None:
        return Envelope(encode(payload), PAYLOAD_TYPE)
    public = key.public
    signature = Signature(public.key_id, encode(key.sign(pre_authentication(payload))), encode(public.raw))
    return Envelope(encode(payload), PAYLOAD_TYPE, (signature,))


def open_envelope(envelope: Envelope, core_digest: str) -> Statement:
    """Check the signature and that it speaks of this core.

    Raises:
        VerificationError: the signature is wrong, or it speaks of another core.
        BundleError: it cannot be read.
    """
    payload = _decode(envelope.payload)
    if envelope.payload_type != PAYLOAD_TYPE:
        raise BundleError(f"statement: payload type {envelope.payload_type[:80]!r} is not known")
    key = None
    for signature in envelope.signatures:
        key = _verified(signature, payload)
    try:
        value = msgspec.json.decode(payload, type=_InToto)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"statement: cannot be read: {error}") from error
    if value.type_ != STATEMENT_TYPE or not value.predicate_type.startswith(PREDICATE_PREFIX):
        raise BundleError(f"statement: type {value.predicate_type[:80]!r} is not known")
    kind = value.predicate_type.removeprefix(PREDICATE_PREFIX)
    subject = value.subject[0].digest.get("sha256", "")
    if subject != core_digest:
        raise VerificationError(f"statement {kind[:40]}: speaks of core {subject[:12]}, this is {core_digest[:12]}")
    return Statement(kind, subject, value.predicate, key)


def _verified(signature: Signature, payload: bytes) -> PublicKey:
    key, raw = PublicKey(_decode(signature.public_key)), _decode(signature.sig)
    if len(key.raw) != 32 or len(raw) != 64 or signature.keyid != key.key_id:
        raise VerificationError("statement: its key or signature is not one of Ed25519")
    key.verify(raw, pre_authentication(payload))
    return key


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BundleError(f"statement: is not base64: {error}") from error


def pre_authentication(payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
