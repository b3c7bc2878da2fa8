"""Golden vectors: recorded at build by each engine on its own artifact, replayed wherever the bundle is loaded.

``exact`` results must match to the code; ``bounded`` ones within the stored tolerance, and the class of enough samples
must stay. Sequences of stateful models start from the initial states.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from limen.bundle import Binding, Bundle, GoldenEntry
from limen.engines._engine import ENGINES, Array
from limen.engines.session import Session
from limen.errors import VerificationError


@dataclass(frozen=True)
class Deviation:
    """How far outputs are from the recorded ones.

    Args:
        max_lsb: largest difference of integer outputs, in codes.
        max_abs: largest difference in real units.
        agreement: share of samples whose class (argmax of the first output) is the same.
    """

    max_lsb: int
    max_abs: float
    agreement: float


@dataclass(frozen=True)
class Replay:
    """One engine's replay."""

    engine: str
    exactness: str
    checked: int
    max_lsb: int
    max_abs: float
    agreement: float
    tolerance: float
    ok: bool


@dataclass(frozen=True)
class Verified:
    """``limen verify``."""

    signature: str
    core_digest: str
    key_id: str | None
    key_pinned: bool
    replays: tuple[Replay, ...]
    not_installed: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        worst = max(self.replays, key=lambda r: (not r.ok, r.exactness == "exact", r.max_lsb), default=None)
        golden = {
            "class": worst.exactness if worst else None,
            "checked": sum(r.checked for r in self.replays),
            "max_lsb": max((r.max_lsb for r in self.replays), default=None),
            "max_abs": max((r.max_abs for r in self.replays), default=None),
            "agreement": min((r.agreement for r in self.replays), default=None),
            "engines": [asdict(r) for r in self.replays],
            "not_installed": list(self.not_installed),
        }
        return {
            "signature": self.signature,
            "core_digest": self.core_digest,
            "key_id": self.key_id,
            "key_pinned": self.key_pinned,
            "golden": golden,
        }

    def text(self) -> str:
        pinned = "trusted" if self.key_pinned else "key not pinned: give --key to require it"
        signed = f"{self.signature} ({self.key_id[:16]}, {pinned})" if self.key_id else self.signature
        lines = [f"core      {self.core_digest}", f"signature {signed}"]
        for r in self.replays:
            verdict = "ok" if r.ok else "MISMATCH"
            lines.append(
                f"golden    {r.engine}: {verdict}, {r.exactness}, {r.checked} samples, max {r.max_lsb} LSB, "
                f"max {r.max_abs:.3g}, agreement {100 * r.agreement:.1f} %, tolerance {r.tolerance:g}"
            )
        lines += [f"golden    {name}: not installed here, not replayed" for name in self.not_installed]
        return "\n".join(lines)


def deviation(bindings: Mapping[str, Binding], expected: Mapping[str, Array], seen: Mapping[str, Array]) -> Deviation:
    """Compare raw outputs by port name; both [samples, ...]."""
    max_lsb, max_abs, agreement = 0, 0.0, 1.0
    for index, (name, wanted) in enumerate(expected.items()):
        got = seen[name].reshape(wanted.shape)
        if wanted.dtype.kind in "iub":
            steps = int(np.abs(got.astype(np.int64) - wanted.astype(np.int64)).max(initial=0))
            scale = bindings[name].scale
            max_lsb, max_abs = max(max_lsb, steps), max(max_abs, steps * (scale[0] if scale else 1.0))
        else:
            both = np.isfinite(wanted) & np.isfinite(got)
            same = np.array_equal(np.isnan(wanted), np.isnan(got)) and np.array_equal(wanted[~both], got[~both])
            error = float(np.abs(got[both].astype(np.float64) - wanted[both]).max(initial=0.0))
            max_abs = max(max_abs, error if same or both.all() else np.inf)
        if index == 0 and wanted.ndim and len(wanted):
            rows, other = wanted.reshape(len(wanted), -1), got.reshape(len(wanted), -1)
            if rows.shape[1] > 1:
                agreement = float(np.mean(rows.argmax(1) == other.argmax(1)))
    return Deviation(max_lsb, max_abs, agreement)


def record(session: Session, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """Raw outputs of a session from its initial states."""
    session.reset()
    outputs = session.run(feeds, raw=True)
    session.reset()
    return outputs


def replay(bundle: Bundle, entry: GoldenEntry, session: Session | None = None) -> Replay:
    """Run one golden entry again on its engine."""
    own = session if session is not None else Session(bundle, entry.engine)
    try:
        seen = record(own, bundle.arrays(entry.inputs))
        bindings = {b.name: b for b in own.entry.outputs}
    finally:
        if session is None:
            own.close()
    found = deviation(bindings, bundle.arrays(entry.outputs), seen)
    integer = all(not b.dtype.startswith("float") for b in bindings.values())
    distance = found.max_lsb if integer else found.max_abs
    if entry.exactness == "exact":
        ok = found.max_lsb == 0 and found.max_abs == 0
    else:
        ok = distance <= entry.tolerance and found.agreement >= entry.agreement
    return Replay(
        entry.engine,
        entry.exactness,
        entry.samples,
        found.max_lsb,
        found.max_abs,
        found.agreement,
        entry.tolerance,
        ok,
    )


def replay_all(bundle: Bundle, engine: str | None = None) -> tuple[tuple[Replay, ...], tuple[str, ...]]:
    """Replay on every engine installed here; also the engines that are not."""
    replays, absent = [], []
    for entry in bundle.manifest.golden:
        if engine is not None and entry.engine != engine:
            continue
        if entry.engine not in ENGINES or ENGINES.get(entry.engine).version() is None:
            absent.append(entry.engine)
        else:
            replays.append(replay(bundle, entry))
    return tuple(replays), tuple(absent)


def require(replays: tuple[Replay, ...]) -> None:
    """Raise VerificationError for the first replay that failed."""
    for r in replays:
        if not r.ok:
            raise VerificationError(
                f"golden vectors: engine {r.engine} gives other results: {r.max_lsb} LSB, {r.max_abs:.3g}, "
                f"agreement {100 * r.agreement:.1f} %",
                "the engine's version or this processor changes the numbers; build the bundle again here",
            )
