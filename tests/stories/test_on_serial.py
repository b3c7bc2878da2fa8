"""``--on serial:`` and ``--on qemu:``: a firmware that serves a model, in QEMU behind a pseudo-terminal."""

from __future__ import annotations

import os
import re
import select
import shutil
import struct
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import limen
from limen import devices
from limen.cli.__main__ import main
from limen.errors import NotMeasurable, UsageError
from limen.lab import sample_inputs
from limen.lab.remote import RemoteModel, connect
from limen.lab.remote._frames import Frame, Silence, ask, encode, receive
from limen.lab.remote._links import SerialLink
from limen.lab.remote._qemu import command, firmware, machine_of, start
from limen.program import run
from limen.targets.c import Generated, generate
from limen.targets.c.serve import model_tag
from unit.lab.small import made, recurrent, two_convolutions

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"


def _pty_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], 20.0)
    assert ready
    match = re.search(r"/dev/pts/\d+", process.stdout.readline())
    assert match is not None
    return match[0]


def _board(folder: Path, generated: Generated) -> tuple[subprocess.Popen[str], str]:
    """QEMU with the firmware of a model, and the terminal of its serial port."""
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is not installed")
    machine = machine_of(generated.device)
    image = folder / "firmware.elf"
    image.write_bytes(firmware(generated, machine))
    process = subprocess.Popen(
        [*command(machine, image), "-serial", "pty"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return process, _pty_of(process)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A serial line to a Cortex-M4 that serves two convolutions."""
    process, path = _board(tmp_path_factory.mktemp("board"), made(two_convolutions()))
    try:
        yield path
    finally:
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def link(line: str) -> Iterator[SerialLink]:
    found = SerialLink(line)
    try:
        yield found
    finally:
        found.close()


def test_a_model_behind_a_line_answers_as_the_interpreter(link: SerialLink) -> None:
    generated = made(two_convolutions())
    model = RemoteModel(link, generated, 20.0)
    for feed in sample_inputs(generated.program, 3):
        wanted = run(generated.program, feed)
        for name, value in model.run(feed).items():
            np.testing.assert_array_equal(value, wanted[name])
    with pytest.raises(NotMeasurable, match="has no clock"):
        model.times(sample_inputs(generated.program, 1)[0], 0.1)


def _hello_after(link: SerialLink, junk: bytes) -> bytes:
    link.write(junk)
    return ask(link, Frame("h"), "H", 2.0, 512)


@pytest.mark.parametrize(
    "junk",
    [b"noise on the line", b"lllm\0\0", b"lm", encode(Frame("i", bytes(8)))[:-9], encode(Frame("h"))[:-1] + b"\0"],
    ids=["noise", "false start", "head cut", "content cut", "wrong sum"],
)
def test_damage_on_the_line_is_got_over(link: SerialLink, junk: bytes) -> None:
    hello = _hello_after(link, junk)
    assert struct.unpack_from("<I", hello) == (1,)
    model = RemoteModel(link, made(two_convolutions()), 5.0)
    assert model.rate == 0


def test_a_wrong_sum_is_answered_by_words(link: SerialLink) -> None:
    whole = encode(Frame("h"))
    link.write(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert receive(link, 20.0) == Frame("E", b"a frame's sum is wrong")


def test_a_frame_that_is_too_long_is_answered_by_words(link: SerialLink) -> None:
    link.write(b"lm" + struct.pack("<BxI", ord("i"), 1 << 24))
    assert receive(link, 20.0) == Frame("E", b"a frame is too long")


def test_a_model_is_known_whatever_its_code_is_called() -> None:
    one, other = made(two_convolutions(), name="one"), made(two_convolutions(), "cortex-m33", name="other")
    assert model_tag(one) == model_tag(other)
    assert model_tag(one) != model_tag(made(two_convolutions(6)))


def test_another_model_is_noticed(link: SerialLink) -> None:
    with pytest.raises(NotMeasurable, match="serves another model"):
        RemoteModel(link, made(two_convolutions(6)), 5.0)


class _Echo:
    """A link that answers what it is told to."""

    name = "echo"

    def __init__(self, answers: bytes) -> None:
        self._answers, self.written = answers, b""

    def write(self, data: bytes) -> None:
        self.written += data

    def read(self, size: int, seconds: float) -> bytes:
        part, self._answers = self._answers[:size], self._answers[size:]
        if len(part) < size:
            raise Silence("echo: no answer")
        return part

    def close(self) -> None:
        pass


def _damaged(whole: bytes) -> bytes:
    return whole[:-1] + bytes([whole[-1] ^ 1])


class _Device(_Echo):
    """Answers every frame with the next of its answers, under the frame's number."""

    def __init__(self, *answers: Callable[[int], bytes]) -> None:
        super().__init__(b"")
        self._next = list(answers)

    def write(self, data: bytes) -> None:
        super().write(data)
        if data.startswith(b"lm"):
            self._answers += self._next.pop(0)(data[3])


def test_a_damaged_answer_is_asked_for_again_under_the_same_number() -> None:
    device = _Device(
        lambda number: b"hello from the board\r\n" + _damaged(encode(Frame("R", b"", number))),
        lambda number: encode(Frame("R", b"late", number ^ 1)) + encode(Frame("R", b"", number)),
    )
    assert ask(device, Frame("r"), "R", 1.0, 32) == b""
    first, second = device.written.split(bytes(32))
    assert first == second


def test_answers_that_stay_damaged_are_told() -> None:
    device = _Device(*[lambda number: _damaged(encode(Frame("R", b"", number)))] * 3)
    with pytest.raises(NotMeasurable, match="damaged, 3 times"):
        ask(device, Frame("r"), "R", 1.0, 32)


def test_a_run_that_is_asked_for_twice_moves_states_once(tmp_path: Path) -> None:
    generated = made(recurrent())
    link = start(generated)
    try:
        model = RemoteModel(link, generated, 20.0)
        first, second = sample_inputs(generated.program, 2)[:2]
        states = {"memory": generated.program.states[0].initial.copy()}
        for feed in (first, second):
            wanted = run(generated.program, feed, states)
            content = struct.pack("<I", 1) + feed["x"].tobytes()
            link.write(encode(Frame("i", content, 200 + int(feed is second))) * 2)
            answers = [receive(link, 20.0), receive(link, 20.0)]
            assert all(a is not None and a.content[8:] == wanted["conv/y"].tobytes() for a in answers)
        assert model.rate == 0
    finally:
        link.close()


def test_the_frame_is_as_documented() -> None:
    body = b"i\0" + struct.pack("<I", 3) + b"abc"
    assert encode(Frame("i", b"abc")) == b"lm" + body + struct.pack("<I", zlib.crc32(body))


def test_a_board_that_keeps_silent_is_told() -> None:
    ours, theirs = os.openpty()
    try:
        silent = SerialLink(os.ttyname(theirs))
        with pytest.raises(NotMeasurable, match=r"no answer within 0\.2 s, 3 times"):
            RemoteModel(silent, made(two_convolutions()), 0.2)
        silent.close()
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_line_that_goes_away_is_told() -> None:
    ours, theirs = os.openpty()
    gone = SerialLink(os.ttyname(theirs))
    os.close(theirs)
    threading.Timer(0.1, os.close, [ours]).start()
    try:
        with pytest.raises(NotMeasurable, match="the line is gone"):
            gone.read(1, 10.0)
    finally:
        gone.close()


def test_lines_that_are_none_are_refused(tmp_path: Path) -> None:
    plain = tmp_path / "file"
    plain.write_bytes(b"")
    board = devices.get("cortex-m4")
    generated = made(two_convolutions())
    for url, words in (
        (f"serial:{tmp_path / 'missing'}", "no such file"),
        (f"serial:{plain}", "is no serial line"),
    ):
        with pytest.raises(NotMeasurable, match=words):
            connect(url, board).serve(generated)
    for url in ("serial:", "serial:/dev/tty0:fast"):
        with pytest.raises(UsageError, match="is no serial line"):
            connect(url, board)
    with pytest.raises(UsageError, match="12345 baud"):
        connect(f"serial:{plain}:12345", board).serve(generated)
    with pytest.raises(UsageError, match="what board is it"):
        connect("serial:/dev/ttyACM0")


def test_the_commands_reach_a_board_on_a_line(tmp_path: Path) -> None:
    x = np.random.default_rng(5).uniform(0, 1, (6, 8, 8, 1)).astype(np.float32)
    data, bundle = tmp_path / "x.npz", tmp_path / "digits.limen"
    np.savez(data, x=x)
    limen.build(DIGITS / "digits.keras", bundle, data=data, engines=("reference",))
    from limen.build.judge import open_any
    from limen.program import binary

    opened = open_any(bundle, None)
    program = binary.from_bytes(opened.blob(opened.artifact("reference").blob))
    process, path = _board(tmp_path, generate(program, devices.get("cortex-m4")))
    place = ["--on", f"serial:{path}", "--device", "cortex-m4"]
    there, here = tmp_path / "there.npz", tmp_path / "here.npz"
    try:
        assert main(["run", str(bundle), "--input", str(data), "--output", str(there), *place]) == 0
        assert main(["bench", str(bundle), *place]) == NotMeasurable.exit_code
    finally:
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()
    assert main(["run", str(bundle), "--input", str(data), "--output", str(here), "--engine", "reference"]) == 0
    with np.load(there) as first, np.load(here) as second:
        for name in first.files:
            np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize("device", ["cortex-m4", "cortex-m55", "esp32-c3"])
def test_qemu_agrees_with_the_interpreter(device: str) -> None:
    board = devices.get(device)
    machine_of(board)
    generated = made(recurrent(), device)
    model = connect("qemu:", board).serve(generated)
    states: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {
        "memory": generated.program.states[0].initial.copy()
    }
    try:
        for feed in sample_inputs(generated.program, 3):
            wanted = run(generated.program, feed, states)
            for name, value in model.run(feed).items():
                np.testing.assert_array_equal(value, wanted[name])
    finally:
        model.close()
