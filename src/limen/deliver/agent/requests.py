"""Wishes of a person for an agent that runs: small files in the store's folder, taken up within a second.

``limen agent rollback`` and ``activate`` do it themselves where no agent holds the store, else they leave a wish here.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from limen.deliver import formats
from limen.deliver.agent import decide as d
from limen.deliver.agent.updater import Updater
from limen.errors import BadInput, StoreError

FOLDER = "wishes"
TAKEN = ".taken"
"""Ending of a wish that is being done: whoever left it waits for the end."""
MOST = 4096


class Wish(formats.Record, frozen=True, forbid_unknown_fields=True):
    """``what``: to do with the line; ``poll`` looks for updates now."""

    what: Literal["rollback", "activate", "poll"]
    line: formats.Text = ""
    why: formats.Text = ""


def leave(store: Path, wish: Wish, seconds: float = 10.0) -> bool:
    """Leave a wish; whether an agent did it in that time.

    Raises:
        StoreError: the folder cannot be written.
    """
    name = store / FOLDER / f"{time.time_ns()}-{os.getpid()}.json"
    try:
        name.parent.mkdir(mode=0o700, exist_ok=True)
        hidden = name.with_suffix(".tmp")
        hidden.write_bytes(msgspec.json.encode(wish))
        hidden.rename(name)
    except OSError as error:
        raise StoreError(f"{name}: cannot be written: {error.strerror or error}") from error
    end = time.monotonic() + seconds
    while _waits(name) and time.monotonic() < end:
        time.sleep(0.05)
    return not _waits(name)


def follow(updater: Updater) -> bool:
    """Do what is wished; whether updates should be looked for."""
    poll, folder = False, updater.store.path
    assert folder is not None, "the store is not in a folder"
    for left in (folder / FOLDER).glob(f"*{TAKEN}"):  # by an agent that ended over it
        with suppress(OSError):
            left.unlink()
    for file in sorted((folder / FOLDER).glob("*.json")):
        try:
            with file.open("rb") as opened:
                wish = formats.parse(opened.read(MOST), Wish, file.name)
        except (OSError, BadInput) as error:
            updater.say(f"wish {file.name}: {error}")
            wish = None
        taken = file.with_suffix(TAKEN)
        try:
            file.rename(taken)
        except OSError:
            continue  # on a disk that cannot be written it would be followed for ever
        try:
            if wish is not None:
                poll = grant(updater, wish) or poll
        finally:
            with suppress(OSError):
                taken.unlink()
    return poll


def _waits(name: Path) -> bool:
    return name.exists() or name.with_suffix(TAKEN).exists()


def grant(updater: Updater, wish: Wish) -> bool:
    """Do it; whether updates should be looked for."""
    if wish.what == "poll":
        return True
    if wish.line in updater.store.state.lines:
        event = d.RollBack(wish.why or "rolled back by hand") if wish.what == "rollback" else d.Activate()
        updater.handle(wish.line, event)
    else:
        updater.say(f"{wish.line[:64]!r}: no such line")
    return False
