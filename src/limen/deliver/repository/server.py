"""A server for :class:`.serve.Static`: uvicorn, with deadlines for slow clients and the client certificate for the app.

A request must be whole some time after its first byte, and an answer that nobody reads is given up: a connection costs
memory and a file, and a device that means it comes back with Range.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from limen.deliver.repository.serve import Receive, Scope, Send, Static
from limen.errors import BadInput, MissingExtra

App = Callable[[Scope, Receive, Send], Awaitable[None]]
BACKLOG = 4096
"""Connections that wait to be taken."""


@dataclass(frozen=True)
class Patience:
    """Seconds: until a request must be whole, until some of an answer must be read, between two requests."""

    request: float = 20
    stall: float = 60
    idle: float = 75


@dataclass(frozen=True)
class Tls:
    """PEM files.

    Args:
        clients: certificates of who signs client certificates; None: no client certificate is asked for.
        required: no connection without one (else the application decides).
    """

    certificate: Path
    key: Path
    clients: Path | None = None
    required: bool = True


def run(
    app: Static, host: str, port: int, tls: Tls | None = None, ready: Callable[[int], None] = lambda port: None
) -> None:
    """Serve until interrupted.

    Args:
        ready: told the port once connections are taken.

    Raises:
        BadInput: a certificate or key cannot be used, or the address cannot.
    """
    _raise_file_limit()
    server = make(app, host, port, tls, Patience())
    with listen(host, port) as listening:
        ready(listening.getsockname()[1])
        server.run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections.

    Args:
        host: name or address, of IPv4 or IPv6.
        port: 0: any that is free.

    Raises:
        BadInput: it is not this machine's, somebody else has it, or there is no such port.
    """
    try:
        family, _kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        number = getattr(error, "errno", None) or 0
        why = os.strerror(number) if number > 0 else str(error)
        raise BadInput(f"{host}:{port}: cannot be listened at: {why.lower()}", "--host, --port") from error


def make(app: Static, host: str, port: int, tls: Tls | None, patience: Patience) -> Any:
    """A ``uvicorn.Server`` that is not running yet.

    Raises:
        BadInput: a certificate or key cannot be used.
        MissingExtra: uvicorn is not installed.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise MissingExtra("uvicorn", "repo") from error

    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=partial(Guarded, patience),
        ws="none",
        access_log=False,
        log_level="error",
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=int(patience.idle),
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=16384,
    )
    config.load()
    config.ssl = None if tls is None else _context(tls)
    return uvicorn.Server(config)


class Guarded(asyncio.Protocol):
    """uvicorn's HTTP/1.1 protocol behind two deadlines."""

    def __init__(self, patience: Patience, *arguments: Any, **settings: Any) -> None:
        from uvicorn.protocols.http.h11_impl import H11Protocol

        self._inner = H11Protocol(*arguments, **settings)
        self._patience = patience
        self._transport: asyncio.Transport | None = None
        self._request: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._inner.connection_made(_Joining(self._transport))
        self._inner.app = _with_client(self._inner.app, self._transport)
        self._request = self._after(self._patience.request)

    def data_received(self, data: bytes) -> None:
        if self._request is None:
            self._request = self._after(self._patience.request)
        self._inner.data_received(data)
        cycle = self._inner.cycle
        if cycle is not None and not cycle.more_body:
            self._request = self._drop(self._request)

    def eof_received(self) -> None:
        self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()
        self._stall = self._after(self._patience.stall)

    def resume_writing(self) -> None:
        self._stall = self._drop(self._stall)
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._request, self._stall = self._drop(self._request), self._drop(self._stall)
        self._inner.connection_lost(exc)

    def _after(self, seconds: float) -> asyncio.TimerHandle:
        assert self._transport is not None
        return asyncio.get_running_loop().call_later(seconds, self._transport.abort)

    def _drop(self, timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
        if timer is not None:
            timer.cancel()
        return None


class _Joining:
    """A transport that joins what is written within one turn of the loop: a small answer is sent at once."""

    MOST = 1 << 16

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._waiting = bytearray()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._waiting and len(data) < self.MOST:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting += data
        if len(self._waiting) >= self.MOST:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._waiting:
            data, self._waiting = self._waiting, bytearray()
            self._transport.write(data)


def _with_client(app: App, transport: asyncio.Transport) -> App:
    """The application, told of the client's certificate; it ends when the client is gone."""
    tls: Any = transport.get_extra_info("ssl_object")
    peer = tls.getpeercert(binary_form=True) if tls is not None else None
    chain = (ssl.DER_cert_to_PEM_cert(peer),) if peer else ()

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Mapping[str, Any]) -> None:
            if transport.is_closing():
                await asyncio.sleep(0)  # the protocol is told first
                raise ConnectionAbortedError
            await send(message)

        extensions = {**scope.get("extensions", {}), "tls": {"client_cert_chain": chain}}
        with contextlib.suppress(ConnectionAbortedError):
            await app({**scope, "extensions": extensions}, receive, guarded)

    return told


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.clients is not None:
            context.load_verify_locations(tls.clients)
            context.verify_mode = ssl.CERT_REQUIRED if tls.required else ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as error:
        raise BadInput(f"tls: a certificate or key cannot be used: {error}") from error
    return context


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
