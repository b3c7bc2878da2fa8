"""A device is made: its store, its keys, the roots that it trusts; then it is made known to the server.

Keys are durable before anybody hears of them, and the private ones never leave the device. Enrolling again in the same
store keeps them and asks for a new certificate. Without a token nothing is asked: the publisher then gets the public
key by hand (``limen repo assign ... --seal-key``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from limen.deliver import formats
from limen.deliver.agent import durable
from limen.deliver.agent import settings as st
from limen.deliver.agent import store as stores
from limen.deliver.agent.keys import FileKeys, new_secret, read_key_file, write_key_file
from limen.deliver.agent.places import Place
from limen.deliver.agent.reports import server_of, signed
from limen.deliver.agent.settings import CLIENT_CERTIFICATE, CLIENT_KEY, DEVICE_KEY, SERVER_CA, Settings
from limen.deliver.agent.store import Store
from limen.deliver.agent.trust_update import first_state
from limen.errors import BadInput, StoreError, Unreachable, UsageError, VerificationError

RENEW = 1 / 3
"""The share of a certificate's life that is left when it is renewed."""
ROOTS = ("image/metadata/1.root.json", "director/1.root.json")
MAX_ROOT = 512_000
PUBLIC_FILE = "device.pub"


@dataclass(frozen=True)
class Enrolled:
    """``seal_key``: hex of the public key that content keys are wrapped for; ``certificate_until``: ISO date."""

    device: str
    hardware: str
    store: Path
    seal_key: str
    certificate_until: str | None


def read_roots(place: Place) -> tuple[bytes, bytes]:
    """The first roots of both repositories, from a place that is trusted for them: a stick, or a server at first use.

    Raises:
        Unreachable: they are not there.
    """
    found = [place.read(name, MAX_ROOT) for name in ROOTS]
    image, director = found
    if image is None or director is None:
        raise Unreachable(f"{place.name}: has no {ROOTS[0 if image is None else 1]}")
    return image, director


def make(path: Path, settings: Settings, roots: tuple[bytes, bytes], server_ca: bytes | None = None) -> Store:
    """The device's store with its keys; an enrolment that was cut off is taken up.

    Raises:
        StoreError: there is a device already, or the disk fails.
        Refused: the roots are none.
    """
    st.check(settings)
    state = first_state(*roots)
    store = stores.create(path, state)
    try:
        complete(store, settings, server_ca)
    except BaseException:
        store.close()
        raise
    return store


def complete(store: Store, settings: Settings, server_ca: bytes | None = None) -> None:
    """Keys that are not there yet, the public one as a file for the publisher, and the settings, last."""
    if not settings.keys and settings.key_file:
        if not Path(settings.key_file).exists():
            write_key_file(Path(settings.key_file), new_secret())
        read_key_file(Path(settings.key_file))
    elif not settings.keys and store.secret(DEVICE_KEY) is None:
        secret = new_secret()
        FileKeys(secret)
        store.keep_secret(DEVICE_KEY, secret)
    if store.secret(CLIENT_KEY) is None:
        store.keep_secret(CLIENT_KEY, _new_client_key())
    if server_ca is not None:
        store.keep_secret(SERVER_CA, server_ca)
    public = st.open_keys(store, settings).public().hex()
    durable.replace(store.disk, PUBLIC_FILE, f"{public}\n".encode())
    st.save(store, settings)


def ask(store: Store, settings: Settings, places: list[Place], token: str = "") -> datetime:
    """A certificate for the device's client key; without a token a renewal, signed with the one before.

    Returns:
        until when it is valid.

    Raises:
        Unreachable: no answer.
        VerificationError: the server says no, or sends a certificate for something else.
        UsageError: no server is among the places.
    """
    server = server_of(store, settings, places)
    if server is None:
        raise UsageError("enroll: no server to ask is known", "--from https://...")
    request = formats.EnrolRequest(
        device=settings.device,
        hardware=settings.hardware,
        seal_key=st.open_keys(store, settings).public().hex(),
        csr=_request(store, settings.device),
        token=token,
    )
    body = msgspec.json.encode(request)
    headers = {} if token else signed(store, settings.device, formats.ENROLL_CONTEXT, body)
    answer = server.post("enroll", body, headers)
    if answer.status != 200:
        why = {400: "the request is not valid", 401: "the token is not known", 403: "it was revoked"}
        raise VerificationError(
            f"enroll: {server.name} says {answer.status}: {why.get(answer.status, 'no enrolment here')}"
        )
    chain = formats.parse(answer.body, formats.EnrolReply, "enroll").certificate.encode()
    until = _checked(store, chain, settings.device)
    store.keep_secret(CLIENT_CERTIFICATE, chain)
    return until


def certificate_until(store: Store) -> datetime | None:
    """When the client certificate ends; None: there is none."""
    certificate = _certificate(store)
    return None if certificate is None else certificate.not_valid_after_utc


def is_to_be_renewed(store: Store, now: datetime | None = None) -> bool:
    """Less than a third of the certificate's life is left."""
    certificate = _certificate(store)
    if certificate is None:
        return False
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return (certificate.not_valid_after_utc - (now or datetime.now(UTC))) < life * RENEW


def described(store: Store, settings: Settings) -> Enrolled:
    """What the publisher may want to know."""
    until = certificate_until(store)
    assert store.path is not None
    return Enrolled(
        settings.device,
        settings.hardware,
        store.path,
        st.open_keys(store, settings).public().hex(),
        None if until is None else until.isoformat(),
    )


def _certificate(store: Store) -> x509.Certificate | None:
    data = store.secret(CLIENT_CERTIFICATE)
    try:
        return None if data is None else x509.load_pem_x509_certificate(data)
    except ValueError as error:
        raise StoreError(f"client certificate: cannot be read: {error}") from error


def _new_client_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())


def _client_key(store: Store) -> ec.EllipticCurvePrivateKey:
    data = store.secret(CLIENT_KEY)
    key = None if data is None else s.load_pem_private_key(data, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise StoreError("client key: is lost, or of another kind")
    return key


def _request(store: Store, device: str) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.sign(_client_key(store), SHA256()).public_bytes(s.Encoding.PEM).decode("ascii")


def _checked(store: Store, chain: bytes, device: str) -> datetime:
    try:
        certificate = x509.load_pem_x509_certificate(chain)
    except ValueError as error:
        raise BadInput(f"enroll: the certificate cannot be read: {error}") from error
    names = [str(a.value) for a in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [device] or certificate.public_key() != _client_key(store).public_key():
        raise VerificationError(f"enroll: the certificate is for {names}, or for another key")
    return certificate.not_valid_after_utc
