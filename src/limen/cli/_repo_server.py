"""The actions of ``limen repo`` around the server: serve, enroll, revoke."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from limen.cli._command import Outcome
from limen.cli._repo_common import items, passphrase, ring, seal_key
from limen.deliver import formats
from limen.deliver.repository import authority, director
from limen.deliver.repository.authority import Authority
from limen.deliver.repository.metadata import now_utc
from limen.deliver.repository.workspace import Workspace, open_workspace
from limen.errors import UsageError


def serve(options: argparse.Namespace) -> Outcome:
    from limen.deliver.repository.door import Door
    from limen.deliver.repository.serve import Static
    from limen.deliver.repository.server import Tls, run
    from limen.deliver.repository.storage import Folder

    ws = open_workspace(options.repository)
    if not isinstance(ws.public, Folder):
        raise UsageError("serve: the public files are in a bucket, which serves them itself")
    certificate, key = options.tls or (None, None)
    if options.mtls and certificate is None:
        certificate, key = ws.private / "ca/server.pem", ws.private / "ca/server-key.pem"
    issuer = _authority(ws, options) if options.enroll else None
    clients = ws.private / "ca/ca.pem" if options.mtls else None
    tls = None if certificate is None or key is None else Tls(certificate, key, clients, required=issuer is None)
    public, where = ws.public.path, f"{'https' if tls else 'http'}://{options.host}"
    app = Static(public, Door(ws, options.reports, issuer), closed=options.mtls)
    run(app, options.host, options.port, tls, lambda port: print(f"serving {public} at {where}:{port}", flush=True))
    return Outcome({"served": str(public)})


def enroll(options: argparse.Namespace) -> Outcome:
    """A certificate for a request, a token for a device that will ask, or the server's own certificate."""
    ws = open_workspace(options.repository)
    if options.server:
        with ws.lock():
            file = authority.issue_server(ws, _authority(ws, options), options.server, now_utc())
        return Outcome({"certificate": file}, f"{file}: certificate and key beside it, for limen repo serve --mtls")
    (device,) = items(options, 1, "a device", most=1)
    hardware = _hardware(ws, device, options)
    if options.csr is None:
        with ws.lock():
            token = authority.new_token(ws, device, hardware, now_utc())
        return Outcome({"device": device, "token": token, "days": authority.TOKEN_DAYS}, token)
    with ws.lock():
        issuer = _authority(ws, options)
        chain = authority.issue(ws, issuer, _request(device, hardware, options), now_utc(), renewal=False)
    output = options.output or Path(f"{device}.crt")
    output.write_text(chain)
    return Outcome({"device": device, "certificate": output}, f"{output}: {authority.CERTIFICATE_DAYS} days")


def revoke(options: argparse.Namespace) -> Outcome:
    """Put a device's certificates out of force and take its assignments away."""
    ws, (device,) = open_workspace(options.repository), items(options, 1, "a device", most=1)
    with ws.lock():
        count = authority.revoke(ws, device, now_utc())
        withdrawn = director.withdraw(ws, device, ring(ws, options), now_utc())
        file = authority.write_revocations(ws, _authority(ws, options), now_utc())
    data = {"device": device, "certificates": count, "withdrawn": withdrawn, "crl": file}
    return Outcome(data, f"{device}: {count} certificates revoked, {len(withdrawn)} assignments withdrawn; {file}")


def _authority(ws: Workspace, options: argparse.Namespace) -> Authority:
    return authority.open_authority(ws, now_utc(), options.ca, passphrase(options))


def _hardware(ws: Workspace, device: str, options: argparse.Namespace) -> str:
    director.known_device(device, device)
    known = ws.device(device)
    if options.hardware:
        return str(options.hardware[0])
    if known is None:
        raise UsageError(f"device {device}: is new", "--hardware ID")
    return known.hardware


def _request(device: str, hardware: str, options: argparse.Namespace) -> formats.EnrolRequest:
    if options.seal_key is None:
        raise UsageError(f"enroll: {device} needs a sealing key", "--seal-key FILE")
    record = {
        "device": device,
        "hardware": hardware,
        "seal_key": seal_key(options.seal_key),
        "csr": options.csr.read_text(),
    }
    try:
        return msgspec.convert(record, formats.EnrolRequest)
    except msgspec.ValidationError as error:
        raise UsageError(f"enroll: {error}") from error
