"""Devices and the server's side of enrolment, for tests."""

from __future__ import annotations

import base64
import dataclasses
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from limen.deliver import formats
from limen.deliver.repository import authority
from limen.deliver.repository.door import Door
from small_repository import NOW, Repository

SEAL_KEY = "11" * 32


@dataclasses.dataclass
class Device:
    """A device's side of enrolment."""

    name: str = "dev-1"
    hardware: str = "rpi4"
    key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey = dataclasses.field(default_factory=Ed25519PrivateKey.generate)

    def csr(self, name: str | None = None) -> str:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name or self.name)])
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
        digest = None if isinstance(self.key, Ed25519PrivateKey) else SHA256()
        return builder.sign(self.key, digest).public_bytes(s.Encoding.PEM).decode()

    def request(self, token: str = "", **changes: str) -> formats.EnrolRequest:
        made = formats.EnrolRequest(self.name, self.hardware, SEAL_KEY, self.csr(), token)
        return msgspec.structs.replace(made, **changes)

    def headers(self, body: bytes, context: bytes) -> dict[bytes, bytes]:
        message = context + body
        if isinstance(self.key, Ed25519PrivateKey):
            signature = self.key.sign(message)
        else:
            signature = self.key.sign(message, ec.ECDSA(SHA256()))
        return {b"limen-device": self.name.encode(), b"limen-signature": base64.b64encode(signature)}

    def report(self, time: int = 100) -> bytes:
        return msgspec.json.encode(formats.DeviceReport(self.name, self.hardware, time, {}))


@dataclasses.dataclass
class Side:
    """The server's side, at a time that tests may move."""

    repository: Repository
    folder: Path
    now: datetime = NOW

    @property
    def door(self) -> Door:
        issuer = authority.open_authority(self.repository.ws, self.now)
        return Door(self.repository.ws, self.folder, issuer, lambda: self.now)

    def token(self, device: Device) -> str:
        return authority.new_token(self.repository.ws, device.name, device.hardware, self.now)

    def enroll(self, request: formats.EnrolRequest, headers: dict[bytes, bytes] | None = None, pem: str = "") -> int:
        return self.door.answer("/enroll", headers or {}, pem, msgspec.json.encode(request)).status

    def admit(self, device: Device) -> str:
        """Enrol with a token; the certificate."""
        answer = self.door.answer("/enroll", {}, "", msgspec.json.encode(device.request(self.token(device))))
        assert answer.status == 200
        return msgspec.json.decode(answer.body, type=formats.EnrolReply).certificate

    def report(self, body: bytes, headers: dict[bytes, bytes] | None = None, pem: str = "") -> int:
        return self.door.answer("/report", headers or {}, pem, body).status

    def signed(self, device: Device, body: bytes) -> int:
        return self.report(body, device.headers(body, formats.REPORT_CONTEXT))
