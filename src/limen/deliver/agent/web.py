"""A web server as a place: GET over urllib3, resumed after every cut, between two rates, with every length bounded.

What a server may do wrong, and what follows: it cuts (the transfer goes on where it was, by Range and If-Range),
answers 200 to a Range (begins again), another range or ETag (begins again), 416 (begins again), another length, a
compression or a redirect (given up here: another mirror may do), 408, 425, 429 or 5xx (asked again later, as
Retry-After says), sends headers or bytes too slowly (``slow``), or nothing at all (asked again with full jitter:
a random pause up to twice as long each time). Proxies of the environment are not used.
"""

from __future__ import annotations

import http.client
import random
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from limen.deliver.agent.pace import Pace
from limen.errors import Unreachable, UsageError

LATER = frozenset((408, 425, 429, 500, 502, 503, 504))
ABSENT = frozenset((403, 404, 410))
T = TypeVar("T")
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


@dataclass(frozen=True)
class Net:
    """Limits of the network.

    Args:
        connect_seconds, read_seconds: without any answer.
        header_seconds: until the headers of an answer are complete.
        slowest: bytes per second, on the mean of ``slow_seconds``, below which a server is given up.
        fastest: bytes per second that are not exceeded; 0: no cap.
        largest: bytes of a file; longer ones are not begun.
        chunk: bytes that are read and written at once: as much may be sent again after a cut.
        tries: attempts in a row that bring nothing.
        pause, longest_pause: seconds before the second attempt; at most.
        proxy: URL; empty: none.
        ca: PEM file of the authorities that a server's certificate may be from; None: the system's.
        certificate, key: PEM files of this device for mutual TLS.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 20.0
    header_seconds: float = 30.0
    slowest: float = 256.0
    slow_seconds: float = 30.0
    fastest: float = 0.0
    largest: int = 1 << 34
    chunk: int = 1 << 14
    tries: int = 5
    pause: float = 0.5
    longest_pause: float = 60.0
    proxy: str = ""
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class Sink(Protocol):
    """A file that comes in; ``store.Part``."""

    @property
    def size(self) -> int:
        """Bytes that came in so far."""

    def append(self, data: bytes) -> None:
        """Write on."""

    def restart(self) -> None:
        """Throw away what came in."""


@dataclass(frozen=True)
class Answer:
    """Status and body of a POST."""

    status: int
    body: bytes


class _Again(Exception):
    """This attempt brought no more; the next one may."""

    def __init__(self, why: str, after: float = 0.0) -> None:
        super().__init__(why)
        self.why, self.after = why, after


class Web:
    """Files below a base URL."""

    def __init__(
        self,
        url: str,
        net: Net | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name, self.net, self._sleep = url.rstrip("/"), net or Net(), sleep
        self._pool = _pool(self.name, self.net)
        parts = urlsplit(self.name)
        self._prefix = f"{self.name if self.net.proxy and parts.scheme == 'http' else parts.path}/"
        self._tags: dict[str, str] = {}
        self._known: dict[str, tuple[str, bytes]] = {}

    def read(self, name: str, limit: int) -> bytes | None:
        """See ``places.Place``. A timestamp that has not changed is not sent again."""
        tag, before = self._known.get(name, ("", b""))
        headers = {"If-None-Match": tag} if tag else {}
        pace = self._pace(name)

        def attempt() -> tuple[bytes | None, str]:
            with self._asked("GET", name, headers) as answer:
                if answer.status == 304 and tag:
                    return before, tag
                if answer.status in ABSENT:
                    return None, ""
                self._require(name, answer, (200,))
                return b"".join(self._body(answer, limit + 1, pace)), answer.headers.get("ETag", "")

        data, tag = self._tried(name, attempt, pace, lambda: False)
        if data is not None and tag and name.endswith("timestamp.json") and len(data) <= limit:
            self._known[name] = tag, data
        return data

    def fetch(self, name: str, length: int, sink: Sink) -> None:
        """See ``places.Place``."""
        if length > self.net.largest:
            raise Unreachable(f"{self.name}/{name}: {length} bytes; at most {self.net.largest} are taken")
        pace = self._pace(name)
        if sink.size > length:
            sink.restart()
        best = sink.size

        def attempt() -> None:
            self._resume(name, length, sink, pace)

        def progress() -> bool:
            nonlocal best
            more, best = sink.size > best, max(sink.size, best)
            return more

        while sink.size < length:
            self._tried(name, attempt, pace, progress)

    def post(self, name: str, body: bytes, headers: Mapping[str, str], limit: int = 1 << 17) -> Answer:
        """Send a message; asked again only where the server says that it did not take it.

        Raises:
            Unreachable: no answer.
        """
        pace = self._pace(name)

        def attempt() -> Answer:
            with self._asked("POST", name, {**headers, "Content-Type": "application/json"}, body) as answer:
                if answer.status in LATER:
                    raise _Again(f"says {answer.status}", _retry_after(answer.headers.get("Retry-After", "")))
                return Answer(answer.status, b"".join(self._body(answer, limit, pace)))

        return self._tried(name, attempt, pace, lambda: False)

    def close(self) -> None:
        """Give up the connections."""
        self._pool.close()

    def _pace(self, name: str) -> Pace:
        net = self.net
        return Pace(f"{self.name}/{name}", net.slowest, net.slow_seconds, net.fastest, sleep=self._sleep)

    def _tried(self, name: str, attempt: Callable[[], T], pace: Pace, progress: Callable[[], bool]) -> T:
        """The attempt's result; tried again as long as tries or progress last."""
        failures = 0
        while True:
            try:
                return attempt()
            except _Again as again:
                failures = 0 if progress() else failures + 1
                if failures >= self.net.tries or again.after > self.net.longest_pause:
                    raise Unreachable(f"{self.name}/{name}: {again.why}", "tried again later", again.after) from again
                longest = min(self.net.longest_pause, self.net.pause * 2**failures) if failures else 0.0
                pace.rest(max(again.after, random.uniform(0, longest)))
                pace.took(0)

    def _resume(self, name: str, length: int, sink: Sink, pace: Pace) -> None:
        offset, tag = sink.size, self._tags.get(name, "")
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        if offset and tag:
            headers["If-Range"] = tag
        with self._asked("GET", name, headers) as answer:
            if answer.status == 416:
                self._begin_again(name, sink, "has fewer bytes than came in")
            self._require(name, answer, (200, 206))
            offset = self._where(name, answer, offset, length, sink)
            new = answer.headers.get("ETag", "")
            self._tags[name] = "" if new.startswith("W/") else new
            self._require_length(name, answer, length - offset)
            for data in self._body(answer, length - offset + 1, pace):
                offset += len(data)
                if offset > length:
                    sink.restart()
                    raise Unreachable(f"{self.name}/{name}: is longer than {length} bytes")
                sink.append(data)
        if offset < length:
            raise _Again(f"was cut after {offset} of {length} bytes")

    def _where(self, name: str, answer: Any, offset: int, length: int, sink: Sink) -> int:
        """Where the bytes that come belong."""
        if answer.status == 200:
            if offset:
                sink.restart()
            return 0
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        new, old = answer.headers.get("ETag", ""), self._tags.get(name, "")
        if not offset or found is None or int(found[1]) != offset or found[3] not in ("*", str(length)):
            self._begin_again(name, sink, "answers with another range")
        if old and new and new != old:
            self._begin_again(name, sink, "was changed")
        return offset

    def _begin_again(self, name: str, sink: Sink, why: str) -> None:
        sink.restart()
        self._tags.pop(name, None)
        raise _Again(why)

    def _require(self, name: str, answer: Any, wanted: tuple[int, ...]) -> None:
        where = f"{self.name}/{name}"
        if answer.status in LATER:
            raise _Again(f"says {answer.status}", _retry_after(answer.headers.get("Retry-After", "")))
        if answer.status not in wanted:
            raise Unreachable(f"{where}: the server says {answer.status}")
        coding = answer.headers.get("Content-Encoding", "identity")
        if coding.strip().lower() != "identity":
            raise Unreachable(f"{where}: is sent as {coding[:40]!r}; only plain bytes are taken")

    def _require_length(self, name: str, answer: Any, length: int) -> None:
        said = answer.headers.get("Content-Length")
        if said is not None and said != str(length):
            raise Unreachable(f"{self.name}/{name}: {said[:20]} bytes are announced instead of {length}")

    def _body(self, answer: Any, most: int, pace: Pace) -> Iterator[bytes]:
        """At most so many bytes, as they come."""
        while most > 0:
            data = answer.read1(min(self.net.chunk, most))
            if not data:
                return
            most -= len(data)
            yield data
            pace.took(len(data))

    @contextmanager
    def _asked(
        self, method: str, name: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """The answer, while it is read; what goes wrong with the connection is _Again."""
        net = self.net
        sent = {"Accept-Encoding": "identity", "User-Agent": "limen", **headers}
        answer: urllib3.BaseHTTPResponse | None = None
        try:
            answer = self._pool.urlopen(
                method,
                self._prefix + quote(name),
                body=body,
                headers=sent,
                retries=False,
                redirect=False,
                assert_same_host=False,  # a proxy is asked for whole addresses
                preload_content=False,
                decode_content=False,
                timeout=urllib3.Timeout(connect=net.connect_seconds, read=net.read_seconds),
            )
            yield answer
        except (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException, ssl.SSLError) as error:
            if isinstance(error.args[0] if error.args else None, ssl.SSLCertVerificationError):
                raise Unreachable(f"{self.name}: {_reason(error)}", "limen agent enroll --server-ca FILE") from error
            raise _Again(_reason(error)) from error
        finally:
            if answer is not None:
                with suppress(Exception):
                    if answer.length_remaining != 0:
                        answer.close()
                    answer.release_conn()


class _WatchedConnection(HTTPConnection):
    """Gives up where a handshake, or the headers of an answer, do not come to an end."""

    header_seconds = 30.0

    def connect(self) -> None:
        with _watched(self, self.header_seconds):
            super().connect()

    def getresponse(self) -> Any:
        with _watched(self, self.header_seconds):
            return super().getresponse()


class _WatchedTls(HTTPSConnection, _WatchedConnection):
    """The same over TLS."""

    def connect(self) -> None:
        with _watched(self, self.header_seconds):
            HTTPSConnection.connect(self)


@contextmanager
def _watched(connection: HTTPConnection, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, _shut, (connection,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut(connection: HTTPConnection) -> None:
    sock = connection.sock
    if sock is not None:
        with suppress(OSError):
            # The plain socket's: that of TLS would change the object that another thread reads from.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _pool(url: str, net: Net) -> urllib3.HTTPConnectionPool:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url[:200]!r}: is no address of a server", "https://..., or a folder, or a .limenpack")
    options: dict[str, Any] = {"maxsize": 2, "block": False}
    if parts.scheme == "https":
        options["ssl_context"] = _tls(net)
    pool: urllib3.HTTPConnectionPool
    if net.proxy:
        pool = urllib3.ProxyManager(net.proxy, **options).connection_from_url(url)
    elif parts.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(parts.hostname, parts.port, **options)
    else:
        pool = urllib3.HTTPConnectionPool(parts.hostname, parts.port, **options)
    base = _WatchedTls if parts.scheme == "https" else _WatchedConnection
    pool.ConnectionCls = type(base.__name__, (base,), {"header_seconds": net.header_seconds})
    return pool


def _tls(net: Net) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=None if net.ca is None else str(net.ca))
    if net.certificate is not None:
        context.load_cert_chain(net.certificate, net.key)
    return context


def _retry_after(text: str) -> float:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3); 0 where there is none."""
    if text.strip().isdigit():
        return float(text.strip()[:9])
    try:
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0) if text else 0.0
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _reason(error: BaseException) -> str:
    """The innermost message, for a person."""
    text = str(getattr(error, "reason", "") or error)
    return re.sub(r"<[^>]*>:?\s*|\(Caused by ", "", text).strip()[:200] or type(error).__name__
