"""What a device is told at enrolment: who it is, whom it asks, how careful it is: a file in its store."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from limen.deliver import formats
from limen.deliver.agent import durable
from limen.deliver.agent.decide import Policy, Window
from limen.deliver.agent.keys import FileKeys, Keys, read_key_file
from limen.deliver.agent.store import Store
from limen.deliver.agent.trust import Identity
from limen.deliver.agent.verdict import GateLimits
from limen.deliver.agent.web import Net
from limen.engines import ENGINES
from limen.errors import BadInput, StoreError, UsageError

FILE = "settings.json"
DEVICE_KEY, CLIENT_KEY, CLIENT_CERTIFICATE, SERVER_CA = "device", "client.pem", "client.crt", "server-ca.pem"
"""Secrets of the store: the raw X25519 key, the key and chain of mutual TLS, the authority of the server."""

URLS = ("http://", "https://")
Seconds = Annotated[float, Meta(ge=0, le=1e8)]


class Settings(formats.Record, frozen=True, forbid_unknown_fields=True):
    """All that is set.

    Args:
        places: where updates come from, in the order they are asked: URLs, folders, packs.
        report: URL that reports go to; empty: the first server of ``places``.
        key_file: of the device's key, outside of the store; empty: in the store.
        keys: ``module:function`` that gives a ``Keys`` (TPM, PKCS#11) instead of a file.
        engine: name; empty: the bundle's first that is installed.
        poll_seconds: between two looks for updates, give or take a quarter.
        trial_seconds, trial_runs, strikes: ``decide.Policy``.
        windows: ``HH:MM-HH:MM`` local time, optionally with days in front: ``sat,sun 02:00-04:30``.
        automatic: False: staged releases wait for ``limen agent activate``.
        fastest: bytes per second that a download may take; 0: no cap.
        gate_seconds, gate_memory: see ``gate.GateLimits``.
        patience: seconds until a request on probation is answered by the release before.
        clockless: the device has no clock of its own (see ``clock.Clock.without``).
        proxy: URL of an HTTP proxy; those of the environment are not used.
    """

    device: formats.Device
    hardware: formats.Device
    places: Annotated[tuple[str, ...], Meta(max_length=32)] = ()
    report: str = ""
    key_file: str = ""
    keys: str = ""
    engine: str = ""
    threads: Annotated[int, Meta(ge=1, le=1024)] = 1
    poll_seconds: Annotated[float, Meta(gt=0, le=1e8)] = 300.0
    trial_seconds: Seconds = 600.0
    trial_runs: Annotated[int, Meta(ge=0)] = 1
    strikes: Annotated[int, Meta(ge=1, le=100)] = 3
    windows: Annotated[tuple[str, ...], Meta(max_length=64)] = ()
    automatic: bool = True
    fastest: Annotated[float, Meta(ge=0)] = 0.0
    gate_seconds: Annotated[float, Meta(gt=0, le=86400)] = 60.0
    gate_memory: Annotated[int, Meta(ge=0)] = 0
    patience: Annotated[float, Meta(gt=0, le=3600)] = 5.0
    clockless: bool = False
    proxy: str = ""

    def identity(self) -> Identity:
        """Who this device is."""
        return Identity(self.device, self.hardware)

    def policy(self) -> Policy:
        """How careful it is."""
        return Policy(
            strikes=self.strikes,
            trial_seconds=self.trial_seconds,
            trial_runs=self.trial_runs,
            windows=tuple(read_window(text) for text in self.windows),
            automatic=self.automatic,
        )

    def gate(self) -> GateLimits:
        """How long and large a trial load may be."""
        return GateLimits(self.gate_seconds, self.gate_memory, self.engine, self.threads)


def check(settings: Settings) -> Settings:
    """The settings, if they can be used.

    Raises:
        UsageError: a value is out of bounds, or names what is not there.
    """
    try:
        checked = msgspec.json.decode(msgspec.json.encode(settings), type=Settings)
    except msgspec.ValidationError as error:
        raise UsageError(f"settings: {error}") from error
    checked.policy()
    if checked.engine:
        ENGINES.get(checked.engine)
    if checked.keys:
        _hook(checked.keys)
    for what, url in [*(("place", p) for p in checked.places if "://" in p), ("report", checked.report)]:
        if url and not url.startswith(URLS):
            raise UsageError(f"{what} {url[:80]!r}: is no URL that is asked", "https://, or http:// within a network")
    if checked.proxy and not checked.proxy.startswith(URLS):
        raise UsageError(f"proxy {checked.proxy[:80]!r}: is no URL of a proxy", "http://host:port")
    return checked


def save(store: Store, settings: Settings) -> None:
    """Keep them durably."""
    durable.replace(store.disk, FILE, msgspec.json.format(msgspec.json.encode(check(settings))))


def load(store: Store) -> Settings:
    """Read them.

    Raises:
        StoreError: they are missing or not valid.
    """
    data = store.disk.read(FILE)
    if data is None:
        raise StoreError(f"{FILE}: is missing in the store", "limen agent enroll")
    try:
        return formats.parse(data, Settings, FILE)
    except BadInput as error:
        raise StoreError(error.message) from error


def open_keys(store: Store, settings: Settings) -> Keys:
    """The device's key: of the hook, the key file, or the store.

    Raises:
        StoreError: it is lost.
        UsageError: the hook is not there.
    """
    if settings.keys:
        return _hook(settings.keys)(settings)
    if settings.key_file:
        return read_key_file(Path(settings.key_file))
    secret = store.secret(DEVICE_KEY)
    if secret is None:
        raise StoreError("device key: is lost", "limen agent enroll in a new folder")
    return FileKeys(secret)


def net(store: Store, settings: Settings) -> Net:
    """Limits and certificates of the network. The certificate's files are the store's own."""
    folder = None if store.path is None else store.path / "keys"

    def file(name: str) -> Path | None:
        return None if folder is None or store.secret(name) is None else folder / name

    certificate = file(CLIENT_CERTIFICATE)
    return Net(
        fastest=settings.fastest,
        proxy=settings.proxy,
        ca=file(SERVER_CA),
        certificate=certificate,
        key=None if certificate is None else file(CLIENT_KEY),
    )


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def read_window(text: str) -> Window:
    """``02:00-04:30`` or ``sat,sun 22:00-04:00``.

    Raises:
        UsageError: it is written otherwise.
    """
    days, _, hours = text.strip().rpartition(" ")
    start, _, end = hours.partition("-")
    try:
        chosen = tuple(DAYS.index(day.strip().lower()) for day in days.split(",")) if days else tuple(range(7))
        return Window(_minute(start), _minute(end), chosen)
    except ValueError as error:
        raise UsageError(f"window {text!r}: cannot be read", "02:00-04:30, or sat,sun 22:00-04:00") from error


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    found = int(hour) * 60 + int(minute)
    if not (len(hour) == len(minute) == 2 and 0 <= found <= 24 * 60 and int(minute) < 60):
        raise ValueError(text)
    return found % (24 * 60)


def _hook(name: str) -> Callable[[Settings], Keys]:
    module, _, function = name.partition(":")
    try:
        found: Callable[[Settings], Keys] = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"keys {name!r}: cannot be loaded: {error}", "module:function") from error
    return found
