"""``limen repo serve`` in a thread, for tests of devices: with or without TLS, enrolment and reports."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from limen.deliver.repository import authority, server
from limen.deliver.repository.door import Door
from limen.deliver.repository.metadata import now_utc
from limen.deliver.repository.serve import Static
from limen.deliver.repository.server import Patience, Tls
from small_repository import Repository


@dataclass(frozen=True)
class Running:
    """``url``, the folder of reports, and the PEM file of the server's authority."""

    url: str
    reports: Path
    ca: Path


@contextlib.contextmanager
def serving(repository: Repository, folder: Path, tls: bool = False) -> Iterator[Running]:
    """A server of the repository that enrols devices and takes reports."""
    ws = repository.ws
    issuer = authority.open_authority(ws, now_utc())
    reports = folder / "reports"
    reports.mkdir(parents=True, exist_ok=True)
    context = None
    if tls:
        certificate = authority.issue_server(ws, issuer, ["127.0.0.1"], now_utc())
        context = Tls(certificate, ws.private / "ca/server-key.pem", ws.private / "ca/ca.pem", required=False)
    app = Static(repository.public, Door(ws, reports, issuer), closed=tls)
    made = server.make(app, "127.0.0.1", 0, context, Patience())
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        while not made.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = made.servers[0].sockets[0].getsockname()[1]
        yield Running(f"{'https' if tls else 'http'}://127.0.0.1:{port}", reports, ws.private / "ca/ca.pem")
    finally:
        made.should_exit = True
        thread.join()
