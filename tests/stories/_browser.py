"""A headless Chromium that opens a page of a local folder and hands back what the page found.

The page is served with two additions: an image that the server holds back until the answer has come, so that a
screenshot shows the finished page, and a script that posts ``document.body.dataset.answers``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SECONDS = 60
REPORT = b"""
<img src="/wait" width="1" height="1" alt="">
<script type="module">
  const tell = (body) => fetch("/done", { method: "POST", body });
  addEventListener("error", (e) => tell(JSON.stringify({ error: String(e.message) })));
  addEventListener("unhandledrejection", (e) => tell(JSON.stringify({ error: String(e.reason) })));
  for (;;) {
    if (document.body.dataset.answers) break;
    await new Promise((next) => setTimeout(next, 20));
  }
  await tell(document.body.dataset.answers);
</script>
"""


def find_chromium() -> str | None:
    """The browser's command; None where it is not installed."""
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


class _Server(ThreadingHTTPServer):
    def __init__(self, folder: Path, seconds: float) -> None:
        self.seconds = seconds
        self.answered = threading.Event()
        self.answer: Any = None
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))


class _Handler(SimpleHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        if self.path == "/wait":
            self.server.answered.wait(self.server.seconds)
            self.send_response(204)
            self.end_headers()
            return
        if self.path.partition("?")[0].endswith(".html"):
            content = Path(self.translate_path(self.path)).read_bytes() + REPORT
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            return
        super().do_GET()

    def do_POST(self) -> None:
        self.server.answer = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.answered.set()
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""


def open_page(folder: Path, page: str, screenshot: Path, profile: Path, seconds: float = SECONDS) -> Any:
    """What the page posted.

    Args:
        folder: what is served.
        page: ``index.html?sample=picture.png``.
        screenshot: .png to write.
        profile: an empty folder for the browser.
        seconds: that the page may take.
    """
    browser = find_chromium()
    assert browser is not None
    server = _Server(folder, seconds)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--window-size=700,900",
        f"--screenshot={screenshot}", f"http://127.0.0.1:{server.server_address[1]}/{page}",
    ]  # fmt: skip
    try:
        subprocess.run(command, capture_output=True, timeout=seconds, check=True)
    finally:
        server.shutdown()
        server.server_close()
    return server.answer
