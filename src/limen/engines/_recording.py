"""Recording golden vectors: every engine installed here runs its own artifact on the same inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from limen.bundle import ArtifactEntry, Binding, Blobs, Bundle, GoldenEntry, assemble, pack_arrays, with_golden
from limen.engines._engine import ENGINES, Array
from limen.engines.golden import gaps, real_values, record
from limen.engines.session import Session
from limen.errors import Unsupported

# Another version of an engine or another processor may round otherwise: codes for quantised outputs, and a share of
# the largest magnitude for float outputs.
BOUNDED_LSB = 8
BOUNDED_SHARE = 0.02
BOUNDED_AGREEMENT = 0.75
_ANY = 2.0**53


@dataclass(frozen=True, eq=False)
class _Recorded:
    artifact: ArtifactEntry
    engine: str
    exact: bool
    outputs: Mapping[str, Array]


def record_golden(bundle: Bundle, feeds: Mapping[str, Array], integer: bool = True) -> tuple[Bundle, tuple[str, ...]]:
    """A copy of an unsigned bundle with golden vectors of every engine installed here; and the engines that are not.

    An engine that is not exact by default but has exact kernels records with both; how far its default is from the
    exact kernels on these inputs widens its tolerance.

    Args:
        bundle: without statements.
        feeds: input name -> [samples, ...]; for stateful models, consecutive runs.
        integer: artifacts with integer outputs compute in integers throughout, so that exact kernels are exact.
    """
    blobs = Blobs()
    for blob in bundle.manifest.blobs:
        blobs.add(bundle.blob(blob.digest))
    inputs = blobs.add(pack_arrays(dict(feeds)))
    samples = max((len(v) for v in feeds.values() if v.ndim), default=1)
    recorded, absent = _run_all(bundle, feeds)
    entries = tuple(_entry(item, recorded, inputs, samples, blobs, integer) for item in recorded)
    return assemble(with_golden(bundle.manifest, entries), blobs), absent


def _run_all(bundle: Bundle, feeds: Mapping[str, Array]) -> tuple[list[_Recorded], tuple[str, ...]]:
    recorded, absent = [], []
    for artifact in bundle.artifacts:
        for name in artifact.engines:
            if name not in ENGINES or ENGINES.get(name).version() is None:
                absent.append(name)
                continue
            try:
                for exact in _modes(name, artifact):
                    with Session(bundle, name, exact=exact) as session:
                        recorded.append(_Recorded(artifact, name, exact, record(session, feeds)))
            except Unsupported:  # machine code for another processor
                absent.append(name)
    return recorded, tuple(absent)


def _modes(name: str, artifact: ArtifactEntry) -> Iterator[bool]:
    engine = ENGINES.get(name)
    yield False
    if engine.exact_kernels and engine.exactness != "exact" and _is_integer(artifact):
        yield True


def _is_integer(artifact: ArtifactEntry) -> bool:
    return all(b.dtype.startswith(("int", "uint", "bool")) for b in (*artifact.inputs, *artifact.outputs))


def _entry(
    item: _Recorded, recorded: list[_Recorded], inputs: str, count: int, blobs: Blobs, integer: bool
) -> GoldenEntry:
    bindings = {b.name: b for b in item.artifact.outputs}
    references = [r for r in recorded if _is_judge(r, item, integer)]
    exact = integer and _is_integer(item.artifact) and (item.exact or ENGINES.get(item.engine).exactness == "exact")
    exact = exact and all(_equal(r.outputs, item.outputs) for r in references)
    limits = tuple(_limit(bindings[n], v, [r.outputs[n] for r in references]) for n, v in item.outputs.items())
    threshold, decides = _threshold(next(iter(bindings.values())), next(iter(item.outputs.values())), limits[0])
    share = BOUNDED_AGREEMENT if decides or _ANY in limits else 0.0
    return GoldenEntry(
        artifact=item.artifact.kind,
        engine=item.engine,
        exactness="exact" if exact else "bounded",
        samples=count,
        inputs=inputs,
        outputs=blobs.add(pack_arrays(dict(item.outputs))),
        tolerance=0.0 if exact else max(limits),
        agreement=1.0 if exact else share,
        limits=() if exact else limits,
        threshold=threshold,
        exact=item.exact,
        by=ENGINES.get(item.engine).version() or "",
    )


def _is_judge(other: _Recorded, item: _Recorded, integer: bool) -> bool:
    """Whether the other recording is what the item's results should be: exact, of the same codes, and not itself."""
    if other is item or not integer or not _is_integer(item.artifact) or not _is_integer(other.artifact):
        return False
    exact = other.exact or ENGINES.get(other.engine).exactness == "exact"
    codes = {b.name: (b.dtype, b.scale, b.zero_point) for b in item.artifact.outputs}
    return exact and codes == {b.name: (b.dtype, b.scale, b.zero_point) for b in other.artifact.outputs}


def _equal(first: Mapping[str, Array], second: Mapping[str, Array]) -> bool:
    return all(np.array_equal(first[name], value) for name, value in second.items())


def _limit(binding: Binding, values: Array, references: list[Array]) -> float:
    """The tolerance of one bounded output."""
    if values.dtype.kind in "iub" and not binding.scale:
        return _ANY  # class numbers and counts have no distance: they must agree, see ``golden.agreement``
    floor = float(BOUNDED_LSB)
    if not binding.scale:
        finite = np.abs(values[np.isfinite(values)]).astype(np.float64)
        floor = BOUNDED_SHARE * max(float(finite.max(initial=0.0)), 1e-6)
    name = binding.name
    apart = [gaps({name: binding}, {name: values}, {name: other})[name].distance for other in references]
    return max([floor, *(2 * distance for distance in apart)])


def _threshold(binding: Binding, values: Array, limit: float) -> tuple[float, bool]:
    """Where a first output of one value decides, and whether its recorded values are far enough apart to decide."""
    if not values.ndim or values[0].size != 1 or (values.dtype.kind in "iub" and not binding.scale):
        return 0.5, True
    real = real_values(values.reshape(-1), binding)
    low, high = float(real.min()), float(real.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        return 0.5, False
    middle = 0.5 if low < 0.5 < high else (low + high) / 2
    return middle, high - low > 2 * limit * (binding.scale[0] if binding.scale else 1.0)
