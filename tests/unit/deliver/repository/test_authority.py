"""Devices enrol with a token or by hand, renew, are revoked; reports are taken only from whom they are about."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from limen.deliver import formats
from limen.deliver.repository import authority, director
from limen.errors import BadInput, UsageError
from small_devices import Device, Side
from small_repository import NOW, new_repository, small_bundle


@pytest.fixture
def side(tmp_path: Path) -> Side:
    return Side(new_repository(tmp_path / "repo"), tmp_path / "reports")


@pytest.fixture(params=["ed25519", "p256"])
def device(request: pytest.FixtureRequest) -> Device:
    return Device() if request.param == "ed25519" else Device(key=ec.generate_private_key(ec.SECP256R1()))


def test_a_token_gives_a_certificate_of_the_authority(side: Side, device: Device) -> None:
    leaf, ca = x509.load_pem_x509_certificates(side.admit(device).encode())
    leaf.verify_directly_issued_by(ca)
    assert ca.public_bytes(s.Encoding.PEM) == side.repository.ws.kept("ca/ca.pem")
    assert leaf.public_key() == device.key.public_key()
    assert leaf.subject.rfc4514_string() == "CN=dev-1"
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert side.door.caller(leaf.public_bytes(s.Encoding.PEM).decode()) == "dev-1"


def test_a_token_is_good_once(side: Side) -> None:
    device = Device()
    token = side.token(device)
    assert side.enroll(device.request(token)) == 200
    assert side.enroll(device.request(token)) == 401


@pytest.mark.parametrize("change", [{"device": "dev-2"}, {"hardware": "rpi5"}])
def test_a_token_is_for_one_device_and_hardware(side: Side, change: dict[str, str]) -> None:
    token = side.token(Device())
    other = Device(change.get("device", "dev-1"), change.get("hardware", "rpi4"))
    assert side.enroll(other.request(token)) == 401
    assert side.enroll(Device().request(token)) == 200


def test_a_token_expires(side: Side) -> None:
    token = side.token(Device())
    side.now += timedelta(days=authority.TOKEN_DAYS, seconds=1)
    assert side.enroll(Device().request(token)) == 401


def test_a_wrong_request_does_not_spend_the_token(side: Side) -> None:
    device = Device()
    token = side.token(device)
    rsa_key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dev-1")])
    weak = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(rsa_key, SHA256())
    for csr in ("", "junk", device.csr("dev-2"), weak.public_bytes(s.Encoding.PEM).decode()):
        assert side.enroll(device.request(token, csr=csr)) == 400
    damaged = device.csr().splitlines()
    damaged[2] = damaged[2][::-1]
    assert side.enroll(device.request(token, csr="\n".join(damaged))) == 400
    assert side.enroll(device.request(token)) == 200


@pytest.mark.parametrize("token", ["", "guess", "../../../private/keys/ca"])
def test_nobody_enrols_without_a_token(side: Side, token: str) -> None:
    assert side.enroll(Device().request(token)) == 401


def test_enrolment_can_be_closed(side: Side) -> None:
    closed = dataclasses.replace(side.door, issuer=None, reports=None)
    for path in ("/enroll", "/report", "/", "/image/metadata/timestamp.json"):
        assert closed.answer(path, {}, "", b"{}").status == 404


def test_a_device_renews_by_its_certificate(side: Side, device: Device) -> None:
    first = side.admit(device)
    side.now += timedelta(days=30)
    assert side.enroll(device.request(), pem=first) == 200
    assert side.door.caller(first) == "dev-1"  # both are in force while renewals overlap


def test_a_device_renews_by_a_signature_also_after_its_certificate_expired(side: Side, device: Device) -> None:
    side.admit(device)
    side.now += timedelta(days=authority.CERTIFICATE_DAYS + authority.GRACE_DAYS)
    request = device.request()
    body = msgspec.json.encode(request)
    report = device.report()
    assert side.signed(device, report) == 401
    assert side.enroll(request, device.headers(body, formats.REPORT_CONTEXT)) == 401
    assert side.enroll(request, device.headers(body, formats.ENROLL_CONTEXT)) == 200
    assert side.signed(device, report) == 204


def test_no_device_renews_after_the_grace(side: Side) -> None:
    device = Device()
    side.admit(device)
    side.now += timedelta(days=authority.CERTIFICATE_DAYS + authority.GRACE_DAYS, seconds=1)
    request = device.request()
    assert side.enroll(request, device.headers(msgspec.json.encode(request), formats.ENROLL_CONTEXT)) == 401


def test_no_device_renews_for_another(side: Side) -> None:
    one, two = Device(), Device("dev-2")
    certificate = side.admit(one)
    side.admit(two)
    request = two.request()
    assert side.enroll(request, pem=certificate) == 403
    assert side.enroll(request, one.headers(msgspec.json.encode(request), formats.ENROLL_CONTEXT)) == 403
    mixed = {**one.headers(msgspec.json.encode(request), formats.ENROLL_CONTEXT), b"limen-device": b"dev-2"}
    assert side.enroll(request, mixed) == 401


def test_enrolling_again_puts_the_old_certificate_out_of_force(side: Side) -> None:
    old = side.admit(Device())
    new = side.admit(Device())
    assert (side.door.caller(old), side.door.caller(new)) == (None, "dev-1")


def test_a_revoked_device_is_refused_everywhere(side: Side) -> None:
    device = Device()
    pem = side.admit(device)
    assert authority.revoke(side.repository.ws, "dev-1", NOW) == 1
    assert side.door.caller(pem) is None
    assert side.report(device.report(), pem=pem) == 403
    assert side.signed(device, device.report()) == 403
    assert side.enroll(device.request(), pem=pem) == 403
    request = device.request()
    assert side.enroll(request, device.headers(msgspec.json.encode(request), formats.ENROLL_CONTEXT)) == 403
    assert side.door.caller(side.admit(device)) == "dev-1"  # a new token lets it in again


def test_a_revoked_certificate_is_on_the_list_for_other_servers(side: Side) -> None:
    serial = x509.load_pem_x509_certificate(side.admit(Device()).encode()).serial_number
    authority.revoke(side.repository.ws, "dev-1", NOW)
    issuer = authority.open_authority(side.repository.ws, NOW)
    crl = x509.load_pem_x509_crl(authority.write_revocations(side.repository.ws, issuer, NOW).read_bytes())
    assert crl.is_signature_valid(issuer.key.public_key())
    assert [entry.serial_number for entry in crl] == [serial]


def test_a_revoked_device_is_assigned_nothing(side: Side, tmp_path: Path) -> None:
    repository = side.repository
    repository.publish(small_bundle(tmp_path / "v1.limen"))
    side.admit(Device())
    repository.assign(kws=1)
    authority.revoke(repository.ws, "dev-1", NOW)
    assert director.withdraw(repository.ws, "dev-1", repository.ring(), NOW) == ("kws",)
    with pytest.raises(UsageError, match="revoked"):
        repository.assign(kws=1)


def test_a_certificate_of_another_authority_is_refused(side: Side, tmp_path: Path) -> None:
    device = Device()
    side.admit(device)
    other = Side(new_repository(tmp_path / "other"), tmp_path / "more")
    assert side.door.caller(other.admit(device)) is None
    assert side.report(device.report(), pem=other.admit(device)) == 403


def test_reports_are_taken_from_whom_they_are_about(side: Side, device: Device) -> None:
    pem = side.admit(device)
    assert side.report(device.report(1), pem=pem) == 204
    assert side.signed(device, device.report(2)) == 204
    kept = msgspec.json.decode((side.folder / "dev-1.json").read_bytes(), type=formats.DeviceReport)
    assert kept.time == 2
    body = dataclasses.replace(device, name="dev-2").report(3)
    assert side.report(body, pem=pem) == 403
    assert side.signed(device, body) == 403
    assert side.report(body) == 401
    assert [file.name for file in side.folder.iterdir()] == ["dev-1.json"]


@pytest.mark.parametrize("time", [99, 100])
def test_a_signed_report_is_not_replayed(side: Side, time: int) -> None:
    device = Device()
    side.admit(device)
    assert side.signed(device, device.report(100)) == 204
    assert side.signed(device, device.report(time)) == 409


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'{"device": "../x"}', b"\xff", b"[" * 60_000])
def test_what_is_no_report_is_refused(side: Side, body: bytes) -> None:
    device = Device()
    pem = side.admit(device)
    assert side.report(body, pem=pem) == 400


@pytest.mark.parametrize("name", [b"../../keys/ca", b"nobody", b"", b"\xff\xfe", b"dev-1\n"])
def test_strange_names_are_strangers(side: Side, name: bytes) -> None:
    device = Device()
    side.admit(device)
    body = device.report()
    assert side.report(body, {**device.headers(body, formats.REPORT_CONTEXT), b"limen-device": name}) == 401


@pytest.mark.parametrize("signature", [b"", b"%%%", b"AAAA", b"A" * 88])
def test_wrong_signatures_are_refused(side: Side, device: Device, signature: bytes) -> None:
    side.admit(device)
    assert side.report(device.report(), {b"limen-device": b"dev-1", b"limen-signature": signature}) == 401


def test_the_authority_stays_the_same_and_needs_its_key(side: Side, tmp_path: Path) -> None:
    ws = side.repository.ws
    first = authority.open_authority(ws, NOW)
    assert authority.open_authority(ws, NOW).pem == first.pem
    (ws.private / "keys/ca.pem").rename(tmp_path / "ca.pem")
    assert authority.open_authority(ws, NOW, tmp_path / "ca.pem").pem == first.pem
    with pytest.raises(BadInput):
        authority.open_authority(ws, NOW)
    authority.open_authority(new_repository(tmp_path / "third").ws, NOW)
    with pytest.raises(BadInput, match="is not the key"):
        authority.open_authority(ws, NOW, tmp_path / "third/private/keys/ca.pem")


def test_a_server_certificate_names_its_hosts(side: Side) -> None:
    issuer = authority.open_authority(side.repository.ws, NOW)
    file = authority.issue_server(side.repository.ws, issuer, ["models.example", "10.0.0.7"], NOW)
    leaf, ca = x509.load_pem_x509_certificates(file.read_bytes())
    leaf.verify_directly_issued_by(ca)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["models.example"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.7"]
    assert (file.parent / "server-key.pem").stat().st_mode & 0o777 == 0o600


def test_a_signature_of_another_body_is_none(side: Side) -> None:
    device = Device()
    side.admit(device)
    headers = device.headers(device.report(1), formats.REPORT_CONTEXT)
    assert side.report(device.report(2), headers) == 401
