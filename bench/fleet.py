"""10,000 devices poll one ``limen repo serve`` on loopback: errors, latency, the server's CPU per request and memory.

Each device opens a connection, asks for its director's timestamp, asks for it again with the ETag that it got (304),
asks for the image repository's timestamp, and hangs up; a part of them also downloads the release with two ranges.
Two patterns: devices come evenly over some seconds; and all at once, as after an outage. The metadata of one device is
real and is copied for all others, since the server does not look inside. The client takes part of the same processor.

usage: fleet.py [--devices 10000] [--seconds 40] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from small_repository import new_repository, small_bundle

PATIENCE = 60.0
"""Seconds after which a request counts as an error."""
OPEN_AT_ONCE = 500
"""Connections; the other devices wait their turn, and waiting is not counted."""
DOWNLOADS = 10
"""One device of so many also downloads."""


@dataclasses.dataclass
class Tally:
    """What came of a pattern. Latencies in seconds, of single requests; the first one of a device with connecting."""

    latencies: list[float] = dataclasses.field(default_factory=list)
    errors: dict[str, int] = dataclasses.field(default_factory=dict)
    statuses: dict[int, int] = dataclasses.field(default_factory=dict)
    received: int = 0

    def wrong(self, what: str) -> None:
        self.errors[what] = self.errors.get(what, 0) + 1


@dataclasses.dataclass(frozen=True)
class Line:
    """A connection of one device."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers, body of one request."""
        lines = [f"GET {path} HTTP/1.1", "host: fleet", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        found = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await self.reader.readexactly(int(found.get("content-length", "0")))
        return int(head[0].split()[1]), found, body


async def poll(name: str, port: int, tally: Tally, full: str, size: int, downloads: bool) -> None:
    """What one device does."""
    started = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        line = Line(reader, writer)

        async def ask(path: str, status: int, **headers: str) -> tuple[dict[str, str], bytes]:
            nonlocal started
            got, found, body = await line.get(path, **headers)
            tally.latencies.append(time.perf_counter() - started)
            tally.statuses[got] = tally.statuses.get(got, 0) + 1
            tally.received += len(body)
            if got != status:
                tally.wrong(f"{status} expected, {got} came")
            started = time.perf_counter()
            return found, body

        mine = f"/director/{name}/timestamp.json"
        found, _ = await ask(mine, 200)
        await ask(mine, 304, if_none_match=found["etag"])
        await ask("/image/metadata/timestamp.json", 200)
        if downloads:
            half = size // 2
            _, first = await ask(full, 206, range=f"bytes=0-{half - 1}")
            _, second = await ask(full, 206, range=f"bytes={half}-")
            if len(first) + len(second) != size:
                tally.wrong("the file is not whole")
    finally:
        writer.close()


async def pattern(devices: int, seconds: float, one: Callable[[int, Tally], Awaitable[None]]) -> tuple[Tally, float]:
    """All devices, one each ``seconds / devices``; what came of it, and how long it took."""
    tally, gate = Tally(), asyncio.Semaphore(OPEN_AT_ONCE)
    begin = time.perf_counter()

    async def device(i: int) -> None:
        await asyncio.sleep(max(begin + seconds * i / devices - time.perf_counter(), 0))
        async with gate:
            try:
                await asyncio.wait_for(one(i, tally), PATIENCE)
            except (TimeoutError, OSError, asyncio.IncompleteReadError, ValueError, KeyError) as error:
                tally.wrong(type(error).__name__)

    await asyncio.gather(*(device(i) for i in range(devices)))
    return tally, time.perf_counter() - begin


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[int, int]]:
    """(port, process id) of ``limen repo serve``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "limen", "repo", "serve", str(folder), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            for _ in range(300):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.1)
            yield port, server.pid
        finally:
            server.terminate()
            server.wait()


def cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_bytes(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def prepare(folder: Path, devices: int) -> tuple[str, int]:
    """A repository with a release and a director's folder for each device; path and size of the full file."""
    repository = new_repository(folder / "fleet")
    repository.publish(small_bundle(folder / "v1.limen", size=50_000))
    repository.assign("device-0", kws=1)
    first = repository.public / "director" / "device-0"
    files = {path.name: path.read_bytes() for path in first.iterdir()}
    for i in range(1, devices):
        other = first.with_name(f"device-{i}")
        other.mkdir()
        for name, data in files.items():
            (other / name).write_bytes(data)
    (full,) = (repository.public / "image/targets").rglob("*.full")
    return "/" + full.relative_to(repository.public).as_posix(), full.stat().st_size


def row(name: str, devices: int, tally: Tally, seconds: float, cpu: float) -> dict[str, object]:
    cuts = statistics.quantiles(tally.latencies, n=1000) if len(tally.latencies) > 1 else [0.0] * 999
    return {
        "pattern": name,
        "devices": devices,
        "requests": len(tally.latencies),
        "errors": sum(tally.errors.values()),
        "kinds": tally.errors,
        "statuses": dict(sorted(tally.statuses.items())),
        "seconds": round(seconds, 2),
        "p50_ms": round(1000 * cuts[499], 2),
        "p99_ms": round(1000 * cuts[989], 2),
        "p999_ms": round(1000 * cuts[998], 2),
        "cpu_us_per_request": round(1e6 * cpu / max(len(tally.latencies), 1)),
        "received_bytes": tally.received,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        full, size = prepare(Path(temporary), options.devices)
        with serving(Path(temporary) / "fleet") as (port, server):

            def one(i: int, tally: Tally) -> Awaitable[None]:
                return poll(f"device-{i}", port, tally, full, size, downloads=i % DOWNLOADS == 0)

            for name, seconds in ((f"over {options.seconds:g} s", options.seconds), ("all at once", 0.0)):
                before = cpu_seconds(server)
                tally, took = asyncio.run(pattern(options.devices, seconds, one))
                rows.append(row(name, options.devices, tally, took, cpu_seconds(server) - before))
            peak = peak_bytes(server)
    heads = ("pattern", "devices", "requests", "errors", "s", "p50 ms", "p99 ms", "CPU us/request")
    print("{:<12}{:>9}{:>10}{:>8}{:>8}{:>9}{:>9}{:>16}".format(*heads))
    for r in rows:
        print(
            f"{r['pattern']:<12}{r['devices']:>9}{r['requests']:>10}{r['errors']:>8}{r['seconds']:>8}{r['p50_ms']:>9}"
            f"{r['p99_ms']:>9}{r['cpu_us_per_request']:>16}"
        )
    print(f"server: {peak / 2**20:.0f} MiB at most; {len(os.sched_getaffinity(0))} cores, shared with the devices")
    if options.json:
        options.json.write_text(json.dumps({"rows": rows, "server_peak_bytes": peak}, indent=1))
    return int(any(r["errors"] for r in rows))


if __name__ == "__main__":
    sys.exit(main())
