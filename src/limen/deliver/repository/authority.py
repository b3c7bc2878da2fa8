"""Who may speak to the server: a small certificate authority, and what it knows of each device that enrolled.

::

    private/keys/ca.pem               the authority's key (Ed25519); may be kept elsewhere (``--ca FILE``)
    private/ca/ca.pem                 its certificate; a device gets it with ``1.root.json``
    private/ca/devices/<device>.json  what is known of an enrolled device
    private/ca/tokens/<sha256>.json   one-use tokens that are not spent yet
    private/ca/revoked.json, crl.pem  for other web servers (RFC 5280); ``limen repo serve`` asks the files above
    private/ca/server.pem, server-key.pem  certificate and key of ``limen repo serve``

A device is let in if its certificate's serial number is among those in force of its name: what is not listed is
refused, so that revoking needs no list to be spread. Certificates follow RFC 5280, requests PKCS 10 (RFC 2986).
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from limen.deliver import formats
from limen.deliver.repository import keys
from limen.deliver.repository.workspace import Workspace
from limen.errors import BadInput, UsageError, VerificationError

CA_DAYS, CERTIFICATE_DAYS, TOKEN_DAYS, CRL_DAYS = 7300, 90, 7, 365
GRACE_DAYS = 90
"""How long after its certificate expired a device may still renew it by a signature: it may have been off."""
IN_FORCE = 4
"""Certificates of one device that are in force at once: renewals overlap."""
SKEW = timedelta(hours=1)

PublicKey = Ed25519PublicKey | ec.EllipticCurvePublicKey


class Enrolled(formats.Record, frozen=True, forbid_unknown_fields=True):
    """A device that was given certificates. ``serials``: hexadecimal, in force, oldest first; none: revoked."""

    device: formats.Device
    hardware: formats.Device
    seal_key: formats.Digest
    certificate: str
    serials: tuple[str, ...]


class Token(formats.Record, frozen=True, forbid_unknown_fields=True):
    """What a one-use token is for; ``expires``: seconds since 1970."""

    device: formats.Device
    hardware: formats.Device
    expires: Annotated[int, msgspec.Meta(ge=0)]


@dataclass(frozen=True)
class Authority:
    """The authority with its key at hand."""

    certificate: x509.Certificate
    key: Ed25519PrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(s.Encoding.PEM)


def open_authority(
    ws: Workspace, now: datetime, file: Path | None = None, passphrase: bytes | None = None
) -> Authority:
    """The authority of a repository; made if there is none.

    Raises:
        BadInput: its key cannot be used, or is another one than the certificate's.
    """
    path = file or ws.private / "keys" / "ca.pem"
    known = ws.kept("ca/ca.pem")
    if known is None and not path.exists():
        keys.generate(path, passphrase)
    key = keys.load_private(path, passphrase)
    if known is None:
        made = Authority(_self_signed(key, now), key)
        ws.keep("ca/ca.pem", made.pem)
        return made
    certificate = x509.load_pem_x509_certificate(known)
    if certificate.public_key() != key.public_key():
        raise BadInput(f"{path}: is not the key of the certificate {ws.private / 'ca/ca.pem'}")
    return Authority(certificate, key)


def new_token(ws: Workspace, device: str, hardware: str, now: datetime, days: int = TOKEN_DAYS) -> str:
    """A token that lets one device enrol once.

    Raises:
        UsageError: no device can be called so.
    """
    text = secrets.token_hex(24)  # no dash: it stands behind a flag
    record = {"device": device, "hardware": hardware, "expires": int((now + timedelta(days=days)).timestamp())}
    try:
        checked = msgspec.convert(record, Token)
    except msgspec.ValidationError as error:
        raise UsageError(f"device {device!r}, hardware {hardware!r}: {error}") from error
    ws.keep(_token_name(text), msgspec.json.encode(checked))
    return text


def spend_token(ws: Workspace, request: formats.EnrolRequest, now: datetime) -> None:
    """Take a token out of use.

    Raises:
        VerificationError: it is not known (any more), has expired, or is for another device.
    """
    name = _token_name(request.token)
    data = ws.kept(name)
    if data is None:
        raise VerificationError(f"device {request.device}: its token is not known, or was used")
    token = formats.parse(data, Token, "token")
    if token.expires < now.timestamp() or (token.device, token.hardware) != (request.device, request.hardware):
        raise VerificationError(f"device {request.device}: its token has expired, or is for another device or hardware")
    try:
        (ws.private / name).unlink()
    except OSError as error:
        raise VerificationError(f"device {request.device}: its token was used") from error


def issue(ws: Workspace, authority: Authority, request: formats.EnrolRequest, now: datetime, renewal: bool) -> str:
    """A certificate for a device: PEM, followed by the authority's. Whether it may have one is the caller's to know.

    Args:
        renewal: the device's older certificates stay in force till they expire.

    Raises:
        BadInput: the request is not valid.
    """
    public = check_request(request)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, request.device)])
    made = _sign(authority, name, public, now, timedelta(days=CERTIFICATE_DAYS), [_usage(True)])
    before = enrolled(ws, request.device)
    older = before.serials if before is not None else ()
    if before is not None and not renewal:
        _revoke_serials(ws, older, now)
        older = ()
    pem = made.public_bytes(s.Encoding.PEM).decode("ascii")
    serials = (*older, f"{made.serial_number:x}")[-IN_FORCE:]
    record = Enrolled(request.device, request.hardware, request.seal_key, pem, serials)
    ws.keep(f"ca/devices/{request.device}.json", msgspec.json.encode(record))
    return pem + authority.pem.decode("ascii")


def issue_server(ws: Workspace, authority: Authority, names: Sequence[str], now: datetime, days: int = 365) -> Path:
    """Key and certificate of the server that devices reach by these host names or addresses.

    Raises:
        UsageError: a name that no host can have.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    try:
        alternatives = x509.SubjectAlternativeName([_host(name) for name in names])
    except ValueError as error:
        raise UsageError(f"server {' '.join(names)}: {error}") from error
    made = _sign(authority, subject, key.public_key(), now, timedelta(days=days), [_usage(False), alternatives])
    secret = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    ws.keep("ca/server-key.pem", secret)
    ws.keep("ca/server.pem", made.public_bytes(s.Encoding.PEM) + authority.pem)
    return ws.private / "ca/server.pem"


