"""The server on a socket: slow clients are dropped, others are served meanwhile; mTLS lets in who enrolled."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from limen.deliver.repository import authority, server
from limen.deliver.repository.door import Door
from limen.deliver.repository.serve import Limits, Static
from limen.deliver.repository.server import Patience, Tls
from small_devices import Device, Side
from small_repository import NOW, new_repository

BIG = 8 << 20
PATIENCE = Patience(request=0.5, stall=0.5, idle=5)


@contextlib.contextmanager
def running(app: Static, tls: Tls | None = None, patience: Patience = PATIENCE) -> Iterator[int]:
    """Its port."""
    made = server.make(app, "127.0.0.1", 0, tls, patience)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        while not made.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield made.servers[0].sockets[0].getsockname()[1]
    finally:
        made.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("public")
    (folder / "image").mkdir()
    (folder / "image/big").write_bytes(bytes(BIG))
    (folder / "image/small").write_bytes(b"small")
    return folder


@pytest.fixture(scope="module")
def port(public: Path) -> Iterator[int]:
    with running(Static(public, limits=Limits(body=1000))) as found:
        yield found


def get(port: int, path: str, context: ssl.SSLContext | None = None, **request: Any) -> tuple[int, bytes]:
    kind = http.client.HTTPSConnection if context else http.client.HTTPConnection
    settings = {"context": context} if context else {}
    with contextlib.closing(kind("127.0.0.1", port, timeout=30, **settings)) as connection:
        connection.request(request.pop("method", "GET"), path, **request)
        answer = connection.getresponse()
        return answer.status, answer.read()


def raw(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def rest(connection: socket.socket) -> bytes:
    """What comes until the server hangs up."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(1 << 16):
            found += data
    return found


def test_ranges_put_together_are_the_file(port: int) -> None:
    parts = [
        get(port, "/image/big", headers={"Range": f"bytes={i}-{i + (1 << 20) - 1}"}) for i in range(0, BIG, 1 << 20)
    ]
    assert {status for status, _ in parts} == {206}
    assert b"".join(body for _, body in parts) == bytes(BIG)


def test_one_connection_serves_many_requests(port: int) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        for method in ("GET", "HEAD", "GET"):
            connection.request(method, "/image/small")
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"" if method == "HEAD" else b"small")


@pytest.mark.parametrize(
    "start",
    [b"", b"GET /image/small HT", b"GET /image/small HTTP/1.1\r\nhost: a\r\nx: ",
     b"POST /report HTTP/1.1\r\nhost: a\r\ncontent-length: 900\r\n\r\n{"],
    ids=["silent", "half a line", "half a header", "half a body"],
)  # fmt: skip
def test_a_client_that_does_not_finish_is_dropped_and_others_are_served(port: int, start: bytes) -> None:
    with raw(port) as slow:
        slow.sendall(start)
        assert get(port, "/image/small") == (200, b"small")
        assert b"200 OK" not in rest(slow)


def test_a_client_that_drips_is_dropped(port: int) -> None:
    def drip(slow: socket.socket) -> None:
        slow.sendall(b"GET /image/small HTTP/1.1\r\n")
        for i in range(200):
            slow.sendall(b"x-%d: y\r\n" % i)
            time.sleep(0.05)

    with raw(port) as slow, pytest.raises(OSError):
        drip(slow)


def test_a_client_that_does_not_read_is_dropped(port: int) -> None:
    with raw(port) as slow:
        for _ in range(4):
            slow.sendall(b"GET /image/big HTTP/1.1\r\nhost: a\r\n\r\n")
        time.sleep(1.5)
        assert len(rest(slow)) < 4 * BIG


def test_a_head_that_is_too_long_is_refused(port: int) -> None:
    with raw(port) as client:
        with contextlib.suppress(ConnectionResetError):
            client.sendall(b"GET /image/small HTTP/1.1\r\nx: " + b"y" * 100_000)
        assert b" 200 " not in rest(client)
    assert get(port, "/image/small") == (200, b"small")


def test_a_body_that_is_too_long_is_refused_unread(public: Path, tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "repo")
    app = Static(public, Door(repository.ws, tmp_path / "reports"), limits=Limits(body=1000))
    with running(app) as port:
        assert get(port, "/report", method="POST", body=b"x" * 1000)[0] == 400
        assert get(port, "/report", method="POST", body=b"x" * 1001)[0] == 413
        with raw(port) as client:
            client.sendall(b"POST /report HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
            with contextlib.suppress(OSError):
                for _ in range(100):
                    client.sendall(b"100\r\n" + b"x" * 256 + b"\r\n")
            assert rest(client).startswith(b"HTTP/1.1 413")


# ------------------------------------------------------------------ mTLS


@pytest.fixture
def side(tmp_path: Path) -> Side:
    made = Side(new_repository(tmp_path / "repo"), tmp_path / "reports")
    authority.issue_server(made.repository.ws, made.door.issuer, ["127.0.0.1"], NOW)
    return made


def tls_of(side: Side, required: bool) -> Tls:
    folder = side.repository.ws.private / "ca"
    return Tls(folder / "server.pem", folder / "server-key.pem", folder / "ca.pem", required)


def context_of(side: Side, device: Device | None, pem: str, folder: Path) -> ssl.SSLContext:
    from cryptography.hazmat.primitives import serialization as s

    context = ssl.create_default_context(cafile=side.repository.ws.private / "ca/ca.pem")
    if device is not None:
        key = device.key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
        (folder / "device.pem").write_bytes(key + pem.encode())
        context.load_cert_chain(folder / "device.pem")
    return context


def test_only_enrolled_devices_read_and_each_its_own_part(side: Side, tmp_path: Path) -> None:
    public = side.repository.public
    for name in ("dev-1", "dev-2"):
        (public / "director" / name).mkdir(parents=True)
        (public / f"director/{name}/timestamp.json").write_bytes(name.encode())
    device, stranger = Device(), Device("dev-3")
    mine = context_of(side, device, side.admit(device), tmp_path)
    with running(Static(public, side.door, closed=True), tls_of(side, required=True)) as port:
        assert get(port, "/image/metadata/1.root.json", mine)[0] == 200
        assert get(port, "/director/1.root.json", mine)[0] == 200
        assert get(port, "/director/dev-1/timestamp.json", mine) == (200, b"dev-1")
        assert get(port, "/director/dev-2/timestamp.json", mine)[0] == 403
        assert get(port, "/report", mine, method="POST", body=device.report())[0] == 204
        authority.revoke(side.repository.ws, "dev-1", NOW)
        assert get(port, "/director/dev-1/timestamp.json", mine)[0] == 403
        other = Side(new_repository(tmp_path / "other"), tmp_path / "more")
        forged = context_of(side, stranger, other.admit(stranger), tmp_path)
        for context in (context_of(side, None, "", tmp_path), forged):
            with pytest.raises(OSError):
                get(port, "/director/1.root.json", context)


def test_a_device_without_a_certificate_can_only_enrol(side: Side, tmp_path: Path) -> None:
    import msgspec

    bare = context_of(side, None, "", tmp_path)
    device = Device()
    body = msgspec.json.encode(device.request(side.token(device)))
    with running(Static(side.repository.public, side.door, closed=True), tls_of(side, required=False)) as port:
        assert get(port, "/image/metadata/1.root.json", bare)[0] == 403
        status, reply = get(port, "/enroll", bare, method="POST", body=body)
        assert status == 200
        certificate = msgspec.json.decode(reply)["certificate"]
        assert get(port, "/image/metadata/1.root.json", context_of(side, device, certificate, tmp_path))[0] == 200
