"""``--on ssh://``: a server on this machine's loopback stands for the board; nothing of limen is installed there."""

from __future__ import annotations

import getpass
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import limen
from limen import devices
from limen.cli.__main__ import main
from limen.errors import NotMeasurable, UsageError
from limen.lab.remote import Ssh, connect

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"
SSHD = shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PidFile none
SetEnv PATH={path}
"""
CLIENT = """
Host *
  IdentityFile {folder}/user
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
"""


def _key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True, capture_output=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None
        time.sleep(0.05)
    raise AssertionError("the server does not listen")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a board, with the client set up to reach it."""
    if SSHD is None or shutil.which("ssh-keygen") is None:
        pytest.skip("openssh-server is not installed")
    folder = tmp_path_factory.mktemp("ssh")
    _key(folder / "host")
    _key(folder / "user")
    port = _free_port()
    (folder / "sshd").write_text(
        CONFIG.format(port=port, folder=folder, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    )
    (folder / "client").write_text(CLIENT.format(folder=folder))
    host = (folder / "host.pub").read_text().split()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {host[0]} {host[1]}\n")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    server = subprocess.Popen([SSHD, "-D", "-f", str(folder / "sshd")], stderr=subprocess.DEVNULL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIMEN_SSH", f"ssh -F {folder / 'client'}")
        try:
            _await(port, server)
            yield f"ssh://{getpass.getuser()}@127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(10)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("bundle") / "digits.limen"
    limen.build(DIGITS / "digits.keras", output, data=_data(output.parent), engines=("reference",))
    return output


def _data(folder: Path) -> Path:
    rng = np.random.default_rng(5)
    path = folder / "digits.npz"
    np.savez(path, x=rng.uniform(0, 1, (12, 8, 8, 1)).astype(np.float32))
    return path


def _leftovers() -> set[str]:
    return {p.parent.name for p in Path(os.environ.get("TMPDIR", "/tmp")).glob("tmp.*/serve")}


def test_a_profile_there_is_exact_and_timed_and_leaves_nothing(board: str, bundle: Path, tmp_path: Path) -> None:
    before = _leftovers()
    found = limen.profile(DIGITS / "digits.keras", data=_data(tmp_path), on=board, inputs=4)
    assert found.core == board
    assert found.exact == {"inputs": 6, "max_lsb": 0}
    assert found.latency_us is not None
    assert 0 < found.latency_us["p50"] <= found.latency_us["p90"]
    assert _leftovers() == before


def test_a_run_there_gives_what_the_reference_gives(board: str, bundle: Path, tmp_path: Path) -> None:
    data, there, here = _data(tmp_path), tmp_path / "there.npz", tmp_path / "here.npz"
    arguments = ["run", str(bundle), "--input", str(data), "--output"]
    assert main([*arguments, str(there), "--on", board]) == 0
    assert main([*arguments, str(here), "--engine", "reference"]) == 0
    with np.load(there) as first, np.load(here) as second:
        assert first.files == second.files
        for name in first.files:
            np.testing.assert_array_equal(first[name], second[name])


def test_latency_there_is_of_the_generated_code(board: str, bundle: Path) -> None:
    found = limen.bench(bundle, on=board, seconds=0.2)
    assert found.engine == "native"
    assert found.n > 10
    assert 0 < found.p50_us <= found.p90_us <= found.p99_us


def test_an_engine_there_is_measured_by_the_limen_that_is_there(board: str, bundle: Path) -> None:
    found = limen.bench(bundle, on=board, engine="reference", seconds=0.2)
    assert found.engine == "reference"
    assert found.n >= 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda url: url.replace("@127", "@nobody.invalid;127"), "is no address of a device"),
        (lambda url: "ssh://", "is no address of a device"),
        (lambda url: "ssh://-oProxyCommand=x", "is no address of a device"),
        (lambda url: "serial:", "what board is it"),
    ],
)
def test_addresses_that_are_none_are_refused(board: str, change: object, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        connect(change(board))  # type: ignore[operator]


def test_a_board_that_is_not_there_says_so(board: str) -> None:
    with pytest.raises(NotMeasurable, match="Connection refused"):
        connect(f"ssh://127.0.0.1:{_free_port()}")


def test_a_user_without_a_key_is_told(board: str) -> None:
    with pytest.raises(NotMeasurable, match="Permission denied"):
        connect(board.replace(getpass.getuser() + "@", "nobody@"))


def test_a_board_of_another_kind_is_refused(board: str) -> None:
    other = "rpi4" if platform.machine() == "x86_64" else "x86-mini-pc"
    with pytest.raises(NotMeasurable, match=f"device {other} is"):
        connect(board, devices.get(other))


def test_a_program_for_another_processor_does_not_run(board: str) -> None:
    link = Ssh.parse(board).start(b"\x7fELF but no program")
    try:
        with pytest.raises(NotMeasurable, match=r"does not execute the program|ended with code"):
            link.read(1, 10.0)
    finally:
        link.close()
