"""The public files as an ASGI application: GET and HEAD with Range, If-Range and ETag; no key is needed.

Any web server does as well; this one is small and knows what may be cached: what is named by its version or sha256
never changes, ``timestamp.json`` is asked for each time. A request with a body, a long path or a path that leaves the
folder is refused before anything is read; so are several ranges at once. What devices send (POST) goes to a
:class:`.door.Door`, at most ``Limits.body`` bytes. Where the door asks for client certificates, each device reads the
public files and its own part of the director's, and nobody else reads anything.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from limen.deliver.repository.door import Door

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Headers = dict[bytes, bytes]

NAME = re.compile(r"/(image|director)(/[A-Za-z0-9][A-Za-z0-9_.-]*)+")
RANGE = re.compile(rb"bytes=(\d{0,18})-(\d{0,18})")
IMMUTABLE, FRESH = b"public, max-age=31536000, immutable", b"no-cache"


@dataclass(frozen=True)
class Limits:
    """Bytes: of a path, of a report, of one read from disk."""

    path: int = 512
    body: int = 1 << 16
    chunk: int = 1 << 18


@dataclass(frozen=True)
class Static:
    """An ASGI application (asgi.readthedocs.io, HTTP and its TLS extension) over one folder.

    Args:
        public: the folder.
        door: what takes POST requests; None: they are refused.
        closed: only devices whose client certificate is in force read anything.
    """

    public: Path
    door: Door | None = None
    closed: bool = False
    limits: Limits = field(default_factory=Limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await _lifespan(receive, send)
        if scope["type"] != "http":
            return None
        method, path = scope["method"], scope["path"]
        headers = dict(scope["headers"])
        if method == "POST":
            return await self._post(path, headers, _certificate(scope), receive, send)
        if method not in ("GET", "HEAD"):
            return await _plain(send, 405, {b"allow": b"GET, HEAD"})
        if len(path) > self.limits.path or not NAME.fullmatch(path):
            return await _plain(send, 404)
        if self.closed and not self._may_read(path, _certificate(scope)):
            return await _plain(send, 403)
        if headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers:
            return await _plain(send, 413)
        return await self._file(self.public / path[1:], headers, method == "HEAD", send)

    async def _file(self, path: Path, headers: Headers, head: bool, send: Send) -> None:
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return await _plain(send, 404)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                return await _plain(send, 404)
            return await self._answer(file, status, path.name, headers, head, send)
        finally:
            os.close(file)

    async def _answer(
        self, file: int, status: os.stat_result, name: str, headers: Headers, head: bool, send: Send
    ) -> None:
        tag = b'"%x-%x-%x"' % (status.st_size, status.st_mtime_ns, status.st_ino)
        common = {
            b"etag": tag,
            b"accept-ranges": b"bytes",
            b"cache-control": FRESH if name == "timestamp.json" else IMMUTABLE,
            b"content-type": b"application/json" if name.endswith(".json") else b"application/octet-stream",
        }
        if _matches(headers.get(b"if-none-match"), tag):
            return await _plain(send, 304, common)
        wanted = _wanted(headers, tag, status.st_size)
        if wanted is None:
            return await _plain(send, 416, {**common, b"content-range": b"bytes */%d" % status.st_size})
        start, end, partial = wanted
        more = {b"content-length": b"%d" % (end - start)}
        if partial:
            more[b"content-range"] = b"bytes %d-%d/%d" % (start, end - 1, status.st_size)
        await _start(send, 206 if partial else 200, {**common, **more})
        while not head and end - start > self.limits.chunk:
            await send({"type": "http.response.body", "body": _read(file, start, self.limits.chunk), "more_body": True})
            start += self.limits.chunk
        last = b"" if head else _read(file, start, end - start)
        return await send({"type": "http.response.body", "body": last})

    def _may_read(self, path: str, certificate: str) -> bool:
        device = None if self.door is None else self.door.caller(certificate)
        folder, _, rest = path[1:].partition("/")
        return device is not None and (folder != "director" or "/" not in rest or rest.split("/")[0] == device)

    async def _post(self, path: str, headers: Headers, certificate: str, receive: Receive, send: Send) -> None:
        if self.door is None:
            return await _plain(send, 404)
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length[:18]) > self.limits.body:
            return await _plain(send, 413, {b"connection": b"close"})
        body = await _body(receive, self.limits.body)
        if body is None:
            return await _plain(send, 413, {b"connection": b"close"})
        answer = self.door.answer(path, headers, certificate, body)
        kind: Headers = {b"content-type": b"application/json"} if answer.body else {}
        return await _plain(send, answer.status, kind, answer.body)


def _certificate(scope: Scope) -> str:
    """PEM of the client certificate (ASGI's TLS extension); empty where there is none."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain", ())
    return str(chain[0]) if chain else ""


def _wanted(headers: Headers, tag: bytes, size: int) -> tuple[int, int, bool] | None:
    """(start, end, partial) of a request (RFC 9110, section 14); None: not satisfiable."""
    text, condition = headers.get(b"range", b""), headers.get(b"if-range")
    if text.startswith(b"bytes=") and b"," in text:
        return None
    asked = RANGE.fullmatch(text)
    if asked is None or asked[1] == asked[2] == b"" or (condition is not None and condition != tag):
        return 0, size, False
    if asked[1] == b"":
        start, end = max(size - int(asked[2]), 0), size
    else:
        start, end = int(asked[1]), min(int(asked[2]) + 1, size) if asked[2] else size
        if asked[2] and int(asked[2]) < start:
            return 0, size, False
    return (start, end, True) if start < size and end > start else None


def _matches(asked: bytes | None, tag: bytes) -> bool:
    if asked is None:
        return False
    return asked.strip() == b"*" or tag in (part.strip().removeprefix(b"W/") for part in asked.split(b","))


def _read(file: int, start: int, length: int) -> bytes:
    """Exactly these bytes: a public file never becomes shorter, it is replaced."""
    parts = bytearray()
    while len(parts) < length:
        data = os.pread(file, length - len(parts), start + len(parts))
        if not data:
            raise OSError("a file became shorter while it was read")
        parts += data
    return bytes(parts)


async def _body(receive: Receive, most: int) -> bytes | None:
    """The body; None where it is too long, without reading the rest."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += bytes(message.get("body", b""))
        if len(body) > most:
            return None
        if not message.get("more_body", False):
            return body


async def _start(send: Send, status: int, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers.items())})


async def _plain(send: Send, status: int, headers: Headers | None = None, body: bytes = b"") -> None:
    length: Headers = {} if status in (204, 304) else {b"content-length": b"%d" % len(body)}
    await _start(send, status, {**length, **(headers or {})})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"].removeprefix("lifespan.")
        await send({"type": f"lifespan.{kind}.complete"})
        if kind == "shutdown":
            return
