"""The actions of ``limen repo``: each takes the parsed flags, calls the library, says what was done."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from limen.bundle import load_public
from limen.cli._command import Outcome
from limen.cli._output import size_text, table
from limen.cli._repo_common import items, passphrase, read_bytes, ring, seal_key
from limen.cli._repo_server import enroll, revoke, serve
from limen.deliver import formats
from limen.deliver.repository import authority, director, images, init, keys, online, publish, roles
from limen.deliver.repository import metadata as md
from limen.deliver.repository.keys import Key, Ring
from limen.deliver.repository.mcuboot import Slot
from limen.deliver.repository.workspace import KnownDevice, Settings, Workspace, open_workspace
from limen.errors import UsageError


def make(options: argparse.Namespace) -> Outcome:
    done = init.init(
        options.repository,
        Settings(public=options.public, **_days(options.days)),
        md.now_utc(),
        options.roots,
        options.threshold or 1,
        options.root_key,
        options.root_folder,
        passphrase(options),
    )
    lines = [f"{role:<20} {' '.join(key[:12] for key in ids)}" for role, ids in done.keys.items()]
    if done.waits_for:
        lines.append("the roots wait for more signatures: limen repo sign DIR --keys PATH")
    elif options.root_folder is None and not options.root_key:
        lines.append(f"move {options.repository}/private/keys/root-*.pem to a place that is offline")
    return Outcome(vars(done), "\n".join(lines))


def add_key(options: argparse.Namespace) -> Outcome:
    ws, (role, *files) = open_workspace(options.repository), items(options, 1, "a role, and key files")
    signers = ring(ws, options)
    roles.require_settled(ws, role)
    added = [_key(Path(file), passphrase(options), signers) for file in files]
    added = added or [_new_key(ws, role, options, signers)]
    with ws.lock():
        done = roles.change(ws, role, signers, md.now_utc(), added, threshold=options.threshold)
    return _progress(done, [key.keyid for key in added])


def rotate(options: argparse.Namespace) -> Outcome:
    """Without key files a new key replaces those to be removed, or all."""
    ws, (role, *files) = open_workspace(options.repository), items(options, 1, "a role, and key files")
    signers = ring(ws, options)
    roles.require_settled(ws, role)
    added = [_key(Path(file), passphrase(options), signers) for file in files]
    remove = list(options.remove)
    if not added and not remove and options.threshold is None:
        remove = list(roles.key_ids(ws, role))
        added = [_new_key(ws, role, options, signers) for _ in remove]
    with ws.lock():
        done = roles.change(ws, role, signers, md.now_utc(), added, remove, options.threshold)
    return _progress(done, [key.keyid for key in added])


def sign(options: argparse.Namespace) -> Outcome:
    ws = open_workspace(options.repository)
    with ws.lock():
        waiting = [name for name in roles.REPOSITORIES if roles.staged_version(ws, name) is not None]
        if not waiting:
            raise UsageError(f"{ws.path}: no root waits for signatures")
        if options.discard:
            for name in waiting:
                roles.discard(ws, name)
            return Outcome({"discarded": waiting}, f"forgotten: {', '.join(waiting)}")
        done = {name: roles.sign_root(ws, name, ring(ws, options), md.now_utc()) for name in waiting}
    lines = [f"{name}: {_progress(each, []).text}" for name, each in done.items()]
    return Outcome({"published": all(d.published for d in done.values()), "roots": done}, "\n".join(lines))


def release(options: argparse.Namespace) -> Outcome:
    ws, (bundle, *_) = open_workspace(options.repository), items(options, 1, "a bundle", most=1)
    if options.line is None:
        raise UsageError("publish: --line is missing")
    wishes = publish.Wishes(
        version=options.version,
        hardware=tuple(options.hardware),
        seal=options.seal,
        deltas=options.deltas,
        limits=formats.Limits(options.max_latency, options.max_memory),
        signers=tuple(load_public(file) for file in options.signer) or None,
        image=_image(ws, options),
    )
    with ws.lock():
        done = publish.publish(ws, Path(bundle), options.line, wishes, ring(ws, options), md.now_utc())
    rows: list[tuple[str, int, str]] = [("full", done.full_bytes, "published")]
    rows += [(f"from {d.base}", d.bytes, d.why or "published") for d in done.deltas]
    rows += [(f"image from {p.base}", p.bytes, p.why or "published") for p in done.patches]
    title = f"{done.line} {done.counter} ({done.version}): {size_text(done.payload_bytes)}"
    body = [(n, size, f"{100 * size / done.payload_bytes:.1f} %", what) for n, size, what in rows]
    return Outcome(vars(done), f"{title}\n{table(('file', 'bytes', 'of payload', ''), body)}")


def assign(options: argparse.Namespace) -> Outcome:
    ws, (device, *lines) = open_workspace(options.repository), items(options, 2, "a device, and LINE or LINE=COUNTER")
    image = md.load(ws.public, md.IMAGE, md.load_root(ws.public, md.IMAGE))
    wanted = dict(_wanted(image, text) for text in lines)
    known = _device(ws, device, options)
    with ws.lock():
        done = director.assign(
            ws, known, wanted, ring(ws, options), md.now_utc(), _time(options.not_before), options.deployment
        )
    text = ", ".join(f"{line} {counter}" for line, counter in done.assignments.items()) or "nothing"
    return Outcome(vars(done), f"{device} gets {text}")


def snapshot(options: argparse.Namespace) -> Outcome:
    ws = open_workspace(options.repository)
    with ws.lock():
        done = online.renew(ws, ring(ws, options), md.now_utc())
    text = f"{done.timestamps} timestamps and {done.snapshots} snapshots signed"
    return Outcome(vars(done), "\n".join([text, table(("role", "expires"), list(done.expires.items()))]))


def export(options: argparse.Namespace) -> Outcome:
    from limen.deliver.repository.export import export as write

    if options.output is None:
        raise UsageError("export: -o FILE is missing")
    ws = open_workspace(options.repository)
    done = write(ws, options.output, options.items, not options.no_deltas, options.age)
    text = f"{done.file}: {size_text(done.bytes)}, {done.targets} targets for {len(done.devices)} devices"
    return Outcome(vars(done), text)


def status(options: argparse.Namespace) -> Outcome:
    ws = open_workspace(options.repository)
    image = md.load(ws.public, md.IMAGE, md.load_root(ws.public, md.IMAGE))
    found = {line: sorted(director.releases(image, line)) for line in roles.lines(image) if line in image.targets}
    devices = {name: dict(roles.assigned(ws, name)) for name in sorted(ws.public.folders("director"))}
    waiting = {name: roles.staged_version(ws, name) for name in roles.REPOSITORIES}
    data = {
        "root": image.root.signed.version,
        "timestamp": None if image.timestamp is None else image.timestamp.signed.expires.isoformat(),
        "lines": found,
        "devices": devices,
        "waits": {name: version for name, version in waiting.items() if version is not None},
    }
    rows = [(line, " ".join(map(str, counters)) or "-") for line, counters in found.items()]
    text = f"root {data['root']}, timestamp until {data['timestamp']}, {len(devices)} devices"
    return Outcome(data, f"{text}\n{table(('line', 'releases'), rows)}")


DO: Mapping[str, Callable[[argparse.Namespace], Outcome]] = {
    "init": make,
    "add-key": add_key,
    "rotate": rotate,
    "sign": sign,
    "publish": release,
    "assign": assign,
    "snapshot": snapshot,
    "serve": serve,
    "enroll": enroll,
    "revoke": revoke,
    "export": export,
    "status": status,
}


def _key(file: Path, secret: bytes | None, signers: Ring) -> Key:
    """A public key of a file: of the public half, or of a private one, which then can sign too."""
    if file.suffix == ".pub":
        return keys.load_public(file)
    signer = keys.load(file, secret)
    assert isinstance(signers, dict)
    signers[signer.public_key.keyid] = signer
    return signer.public_key


def _new_key(ws: Workspace, role: str, options: argparse.Namespace, signers: Ring) -> Key:
    repository, name = roles.split(role)
    stem = name if repository == "image" else f"{repository}-{name}"
    folder = (options.root_folder if name == "root" else None) or ws.private / "keys"
    taken = {path.name for path in folder.glob("*.pem")}
    file = next(n for n in (f"{stem}{i}.pem" for i in ("", *(f"-{k}" for k in range(2, 10_000)))) if n not in taken)
    keys.generate(folder / file, passphrase(options))
    return _key(folder / file, passphrase(options), signers)


def _progress(done: roles.Progress, added: list[str]) -> Outcome:
    data = {**vars(done), "keys": added}
    if done.published:
        return Outcome(data, f"{done.role}: in force")
    waits = "; ".join(f"{role}: {' '.join(key[:12] for key in ids)}" for role, ids in (done.waits_for or {}).items())
    return Outcome(data, f"{done.role}: waits for signatures of {waits} (limen repo sign DIR --keys PATH)")


def _days(texts: list[str]) -> dict[str, int]:
    found = {}
    for text in texts:
        role, _, days = text.partition("=")
        if role not in (*md.TOP, "line") or not days.isdigit() or not 1 <= int(days) <= 36500:
            raise UsageError(f"--days {text!r}: not known", "root, targets, line, snapshot or timestamp = 1 to 36500")
        found[role] = int(days)
    return found


def _image(ws: Workspace, options: argparse.Namespace) -> images.Wanted | None:
    if options.image is None:
        return None
    if not options.image_version or options.slot_size is None:
        raise UsageError("publish: --image needs --image-version and --slot-size", "--image-version 1.2.3")
    slot = Slot(options.slot_size, options.image_header, options.image_align, options.segment)
    key = options.image_key or ws.private / "keys" / "mcuboot.pem"
    return images.Wanted(read_bytes(options.image), options.image_version, slot, key)


def _wanted(image: md.Current, text: str) -> tuple[str, int]:
    line, _, counter = text.partition("=")
    if counter and not counter.isdigit():
        raise UsageError(f"{text!r}: the counter is no number", "LINE or LINE=COUNTER; 0 takes the line away")
    return line, int(counter) if counter else director.newest(image, line)


def _device(ws: Workspace, name: str, options: argparse.Namespace) -> KnownDevice:
    director.known_device(name, name)
    known, enrolled = ws.device(name), authority.enrolled(ws, name)
    hardware = options.hardware[0] if options.hardware else None
    hardware = hardware or (enrolled.hardware if enrolled else known.hardware if known else None)
    if hardware is None:
        raise UsageError(f"device {name}: is new", "--hardware ID")
    key = seal_key(options.seal_key) if options.seal_key else None
    key = key or (enrolled.seal_key if enrolled else known.seal_key if known else "")
    return director.known_device(name, hardware, key)


def _time(text: str) -> int:
    if not text:
        return 0
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--not-before {text!r}: {error}", "2027-01-31T02:00:00Z") from error
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
