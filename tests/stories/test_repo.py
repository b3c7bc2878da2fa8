"""A fleet from the command line: keys, releases, devices that enrol over mTLS, update, report and are revoked."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import limen as limen_api
from limen.cli.__main__ import main
from small_bundles import classifier


def limen(*words: str | Path, code: int = 0) -> dict[str, Any]:
    """The JSON object of a verb."""
    command = [sys.executable, "-m", "limen", *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextlib.contextmanager
def serving(repository: Path, *flags: str | Path) -> Iterator[int]:
    """The port of ``limen repo serve``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "limen", "repo", "serve", str(repository), "--port", str(port), *map(str, flags)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                assert server.poll() is None
                time.sleep(0.05)
            yield port
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original")
    made = limen("repo", "init", folder / "fleet", "--roots", 3, "--threshold", 2, "--root-folder", folder / "usb")
    assert made["published"] is True
    limen("repo", "add-key", folder / "fleet", "kws", "--keys", folder / "usb")
    return folder


@pytest.fixture
def fleet(original: Path, tmp_path: Path) -> Path:
    for name in ("fleet", "usb"):
        shutil.copytree(original / name, tmp_path / name)
    return tmp_path / "fleet"


def test_a_device_enrols_updates_reports_and_is_revoked(fleet: Path, tmp_path: Path) -> None:
    ca = fleet / "private/ca/ca.pem"
    first = limen("repo", "publish", fleet, built(tmp_path, 1), "--line", "kws", "--seal")
    assert (first["counter"], first["sealed"]) == (1, True)
    limen("repo", "enroll", fleet, "--server", "127.0.0.1")
    token = limen("repo", "enroll", fleet, "dev-1", "--hardware", "rpi4")["token"]
    store, reports = tmp_path / "store", tmp_path / "reports"
    with serving(fleet, "--mtls", "--enroll", "--reports", reports) as port:
        at = ("--from", f"https://127.0.0.1:{port}", "--roots", fleet / "public", "--server-ca", ca)
        limen("agent", "enroll", store, "--device", "dev-1", "--hardware", "rpi4", *at, "--token", token)
        assert limen("repo", "assign", fleet, "dev-1", "kws")["wrap_bytes"] == 80
        limen("agent", "once", store)
        assert report(reports)["lines"]["kws"]["counter"] == 1
        second = limen("repo", "publish", fleet, built(tmp_path, 2), "--line", "kws", "--seal")
        assert [(d["base"], d["why"]) for d in second["deltas"]] == [(1, "")]
        limen("repo", "assign", fleet, "dev-1", "kws")
        limen("agent", "once", store)
        assert report(reports)["lines"]["kws"]["counter"] == 2
        gone = limen("repo", "revoke", fleet, "dev-1")
        assert (gone["certificates"], gone["withdrawn"]) == (1, ["kws"])
        limen("agent", "once", store, code=7)
        limen("repo", "assign", fleet, "dev-1", "kws", code=2)
    assert limen("agent", "status", store)["lines"]["kws"]["counter"] == 2  # what it has goes on


def built(folder: Path, seed: int) -> Path:
    """A bundle with golden vectors, so that a device's gate can pass it."""
    output = folder / f"v{seed}.limen"
    (folder / "model.onnx").write_bytes(classifier().artifacts["onnx"][0])
    np.savez(folder / "data.npz", x=np.random.default_rng(seed).uniform(-seed, seed, (16, 3, 4, 4)).astype(np.float32))
    limen_api.build(folder / "model.onnx", output, data=folder / "data.npz", engines=("reference",))
    return output


def report(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "dev-1.json").read_text())
    return found


def test_a_root_change_waits_for_enough_hands(fleet: Path, tmp_path: Path) -> None:
    one = limen("repo", "rotate", fleet, "timestamp", "--keys", tmp_path / "usb/root-1.pem")
    assert one["published"] is False
    limen("repo", "rotate", fleet, "snapshot", "--keys", tmp_path / "usb", code=2)  # another change waits
    done = limen("repo", "sign", fleet, "--keys", tmp_path / "usb/root-3.pem")
    assert done["published"] is True
    assert limen("repo", "status", fleet)["root"] == 2
    limen("repo", "snapshot", fleet)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("publish", "{fleet}", "{tmp}/absent.limen", "--line", "kws"), 3),
        (("publish", "{fleet}", "{tmp}/junk", "--line", "kws"), 3),
        (("publish", "{fleet}", "{tmp}/junk"), 2),
        (("assign", "{fleet}", "dev 1", "kws=1", "--hardware", "rpi4"), 2),
        (("assign", "{fleet}", "dev-1", "ghost", "--hardware", "rpi4"), 3),
        (("enroll", "{fleet}", "../dev", "--hardware", "rpi4"), 2),
        (("revoke", "{fleet}", "nobody"), 2),
        (("status", "{tmp}/nowhere"), 3),
        (("init", "{fleet}"), 2),
        (("rotate", "{fleet}", "ghost"), 2),
        (("export", "{fleet}", "-o", "{tmp}/stick"), 3),
        (("publish", "{fleet}", "{tmp}/junk", "--line", "kws", "--image", "{tmp}/junk"), 2),
        (("publish", "{fleet}", "{tmp}/junk", "--line", "kws", "--deltas", "-3"), 2),
        (("serve", "{fleet}", "--port", "99999"), 2),
        (("serve", "{fleet}", "--host", "192.0.2.1"), 3),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_mistakes_have_exit_codes(
    words: tuple[str, ...], code: int, fleet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "junk").write_bytes(os.urandom(5000))
    assert main(["repo", *(word.format(fleet=fleet, tmp=tmp_path) for word in words), "--json"]) == code
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["error"]["message"]
