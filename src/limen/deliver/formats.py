"""What the repository side writes and the device side reads: custom fields of TUF targets, paths, limits, messages.

Strict and bounded: an unknown field, a value out of bounds or another schema is refused with a BadInput.

**Reports**: ``POST /report``, the JSON of a DeviceReport. Who speaks is known by the client certificate of mTLS, whose
common name is ``device``; or by two headers, ``limen-device: <device>`` and ``limen-signature: <base64>``, a signature
of ``REPORT_CONTEXT + body`` by the key of the device's certificate: Ed25519, or ECDSA P-256 with SHA-256 (DER).
Answers: 204 taken; 400 not valid; 401 nobody known, or a wrong signature; 403 another device, or revoked; 409 not newer
(``time``) than the signed report before; 413 too long; 404 no reports are taken here.

**Enrolment**: ``POST /enroll``, the JSON of an EnrolRequest, answered by 200 and an EnrolReply: the certificate, then
its authority's. The CSR has an Ed25519 or P-256 key and the common name ``device``; the certificate is for TLS clients.
The first time the ``token`` counts, which the publisher made for this device; it is spent then. To renew, leave it
empty: the client certificate counts, or the two headers, with ``ENROLL_CONTEXT`` (also for some time after the old
certificate expired: a device may have been off). Answers else: 400, 401, 403, 404 and 413 as above.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from limen.errors import BadInput

SCHEMA = 1
CUSTOM = "limen"
"""The member of a target's ``custom`` that is limen's."""
DEVICE_FIELD, ISSUED_FIELD = "limen_device", "limen_issued"
"""Members of signed metadata: whom the director speaks to; when a timestamp was signed (seconds since 1970)."""
REPORT_CONTEXT, ENROLL_CONTEXT = b"limen report 1\0", b"limen enroll 1\0"
"""What a device's signature of a request begins with, before the body."""
DEVICE_HEADER, SIGNATURE_HEADER = "limen-device", "limen-signature"
RESERVED = ("root", "targets", "snapshot", "timestamp")
LINE = r"^[a-z0-9][a-z0-9_-]{0,63}$"
DEVICE = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
MAX_PAYLOAD = 1 << 34

