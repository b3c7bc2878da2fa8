"""Which release a device gets: the director's targets of one device, at most one release per line.

The director speaks to one device at a time: its metadata name the device, the assignment names device, hardware and
counter, and the content key of a sealed release is wrapped for the device's own key. Which release that is was decided
elsewhere (a person, a roll-out); whether it is genuine is the image repository's to say.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from tuf.api.metadata import Metadata, TargetFile, Targets

from limen.deliver import formats
from limen.deliver.repository import metadata as md
from limen.deliver.repository.authority import is_revoked
from limen.deliver.repository.envelope import content_key, wrap
from limen.deliver.repository.keys import Ring
from limen.deliver.repository.workspace import KnownDevice, Workspace
from limen.errors import BadInput, UsageError


@dataclass(frozen=True)
class Assigned:
    """``assignments``: line -> counter, of everything the device gets."""

    device: str
    version: int
    assignments: Mapping[str, int]
    wrap_bytes: int


def known_device(name: str, hardware: str, seal_key: str = "") -> KnownDevice:
    """What is known of a device.

    Raises:
        UsageError: a name that no device can have.
    """
    try:
        return msgspec.convert({"device": name, "hardware": hardware, "seal_key": seal_key}, KnownDevice)
    except msgspec.ValidationError as error:
        raise UsageError(f"device {name!r}, hardware {hardware!r}: {error}") from error


def releases(current: md.Current, line: str) -> dict[int, tuple[TargetFile, formats.Release]]:
    """counter -> full target and its record, of a line of the image repository.

    Raises:
        BadInput: there is no such line.
    """
    if line not in current.targets or line in md.TOP:
        raise BadInput(f"line {line!r} is not known", f"limen repo add-key DIR {line}")
    found = {}
    for path, target in current.targets[line].signed.targets.items():
        if path.endswith("/full"):
            record = formats.from_custom(target.unrecognized_fields.get("custom"), formats.Release, path)
            found[record.counter] = target, record
    return found


def newest(current: md.Current, line: str) -> int:
    """The highest counter of a line.

    Raises:
        BadInput: it has no release yet.
    """
    found = releases(current, line)
    if not found:
        raise BadInput(f"line {line}: has no release yet", "limen repo publish DIR BUNDLE --line LINE")
    return max(found)


def assign(
    ws: Workspace,
    device: KnownDevice,
    wanted: Mapping[str, int],
    ring: Ring,
    now: datetime,
    not_before: int = 0,
    deployment: str = "",
) -> Assigned:
    """Say which releases a device gets from now on; its other lines stay as they are.

    Args:
        wanted: line -> counter; 0 takes the line away from the device.
        not_before: seconds since 1970; the device downloads at once and activates then.

    Raises:
        BadInput: there is no such release.
        UsageError: the release is not for this hardware, or is sealed and the device has no key; the device was
            revoked; a signer is missing.
    """
    if is_revoked(ws, device.device):
        raise UsageError(f"device {device.device}: was revoked", "limen repo enroll DIR DEVICE")
    image = md.load(ws.public, md.IMAGE, md.load_root(ws.public, md.IMAGE))
    place = md.director(device.device)
    current = md.load(ws.public, place, md.load_root(ws.public, place))
    targets = current.targets.get("targets", Metadata(Targets()))
    wraps = 0
    for line, counter in wanted.items():
        kept = {p: t for p, t in targets.signed.targets.items() if p.split("/")[0] != line}
        if counter:
            record, target = _target(ws, image, device, line, counter, not_before, deployment)
            kept[target.path] = target
            wraps += len(base64.b64decode(record.wrap))
        targets.signed.targets = kept
    ws.remember(device)
    ws.publish(md.release(current, {"targets": targets}, ring, ws.lifetimes, now))
    return Assigned(device.device, targets.signed.version, assignments(targets.signed), wraps)


def withdraw(ws: Workspace, device: str, ring: Ring, now: datetime) -> tuple[str, ...]:
    """Take all releases away from a device; the lines that it had.

    Raises:
        UsageError: a key is not at hand.
    """
    place = md.director(device)
    current = md.load(ws.public, place, md.load_root(ws.public, place))
    if not current.targets:
        return ()
    had = tuple(assignments(current.top))
    current.top.targets = {}
    ws.publish(md.release(current, {"targets": current.targets["targets"]}, ring, ws.lifetimes, now))
    return had


def assignments(targets: Targets) -> dict[str, int]:
    """line -> counter of a device's targets."""
    return {path.split("/")[0]: int(path.split("/")[1]) for path in sorted(targets.targets)}


def _target(
    ws: Workspace,
    image: md.Current,
    device: KnownDevice,
    line: str,
    counter: int,
    not_before: int,
    deployment: str,
) -> tuple[formats.Assignment, TargetFile]:
    found = releases(image, line)
    if counter not in found:
        known = ", ".join(map(str, sorted(found))) or "none"
        raise BadInput(f"line {line}: has no release {counter}", f"it has {known}")
    genuine, release = found[counter]
    if release.hardware and device.hardware not in release.hardware:
        raise UsageError(
            f"{line} {counter}: is for {', '.join(release.hardware)}; {device.device} is a {device.hardware}"
        )
    record = formats.Assignment(
        schema=formats.SCHEMA,
        device=device.device,
        hardware=device.hardware,
        line=line,
        counter=counter,
        core_digest=release.core_digest,
        payload_sha256=release.payload_sha256,
        wrap=_wrapped(ws, device, line, counter) if release.sealed else "",
        not_before=not_before,
        deployment=deployment,
    )
    custom = {"custom": md.custom(record)}
    return record, TargetFile(genuine.length, dict(genuine.hashes), genuine.path, custom)


def _wrapped(ws: Workspace, device: KnownDevice, line: str, counter: int) -> str:
    if not device.seal_key:
        raise UsageError(f"{line} {counter}: is sealed, and {device.device} has no sealing key", "--seal-key FILE")
    sealed = wrap(content_key(ws, line, counter), bytes.fromhex(device.seal_key), device.device, line, counter)
    return base64.b64encode(sealed).decode("ascii")
