"""What the verbs return: frozen records whose fields are the contract's JSON keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SHOWN = 8


@dataclass(frozen=True)
class Compiled:
    """``limen compile``.

    Args:
        target: its name.
        files: paths written.
        ram: bytes of activations and states the artifact needs at run time, as planned.
        flash: bytes of the artifact.
        permutation: port name -> axes, ``stored = numpy.transpose(source, axes)``; None for identity.
        recipe: what was applied.
        notes: how the figures were made.
        packed: target c, where weights are packed: ``layers``, and ``flash``, ``ram``, ``instructions`` before and
            after.
        slow_ram: bytes of a second, slower memory that it needs beside ``ram``.
    """

    target: str
    files: tuple[str, ...]
    ram: int | None
    flash: int
    permutation: Mapping[str, tuple[int, ...] | None]
    recipe: str
    integer_mac_share: float
    islands: Mapping[str, str]
    notes: Mapping[str, str] = field(default_factory=dict)
    packed: Mapping[str, Any] = field(default_factory=dict)
    slow_ram: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        lines = [f"{path}" for path in self.files]
        ram = "unknown" if self.ram is None else f"{self.ram:,} bytes"
        ram += f", slow RAM {self.slow_ram:,} bytes" if self.slow_ram else ""
        lines.append(f"target {self.target}, recipe {self.recipe}: flash {self.flash:,} bytes, RAM {ram}")
        lines.append(f"{100 * self.integer_mac_share:.1f} % of the multiply-accumulates run in integers")
        for why in dict.fromkeys(self.islands.values()):
            names = [name for name, reason in self.islands.items() if reason == why]
            lines.append(f"in float, {why}: {', '.join(names[:SHOWN])}" + _and_more(len(names) - SHOWN))
        lines += [f"{what}: {how}" for what, how in self.notes.items()]
        return "\n".join(lines)


def _and_more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


@dataclass(frozen=True)
class Packaged:
    """``limen package``.

    Args:
        format: as it is typed.
        device: whom it is for.
        files: paths written.
        bytes: size of all of them.
        ram: bytes of the arena.
        notes: what is not in it, and why.
        slow_ram: bytes of the arena in slower memory.
    """

    format: str
    device: str
    files: tuple[str, ...]
    bytes: int
    ram: int
    notes: tuple[str, ...] = ()
    slow_ram: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        lines = [
            *self.files,
            f"{self.format} for {self.device}: {self.bytes:,} bytes, RAM {self.ram:,} bytes"
            + (f", slow RAM {self.slow_ram:,} bytes" if self.slow_ram else ""),
            *self.notes,
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Variant:
    """One row of a build's report: an artifact on an engine.

    Args:
        engine: which runs it.
        artifact: file name.
        metric: on the evaluation data; None without labels.
        agreement: share of samples with the float model's class.
        latency_us: median on this host; None where not measured.
        size_bytes: of the artifact.
        ram_bytes: planned arena; None where the engine plans itself.
        sqnr_db: of the first output against the float model.
    """

    engine: str
    artifact: str
    metric: float | None
    agreement: float | None
    latency_us: float | None
    size_bytes: int
    ram_bytes: int | None
    sqnr_db: float | None


@dataclass(frozen=True)
class Built:
    """``limen build``."""

    core_digest: str
    artifacts: tuple[Mapping[str, Any], ...]
    recipe: str
    report: Mapping[str, Any]
    output: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        rows = self.report.get("variants", [])
        lines = [f"{self.output}: core {self.core_digest}", f"recipe {self.recipe}"]
        for note in self.report.get("notes", []):
            lines.append(f"note: {note}")
        lines.append(variant_table(rows, self.report.get("metric")))
        return "\n".join(lines)


def variant_table(rows: list[Mapping[str, Any]], metric: str | None) -> str:
    """The rows of a report for a person."""
    head = ("engine", "artifact", metric or "metric", "agreement", "SQNR dB", "size B", "RAM B", "median us")
    body = [
        (
            str(r["engine"]),
            str(r["artifact"]),
            _number(r["metric"], 4),
            _number(r["agreement"], 4),
            _number(r["sqnr_db"], 1),
            _number(r["size_bytes"], 0),
            _number(r["ram_bytes"], 0),
            _number(r["latency_us"], 1),
        )
        for r in rows
    ]
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    return "\n".join("  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in [head, *body])


def _number(value: float | int | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


@dataclass(frozen=True)
class Evaluated:
    """``limen evaluate``."""

    metric: str
    value: float
    n: int
    engine: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        return f"{self.metric} {self.value:.4f} on {self.n} samples, engine {self.engine}"


@dataclass(frozen=True)
class LayerError:
    name: str
    sqnr_db: float


@dataclass(frozen=True)
class Compared:
    """``limen compare``: of the outputs, then of every tensor both graphs have under the same name."""

    sqnr_db: float
    agreement: float
    layers: tuple[LayerError, ...]
    n: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        lines = [f"outputs: SQNR {self.sqnr_db:.1f} dB, same class on {100 * self.agreement:.1f} % of {self.n}"]
        lines += [f"{layer.sqnr_db:8.1f} dB  {layer.name}" for layer in self.layers]
        return "\n".join(lines)


@dataclass(frozen=True)
class Benched:
    """``limen bench``: microseconds of one run, wall time."""

    engine: str
    p50_us: float
    p90_us: float
    p99_us: float
    n: int
    host_busy: bool
    threads: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        busy = "; the host was busy: trust ratios, not these times" if self.host_busy else ""
        times = f"p50 {self.p50_us:.1f} us, p90 {self.p90_us:.1f}, p99 {self.p99_us:.1f}"
        return f"{self.engine}, {self.threads} thread(s): {times} over {self.n} runs{busy}"


@dataclass(frozen=True)
class Blocker:
    """Why a target refuses a node, and what to do."""

    node: str
    op: str
    why: str
    way_out: str


@dataclass(frozen=True)
class TargetVerdict:
    target: str
    ok: bool
    blockers: tuple[Blocker, ...]


@dataclass(frozen=True)
class Checked:
    """``limen check``."""

    runs_on: tuple[TargetVerdict, ...]
    ram_lower_bound: int | None
    flash_lower_bound: int | None
    device: str
    fits: bool | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        lines = []
        for verdict in self.runs_on:
            lines.append(f"{verdict.target}: {'runs' if verdict.ok else 'blocked'} on {self.device}")
            lines += [f"  {b.node}: {b.why}; {b.way_out}" for b in verdict.blockers]
        if self.ram_lower_bound is not None:
            lines.append(
                f"RAM at least {self.ram_lower_bound:,} bytes, flash at least {self.flash_lower_bound:,} bytes"
            )
        return "\n".join(lines)


@dataclass(frozen=True)
class Inspected:
    """``limen inspect``."""

    found: Any
    html: str | None = None

    def to_json(self) -> dict[str, Any]:
        f = self.found
        return {
            "kind": f.kind,
            "ops": [{"name": o.name, "op": o.op, "macs": o.macs} for o in f.ops],
            "macs": f.macs,
            "bytes": f.bytes,
            "inputs": [asdict(p) for p in f.inputs],
            "outputs": [asdict(p) for p in f.outputs],
            "states": [asdict(s) for s in f.states],
            "details": dict(f.details),
            "html": self.html,
        }

    def text(self) -> str:
        f = self.found
        lines = [f"{f.kind}: {len(f.ops)} operators, {f.macs:,} MACs, {f.bytes:,} bytes of weights"]
        lines += [f"{k}: {v}" for k, v in f.details.items() if isinstance(v, str | int | float) and v != ""]
        for word, ports in (("input", f.inputs), ("output", f.outputs)):
            for p in ports:
                quant = "" if p.scale is None else f" scale {p.scale:g} zero point {p.zero_point}"
                order = "" if p.permutation is None else f" permutation {list(p.permutation)}"
                lines.append(f"{word} {p.name}: {p.dtype}{list(p.shape)}{quant}{order}")
        lines += [f"state {s.name}: {s.dtype}{list(s.shape)}" for s in f.states]
        width = max((len(o.op) for o in f.ops), default=0)
        lines += [f"  {o.op:<{width}}  {o.macs:>12,}  {o.result}  {o.name}" for o in f.ops]
        return "\n".join(lines)


@dataclass(frozen=True)
class Optimized:
    """``limen optimize``.

    Args:
        passed: whether a candidate keeps the budget; the others are None where none does.
        engine: of the one written; ``reference`` stands for generated code, which is exact.
        recipe: its full name: ``limen build --recipe`` makes the same artifact.
        metric: the verdict: float, result, drop, ci95, unit, n, limit, passed, needed, worst_class.
        latency_ms: median, measured in turns with the others.
        size_bytes: of the file written.
        tried: every candidate with its figures and why it was not chosen.
        front: those that no other beats in drop, time and size at once.
        nearest_miss: the candidate that misses least, and what it misses.
    """

    passed: bool
    engine: str | None
    recipe: str | None
    metric: Mapping[str, Any] | None
    latency_ms: float | None
    float_latency_ms: float | None
    instructions: int | None
    size_bytes: int | None
    ram_bytes: int | None
    flash_bytes: int | None
    integer_mac_share: float | None
    objective: str
    budget: Mapping[str, Any]
    tried: tuple[Mapping[str, Any], ...]
    front: tuple[Mapping[str, Any], ...]
    nearest_miss: Mapping[str, Any] | None
    path: str | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        from limen.optimize.report.summary import summary

        return summary(self.to_json())


@dataclass(frozen=True)
class Planned:
    """``limen optimize --dry-run``: what would be tried."""

    recipes: tuple[str, ...]
    engines: tuple[str, ...]
    metric: str
    budget: Mapping[str, Any]
    timed: str
    counted: bool

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        limits = ", ".join(f"{k} {v:g}" for k, v in self.budget.items() if v is not None) or "none"
        cost = f"time is measured on {self.timed}" if self.timed else "time is not measured"
        cost += "; instructions are counted" if self.counted else ""
        names = [f"  {recipe}" for recipe in self.recipes]
        return "\n".join([f"would try on {', '.join(self.engines)}:", *names, f"limits: {limits}; {cost}"])
