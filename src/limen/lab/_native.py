"""Profiles on this machine: the generated code as a shared object, timed at the C interface."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from limen.errors import NotMeasurable
from limen.host import read_host
from limen.lab._compare import compare_outputs
from limen.lab._profile import LayerProfile, Profile
from limen.lab.host import HostModel, build
from limen.program import Array, Program
from limen.targets.c import Generated

WARM_UP, MOST_RUNS, SECONDS = 5, 2000, 1.0
_NEEDS = {"avx2": ("avx2", "fma"), "avx512vnni": ("avx512f", "avx512bw", "avx512vl", "avx512_vnni")}


def profile_native(generated: Generated, feeds: Sequence[Mapping[str, Array]], judge: Program | None = None) -> Profile:
    """Run on this processor: exactness and time; instructions are not counted.

    Raises:
        NotMeasurable: this processor lacks an extension that the kernels use.
    """
    require_host(generated)
    model = build(generated)
    exact, approximate = compare_outputs(generated, model.run, feeds, judge)
    return host_profile(generated, exact, approximate, latency(lambda: _run(model, feeds[0])), read_host().processor)


def host_profile(
    generated: Generated,
    exact: Mapping[str, object] | None,
    approximate: Mapping[str, object] | None,
    latency_us: Mapping[str, float] | None,
    core: str,
    **settings: object,
) -> Profile:
    """A profile without counts per layer."""
    from importlib.metadata import version

    layers = tuple(LayerProfile(x.name, x.op, None, x.macs, x.kernel) for x in generated.layers)
    values = {
        "device": generated.device.name,
        "core": core,
        "compiler": f"zig {version('ziglang')}",
        "kernels": generated.isa,
        "instructions": None,
        "macs": sum(layer.macs for layer in layers),
        "flash": {"code": None, "weights": generated.constants},
        "ram": {
            "arena": generated.arena,
            **({"slow": generated.slow} if generated.slow else {}),
            "static": generated.static_ram,
            "stack": None,
            "stack_bound": None,
        },
        "exact": exact,
        "approximate": approximate,
        "layers": layers,
        "latency_us": latency_us,
        "notes": dict(generated.notes),
    }
    return Profile(**(values | settings))  # type: ignore[arg-type]


def require_host(generated: Generated) -> None:
    """Refuse kernels that this processor, which has the device's instruction set, cannot run.

    Raises:
        NotMeasurable: names what is missing.
    """
    device = generated.device
    missing = sorted(set(_NEEDS.get(generated.isa, ())) - set(read_host().features))
    if missing:
        raise NotMeasurable(
            f"device {device.name}: this processor has no {', '.join(missing)}",
            "use --kernels portable, or a processor that has them",
        )


def latency(run: Callable[[], None]) -> dict[str, float]:
    """Wall time of one call in microseconds: ``p50`` and ``p90`` of up to 2000 calls within a second."""
    for _ in range(WARM_UP):
        run()
    times: list[float] = []
    end = time.perf_counter() + SECONDS
    while len(times) < MOST_RUNS and (len(times) < WARM_UP or time.perf_counter() < end):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    middle, late = np.percentile(times, [50, 90]) * 1e6
    return {"p50": round(float(middle), 2), "p90": round(float(late), 2)}


def measure_latency(generated: Generated, feed: Mapping[str, Array]) -> dict[str, float]:
    """Time of a run on this machine, the inputs written and the outputs read."""
    model = build(generated)
    return latency(lambda: _run(model, feed))


def _run(model: HostModel, feed: Mapping[str, Array]) -> None:
    model.run(feed)
