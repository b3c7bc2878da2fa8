"""The public files as an ASGI application: GET and HEAD with Range, If-Range and ETag; nothing else, no key.

Any web server does as well; this one is small and knows what may be cached: what is named by its version or sha256
never changes, ``timestamp.json`` is asked for each time. A request with a body, a long path or a path that leaves the
folder is refused before anything is read. Reports of devices (``POST /report``) are taken only where a folder for
them is given: one file per device, the newest, at most ``Limits.body`` bytes.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from limen.deliver import formats
from limen.deliver.repository.storage import write_synced
from limen.errors import BadInput

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
    """An ASGI application (asgi.readthedocs.io, HTTP) over one folder.

    Args:
        public: the folder.
        reports: where reports of devices are put; None: they are refused.
    """

    public: Path
    reports: Path | None = None
    limits: Limits = field(default_factory=Limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await _lifespan(receive, send)
        if scope["type"] != "http":
            return None
        method, path = scope["method"], scope["path"]
        if method == "POST":
            return await self._post(path, receive, send)
        if method not in ("GET", "HEAD"):
            return await _plain(send, 405, {b"allow": b"GET, HEAD"})
        if len(path) > self.limits.path or not NAME.fullmatch(path):
            return await _plain(send, 404)
        headers = dict(scope["headers"])
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
        for data in () if head else _chunks(file, start, end, self.limits.chunk):
            await send({"type": "http.response.body", "body": data, "more_body": True})
        return await send({"type": "http.response.body", "body": b""})

    async def _post(self, path: str, receive: Receive, send: Send) -> None:
        if path != "/report" or self.reports is None:
            return await _plain(send, 404)
        body = await _body(receive, self.limits.body)
        if body is None:
            return await _plain(send, 413)
        try:
            report = formats.parse(body, formats.DeviceReport, "report")
            write_synced(self.reports / f"{report.device}.json", msgspec.json.encode(report), mode=0o640)
        except BadInput:
            return await _plain(send, 400)
        return await _plain(send, 204)


def _wanted(headers: Headers, tag: bytes, size: int) -> tuple[int, int, bool] | None:
    """(start, end, partial) of a request (RFC 9110, section 14); None: not satisfiable."""
    asked = RANGE.fullmatch(headers.get(b"range", b""))
    condition = headers.get(b"if-range")
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


def _chunks(file: int, start: int, end: int, size: int) -> Iterator[bytes]:
    while start < end:
        data = os.pread(file, min(size, end - start), start)
        if not data:
            raise OSError("a file became shorter while it was read")
        start += len(data)
        yield data


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


async def _plain(send: Send, status: int, headers: Headers | None = None) -> None:
    length: Headers = {} if status in (204, 304) else {b"content-length": b"0"}
    await _start(send, status, {**length, **(headers or {})})
    await send({"type": "http.response.body", "body": b""})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"].removeprefix("lifespan.")
        await send({"type": f"lifespan.{kind}.complete"})
        if kind == "shutdown":
            return


def run(app: Static, host: str, port: int, certificate: Path | None = None, key: Path | None = None) -> None:
    """Serve until interrupted, by uvicorn."""
    import uvicorn

    uvicorn.run(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        backlog=4096,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=16384,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
