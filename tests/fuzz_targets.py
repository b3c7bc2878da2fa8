"""Parsers of delivery with the inputs that they are tried on: samples that are in order, and ways to damage them.

A target takes bytes and either succeeds or raises a LimenError; anything else is a defect. What signatures would keep
out is signed again after it was damaged, so that what lies behind them is reached: an attacker may hold a key.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from backports import zstd
from securesystemslib.formats import encode_canonical

from limen.bundle import Bundle, manifest
from limen.deliver import formats
from limen.deliver.agent.clock import Clock
from limen.deliver.agent.places import Pack
from limen.deliver.agent.trust import IMAGE, Known, Want, run
from limen.deliver.agent.trust_tuf import enrolled, refresh
from limen.deliver.delta import Expected, apply, unpack
from limen.deliver.reading import Held
from limen.deliver.repository import delta, mcuboot, sealer
from limen.deliver.repository.door import Door
from limen.deliver.repository.export import export
from limen.deliver.repository.inplace import Memory, plan_of
from limen.deliver.repository.inplace import apply as apply_in_place
from limen.deliver.repository.serve import Static
from limen.deliver.seal import Opened
from limen.errors import LimenError
from small_devices import Device, Side
from small_repository import NOW, Repository, new_repository, small_bundle

INTERESTING = (b"\0", b"\xff", b"\xff" * 4, b"\xff" * 8, b"\0" * 8, b"\x7f\xff\xff\xff", b"{}", b"[]", b"null", b"-1",
               b"1e999", b'"\\ud800"', b"[" * 3000, b"9" * 400, b"../", b"\r\n", b"%2e%2e/")  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A parser: ``run`` raises a LimenError or nothing; ``memory`` is what it may take, bytes beyond its input."""

    name: str
    run: Callable[[bytes], object]
    samples: tuple[bytes, ...]
    memory: int = 64 << 20


def damaged(sample: bytes, random: np.random.Generator) -> bytes:
    """One to four changes: bits, bytes, runs cut out, doubled or replaced, the end lost."""
    data = bytearray(sample)
    for _ in range(int(random.integers(1, 5))):
        at = int(random.integers(0, len(data) + 1))
        length = int(random.integers(0, 1 + min(64, max(len(data) - at, 0))))
        kind = int(random.integers(0, 7))
        if kind == 0 and at < len(data):
            data[at] ^= 1 << int(random.integers(0, 8))
        elif kind == 1:
            data[at : at + length] = random.bytes(length)
        elif kind == 2:
            del data[at : at + length]
        elif kind == 3:
            data[at:at] = data[at : at + length]
        elif kind == 4:
            word = INTERESTING[int(random.integers(0, len(INTERESTING)))]
            data[at : at + (len(word) if random.integers(0, 2) else 0)] = word
        elif kind == 5:
            del data[at:]
        else:
            data[at : at + 8] = int(random.integers(0, 1 << 62)).to_bytes(8, "little")
    return bytes(data)


def outcome(target: Target, data: bytes) -> str:
    """``refused`` or ``taken``.

    Raises:
        AssertionError: another error than limen's.
    """
    try:
        target.run(data)
    except LimenError:
        return "refused"
    except Exception as error:
        raise AssertionError(f"{target.name}: {type(error).__name__}: {error}: {data[:200]!r}") from error
    return "taken"


@functools.cache
def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="limen-fuzz-"))


@functools.cache
def repository() -> Repository:
    made = new_repository(folder() / "repo")
    for i in (1, 2):
        made.publish(small_bundle(folder() / f"v{i}.limen", i))
    made.assign(kws=2)
    return made


def payloads() -> tuple[bytes, bytes]:
    repository()
    one, two = ((folder() / f"v{i}.limen").read_bytes() for i in (1, 2))
    return one, two


def _manifest() -> Target:
    return Target("manifest", manifest.from_bytes, (manifest.to_bytes(Bundle.open(payloads()[0]).manifest),))


def _bundle() -> Target:
    return Target("bundle", Bundle.open, (payloads()[0],))


def _pack() -> Target:
    pack = export(repository().ws, folder() / "stick.limenpack").file
    with zipfile.ZipFile(pack) as archive:
        names = archive.namelist()

    def read(data: bytes) -> None:
        file = folder() / "damaged.limenpack"
        file.write_bytes(data)
        opened = Pack(file)
        for name in (*names[:3], names[-1], "image"):
            opened.read(name, 1 << 16)

    return Target("pack", read, (pack.read_bytes(),))


