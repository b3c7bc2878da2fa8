"""The trust core and the store as a plain TUF client, by the command line of theupdateframework/tuf-conformance.

    python -m limen.deliver.agent.conformance --metadata-dir DIR init ROOT
    ... --metadata-dir DIR --metadata-url URL refresh
    ... --metadata-dir DIR --metadata-url URL --target-name PATH --target-base-url URL --target-dir DIR download

What is trusted is in the store, DIR/store; copies of the metadata lie beside it, for the suite to look at. Exit code 0
or 1. There is no floor of the time: the suite turns the clock back, too.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import TargetFile

from limen.deliver.agent import clock as clocks
from limen.deliver.agent.records import State
from limen.deliver.agent.store import Store, create, open_store
from limen.deliver.agent.trust import Fetch, Keep, Layout, Steps, T, Want, run
from limen.deliver.agent.trust_tuf import Repository, enrolled
from limen.deliver.agent.trust_update import keep, known
from limen.errors import BadInput, LimenError, Refused

LAYOUT = Layout("image", "", "")
NOT_THERE = (403, 404)
PIECE = 64 << 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command of the suite's protocol; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "init":
            with create(options.metadata_dir / "store", State(image=enrolled(options.root.read_bytes()))) as store:
                _show(store, options.metadata_dir)
        else:
            with open_store(options.metadata_dir / "store") as store:
                _act(store, options)
    except (LimenError, OSError) as error:
        print(f"limen: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m limen.deliver.agent.conformance")
    parser.add_argument("--metadata-dir", type=Path, required=True)
    parser.add_argument("--metadata-url", default="")
    parser.add_argument("--target-name", action="append", default=[])
    parser.add_argument("--target-base-url", default="")
    parser.add_argument("--target-dir", type=Path)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init").add_argument("root", type=Path)
    commands.add_parser("refresh")
    commands.add_parser("download")
    return parser


def _act(store: Store, options: argparse.Namespace) -> None:
    fetch = _fetcher(options.metadata_url)

    def answer(steps: Steps[T]) -> T:
        return run(steps, fetch, lambda step: _keep(store, step, options.metadata_dir))

    clock = clocks.read(floor=0)
    repository = Repository(LAYOUT, known(store, store.state.image), clock)
    answer(repository.refresh())
    for path in options.target_name if options.command == "download" else ():
        target = answer(repository.find(path))
        if target is None:
            raise BadInput(f"target {path!r}: is not in the repository")
        _download(target, options.target_base_url, options.target_dir, bool(repository.root.consistent_snapshot))


def _keep(store: Store, step: Keep, folder: Path) -> None:
    keep(store, step)
    _show(store, folder)


def _show(store: Store, folder: Path) -> None:
    """Copies of the trusted metadata, under names without versions."""
    memory = store.state.image
    files = {f"{quote(role, '')}.json": store.get(digest) for role, digest in memory.files.items()}
    files["root.json"] = memory.root
    for name in {path.name for path in folder.glob("*.json")} - {name for name, data in files.items() if data}:
        (folder / name).unlink()
    for name, data in files.items():
        if data:
            (folder / name).write_bytes(data)


def _download(target: TargetFile, base: str, folder: Path, prefixed: bool) -> None:
    """Store a target, unless it is there; a file of that name is the old one or the new one."""
    file = folder / quote(target.path, "")
    with suppress(OSError, LengthOrHashMismatchError), file.open("rb") as there:
        target.verify_length_and_hashes(there)
        return
    head, slash, name = target.path.rpartition("/")
    served = f"{head}{slash}{next(iter(target.hashes.values()))}.{name}" if prefixed else target.path
    data = _get(f"{base.rstrip('/')}/{quote(served)}", target.length)
    if data is None:
        raise BadInput(f"target {target.path!r}: is not there")
    try:
        target.verify_length_and_hashes(data)
    except LengthOrHashMismatchError as error:
        raise Refused("mismatch", f"target {target.path!r}: {error}") from error
    temporary = file.with_name(f"{file.name}.tmp")
    temporary.write_bytes(data)
    os.replace(temporary, file)


def _fetcher(base: str) -> Fetch:
    def fetch(want: Want) -> bytes | None:
        return _get(f"{base.rstrip('/')}/{quote(want.name, safe='/%')}", want.limit)

    return fetch


def _get(url: str, limit: int) -> bytes | None:
    """At most ``limit`` bytes and one; None where there is no such file."""
    import urllib3

    response: Any = None
    try:
        timeout = urllib3.Timeout(connect=10, read=30)
        response = urllib3.request("GET", url, preload_content=False, timeout=timeout, retries=False)
        if response.status in NOT_THERE:
            return None
        if response.status != 200:
            raise BadInput(f"{url}: HTTP status {response.status}")
        data = bytearray()
        while len(data) <= limit and (piece := response.read(min(PIECE, limit + 1 - len(data)))):
            data += piece
        return bytes(data)
    except urllib3.exceptions.HTTPError as error:
        raise BadInput(f"{url}: cannot be fetched: {error}") from error
    finally:
        if response is not None:
            response.close()


if __name__ == "__main__":
    sys.exit(main())
