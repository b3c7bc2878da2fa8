"""Golden vectors at build: each engine runs its own artifact on the same inputs, and its results are kept."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from limen.bundle import Blobs, Bundle, GoldenEntry, assemble, pack_arrays
from limen.engines import ENGINES, Session
from limen.engines.golden import record
from limen.program import Array

# An engine's other version or another processor may round otherwise: codes for integer outputs, and a share of the
# largest magnitude for float outputs.
BOUNDED_LSB = 8
BOUNDED_SHARE = 0.02
BOUNDED_AGREEMENT = 0.75


def with_golden(bundle: Bundle, feeds: Mapping[str, Array]) -> tuple[Bundle, tuple[str, ...]]:
    """A copy of an unsigned bundle with golden vectors of every engine installed here; and the engines that are not.

    Args:
        bundle: without statements.
        feeds: input name -> samples; for stateful models, consecutive runs.
    """
    blobs = Blobs()
    for blob in bundle.manifest.blobs:
        blobs.add(bundle.blob(blob.digest))
    inputs = blobs.add(pack_arrays(dict(feeds)))
    count = max((len(v) for v in feeds.values() if v.ndim), default=1)
    entries, absent = [], []
    for artifact in bundle.manifest.artifacts:
        for engine in artifact.engines:
            if ENGINES.get(engine).version() is None:
                absent.append(engine)
                continue
            with Session(bundle, engine) as session:
                outputs = record(session, feeds)
            entries.append(_entry(artifact.kind, engine, count, inputs, outputs, blobs))
    manifest = msgspec.structs.replace(bundle.manifest, golden=tuple(entries), blobs=())
    return assemble(manifest, blobs), tuple(absent)


def _entry(kind: str, engine: str, count: int, inputs: str, outputs: Mapping[str, Array], blobs: Blobs) -> GoldenEntry:
    integer = all(v.dtype.kind in "iub" for v in outputs.values())
    exact = integer and engine == "reference"
    if integer:
        tolerance = 0.0 if exact else float(BOUNDED_LSB)
    else:
        largest = max((float(abs(v).max()) for v in outputs.values() if v.size), default=0.0)
        tolerance = BOUNDED_SHARE * max(largest, 1e-6)
    return GoldenEntry(
        artifact=kind,
        engine=engine,
        exactness="exact" if exact else "bounded",
        samples=count,
        inputs=inputs,
        outputs=blobs.add(pack_arrays(dict(outputs))),
        tolerance=tolerance,
        agreement=1.0 if exact else BOUNDED_AGREEMENT,
    )
