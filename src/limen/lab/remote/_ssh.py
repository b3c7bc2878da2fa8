"""A Linux board by the system's own ssh: keys, jump hosts and known hosts are what the user has configured.

Nothing is installed there. A static program is copied into a new folder under the board's temporary directory, runs,
and is removed with its folder when the link closes.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, replace

from limen import devices
from limen.devices import MACHINES, Device
from limen.errors import MissingExtra, NotMeasurable, UsageError
from limen.lab.remote._links import ProcessLink

CONNECT_SECONDS = 10
COPY_SECONDS = 300.0
_URL = re.compile(
    r"ssh://(?:(?P<user>[\w.][\w.-]*)@)?(?P<host>[\w.][\w.-]*|\[[0-9A-Fa-f:.%\w]+\])(?::(?P<port>\d{1,5}))?/?"
)
_FOLDER = re.compile(r"/[\w./-]+")


@dataclass(frozen=True)
class Board:
    """What a board says of itself.

    Args:
        machine: as ``uname -m`` tells it.
        flags: of its processor.
        cores: how many there are.
        load: average of the last minute.
    """

    machine: str
    flags: frozenset[str]
    cores: int
    load: float

    @property
    def busy(self) -> bool:
        """Whether other work disturbs a measurement."""
        return self.load > 0.5 * self.cores


@dataclass(frozen=True)
class Ssh:
    """Where to go: ``ssh://user@host:port``."""

    url: str
    host: str
    user: str = ""
    port: int | None = None

    @classmethod
    def parse(cls, url: str) -> Ssh:
        """Raises UsageError for anything else."""
        match = _URL.fullmatch(url)
        if match is None:
            raise UsageError(f"{url!r} is no address of a device", "give ssh://user@host or serial:/dev/NAME")
        return cls(url, match["host"].strip("[]"), match["user"] or "", int(match["port"]) if match["port"] else None)

    @property
    def command(self) -> list[str]:
        """The ssh command up to the host; it never asks, for a program cannot answer.

        ``LIMEN_SSH`` may name another command, such as ``ssh -F config``.
        """
        program = shlex.split(os.environ.get("LIMEN_SSH", "ssh"))
        if not program or shutil.which(program[0]) is None:
            raise MissingExtra(program[0] if program else "ssh", hint="install the package openssh-client")
        port = ["-p", str(self.port)] if self.port is not None else []
        where = f"{self.user}@{self.host}" if self.user else self.host
        options = [
            "-T",
            "-o",
            "BatchMode=yes",
            "-o",
            f"ConnectTimeout={CONNECT_SECONDS}",
            "-o",
            "ServerAliveInterval=15",
        ]
        return [*program, *options, *port, "--", where]

    def board(self) -> Board:
        """Ask the board what it is.

        Raises:
            NotMeasurable: it is not reached, or refuses.
        """
        said = self.execute(
            "uname -m; nproc; cat /proc/loadavg; grep -m1 -iE '^(features|flags)' /proc/cpuinfo || true"
        )
        lines = said.decode(errors="replace").split("\n")
        try:
            machine, cores, load = lines[0].strip(), int(lines[1]), float(lines[2].split()[0])
        except (IndexError, ValueError):
            raise NotMeasurable(f"{self.url}: is no Linux system with a shell") from None
        return Board(
            machine, frozenset(lines[3].partition(":")[2].split()) if len(lines) > 3 else frozenset(), cores, load
        )

    def execute(self, script: str, data: bytes = b"", seconds: float = 60.0) -> bytes:
        """What a shell script there writes.

        Raises:
            NotMeasurable: ssh fails, the script fails, or it takes too long.
        """
        try:
            done = subprocess.run(
                [*self.command, script], input=data, capture_output=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise NotMeasurable(f"{self.url}: no answer within {seconds:g} s") from None
        if done.returncode:
            raise self.failure(done.returncode, done.stderr.decode(errors="replace"))
        return done.stdout

    def start(self, program: bytes) -> ProcessLink:
        """Copy a program there and run it until the link closes.

        Raises:
            NotMeasurable: it cannot be copied or run.
        """
        script = 'umask 077; d=$(mktemp -d) && cat > "$d/serve" && chmod 700 "$d/serve" && echo "$d"'
        folder = self.execute(script, program, COPY_SECONDS).decode(errors="replace").strip()
        if _FOLDER.fullmatch(folder) is None:
            raise NotMeasurable(f"{self.url}: mktemp answers {folder[:80]!r}")

        def remove() -> None:
            self.execute(f"rm -rf -- {folder}")

        return ProcessLink(self.url, [*self.command, f"exec {folder}/serve"], self.failure, remove)

    def failure(self, code: int, words: str) -> NotMeasurable:
        """Why ssh, or what it ran, ended with a code."""
        last = words.strip().split("\n")[-1].strip()
        if code == 255:
            return NotMeasurable(f"{self.url}: {last or 'ssh failed'}", f"try: {' '.join(self.command)} true")
        if code == 128 + 4:  # SIGILL
            return NotMeasurable(
                f"{self.url}: the processor lacks an instruction of the program", "name the board by --device"
            )
        if code == 126:
            return NotMeasurable(f"{self.url}: does not execute the program: {last}", "is /tmp mounted noexec there?")
        return NotMeasurable(f"{self.url}: ended with code {code}: {last[-300:]}")


def device_of(board: Board, url: str, wanted: Device | None = None) -> Device:
    """The device to compile for: the one that is named, or the generic one with what the board's processor has.

    Raises:
        NotMeasurable: the board is another one than the device, or one that limen has no code for.
    """
    isa = MACHINES.get(board.machine.lower())
    if isa is None:
        raise NotMeasurable(f"{url}: is a {board.machine}, which limen has no code for")
    if wanted is not None and wanted.isa != isa:
        raise NotMeasurable(f"{url}: is {isa}, device {wanted.name} is {wanted.isa}", "name the board that is there")
    if wanted is not None:
        return wanted
    generic = devices.get(isa)
    return replace(generic, features=devices.features_of(generic, sorted(board.flags)))