def _delta() -> Target:
    old, new = payloads()
    sha256 = hashlib.sha256(old).hexdigest()
    expected = Expected(len(new), hashlib.sha256(new).hexdigest())

    def rebuild(data: bytes) -> None:
        for _ in apply(Held(old), sha256, Held(data), expected):
            pass

    made = delta.make(old, new)
    (stored,) = np.frombuffer(made, "<u4", 1, 12)
    table = zstd.decompress(made[96 : 96 + int(stored)])

    def with_table(data: bytes) -> None:
        """The bytes are the table: what compression would hide."""
        packed = zstd.compress(data)
        rebuild(made[:12] + len(packed).to_bytes(4, "little") + made[16:96] + packed + made[96 + int(stored) :])

    def either(data: bytes) -> None:
        rebuild(data) if data[:8] == b"LIMENDLT" else with_table(data)

    return Target("delta", either, (made, table))


def _full() -> Target:
    new = payloads()[1]
    expected = Expected(len(new), hashlib.sha256(new).hexdigest())

    def rebuild(data: bytes) -> None:
        for _ in unpack(Held(data), expected):
            pass

    bomb = zstd.compress(bytes(1 << 28), 1)
    return Target("full file", rebuild, (zstd.compress(new, 3), bomb))


def _seal() -> Target:
    key = bytes(range(32))

    def read(data: bytes) -> None:
        opened = Opened(Held(data), key, "kws/1/full")
        for at in range(0, opened.size, 1 << 16):
            opened.read_at(at, min(1 << 16, opened.size - at))

    return Target("sealed file", read, (sealer.seal(bytes(200_000), key, "kws/1/full"), sealer.seal(b"", key, "x")))


def _metadata() -> Target:
    """A file of the image repository, its contents damaged and signed again, read by the device's trust core."""
    made = repository()
    signers = list(made.ring().values())
    root = made.file("image/metadata/1.root.json")
    names = sorted(p.name for p in (made.public / "image/metadata").glob("*.json"))
    versions = sorted((int(n.split(".")[0]), n) for n in names if n[0].isdigit())
    newest = {name.split(".")[1]: name for _, name in versions} | {"timestamp": "timestamp.json"}
    now = NOW.timestamp()

    def read(data: bytes) -> None:
        role, _, body = data.partition(b"\n")
        name = newest.get(role.decode("latin-1"), "timestamp.json")
        if name.endswith("root.json"):
            name = "2.root.json"
        signed = _signed_again(body, signers)

        def fetch(want: Want) -> bytes | None:
            wanted = want.name.rpartition("/")[2]
            file = made.public / want.name
            found = signed if wanted == name else file.read_bytes() if file.is_file() else None
            return None if found is None else found[: want.limit + 1]

        found = run(refresh(IMAGE, Known(enrolled(root)), Clock(now, now)), fetch, lambda step: None)
        run(found.find("kws/2/full"), fetch, lambda step: None)

    samples = [role.encode() + b"\n" + made.file(f"image/metadata/{name}") for role, name in newest.items()]
    return Target("metadata", read, tuple(samples))


def _signed_again(body: bytes, signers: list[Any]) -> bytes:
    try:
        found = json.loads(body)
        canonical = encode_canonical(found["signed"]).encode()
        found["signatures"] = [{"keyid": s.public_key.keyid, "sig": s.sign(canonical).signature} for s in signers]
        return json.dumps(found).encode()
    except Exception:  # what cannot be signed goes as it is
        return body


def _messages() -> Target:
    report = formats.DeviceReport("dev-1", "rpi4", 5, {"kws": formats.LineReport(1, "ab", "trial", 2)})
    kinds = {b"r": formats.DeviceReport, b"e": formats.EnrolRequest, b"a": formats.Assignment, b"l": formats.Release}

    def read(data: bytes) -> None:
        formats.parse(data[1:], kinds.get(data[:1], formats.EnrolReply), "message")

    digest = "ab" * 32
    samples = {
        b"r": report,
        b"e": Device().request("token"),
        b"a": formats.Assignment(1, "dev-1", "rpi4", "kws", 2, digest, digest),
        b"l": formats.Release(1, "delta", "kws", 2, "v", digest, digest, 5, base=formats.Base(digest, 5)),
    }
    return Target("message", read, tuple(kind + msgspec.json.encode(record) for kind, record in samples.items()))


