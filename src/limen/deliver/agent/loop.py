"""The agent's life: look for updates now and then, follow them, tell the server, and otherwise sleep.

Between two looks: ``Settings.poll_seconds`` give or take a quarter, so that devices that started together do not ask
together; longer where the server says so (Retry-After).
"""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from limen.deliver.agent import enrol, requests
from limen.deliver.agent.places import Place, open_place
from limen.deliver.agent.reports import make, send
from limen.deliver.agent.settings import Settings, load, net, open_keys
from limen.deliver.agent.store import Held, Store, look, open_store
from limen.deliver.agent.updater import Say, Updater
from limen.errors import LimenError, StoreError, Unreachable

TICK_SECONDS = 1.0
REPORT_SECONDS = 3600.0
"""Without news."""
RETRY_SECONDS = 30.0


def open_places(store: Store, settings: Settings) -> list[Place]:
    """The places of the settings; one that cannot be opened now (a stick that is out) is left out."""
    limits, found = net(store, settings), []
    for where in settings.places:
        with suppress(Unreachable):
            found.append(open_place(where, limits))
    return found


def new_updater(store: Store, say: Say, places: list[Place] | None = None, eager: bool = False) -> Updater:
    """A device as its store describes it.

    Raises:
        StoreError: the store is not complete.
    """
    settings = load(store)
    asked = open_places(store, settings) if places is None else places
    return Updater(store, settings, open_keys(store, settings), asked, say, eager)


def open_or_look(path: Path, say: Say) -> tuple[Store, bool]:
    """The store, and whether it can be written: on a disk that cannot, what served serves and nothing is updated.

    Raises:
        StoreError: another agent holds it, or there is no readable record in it.
    """
    try:
        return open_store(path), True
    except Held:
        raise
    except StoreError as error:
        store = look(path)
        say(f"{error.message}; what served serves, nothing is updated until that ends")
        return store, False


@dataclass
class Agent:
    """An updater with its timetable.

    Args:
        stop: set it to end :meth:`run`.
        writable: the store is; else it is tried again now and then.
    """

    updater: Updater
    stop: threading.Event = field(default_factory=threading.Event)
    writable: bool = True
    _next_try: float = 0.0
    _next_poll: float = 0.0
    _next_report: float = 0.0

    def run(self) -> None:
        """Until ``stop`` is set. Nothing that goes wrong ends it."""
        self.updater.start()
        notify("READY=1")
        while not self.stop.is_set():
            self.step()
            self.stop.wait(TICK_SECONDS)
        notify("STOPPING=1")
        self.updater.close()

    def step(self) -> None:
        """Whatever is due now."""
        try:
            if not self.writable:
                return self._try_again()
            if requests.follow(self.updater):
                self._next_poll = 0.0
            if time.monotonic() >= self._next_poll:
                self._poll()
            self.updater.tick()
            if self.updater.news or time.monotonic() >= self._next_report:
                self._report()
        except MemoryError:
            self.updater.say("no memory is left; what serves goes on")
        except LimenError as error:
            self.updater.say(str(error))
        except Exception as error:  # a defect of limen must not take down what serves
            self.updater.say(f"a defect of limen: {type(error).__name__}: {error}")

    def _try_again(self) -> None:
        """Take the store, if it can be written by now."""
        path, now = self.updater.store.path, time.monotonic()
        if path is not None and now >= self._next_try:
            self._next_try = now + RETRY_SECONDS
            with suppress(StoreError):
                self.updater.store = open_store(path)
                self.writable = True
                self.updater.say(f"{path}: can be written again")
                self.updater.start()

    def _poll(self) -> None:
        pause = self.updater.settings.poll_seconds * random.uniform(0.75, 1.25)
        self._next_poll = time.monotonic() + pause
        if len(self.updater.places) < len(self.updater.settings.places):  # a stick may be in by now
            self.updater.places = open_places(self.updater.store, self.updater.settings)
        try:
            self.updater.poll()
        except Unreachable as error:
            self._next_poll = time.monotonic() + max(pause, error.seconds)
            self.updater.say(f"no update server: {error.message}")
        except LimenError as error:
            self.updater.say(f"no update: {error.message}")

    def _report(self) -> None:
        """Failing to tell is no news: it is told with the next report."""
        self._next_report = time.monotonic() + REPORT_SECONDS
        self.updater.news = False
        try:
            renew(self.updater)
            tell(self.updater)
        except (Unreachable, StoreError) as error:
            self.updater.say(f"not reported: {error.message}")
            self._next_report = time.monotonic() + 2 * self.updater.settings.poll_seconds


def tell(updater: Updater) -> int | None:
    """Send a report now; the status, or None where nobody is to be told.

    Raises:
        Unreachable: no answer.
    """
    report = make(updater.store.state, updater.settings, updater.assigned(), updater.problem)
    status = send(updater.store, updater.settings, list(updater.places), report)
    if status not in (None, 204):
        updater.say(f"the server did not take the report: {status}")
    return status


def renew(updater: Updater) -> None:
    """A new client certificate, where little of the old one's life is left."""
    if enrol.is_to_be_renewed(updater.store):
        try:
            until = enrol.ask(updater.store, updater.settings, list(updater.places))
            updater.say(f"certificate renewed until {until:%Y-%m-%d}")
            updater.places = open_places(updater.store, updater.settings)
        except LimenError as error:
            updater.say(f"certificate not renewed: {error.message}")


def notify(text: str) -> None:
    """Tell systemd, if it started us (sd_notify(3))."""
    where = os.environ.get("NOTIFY_SOCKET", "")
    if where:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.sendto(text.encode(), "\0" + where[1:] if where.startswith("@") else where)