def enrolled(ws: Workspace, device: str) -> Enrolled | None:
    """What is known of an enrolled device."""
    data = ws.kept(f"ca/devices/{device}.json")
    return None if data is None else formats.parse(data, Enrolled, f"device {device}")


def is_revoked(ws: Workspace, device: str) -> bool:
    """It was enrolled, and nothing that it was given is in force."""
    known = enrolled(ws, device)
    return known is not None and not known.serials


def revoke(ws: Workspace, device: str, now: datetime) -> int:
    """Put all certificates of a device out of force; how many those were.

    Raises:
        UsageError: it never enrolled.
    """
    known = enrolled(ws, device)
    if known is None:
        raise UsageError(f"device {device!r}: has no certificate")
    ws.keep(f"ca/devices/{device}.json", msgspec.json.encode(msgspec.structs.replace(known, serials=())))
    _revoke_serials(ws, known.serials, now)
    return len(known.serials)


def write_revocations(ws: Workspace, authority: Authority, now: datetime) -> Path:
    """The list of revoked certificates (CRL) for other web servers."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(authority.certificate.subject)
    builder = builder.last_update(now).next_update(now + timedelta(days=CRL_DAYS))
    for serial, when in _revoked(ws).items():
        entry = x509.RevokedCertificateBuilder().serial_number(int(serial, 16))
        date = datetime.fromtimestamp(when, now.tzinfo)
        builder = builder.add_revoked_certificate(entry.revocation_date(date).build())
    ws.keep("ca/crl.pem", builder.sign(authority.key, None).public_bytes(s.Encoding.PEM))
    return ws.private / "ca/crl.pem"


def check_request(request: formats.EnrolRequest) -> PublicKey:
    """The key of a certificate request that is in order.

    Raises:
        BadInput: it is not: another name, another kind of key, a wrong signature.
    """
    try:
        csr = x509.load_pem_x509_csr(request.csr.encode())
        names = [str(a.value) for a in csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        public = csr.public_key()
        signed = csr.is_signature_valid
    except Exception as error:  # the parser's errors have no common base
        raise BadInput(f"device {request.device}: its certificate request cannot be read: {error}") from error
    if not signed or names != [request.device]:
        raise BadInput(f"device {request.device}: its certificate request is for {names}, or its signature is wrong")
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        return public
    if isinstance(public, Ed25519PublicKey):
        return public
    raise BadInput(f"device {request.device}: the key of its certificate request is neither Ed25519 nor P-256")


def _self_signed(key: Ed25519PrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"limen devices {secrets.token_hex(4)}")])
    builder = _builder(name, name, key.public_key(), now, timedelta(days=CA_DAYS))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    return builder.add_extension(usage, critical=True).sign(key, None)


def _sign(
    authority: Authority,
    subject: x509.Name,
    public: PublicKey,
    now: datetime,
    life: timedelta,
    extensions: Sequence[x509.ExtensionType],
) -> x509.Certificate:
    builder = _builder(subject, authority.certificate.subject, public, now, life)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    return builder.add_extension(issuer, critical=False).sign(authority.key, None)


def _builder(
    subject: x509.Name, issuer: x509.Name, public: PublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - SKEW).not_valid_after(now + life)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)


def _usage(client: bool) -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH])


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _token_name(token: str) -> str:
    return f"ca/tokens/{hashlib.sha256(token.encode()).hexdigest()}.json"


def _revoked(ws: Workspace) -> dict[str, int]:
    data = ws.kept("ca/revoked.json")
    return {} if data is None else msgspec.json.decode(data, type=dict[str, int])


def _revoke_serials(ws: Workspace, serials: Sequence[str], now: datetime) -> None:
    if serials:
        revoked = {**_revoked(ws), **dict.fromkeys(serials, int(now.timestamp()))}
        ws.keep("ca/revoked.json", msgspec.json.encode(revoked))
