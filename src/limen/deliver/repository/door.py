"""What devices may send: reports and requests to enrol (see :mod:`limen.deliver.formats`). No I/O but files.

A caller is known by a client certificate whose chain the TLS layer has checked, or by a signature of the body with
the key of its certificate; in both cases only while its certificate is in force here (:mod:`.authority`).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from limen.deliver import formats
from limen.deliver.repository import authority
from limen.deliver.repository.authority import Authority, Enrolled
from limen.deliver.repository.metadata import now_utc
from limen.deliver.repository.storage import write_synced
from limen.deliver.repository.workspace import Workspace
from limen.errors import BadInput, VerificationError

GRACE = timedelta(days=authority.GRACE_DAYS)
Headers = Mapping[bytes, bytes]


@dataclass(frozen=True)
class Answer:
    """Status and JSON body."""

    status: int
    body: bytes = b""


@dataclass(frozen=True)
class Door:
    """Takes what devices send.

    Args:
        reports: folder of the newest report of each device; None: no reports are taken.
        issuer: signs certificates; None: nobody enrols here.
        clock: the time.
    """

    ws: Workspace
    reports: Path | None = None
    issuer: Authority | None = None
    clock: Callable[[], datetime] = now_utc

    def answer(self, path: str, headers: Headers, certificate: str, body: bytes) -> Answer:
        """Answer a POST.

        Args:
            headers: lower-case names.
            certificate: PEM of the client certificate that the TLS layer has checked; empty: none.
        """
        try:
            if path == "/report" and self.reports is not None:
                return self._report(self.reports, headers, certificate, body)
            if path == "/enroll" and self.issuer is not None:
                return self._enroll(self.issuer, headers, certificate, body)
        except _Refused as refused:
            return Answer(refused.status)
        except VerificationError:
            return Answer(401)
        except BadInput:
            return Answer(400)
        return Answer(404)

    def caller(self, certificate: str) -> str | None:
        """The device whose client certificate that is; None where it is not (or no longer) in force."""
        found = self._by_certificate(certificate) if certificate else None
        return None if found is None else found.device

    def _report(self, folder: Path, headers: Headers, certificate: str, body: bytes) -> Answer:
        report = formats.parse(body, formats.DeviceReport, "report")
        known, signed = self._known(headers, certificate, formats.REPORT_CONTEXT, body, timedelta())
        if (known.device, known.hardware) != (report.device, report.hardware):
            return Answer(403)
        file = folder / f"{report.device}.json"
        if signed and file.exists():
            before = formats.parse(file.read_bytes(), formats.DeviceReport, str(file))
            if report.time <= before.time:
                return Answer(409)
        write_synced(file, msgspec.json.encode(report), mode=0o640)
        return Answer(204)

    def _enroll(self, issuer: Authority, headers: Headers, certificate: str, body: bytes) -> Answer:
        request = formats.parse(body, formats.EnrolRequest, "request")
        if request.token:
            authority.check_request(request)
            authority.spend_token(self.ws, request, self.clock())
        else:
            known, _ = self._known(headers, certificate, formats.ENROLL_CONTEXT, body, GRACE)
            if (known.device, known.hardware) != (request.device, request.hardware):
                return Answer(403)
        made = authority.issue(self.ws, issuer, request, self.clock(), renewal=not request.token)
        return Answer(200, msgspec.json.encode(formats.EnrolReply(made)))

    def _known(
        self, headers: Headers, certificate: str, context: bytes, body: bytes, grace: timedelta
    ) -> tuple[Enrolled, bool]:
        """Who speaks, and whether that is known by a signature."""
        name = headers.get(formats.DEVICE_HEADER.encode())
        if certificate:
            found = self._by_certificate(certificate)
            if found is None:
                raise _Refused(403)
            return found, False
        signature = _decoded(headers.get(formats.SIGNATURE_HEADER.encode(), b""))
        if name is None or not signature:
            raise _Refused(401)
        known = self._enrolled(name.decode("latin-1"))
        if known is None:
            raise _Refused(401)
        if not _signed_by(known, signature, context + body, self.clock() - grace):
            raise _Refused(401)
        if not known.serials:
            raise _Refused(403)
        return known, True

    def _by_certificate(self, pem: str) -> Enrolled | None:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        names = [str(a.value) for a in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        known = self._enrolled(names[0]) if len(names) == 1 else None
        in_force = known is not None and f"{certificate.serial_number:x}" in known.serials
        return known if in_force else None

    def _enrolled(self, device: str) -> Enrolled | None:
        return authority.enrolled(self.ws, device) if re.fullmatch(formats.DEVICE[1:-1], device) else None


class _Refused(Exception):
    """Answered by a status alone."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _signed_by(known: Enrolled, signature: bytes, message: bytes, not_expired_at: datetime) -> bool:
    certificate = x509.load_pem_x509_certificate(known.certificate.encode())
    public = certificate.public_key()
    try:
        if isinstance(public, Ed25519PublicKey):
            public.verify(signature, message)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, message, ec.ECDSA(SHA256()))
        else:
            return False
    except InvalidSignature:
        return False
    return certificate.not_valid_after_utc >= not_expired_at