def _door() -> Target:
    side = Side(repository(), folder() / "reports")
    device = Device()
    pem = side.admit(device)
    door: Door = side.door

    def post(data: bytes) -> None:
        head, _, body = data.partition(b"\n\n")
        path, *lines = head.split(b"\n")
        headers = dict(line.partition(b": ")[::2] for line in lines)
        answer = door.answer(path.decode("latin-1"), headers, pem if b"pem" in headers else "", body)
        assert 200 <= answer.status < 500

    def sample(path: bytes, body: bytes, context: bytes) -> bytes:
        lines = [name + b": " + value for name, value in device.headers(body, context).items()]
        return b"\n".join([path, *lines]) + b"\n\n" + body

    request = msgspec.json.encode(device.request())
    return Target("requests", post, (
        sample(b"/report", device.report(), formats.REPORT_CONTEXT),
        sample(b"/enroll", request, formats.ENROLL_CONTEXT),
        b"/report\npem: 1\n\n" + device.report(),
        b"/enroll\npem: 1\n\n" + request,
    ))  # fmt: skip


def _http() -> Target:
    """Raw bytes to uvicorn's parser and limen's application, without a socket."""
    from limen.deliver.repository.server import Guarded, Patience, make

    app = Static(repository().public)
    config = make(app, "127.0.0.1", 0, None, Patience()).config

    async def talk(data: bytes) -> None:
        from uvicorn.server import ServerState

        protocol = Guarded(Patience(), config=config, server_state=ServerState(), app_state={})
        wire = Wire(protocol)
        protocol.connection_made(wire)
        for at in range(0, len(data), 700):
            if not wire.closed:
                protocol.data_received(data[at : at + 700])
                await asyncio.sleep(0)
        for _ in range(6):
            await asyncio.sleep(0)
        wire.close()
        for _ in range(4):
            await asyncio.sleep(0)
        statuses = [line.split()[1] for line in wire.sent.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
        assert all(s in (b"200", b"206", b"304", b"400", b"404", b"405", b"413", b"416") for s in statuses), statuses

    return Target("HTTP", lambda data: asyncio.run(talk(data)), (
        b"GET /image/metadata/timestamp.json HTTP/1.1\r\nhost: a\r\nrange: bytes=3-9\r\nif-none-match: \"a\"\r\n\r\n",
        b"HEAD /director/dev-1/timestamp.json HTTP/1.1\r\nhost: a\r\nif-range: \"a\"\r\nrange: bytes=-5\r\n\r\n",
        b"POST /report HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"GET /image/metadata/1.root.json HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc" * 2,
    ))  # fmt: skip


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__({"sockname": ("127.0.0.1", 1), "peername": ("127.0.0.1", 2)})
        self.protocol, self.sent, self.closed = protocol, b"", False

    def write(self, data: Any) -> None:
        self.sent += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    abort = close

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def _images() -> Target:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    slot = mcuboot.Slot(16 * 256, segment=256)
    random = np.random.default_rng(0)
    old = random.bytes(1500)
    patch = mcuboot.patch(old, old[:700] + random.bytes(90) + old[800:], slot)

    def read(data: bytes) -> None:
        if data[:4] == b"\x7fELF":
            mcuboot.firmware(data)
        elif data[:1] == patch[:1]:
            plan = plan_of(data)
            if (plan.memory, plan.segment) == (slot.size, slot.segment):
                apply_in_place(Memory.holding(old, slot.size, slot.segment), data)
        else:
            mcuboot.read(data, Ed25519PublicKey.from_public_bytes(bytes(32)))

    image = b"\x3d\xb8\xf3\x96" + bytes(4) + b"\x20\0\0\0\x10\0\0\0" + bytes(32) + b"\x07\x69\x08\0\x10\0\0\0"
    elf = b"\x7fELF\1\1\1" + bytes(21) + b"\x34\0\0\0" + bytes(10) + b"\x20\0\1\0" + bytes(46) + b"\1\0\0\0"
    return Target("images", read, (patch, image, elf + bytes(28)))


MAKERS = (_manifest, _bundle, _pack, _delta, _full, _seal, _metadata, _messages, _door, _http, _images)
