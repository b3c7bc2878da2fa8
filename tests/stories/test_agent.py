"""A fleet from the command line: repository and device by ``limen repo`` and ``limen agent`` alone."""

from __future__ import annotations

import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent_server import serving
from fault_server import wait_until
from gain_models import save_gain
from limen.cli.__main__ import main
from small_repository import Repository

DEVICE = ("--device", "kitchen-1", "--hardware", "rpi4")


def limen(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> dict[str, Any]:
    """The JSON that a command prints last."""
    capsys.readouterr()
    assert main([*map(str, words), "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


@pytest.fixture
def fleet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A repository with one release of the line ``kws``."""
    repository = tmp_path / "fleet"
    limen(capsys, "repo", "init", repository)
    limen(capsys, "repo", "add-key", repository, "kws")
    limen(capsys, "repo", "publish", repository, save_gain(tmp_path / "1.limen", 2.0), "--line", "kws", "--seal")
    return repository


@pytest.fixture
def device(fleet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Enrolled by hand; it gets the release."""
    store = tmp_path / "device"
    public = fleet / "public"
    made = limen(capsys, "agent", "enroll", store, *DEVICE, "--from", public, "--roots", public)
    assert made["certificate_until"] is None
    limen(capsys, "repo", "assign", fleet, "kitchen-1", "kws", "--hardware", "rpi4", "--seal-key", made["seal_key"])
    return store


def release(capsys: pytest.CaptureFixture[str], fleet: Path, bundle: Path) -> None:
    limen(capsys, "repo", "publish", fleet, bundle, "--line", "kws", "--seal")
    limen(capsys, "repo", "assign", fleet, "kitchen-1", "kws")


def test_a_device_follows_its_repository_release_by_release(
    fleet: Path, device: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    once = limen(capsys, "agent", "once", device)
    assert once["lines"]["kws"]["counter"] == 1
    assert not once["lines"]["kws"]["on_trial"]
    release(capsys, fleet, save_gain(tmp_path / "2.limen", 3.0))
    once = limen(capsys, "agent", "once", device)
    assert (once["lines"]["kws"]["counter"], once["lines"]["kws"]["previous"]) == (2, 1)
    assert any("delta from 1" in line for line in once["log"])
    release(capsys, fleet, save_gain(tmp_path / "3.limen", 3.0, "crash"))
    once = limen(capsys, "agent", "once", device, code=7)
    assert "SIGSEGV" in once["failed"]["kws"]["3"]
    assert once["lines"]["kws"]["counter"] == 2
    status = limen(capsys, "agent", "status", device)
    assert status["device"] == "kitchen-1"
    assert status["lines"]["kws"]["banned"].keys() == {"3"}
    back = limen(capsys, "agent", "rollback", device, "kws")
    assert back["lines"]["kws"]["counter"] == 1
    assert limen(capsys, "agent", "once", device)["lines"]["kws"]["counter"] == 1


def test_a_stick_updates_a_device_without_a_network(
    fleet: Path, device: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old.limenpack", tmp_path / "new.limenpack"
    limen(capsys, "repo", "export", fleet, "-o", old)
    release(capsys, fleet, save_gain(tmp_path / "2.limen", 3.0))
    limen(capsys, "repo", "export", fleet, "kitchen-1", "-o", new)
    assert limen(capsys, "agent", "once", device, "--from", new)["lines"]["kws"]["counter"] == 2
    assert limen(capsys, "agent", "once", device, "--from", old, code=7)["error"]["kind"] == "Refused"  # an old pack
    assert limen(capsys, "agent", "status", device)["lines"]["kws"]["counter"] == 2


def test_a_pack_for_another_device_or_changed_by_a_byte_installs_nothing(
    fleet: Path, device: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = tmp_path / "p.limenpack"
    limen(capsys, "repo", "assign", fleet, "other-1", "kws", "--hardware", "rpi4", "--seal-key", "11" * 32)
    limen(capsys, "repo", "export", fleet, "other-1", "-o", pack)
    assert limen(capsys, "agent", "once", device, "--from", pack, code=7)["error"]["kind"] == "Refused"
    limen(capsys, "repo", "export", fleet, "kitchen-1", "-o", pack)
    with zipfile.ZipFile(pack) as whole:
        files = {name: whole.read(name) for name in whole.namelist()}
    name = "director/kitchen-1/timestamp.json"
    files[name] = files[name].replace(b'"version": 1', b'"version": 9').replace(b'"version":1', b'"version":9')
    with zipfile.ZipFile(pack, "w") as changed:
        for name, data in files.items():
            changed.writestr(name, data)
    assert limen(capsys, "agent", "once", device, "--from", pack, code=7)["error"]["kind"] == "Refused"
    pack.write_bytes(pack.read_bytes()[:-100])
    assert limen(capsys, "agent", "once", device, "--from", pack, code=3)["error"]["kind"] == "Unreachable"
    assert limen(capsys, "agent", "status", device)["lines"].get("kws", {}).get("counter", 0) == 0


def test_wrong_usage_is_told(device: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agent", "rollback", str(device), "eye"]) == 2
    assert main(["agent", "enroll", str(tmp_path / "new"), *DEVICE]) == 2  # no roots
    assert main(["agent", "enroll", str(device), "--device", "another", "--hardware", "rpi4"]) == 2
    assert main(["agent", "status", str(tmp_path / "none")]) == 3
    assert main(["agent", "once", str(tmp_path / "none")]) == 3
    assert main(["agent", "once", str(device), "--from", str(tmp_path / "unplugged")]) == 3
    assert "unplugged" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("--from", "ftp://example.org"),
        ("--report", "example.org"),
        ("--proxy", "proxy:3128"),
        ("--keys", "nobody:keys"),
        ("--engine", "abacus"),
        ("--poll", "0"),
        ("--strikes", "0"),
        ("--window", "at night"),
    ],
    ids=" ".join,
)
def test_a_device_is_not_made_with_settings_that_cannot_be(
    words: tuple[str, ...], fleet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limen(capsys, "agent", "enroll", tmp_path / "new", *DEVICE, "--roots", fleet / "public", *words, code=2)
    assert not (tmp_path / "new").exists()


def test_enrolling_again_changes_what_is_given_and_nothing_else(
    device: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = json.loads((device / "settings.json").read_text())
    limen(capsys, "agent", "enroll", device, "--manual", "--strikes", 5, "--window", "sat 02:00-04:00")
    changed = {"automatic": False, "strikes": 5, "windows": ["sat 02:00-04:00"]}
    assert json.loads((device / "settings.json").read_text()) == before | changed
    limen(capsys, "agent", "enroll", device, "--automatic")
    assert json.loads((device / "settings.json").read_text()) == before | changed | {"automatic": True}
    limen(capsys, "agent", "enroll", device, "--key-file", device / "other", code=2)


def test_wishes_that_make_no_sense_are_told(device: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limen(capsys, "agent", "once", device)
    for words in (("rollback", device), ("rollback", device, "kws"), ("activate", device, "kws")):
        limen(capsys, "agent", *words, code=2)


def test_the_unit_starts_this_agent(device: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unit = limen(capsys, "agent", "unit", device)["unit"]
    assert f"ExecStart={sys.executable} -m limen agent run {device} --socket" in unit
    assert "Type=notify" in unit


class Agent:
    """``limen agent run`` in a process, asked over its socket."""

    def __init__(self, store: Path, socket_path: Path, *flags: str) -> None:
        self.socket_path = socket_path
        command = [sys.executable, "-m", "limen", "agent", "run", str(store), "--socket", str(socket_path), *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("socket", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(30)
        try:
            connection.sock.connect(str(self.socket_path))
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def run(self, x: np.ndarray, name: str = "x") -> tuple[int, dict[str, np.ndarray]]:
        out = io.BytesIO()
        np.savez(out, **{name: x})
        status, body = self.ask("POST", "/lines/kws/run", out.getvalue())
        return status, dict(np.load(io.BytesIO(body))) if status == 200 else {}

    def serves(self, counter: int) -> bool:
        if not self.socket_path.exists():
            return False
        try:
            return bool(json.loads(self.ask("GET", "/lines")[1]).get("kws") == counter)
        except OSError:
            return False


@pytest.fixture
def enrolled(fleet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[tuple[Path, str]]:
    """A device that enrolled over TLS by a token, and polls the server often; its store, and the folder of reports."""
    with serving(Repository(fleet), tmp_path / "server", tls=True) as server:
        token = limen(capsys, "repo", "enroll", fleet, "kitchen-1", "--hardware", "rpi4")["token"]
        store = tmp_path / "device"
        flags = ("--server-ca", server.ca, "--token", token, "--poll", "0.3", "--trial", "0.5")
        made = limen(
            capsys, "agent", "enroll", store, *DEVICE, "--from", server.url, "--roots", fleet / "public", *flags
        )
        assert made["certificate_until"]
        limen(capsys, "repo", "assign", fleet, "kitchen-1", "kws")
        yield store, str(server.reports)


def test_an_agent_runs_serves_reports_and_is_asked_by_others(
    fleet: Path, enrolled: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, reports = enrolled
    agent = Agent(store, tmp_path / "s")
    x = np.array([[1, 2, 3, 4]], np.float32)
    try:
        assert wait_until(lambda: agent.serves(1), 60)
        assert np.array_equal(agent.run(x)[1]["y"], 2 * x)
        assert agent.run(x, "wrong")[0] == 400
        assert agent.ask("POST", "/lines/kws/run", b"junk")[0] == 400
        assert agent.ask("POST", "/lines/eye/run", b"")[0] == 404
        assert agent.ask("GET", "/else")[0] == 404
        release(capsys, fleet, save_gain(tmp_path / "2.limen", 5.0))
        assert wait_until(lambda: agent.serves(2), 60)
        assert np.array_equal(agent.run(x)[1]["y"], 5 * x)
        report = Path(reports) / "kitchen-1.json"
        settled = {"counter": 2, "phase": "idle"}.items()
        assert wait_until(lambda: settled <= json.loads(report.read_bytes())["lines"]["kws"].items(), 60)
        assert main(["agent", "status", str(store)]) == 0
        assert main(["agent", "once", str(store)]) == 3  # another agent holds the store
        assert limen(capsys, "agent", "rollback", store, "kws")["lines"]["kws"]["counter"] == 1
        assert np.array_equal(agent.run(x)[1]["y"], 2 * x)
        assert (tmp_path / "s").stat().st_mode & 0o007 == 0
    finally:
        agent.process.send_signal(signal.SIGTERM)
        assert agent.process.wait(30) == 0
    assert not (tmp_path / "s").exists()


def test_systemd_is_told_when_the_agent_is_ready(device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "notify"))
        door.settimeout(60)
        monkeypatch.setitem(os.environ, "NOTIFY_SOCKET", str(tmp_path / "notify"))
        agent = Agent(device, tmp_path / "s")
        try:
            assert door.recv(100) == b"READY=1"
        finally:
            agent.process.terminate()
            agent.process.wait(30)
        assert door.recv(100) == b"STOPPING=1"


def test_a_killed_agent_serves_again_what_it_served(
    fleet: Path, device: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limen(capsys, "agent", "once", device)
    x = np.array([[1, 2, 3, 4]], np.float32)
    for _ in range(2):
        agent = Agent(device, tmp_path / "s")
        assert wait_until(lambda agent=agent: agent.serves(1), 60)  # type: ignore[misc]
        assert np.array_equal(agent.run(x)[1]["y"], 2 * x)
        time.sleep(0.1)
        agent.process.kill()
        agent.process.wait(30)
