"""Golden vectors: recorded at build by each engine on its own artifact, replayed wherever the bundle is loaded.

``exact`` results must match to the code; ``bounded`` ones within the tolerance stored per output, and the decision of
enough samples must stay. Sequences of stateful models start from the initial states.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from limen.bundle import Binding, Bundle, GoldenEntry
from limen.engines._engine import ENGINES, Array
from limen.engines.session import Session
from limen.errors import BundleError, VerificationError
from limen.registry import suggest


@dataclass(frozen=True)
class Gap:
    """How far one output is from the recorded one.

    Args:
        steps: largest difference of quantised codes; 0 for other outputs.
        real: largest difference in real units; infinite where one side is not finite and the other differs.
        same: [samples] bool: the sample's values are equal to the bit (NaN equals NaN).
        coded: the output is quantised.
        counts: the output is integer and not quantised: class numbers, counts, flags.
    """

    steps: int
    real: float
    same: Array
    coded: bool
    counts: bool

    @property
    def distance(self) -> float:
        """In the unit of the output's tolerance: codes where it is quantised, else real units."""
        return float(self.steps) if self.coded else self.real


@dataclass(frozen=True)
class Replay:
    """One engine's replay.

    Args:
        engine: its name.
        exactness: ``exact`` or ``bounded``.
        checked: samples.
        max_lsb: largest difference of quantised outputs, in codes.
        max_abs: largest difference of any output, in real units.
        agreement: share of samples with the same decision, see ``agreement``.
        tolerance: the largest that was allowed.
        ok: the recorded results were reproduced.
        exact: with the engine's exact kernels.
    """

    engine: str
    exactness: str
    checked: int
    max_lsb: int
    max_abs: float
    agreement: float
    tolerance: float
    ok: bool
    exact: bool = False


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
        """The contract's keys; the class is ``exact`` if every replay is."""
        classes = {r.exactness for r in self.replays}
        golden = {
            "class": "bounded" if "bounded" in classes else next(iter(classes), None),
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
            name = f"{r.engine} (exact kernels)" if r.exact else r.engine
            lines.append(
                f"golden    {name}: {'ok' if r.ok else 'MISMATCH'}, {r.exactness}, {r.checked} samples, "
                f"max {r.max_lsb} LSB, max {r.max_abs:.3g}, agreement {100 * r.agreement:.1f} %, "
                f"tolerance {r.tolerance:g}"
            )
        lines += [f"golden    {name}: not installed here, not replayed" for name in self.not_installed]
        if not self.replays:
            lines.append("golden    no results were compared")
        return "\n".join(lines)


def gaps(bindings: Mapping[str, Binding], expected: Mapping[str, Array], seen: Mapping[str, Array]) -> dict[str, Gap]:
    """Compare raw outputs by port name; both [samples, ...].

    Raises:
        VerificationError: an output is missing, or of another shape or dtype than the recorded one.
    """
    found = {}
    for name, wanted in expected.items():
        got = seen.get(name)
        if got is None or got.dtype != wanted.dtype or got.size != wanted.size:
            raise VerificationError(f"golden vectors: output {name!r} is missing or has another shape or dtype")
        found[name] = _gap(bindings[name], wanted, got.reshape(wanted.shape))
    return found


def _gap(binding: Binding, wanted: Array, got: Array) -> Gap:
    rows = max(len(wanted), 1) if wanted.ndim else 1
    if wanted.dtype.kind == "f":
        same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
        with np.errstate(invalid="ignore", over="ignore"):
            apart = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
        real = float(np.where(same, 0.0, np.nan_to_num(apart, nan=np.inf, posinf=np.inf)).max(initial=0.0))
        return Gap(0, real, same.reshape(rows, -1).all(axis=1), coded=False, counts=False)
    same = (got == wanted).reshape(rows, -1).all(axis=1)
    apart = np.abs(got.astype(np.float64) - wanted.astype(np.float64)).max(initial=0.0)
    if not binding.scale:
        return Gap(0, float(apart), same, coded=False, counts=True)
    return Gap(int(apart), float(apart) * binding.scale[0], same, coded=True, counts=False)


def agreement(
    bindings: Mapping[str, Binding],
    expected: Mapping[str, Array],
    seen: Mapping[str, Array],
    found: Mapping[str, Gap],
    threshold: float,
) -> float:
    """Share of samples whose decision is the recorded one.

    A sample decides by the argmax of its first output, or, where that is one value, by being above the threshold; and
    by all outputs that are numbers of classes or things rather than measures, which must be equal.
    """
    name, wanted = next(iter(expected.items()))
    if not wanted.ndim or not len(wanted):
        return 1.0 if all(bool(g.same.all()) for g in found.values()) else 0.0
    decided = _decisions(wanted, bindings[name], threshold)
    agrees = decided == _decisions(seen[name].reshape(wanted.shape), bindings[name], threshold)
    for gap in found.values():
        if gap.counts and len(gap.same) == len(agrees):
            agrees = agrees & gap.same
    return float(np.mean(agrees))


def _decisions(codes: Array, binding: Binding, threshold: float) -> Array:
    rows = codes.reshape(len(codes), -1)
    if rows.shape[1] != 1:
        return np.asarray(rows.argmax(axis=1) if rows.shape[1] else np.zeros(len(rows)))
    return np.asarray(real_values(rows[:, 0], binding) > threshold)


def real_values(codes: Array, binding: Binding) -> Array:
    """float64 values of an output's codes; outputs that are not quantised keep theirs."""
    values = codes.astype(np.float64)
    return (values - binding.zero_point[0]) * binding.scale[0] if binding.scale else values


def record(session: Session, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """Raw outputs of a session from its initial states."""
    session.reset()
    outputs = session.run(feeds, raw=True)
    session.reset()
    return outputs


def replay(bundle: Bundle, entry: GoldenEntry, session: Session | None = None) -> Replay:
    """Run one golden entry again on its engine, or on the session given."""
    if session is None:
        with Session(bundle, entry.engine, exact=entry.exact) as own:
            return replay(bundle, entry, own)
    seen, expected = record(session, bundle.arrays(entry.inputs)), bundle.arrays(entry.outputs)
    bindings = {b.name: b for b in session.entry.outputs}
    if not expected or set(expected) - set(bindings):
        raise BundleError("golden vectors: their outputs are not those of the interface")
    found = gaps(bindings, expected, seen)
    agreed = agreement(bindings, expected, seen, found, entry.threshold)
    limits = entry.limits or (entry.tolerance,) * len(found)
    if entry.exactness == "exact":
        ok = all(bool(gap.same.all()) for gap in found.values())
    else:
        ok = all(gap.distance <= limit for gap, limit in zip(found.values(), limits, strict=False))
        ok = ok and agreed >= entry.agreement
    return Replay(
        session.engine,
        entry.exactness,
        entry.samples,
        max(gap.steps for gap in found.values()),
        max(gap.real for gap in found.values()),
        agreed,
        entry.tolerance,
        ok,
        session.exact,
    )


def replay_all(bundle: Bundle, engine: str | None = None) -> tuple[tuple[Replay, ...], tuple[str, ...]]:
    """Replay on every engine installed here; also the engines that are not.

    Raises:
        BundleError: the engine asked for has recorded nothing.
    """
    entries = [e for e in bundle.manifest.golden if engine in (None, e.engine)]
    if engine is not None and not entries:
        known = {e.engine for e in bundle.manifest.golden}
        raise BundleError(f"golden vectors: engine {engine!r} has none in this bundle", suggest(engine, known))
    replays, absent = [], []
    for entry in entries:
        if entry.engine not in ENGINES or ENGINES.get(entry.engine).version() is None:
            absent.append(entry.engine)
        else:
            replays.append(replay(bundle, entry))
    return tuple(replays), tuple(dict.fromkeys(absent))


def replay_session(session: Session) -> tuple[Replay, ...]:
    """Replay on a session what it must reproduce."""
    return tuple(replay(session.bundle, entry, session) for entry in session.golden())


def require(replays: tuple[Replay, ...]) -> None:
    """Raise VerificationError for the first replay that failed."""
    for r in _failed(replays):
        raise VerificationError(
            f"golden vectors: engine {r.engine} gives other results: {r.max_lsb} LSB, {r.max_abs:.3g}, "
            f"agreement {100 * r.agreement:.1f} %, {r.exactness} with tolerance {r.tolerance:g}",
            "the engine's version or this processor changes the numbers; build the bundle again here",
        )


def _failed(replays: tuple[Replay, ...]) -> Iterator[Replay]:
    return (r for r in replays if not r.ok)
