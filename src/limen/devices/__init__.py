"""What a board is and holds: one TOML file per board, and per generic processor that boards inherit.

A file's name is the device's name. Its keys are :class:`Device`'s fields and two more: ``inherits`` names the entry
whose values hold unless the file gives its own (``features`` are added to the inherited ones), and ``aliases`` gives
other names for the same board. Sizes are written ``"512 KiB"``. ``host`` is this machine: the entry of its
architecture with the memory and the processor features it has.

Raises BadInput for a file that has an unknown key, a value of the wrong type, or inherits itself.
"""

from __future__ import annotations

import functools
import platform
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from limen.errors import BadInput, UsageError
from limen.host import NOTABLE_FEATURES, read_host
from limen.registry import suggest

FOLDER = Path(__file__).parent
SIZE_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
MACHINES = {"x86_64": "x86-64", "amd64": "x86-64", "aarch64": "aarch64", "arm64": "aarch64", "armv7l": "armv7"}

EXTENSIONS = {"asimddp": "dotprod", "asimdhp": "fp16"}
"""Processor features as Linux spells them -> as devices do, where the two differ."""


@dataclass(frozen=True)
class Device:
    """One board, or one generic processor.

    Attributes:
        name: as it is typed, ``rpi4``.
        title: as a person says it.
        isa: name of the generic entry it descends from, ``cortex-m4``; what compilers and virtual devices go by.
        features: processor extensions, ``("thumb2", "dsp")``.
        ram: bytes a model and its application may use at most; None where it is not known.
        slow_ram: bytes of a second, slower memory, such as PSRAM, for what ``ram`` cannot hold; None where there is
            none.
        flash: bytes of program memory; None where programs are on a disk, or where it is not known.
        clock_hz: cycles per second at most; None where it is not known.
        engines: runtimes that exist for it, best first; empty where code is linked into the firmware.
        targets: what can be compiled for it, best first.
        notes: where the figures are from.
        aliases: other names.
        zephyr: what ``west build -b`` calls the board; empty where Zephyr has none, or for a generic processor.
    """

    name: str
    title: str
    isa: str
    features: tuple[str, ...] = ()
    ram: int | None = None
    slow_ram: int | None = None
    flash: int | None = None
    clock_hz: int | None = None
    engines: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    notes: str = ""
    aliases: tuple[str, ...] = ()
    zephyr: str = ""


TYPES: dict[str, type] = {
    "inherits": str, "title": str, "isa": str, "features": list, "ram": str, "slow_ram": str, "flash": str,
    "clock_hz": int, "engines": list, "targets": list, "notes": str, "aliases": list, "zephyr": str,
}  # fmt: skip


def names(folder: Path = FOLDER) -> tuple[str, ...]:
    """Names of all devices, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def get(name: str, folder: Path = FOLDER) -> Device:
    """The device of that name or alias.

    Raises:
        UsageError: there is none; the hint names the nearest ones.
        BadInput: its file, or one it inherits, is not valid.
    """
    known = _aliases(folder)
    if name not in known:
        raise UsageError(f"device {name!r} is not known", suggest(name, known))
    device = _load(known[name], folder)
    return _host(device, folder) if device.isa == "host" else device


def load_all(folder: Path = FOLDER) -> tuple[Device, ...]:
    """Every device, sorted by name."""
    return tuple(get(name, folder) for name in names(folder))


def byte_size(text: str) -> int:
    """``"512 KiB"`` as 524288.

    Raises:
        ValueError: not a whole number with one of the units B, KiB, MiB, GiB.
    """
    number, _, unit = text.partition(" ")
    if unit not in SIZE_UNITS or not number.isdecimal():
        raise ValueError(f"{text!r} is not a size such as '512 KiB'")
    return int(number) * SIZE_UNITS[unit]


@functools.cache
def _aliases(folder: Path) -> Mapping[str, str]:
    """Every name and alias to the name of the file."""
    known = {name: name for name in names(folder)}
    for name in names(folder):
        for alias in _read(folder / f"{name}.toml").get("aliases", ()):
            if known.setdefault(alias, name) != name:
                raise BadInput(f"{name}.toml: alias {alias!r} is taken by {known[alias]}")
    return known


@functools.cache
def _load(name: str, folder: Path) -> Device:
    merged = _merged(name, folder, ())
    lists = {key: tuple(value) for key, value in merged.items() if isinstance(value, list)}
    missing = {"title", "isa"} - set(merged)
    if missing:
        raise BadInput(f"{name}.toml: {', '.join(sorted(missing))} is missing")
    return Device(**{"name": name, **merged, **lists})


def _merged(name: str, folder: Path, path: tuple[str, ...]) -> dict[str, Any]:
    """The entry over what it inherits; aliases are not inherited."""
    if name in path:
        raise BadInput(f"{name}.toml: inherits itself through {' -> '.join((*path, name))}")
    own = _read(folder / f"{name}.toml")
    parent_name = own.pop("inherits", None)
    if parent_name is None:
        return own
    if parent_name not in names(folder):
        raise BadInput(
            f"{name}.toml: inherits {parent_name!r}, which is not known", suggest(parent_name, names(folder))
        )
    parent = _merged(parent_name, folder, (*path, name))
    parent.pop("aliases", None)
    features = [*parent.get("features", ()), *own.get("features", ())]
    return {**parent, **own, "features": list(dict.fromkeys(features))}


def _read(path: Path) -> dict[str, Any]:
    """One file's keys, checked, sizes in bytes."""
    try:
        entry = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise BadInput(f"{path.name}: {problem}") from problem
    for key, value in entry.items():
        if key not in TYPES:
            raise BadInput(f"{path.name}: key {key!r} is not known", suggest(key, TYPES))
        if type(value) is not TYPES[key] or (isinstance(value, list) and not all(isinstance(v, str) for v in value)):
            raise BadInput(f"{path.name}: {key} is {value!r}, not {_type_text(key)}")
    try:
        return entry | {key: byte_size(entry[key]) for key in ("ram", "slow_ram", "flash") if key in entry}
    except ValueError as problem:
        raise BadInput(f"{path.name}: {problem}") from problem


def _type_text(key: str) -> str:
    return {str: "text", int: "a whole number", list: "a list of texts"}[TYPES[key]]


def features_of(device: Device, flags: Iterable[str]) -> tuple[str, ...]:
    """A device's features and those of a processor, in Linux' spelling and in ours."""
    notable = [flag for flag in flags if flag in NOTABLE_FEATURES]
    ours = [EXTENSIONS[flag] for flag in notable if flag in EXTENSIONS]
    return tuple(dict.fromkeys((*device.features, *notable, *ours)))


def _host(device: Device, folder: Path) -> Device:
    """This machine: its architecture's entry with what it has itself; an unknown architecture keeps the bare entry."""
    machine = MACHINES.get(platform.machine().lower())
    base = _load(machine, folder) if machine in names(folder) else device
    found = read_host()
    features = features_of(base, found.features)
    notes = "memory and processor features as the system tells them"
    return replace(
        base, name=device.name, title=device.title, ram=found.ram, features=features, notes=notes, aliases=()
    )


assert {field.name for field in fields(Device)} - {"name"} == set(TYPES) - {"inherits"}
