"""The lines of a running agent for other processes: HTTP over a Unix socket, arrays as .npz.

::

    GET  /lines                  JSON: line -> counter of the release that answers
    POST /lines/<line>/run       body: .npz of the inputs by name; answer: .npz of the outputs

400: the inputs do not fit, 404: no such line, 413: too long, 503: no release serves yet. Who may ask is for the
socket's mode (0660) and folder to say.
"""

from __future__ import annotations

import io
import json
import os
import socketserver
import threading
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limen.deliver.agent.updater import Updater
from limen.errors import BadInput, DataError, StoreError

if TYPE_CHECKING:
    import numpy as np

MAX_BODY = 64 << 20
SECONDS = 30.0


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64
    updater: Updater


class Service:
    """A socket that answers until it is closed.

    Raises:
        StoreError: the socket cannot be made.
    """

    def __init__(self, path: Path, updater: Updater) -> None:
        self._path = path
        try:
            with suppress(FileNotFoundError):
                path.unlink()
            before = os.umask(0o117)
            try:
                self._server = _Server(str(path), _Handler)
            finally:
                os.umask(before)
        except OSError as error:
            raise StoreError(f"{path}: the socket cannot be made: {error.strerror or error}") from error
        self._server.updater = updater
        threading.Thread(target=self._server.serve_forever, name="limen socket", daemon=True).start()

    def close(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()
        with suppress(FileNotFoundError):
            self._path.unlink()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SECONDS
    server: _Server

    def do_GET(self) -> None:
        if self.path != "/lines":
            return self._say(404, {"error": "no such thing"})
        return self._say(200, {name: line.counter for name, line in dict(self.server.updater.lines).items()})

    def do_POST(self) -> None:
        parts = self.path.split("/")
        line = self.server.updater.lines.get(parts[2]) if len(parts) == 4 else None
        if line is None or (parts[1], parts[3]) != ("lines", "run"):
            return self._say(404, {"error": "no such line"})
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            return self._say(413, {"error": f"a Content-Length of at most {MAX_BODY} is needed"})
        try:
            outputs = line.run(_arrays(self.rfile.read(int(length))))
        except DataError as error:
            return self._say(400, {"error": str(error)})
        except BadInput as error:
            return self._say(503, {"error": str(error)})
        return self._send(200, _packed(outputs), "application/octet-stream")

    def _say(self, status: int, value: dict[str, Any]) -> None:
        self._send(status, json.dumps(value).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "socket"

    def log_message(self, format: str, *args: Any) -> None:
        return


def _packed(outputs: Mapping[str, np.ndarray[Any, Any]]) -> bytes:
    """An .npz; by hand, since ``numpy.savez`` takes some names for its own arguments."""
    import numpy as np

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for name, value in outputs.items():
            with file.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.asanyarray(value), allow_pickle=False)
    return out.getvalue()


def _arrays(body: bytes) -> dict[str, np.ndarray[Any, Any]]:
    import numpy as np

    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise DataError(f"body: is no .npz: {error}") from error
