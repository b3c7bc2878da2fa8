"""The actions of ``limen agent``: each takes the parsed flags, calls the library, says what was done."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from limen.cli._command import Outcome
from limen.cli._output import table
from limen.deliver.agent import decide as d
from limen.deliver.agent import enrol, loop, requests
from limen.deliver.agent import settings as st
from limen.deliver.agent import store as stores
from limen.deliver.agent import unit as units
from limen.deliver.agent.places import Place, open_place
from limen.deliver.agent.records import LineState, State
from limen.deliver.agent.settings import Settings
from limen.deliver.agent.store import Store
from limen.deliver.agent.updater import Updater
from limen.deliver.agent.web import Net
from limen.errors import LimenError, StoreError, UsageError, VerificationError


def enroll(options: argparse.Namespace) -> Outcome:
    ca = None if options.server_ca is None else options.server_ca.read_bytes()
    store = _again(options, ca) if (options.store / "state.a").exists() else _made(options, ca)
    with store:
        settings = st.load(store)
        if options.token:
            enrol.ask(store, settings, loop.open_places(store, settings), options.token)
        done = enrol.described(store, settings)
    lines = [f"{done.device} ({done.hardware}) in {done.store}", f"sealing key {done.seal_key}"]
    if done.certificate_until:
        lines.append(f"certificate until {done.certificate_until}")
    else:
        lines.append(f"tell the publisher: limen repo assign REPO {done.device} LINE --hardware {done.hardware}")
        lines.append(f"                    --seal-key {done.store / enrol.PUBLIC_FILE}")
    return Outcome(vars(done), "\n".join(lines))


def run(options: argparse.Namespace) -> Outcome:
    opened, writable = loop.open_or_look(options.store, _log)
    with opened as store:
        agent = loop.Agent(loop.new_updater(store, _log, _places(store, options)), writable=writable)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda _number, _frame: agent.stop.set())
        service = None
        if options.socket is not None:
            from limen.deliver.agent.service import Service

            service = Service(options.socket, agent.updater)
        _log(f"{agent.updater.settings.device}: agent runs on {options.store}")
        try:
            agent.run()
        finally:
            if service is not None:
                service.close()
            agent.updater.store.close()
        return Outcome(_state(agent.updater.store.state), "stopped")


def once(options: argparse.Namespace) -> Outcome:
    """Look for updates and follow them to their end; a release that is new here has a short probation."""
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        print(text, file=sys.stderr if options.json else sys.stdout, flush=True)

    with stores.open_store(options.store) as store:
        updater = loop.new_updater(store, say, _places(store, options), eager=True)
        settings = updater.settings
        updater.settings = msgspec.structs.replace(settings, trial_seconds=options.quick_trial, trial_runs=1)
        before = store.state
        try:
            updater.start()
            updater.poll()
            _finish(updater, options.quick_trial)
            status = _told(updater)
        finally:
            updater.close()
        failed = _failed(before, store.state)
        data = {**_state(store.state), "failed": failed, "problem": updater.problem, "reported": status, "log": said}
        refused = bool(updater.problem) and not failed
        code = VerificationError.exit_code if failed else StoreError.exit_code if refused else 0
        return Outcome(data, _text(store.state), code)


def status(options: argparse.Namespace) -> Outcome:
    store = stores.look(options.store)
    settings, until = st.load(store), enrol.certificate_until(store)
    data = {
        "device": settings.device,
        "hardware": settings.hardware,
        "places": list(settings.places),
        "certificate_until": None if until is None else until.isoformat(),
        **_state(store.state),
    }
    return Outcome(data, f"{settings.device} ({settings.hardware})\n{_text(store.state)}")


def wish(options: argparse.Namespace) -> Outcome:
    """rollback, activate, poll: by the agent that runs, or here where none does."""
    wanted = requests.Wish(options.action, options.line or "")
    _require_sense(wanted, stores.look(options.store).state)
    try:
        store = stores.open_store(options.store)
    except stores.Held:
        taken = requests.leave(options.store, wanted)
        if not taken:
            raise StoreError("the agent that runs has not answered yet", "see limen agent status") from None
    else:
        with store:
            updater = loop.new_updater(store, _log, [])
            updater.start()
            requests.grant(updater, wanted)
            updater.close()
    state = stores.look(options.store).state
    return Outcome(_state(state), _text(state))


def unit(options: argparse.Namespace) -> Outcome:
    text = units.text(options.store, Path(sys.executable), options.user)
    return Outcome({"unit": text}, text.rstrip("\n"))


DO: Mapping[str, Callable[[argparse.Namespace], Outcome]] = {
    "enroll": enroll,
    "run": run,
    "once": once,
    "status": status,
    "rollback": wish,
    "activate": wish,
    "poll": wish,
    "unit": unit,
}


def _require_sense(wanted: requests.Wish, state: State) -> None:
    if wanted.what == "poll":
        return
    if not wanted.line:
        raise UsageError(f"{wanted.what}: takes a line", f"this device has {', '.join(sorted(state.lines)) or 'none'}")
    line = state.lines.get(wanted.line)
    if line is None:
        raise UsageError(f"line {wanted.line!r}: is not on this device", "see limen agent status")
    if wanted.what == "activate" and line.staged is None:
        raise UsageError(f"line {wanted.line!r}: nothing waits to be activated", "see limen agent status")
    if wanted.what == "rollback" and line.trial is None and line.previous is None:
        raise UsageError(f"line {wanted.line!r}: there is no release to go back to", "see limen agent status")


def _made(options: argparse.Namespace, ca: bytes | None) -> Store:
    if not options.device or not options.hardware:
        raise UsageError("enroll: --device and --hardware are needed")
    if options.roots is None:
        way = "a folder, a pack, or the server's URL to trust it this once"
        raise UsageError("enroll: --roots is needed: where the first roots are", way)
    settings = _settings(options)
    first = Net(proxy=settings.proxy, ca=options.server_ca)
    return enrol.make(options.store, settings, enrol.read_roots(open_place(options.roots, first)), ca)


def _again(options: argparse.Namespace, ca: bytes | None) -> Store:
    """A device that is there keeps its keys and what it trusts; flags that are given replace the old ones."""
    store = stores.open_store(options.store)
    try:
        old = st.load(store)
    except StoreError:
        if not options.device or not options.hardware:
            store.close()
            raise
        old = _settings(options)
    if options.device not in (None, old.device) or options.hardware not in (None, old.hardware):
        store.close()
        raise UsageError(f"{options.store}: is {old.device} ({old.hardware}) already", "take another folder")
    given = _given(options)
    changed = [name for name in ("key_file", "keys") if given.get(name, getattr(old, name)) != getattr(old, name)]
    if changed:
        store.close()
        raise UsageError(f"{options.store}: has its key already", "--key-file and --keys are for a new folder")
    enrol.complete(store, st.check(msgspec.structs.replace(old, **given)), ca)
    return store


def _settings(options: argparse.Namespace) -> Settings:
    return st.check(Settings(**{"device": options.device, "hardware": options.hardware, **_given(options)}))


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """Settings of the flags that are there."""
    found = {name: getattr(options, name, None) for name in Settings.__struct_fields__}
    given = {name: value for name, value in found.items() if value not in (None, [])}
    if "key_file" in given:
        given["key_file"] = str(Path(given["key_file"]).absolute())
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def _places(store: Store, options: argparse.Namespace) -> list[Place] | None:
    """Those that are given; None: those of the settings."""
    if not options.places:
        return None
    limits = st.net(store, st.load(store))
    return [open_place(where, limits, options.age_identity) for where in options.places]


def _finish(updater: Updater, seconds: float) -> None:
    """Until no line is on probation or is to be tried again, or it takes too long."""
    end = time.monotonic() + 10 * seconds + updater.settings.strikes * updater.settings.gate_seconds
    while time.monotonic() < end:
        if not any(_busy(line) for line in updater.store.state.lines.values()):
            return
        time.sleep(min(seconds / 20, 0.2))
        updater.tick()


def _busy(line: LineState) -> bool:
    """On probation, or failed and to be tried again; what waits for its window is not."""
    return line.trial is not None or (line.staged is not None and str(line.staged.counter) in line.strikes)


def _told(updater: Updater) -> int | None:
    try:
        loop.renew(updater)
        return loop.tell(updater)
    except LimenError as error:
        updater.say(f"not reported: {error.message}")
        return None


def _failed(before: State, after: State) -> dict[str, dict[str, str]]:
    """line -> counter -> why, of what was banned or struck since then."""
    found = {}
    for name, line in after.lines.items():
        old = before.lines.get(name, LineState())
        new = {c: why for c, why in line.banned.items() if c not in old.banned}
        if new:
            found[name] = new
    return found


def _state(state: State) -> dict[str, Any]:
    def line(one: LineState) -> dict[str, Any]:
        slot = d.serving(one)
        return {
            "counter": 0 if slot is None else slot.counter,
            "version": "" if slot is None else slot.version,
            "on_trial": one.trial is not None,
            "staged": 0 if one.staged is None else one.staged.counter,
            "wanted": 0 if one.wanted is None else one.wanted.counter,
            "previous": 0 if one.previous is None else one.previous.counter,
            "floor": one.floor,
            "strikes": dict(one.strikes),
            "banned": dict(one.banned),
            "runs": one.runs,
            "errors": one.errors,
            "p90_ms": one.p90_ms,
        }

    return {"serial": state.serial, "lines": {name: line(one) for name, one in sorted(state.lines.items())}}


def _text(state: State) -> str:
    rows = []
    for name, line in _state(state)["lines"].items():
        serves = f"{line['counter']}{' (on trial)' if line['on_trial'] else ''}" if line["counter"] else "nothing"
        banned = ", ".join(f"{counter}: {why}" for counter, why in line["banned"].items()) or "-"
        rows.append((name, serves, line["staged"] or line["wanted"] or "-", line["previous"] or "-", banned))
    return table(("line", "serves", "on its way", "before", "banned"), rows) if rows else "no line yet"


def _log(text: str) -> None:
    print(text, flush=True)
