"""Streams to devices: a process's pipes, and a serial line."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

from limen.errors import NotMeasurable, UsageError
from limen.lab.remote._frames import Silence

_PATIENCE = 5.0
"""Seconds for a process to end by itself."""


class ProcessLink:
    """The standard streams of a process.

    Args:
        name: of the device, for messages.
        command: the program and its arguments.
        explain: from the process's exit code and last words to why it ended.
        after: called once the process has ended.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        explain: Callable[[int, str], NotMeasurable] | None = None,
        after: Callable[[], None] | None = None,
    ) -> None:
        self.name, self._explain, self._after = name, explain, after
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0)

    def write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        try:
            view = memoryview(data)
            while view:
                view = view[self._process.stdin.write(view) or 0 :]
        except BrokenPipeError:
            raise self._ended() from None

    def read(self, size: int, seconds: float) -> bytes:
        assert self._process.stdout is not None
        return read_exactly(self.name, self._process.stdout.fileno(), size, seconds, self._ended)

    def close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._after is not None:
            after, self._after = self._after, None
            after()

    def _ended(self) -> NotMeasurable:
        assert self._process.stderr is not None
        try:
            code = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            return NotMeasurable(f"{self.name}: closed its output and goes on")
        words = self._process.stderr.read().decode(errors="replace").strip()
        if self._explain is not None:
            return self._explain(code, words)
        return NotMeasurable(f"{self.name}: ended with code {code}: {words[-300:]}")


class SerialLink:
    """A serial line: eight bits, no parity, one stop bit, no flow control.

    Args:
        path: of the device's file, ``/dev/ttyACM0``.
        baud: bits a second; a USB port takes any.

    Raises:
        NotMeasurable: there is no such file, it may not be opened, or it is no terminal.
        UsageError: a speed that the system does not have.
    """

    def __init__(self, path: str, baud: int = 115200) -> None:
        self.name = f"serial:{path}"
        speed = getattr(termios, f"B{baud}", None)
        if speed is None:
            raise UsageError(f"{self.name}: {baud} baud is not a speed of this system", "try 115200")
        try:
            self._file = os.open(Path(path), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            raise NotMeasurable(
                f"{self.name}: {(error.strerror or str(error)).lower()}",
                "is the board plugged in, and may you use the port (group dialout)?",
            ) from error
        try:
            settings = termios.tcgetattr(self._file)
        except termios.error as error:
            os.close(self._file)
            raise NotMeasurable(f"{self.name}: is no serial line") from error
        raw = termios.CS8 | termios.CREAD | termios.CLOCAL
        settings[:6] = [0, 0, raw, 0, speed, speed]
        termios.tcsetattr(self._file, termios.TCSANOW, settings)
        termios.tcflush(self._file, termios.TCIOFLUSH)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            _, ready, _ = select.select([], [self._file], [], 10.0)
            if not ready:
                raise NotMeasurable(f"{self.name}: takes no bytes")
            try:
                view = view[os.write(self._file, view) :]
            except OSError as error:
                raise self._gone() from error

    def read(self, size: int, seconds: float) -> bytes:
        return read_exactly(self.name, self._file, size, seconds, self._gone)

    def close(self) -> None:
        os.close(self._file)

    def _gone(self) -> NotMeasurable:
        return NotMeasurable(f"{self.name}: the line is gone", "is the board still plugged in?")


def read_exactly(name: str, file: int, size: int, seconds: float, ended: Callable[[], NotMeasurable]) -> bytes:
    """Bytes of a file descriptor.

    Args:
        seconds: for all of them.
        ended: the error where the stream ends.

    Raises:
        Silence: they do not come in time.
        NotMeasurable: the stream ended.
    """
    parts, limit = bytearray(), time.monotonic() + seconds
    while len(parts) < size:
        ready, _, _ = select.select([file], [], [], max(0.0, limit - time.monotonic()))
        if not ready:
            raise Silence(f"{name}: no answer within {seconds:g} s", "is the served model running there?")
        try:
            got = os.read(file, size - len(parts))
        except OSError as error:
            raise ended() from error
        if not got:
            raise ended()
        parts += got
    return bytes(parts)
