"""What the device tells: a DeviceReport after every change and now and then, signed by its client key.

The body is signed even where mutual TLS says who speaks, so that a plain server behind a proxy can know it too.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping

import msgspec
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from limen.deliver import formats
from limen.deliver.agent.decide import serving
from limen.deliver.agent.places import Place
from limen.deliver.agent.records import LineState, State
from limen.deliver.agent.settings import CLIENT_CERTIFICATE, CLIENT_KEY, Settings, net
from limen.deliver.agent.store import Store
from limen.deliver.agent.web import Web
from limen.errors import StoreError

LONGEST = 256
MOST_BANNED = 32
"""The newest ones: a report stays small."""


def make(state: State, settings: Settings, assigned: Mapping[str, int], problem: str) -> formats.DeviceReport:
    """The report of a state.

    Args:
        assigned: line -> counter that the director wants, as far as it is known.
    """
    lines = {name: _line(line, assigned.get(name, 0)) for name, line in state.lines.items()}
    return formats.DeviceReport(settings.device, settings.hardware, int(time.time()), lines, problem[:LONGEST])


def _line(line: LineState, assigned: int) -> formats.LineReport:
    slot = serving(line)
    phase, target, deployment = _phase(line, assigned)
    newest = sorted(line.banned, key=int)[-MOST_BANNED:]
    return formats.LineReport(
        counter=0 if slot is None else slot.counter,
        payload_sha256="" if slot is None else slot.payload_sha256,
        phase=phase,
        target=target,
        deployment=deployment or ("" if slot is None else slot.deployment),
        banned={counter: line.banned[counter][:LONGEST] for counter in newest},
        runs=line.runs,
        errors=line.errors,
        p90_ms=line.p90_ms,
    )


def _phase(line: LineState, assigned: int) -> tuple[str, int, str]:
    """(phase, counter on its way, its deployment)."""
    if line.trial is not None:
        return "trial", line.trial.slot.counter, line.trial.slot.deployment
    if line.staged is not None:
        return "staged", line.staged.counter, line.staged.deployment
    if line.wanted is not None:
        return "fetching", line.wanted.counter, line.wanted.deployment
    if str(assigned) in line.banned:
        return "failed", assigned, ""
    return "idle", 0, ""


def send(store: Store, settings: Settings, places: list[Place], report: formats.DeviceReport) -> int | None:
    """Post a report to the server; the status, or None where there is no server or no key to sign with.

    Raises:
        Unreachable: no answer.
    """
    server = server_of(store, settings, places)
    if server is None or store.secret(CLIENT_CERTIFICATE) is None:
        return None
    body = msgspec.json.encode(report)
    return server.post("report", body, signed(store, settings.device, formats.REPORT_CONTEXT, body)).status


def server_of(store: Store, settings: Settings, places: list[Place]) -> Web | None:
    """Where messages go."""
    if settings.report:
        return Web(settings.report, net(store, settings))
    return next((place for place in places if isinstance(place, Web)), None)


def signed(store: Store, device: str, context: bytes, body: bytes) -> dict[str, str]:
    """The two headers that say who speaks.

    Raises:
        StoreError: the key is lost.
    """
    data = store.secret(CLIENT_KEY)
    if data is None:
        raise StoreError("client key: is lost", "limen agent enroll with a new token")
    try:
        key = s.load_pem_private_key(data, None)
    except (ValueError, TypeError) as error:
        raise StoreError(f"client key: cannot be read: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise StoreError("client key: is of another kind")
    signature = key.sign(context + body, ec.ECDSA(SHA256()))
    return {formats.DEVICE_HEADER: device, formats.SIGNATURE_HEADER: base64.b64encode(signature).decode("ascii")}