Line = Annotated[str, Meta(pattern=LINE)]
Device = Annotated[str, Meta(pattern=DEVICE)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Counter = Annotated[int, Meta(ge=1, lt=1 << 53)]
Size = Annotated[int, Meta(ge=0, le=MAX_PAYLOAD)]
Text = Annotated[str, Meta(max_length=256)]
Wrapped = Annotated[str, Meta(pattern=r"^([A-Za-z0-9+/]{107}=)?$")]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the records below."""


class Base(Record, frozen=True, forbid_unknown_fields=True):
    """The payload that a delta starts from."""

    payload_sha256: Digest
    payload_size: Size


class Limits(Record, frozen=True, forbid_unknown_fields=True):
    """What a release promises of itself; the activation gate measures it. Zero: not promised.

    Args:
        latency_ms: 90th percentile of one run on the golden inputs.
        memory_bytes: growth of the resident set by loading and running.
    """

    latency_ms: Annotated[float, Meta(ge=0)] = 0.0
    memory_bytes: Size = 0


class Release(Record, frozen=True, forbid_unknown_fields=True):
    """``custom.limen`` of a target of the image repository.

    Args:
        schema: 1.
        kind: ``full`` or ``delta``.
        line, counter: also in the target's path.
        version: for people.
        hardware: hardware ids that may run it; empty: any.
        core_digest: of the bundle (sha256 of its manifest).
        payload_sha256, payload_size: of the .limen file that comes out.
        sealed: the file as served is sealed.
        base: of a delta.
        limits: what the release promises.
    """

    schema: Annotated[int, Meta(ge=SCHEMA, le=SCHEMA)]
    kind: Literal["full", "delta"]
    line: Line
    counter: Counter
    version: Text
    core_digest: Digest
    payload_sha256: Digest
    payload_size: Size
    hardware: Annotated[tuple[Device, ...], Meta(max_length=1024)] = ()
    sealed: bool = False
    base: Base | None = None
    limits: Limits = Limits()


class Assignment(Record, frozen=True, forbid_unknown_fields=True):
    """``custom.limen`` of a target of a device's director.

    Args:
        device, hardware: whom it is for.
        line, counter, core_digest, payload_sha256: of the release, as the image repository has them.
        wrap: base64 of the wrapped content key; empty where the release is not sealed.
        not_before: seconds since 1970 (UTC): download at once, activate later.
        deployment: name of the roll-out, given back in reports.
    """

    schema: Annotated[int, Meta(ge=SCHEMA, le=SCHEMA)]
    device: Device
    hardware: Device
    line: Line
    counter: Counter
    core_digest: Digest
    payload_sha256: Digest
    wrap: Wrapped = ""
    not_before: Annotated[int, Meta(ge=0, lt=1 << 53)] = 0
    deployment: Text = ""


class EnrolRequest(Record, frozen=True, forbid_unknown_fields=True):
    """A device asks to be known.

    Args:
        csr: PEM of a PKCS 10 request, common name = device; empty where no client certificate is wanted.
        seal_key: hex of the raw X25519 public key that content keys are to be wrapped for.
        token: proves that it may; one use.
    """

    device: Device
    hardware: Device
    seal_key: Digest
    csr: Annotated[str, Meta(max_length=16384)] = ""
    token: Text = ""


class EnrolReply(Record, frozen=True, forbid_unknown_fields=True):
    """``certificate``: PEM chain for the CSR, or empty."""

    certificate: Annotated[str, Meta(max_length=65536)] = ""


class LineReport(Record, frozen=True, forbid_unknown_fields=True):
    """What one line does on a device.

    Args:
        counter: of the release that serves; 0: none.
        phase: ``idle``, ``fetching``, ``staged``, ``trial``, ``failed``.
        target: counter of the release that is on its way; 0: none.
        banned: counters that failed too often here, with the reason.
        runs, errors, p90_ms: since the release that serves was activated.
    """

    counter: Annotated[int, Meta(ge=0, lt=1 << 53)]
    payload_sha256: str = ""
    phase: Text = "idle"
    target: Annotated[int, Meta(ge=0, lt=1 << 53)] = 0
    deployment: Text = ""
    banned: dict[str, str] = {}
    runs: int = 0
    errors: int = 0
    p90_ms: float = 0.0


class DeviceReport(Record, frozen=True, forbid_unknown_fields=True):
    """What a device says of itself. ``time`` is by its own clock."""

    device: Device
    hardware: Device
    time: int
    lines: dict[Line, LineReport]
    problem: Text = ""


@dataclass(frozen=True)
class DeltaLimits:
    """What a reader of deltas accepts: bytes, except the counts."""

    table: int = 8 << 20
    operation: int = 4 << 20
    prefix: int = 8 << 20
    window_log: int = 23
    streams: int = 1 << 16
    operations: int = 1 << 18
    open_streams: int = 4


DELTA_LIMITS = DeltaLimits()
WINDOW_LOG = 23

R = TypeVar("R", bound=Record)


def full_path(line: str, counter: int) -> str:
    """TUF target path of a whole payload."""
    return f"{line}/{counter}/full"


def delta_path(line: str, counter: int, base_sha256: str) -> str:
    """TUF target path of the delta from the payload of that sha256."""
    return f"{line}/{counter}/from-{base_sha256[:16]}"


def file_name(target_path: str, sha256: str) -> str:
    """Where a target's file is below ``image/targets/`` (TUF consistent snapshots)."""
    folder, _, name = target_path.rpartition("/")
    return f"{folder}/{sha256}.{name}"


def check_line(name: str) -> str:
    """The name, if a line can be called so.

    Raises:
        BadInput: it cannot.
    """
    if not re.fullmatch(LINE[1:-1], name) or name in RESERVED:
        raise BadInput(f"line {name[:80]!r}: use a-z, 0-9, - and _, at most 64, and no role of TUF")
    return name


def to_custom(record: Record) -> dict[str, Any]:
    """The ``custom`` field of a target."""
    return {CUSTOM: msgspec.to_builtins(record)}


def from_custom(custom: Mapping[str, Any] | None, kind: type[R], where: str) -> R:
    """Read the ``custom`` field of a target.

    Raises:
        BadInput: it is missing or not valid.
    """
    if custom is None or CUSTOM not in custom:
        raise BadInput(f"{where}: has no custom field {CUSTOM!r}")
    try:
        return msgspec.convert(custom[CUSTOM], kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise BadInput(f"{where}: custom field {CUSTOM!r}: {error}") from error


def parse(data: bytes, kind: type[R], where: str) -> R:
    """Read a message.

    Raises:
        BadInput: not JSON, or not valid.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{where}: {error}") from error
