"""A web server on the loopback interface that does wrong on purpose, request by request, and counts what it sends."""

from __future__ import annotations

import hashlib
import re
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """What is wrong with one answer; by default nothing.

    Args:
        cut: body bytes after which the connection is cut.
        status: instead of 200 or 206; without a body.
        headers: further ones, or others.
        ranges: Range is understood.
        shift: answers with a range that begins so many bytes later.
        more: bytes added behind the file (the length says so).
        lie: added to Content-Length.
        chunked: no Content-Length, in chunks.
        drip: seconds between single bytes of the body; of the headers.
        hang: accepts, and says nothing.
        tag: ETag instead of the file's.
    """

    cut: int | None = None
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    shift: int = 0
    more: bytes = b""
    lie: int = 0
    chunked: bool = False
    drip: float = 0.0
    header_drip: float = 0.0
    hang: bool = False
    tag: str | None = None


FINE = Fault()
Script = Callable[[int, str], Fault]


@dataclass
class Seen:
    """``requests``: (method, path, headers, body); ``sent``: bytes of bodies."""

    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    sent: int = 0


@dataclass
class Faulty:
    """A running server."""

    url: str
    files: dict[str, bytes]
    script: Script
    seen: Seen = field(default_factory=Seen)
    posts: dict[str, Callable[[bytes, dict[str, str]], tuple[int, bytes]]] = field(default_factory=dict)


@contextmanager
def faulty(files: dict[str, bytes], script: Script = lambda _n, _path: FINE) -> Iterator[Faulty]:
    """A server of these files (path without the first slash -> bytes); ``script``: number of the request -> fault."""
    state = Faulty("", files, script)
    stop = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        timeout = 30

        def handle(self) -> None:
            with suppress(OSError):
                while _answer(self, state, stop):
                    pass

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            stop.set()
            server.shutdown()
            thread.join()


def _answer(handler: socketserver.StreamRequestHandler, state: Faulty, stop: threading.Event) -> bool:
    line = handler.rfile.readline(65536).decode().split()
    if len(line) != 3:
        return False
    headers = dict(_headers(handler))
    body = handler.rfile.read(int(headers.get("content-length", 0)))
    path = line[1].lstrip("/")
    fault = state.script(len(state.seen.requests), path)
    state.seen.requests.append((line[0], path, headers, body))
    if fault.hang:
        stop.wait(30)
        return False
    if line[0] == "POST":
        status, data = state.posts.get(path, lambda _b, _h: (404, b""))(body, headers)
        return _send(handler, state, Fault(status=0), status, {}, data, stop)
    if path not in state.files or fault.status:
        return _send(handler, state, fault, fault.status or 404, {}, b"", stop)
    return _file(handler, state, fault, headers, state.files[path], stop)


def _headers(handler: socketserver.StreamRequestHandler) -> Iterator[tuple[str, str]]:
    while (line := handler.rfile.readline(65536).decode().strip()) != "":
        name, _, value = line.partition(":")
        yield name.lower(), value.strip()


def _file(
    handler: socketserver.StreamRequestHandler,
    state: Faulty,
    fault: Fault,
    headers: dict[str, str],
    data: bytes,
    stop: threading.Event,
) -> bool:
    tag = f'"{hashlib.sha256(data).hexdigest()[:12]}"' if fault.tag is None else fault.tag
    own = {"ETag": tag} if tag else {}
    if tag and headers.get("if-none-match") == tag:
        return _send(handler, state, fault, 304, own, b"", stop)
    asked = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
    fits = headers.get("if-range") in (None, tag)
    if asked and fault.ranges and fits:
        start = int(asked[1]) + fault.shift
        if start >= len(data):
            return _send(handler, state, fault, 416, own, b"", stop)
        own["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return _send(handler, state, fault, 206, own, data[start:], stop)
    return _send(handler, state, fault, 200, own, data, stop)


def _send(
    handler: socketserver.StreamRequestHandler,
    state: Faulty,
    fault: Fault,
    status: int,
    headers: dict[str, str],
    data: bytes,
    stop: threading.Event,
) -> bool:
    data += fault.more
    length = {"Transfer-Encoding": "chunked"} if fault.chunked else {"Content-Length": str(len(data) + fault.lie)}
    lines = [f"HTTP/1.1 {status} X", *(f"{k}: {v}" for k, v in {**length, **headers, **fault.headers}.items())]
    head = "\r\n".join([*lines, "", ""]).encode()
    if fault.header_drip:
        for byte in head:
            handler.wfile.write(bytes([byte]))
            if stop.wait(fault.header_drip):
                return False
        return False
    handler.wfile.write(head)
    whole = data if fault.cut is None else data[: fault.cut]
    step = 1 if fault.drip else 4096
    for at in range(0, len(whole), step):
        part = whole[at : at + step]
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if fault.chunked else part)
        state.seen.sent += len(part)
        if fault.drip and stop.wait(fault.drip):
            return False
    if fault.chunked and fault.cut is None:
        handler.wfile.write(b"0\r\n\r\n")
    if fault.cut is not None or fault.lie:
        handler.wfile.flush()
        with suppress(OSError):
            handler.connection.shutdown(socket.SHUT_RDWR)
        return False
    return True


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.005)
    return true()
