"""The manifest: what a bundle holds, by content. Schema 1, strict: an unknown or missing field is refused.

Its canonical JSON bytes are hashed into ``core_digest``. Every blob is named by its sha256; blobs stand in the file in
the manifest's order, so offsets follow from sizes and are not stored. Whatever varies from one build of the same
contents to the next (figures, times, versions of tools) belongs into a statement, not here.

All counts, sizes and texts are bounded, so that reading a hostile manifest allocates no more than its own bytes do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from limen.errors import BundleError

SCHEMA = 1
MAX_BLOBS = 1 << 16
MAX_BYTES = 1 << 40

Exactness = Literal["exact", "bounded"]
DType = Literal["float32", "float16", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "bool", "float64"]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Reference = Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]
"""A blob's digest, or empty where there is none."""
Name = Annotated[str, Meta(max_length=1024)]
FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+\-]{0,254}$")]
"""A plain file name: it can be written into a folder and cannot leave it."""
Bytes = Annotated[int, Meta(ge=0, le=MAX_BYTES)]
Shape = Annotated[tuple[Annotated[int, Meta(ge=0, le=1 << 31)], ...], Meta(max_length=8)]
Count = Annotated[int, Meta(ge=1, le=1 << 20)]

CODES = {
    "int8": (-128, 127),
    "uint8": (0, 255),
    "int16": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1),
}
"""Types that a quantised tensor may have, with their smallest and largest code."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the manifest's records."""


class Blob(Record, frozen=True, forbid_unknown_fields=True):
    """sha256 (hex) and size in bytes."""

    digest: Digest
    size: Bytes


class Port(Record, frozen=True, forbid_unknown_fields=True):
    """One input or output of the source model: the bundle's interface."""

    name: Name
    shape: Shape
    dtype: DType


class Binding(Record, frozen=True, forbid_unknown_fields=True):
    """A port bound to a tensor of one artifact.

    ``tensor = numpy.transpose(source, permutation)``; real = scale * (code - zero_point). Scale and zero point have one
    value, or none where the tensor is not quantised.
    """

    name: Name
    tensor: Name
    shape: Shape
    dtype: DType
    source_dtype: DType
    scale: Annotated[tuple[Annotated[float, Meta(ge=2.0**-126, lt=2.0**128)], ...], Meta(max_length=1)] = ()
    zero_point: Annotated[tuple[Annotated[int, Meta(ge=-(1 << 31), lt=1 << 31)], ...], Meta(max_length=1)] = ()
    permutation: Annotated[tuple[Annotated[int, Meta(ge=0, le=7)], ...], Meta(max_length=8)] | None = None

    def source_shape(self) -> tuple[int, ...]:
        """The source model's shape of this port."""
        if self.permutation is None:
            return self.shape
        shape = [0] * len(self.shape)
        for place, axis in enumerate(self.permutation):
            shape[axis] = self.shape[place]
        return tuple(shape)


class StateEntry(Record, frozen=True, forbid_unknown_fields=True):
    """A state that the Session threads from an output to an input (engines without variables).

    ``initial`` is a blob of arrays with one array, named like the input.
    """

    input: Name
    output: Name
    initial: Digest


class ArtifactEntry(Record, frozen=True, forbid_unknown_fields=True):
    """One artifact: what it is, which blob, who runs it, how it binds.

    Args:
        kind: ``tflite``, ``onnx``, ``program``, ``c`` ...
        file: the name it has as a file.
        blob: its bytes.
        engines: who runs it, the preferred one first; empty for one that no engine opens (C sources).
        inputs, outputs: one binding per port of the interface.
        states: those that the Session threads.
        stateful: it remembers from run to run, wherever the states are kept.
        ram, flash: bytes, as the target planned them.
        files: further files, name -> blob.
    """

    kind: Name
    file: FileName
    blob: Digest
    engines: Annotated[tuple[Name, ...], Meta(max_length=32)]
    inputs: Annotated[tuple[Binding, ...], Meta(max_length=4096)]
    outputs: Annotated[tuple[Binding, ...], Meta(max_length=4096)]
    states: Annotated[tuple[StateEntry, ...], Meta(max_length=4096)] = ()
    stateful: bool = False
    ram: Bytes | None = None
    flash: Bytes = 0
    files: Annotated[dict[FileName, Digest], Meta(max_length=4096)] = {}


class GoldenEntry(Record, frozen=True, forbid_unknown_fields=True):
    """Inputs and outputs recorded at build by one engine on one artifact.

    Args:
        artifact: its kind.
        engine: who recorded.
        exactness: ``exact`` must match to the code.
        samples: runs, from the initial states on.
        inputs, outputs: blobs of arrays by port name, [samples, ...]; outputs as codes.
        tolerance: largest deviation accepted of any output: in codes for integers, in real units for floats.
        agreement: smallest share of samples whose decision must stay.
        limits: one tolerance per output, in the outputs' order; empty: ``tolerance`` holds for all.
        threshold: a first output of one value per sample decides by being above it.
        exact: recorded with the engine's reference kernels.
        by: version of the engine that recorded.
    """

    artifact: Name
    engine: Name
    exactness: Exactness
    samples: Count
    inputs: Digest
    outputs: Digest
    tolerance: Annotated[float, Meta(ge=0)]
    agreement: Annotated[float, Meta(ge=0, le=1)]
    limits: Annotated[tuple[Annotated[float, Meta(ge=0)], ...], Meta(max_length=4096)] = ()
    threshold: float = 0.5
    exact: bool = False
    by: Name = ""


class Manifest(Record, frozen=True, forbid_unknown_fields=True):
    """The core of a bundle.

    Args:
        schema: 1.
        name, device, recipe: for people and for the updater.
        inputs, outputs: the source model's.
        artifacts: the preferred one first.
        golden: recorded results.
        blobs: every blob, in the file's order.
        pre, post, labels: blobs, or empty.
        source_sha256: of the model file that this was built from.
        stateful: some artifact is.
    """

    schema: int
    name: Name
    device: Name
    recipe: Name
    inputs: Annotated[tuple[Port, ...], Meta(max_length=4096)]
    outputs: Annotated[tuple[Port, ...], Meta(max_length=4096)]
    artifacts: Annotated[tuple[ArtifactEntry, ...], Meta(max_length=256)]
    golden: Annotated[tuple[GoldenEntry, ...], Meta(max_length=1024)]
    blobs: Annotated[tuple[Blob, ...], Meta(max_length=MAX_BLOBS)]
    pre: Reference = ""
    post: Reference = ""
    labels: Reference = ""
    source_sha256: Reference = ""
    stateful: bool = False


def to_bytes(manifest: Manifest) -> bytes:
    """Canonical JSON: sorted keys, no spaces."""
    return msgspec.json.encode(manifest, order="sorted")


def with_golden(manifest: Manifest, golden: tuple[GoldenEntry, ...]) -> Manifest:
    """A copy with these golden vectors, whose blobs are still to be listed."""
    return msgspec.structs.replace(manifest, golden=golden, blobs=())


def from_bytes(data: bytes | memoryview) -> Manifest:
    """Read, and check what the schema cannot say.

    Raises:
        BundleError: not JSON, another schema, a field unknown, missing, of the wrong kind or out of bounds, a blob not
            listed or listed in vain, a binding that contradicts the interface.
    """
    try:
        _check_schema(msgspec.json.decode(data, type=_Versioned).schema)
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"manifest: {error}") from error
    _check_blobs(manifest)
    _unique("input", (p.name for p in manifest.inputs))
    _unique("output", (p.name for p in manifest.outputs))
    for artifact in manifest.artifacts:
        _check_artifact(manifest, artifact)
    for golden in manifest.golden:
        _check_golden(manifest, golden)
    return manifest


class _Versioned(msgspec.Struct):
    """The one field that every schema has."""

    schema: int


def _check_schema(schema: int) -> None:
    if schema != SCHEMA:
        raise BundleError(f"manifest: schema {schema} is not known", f"this limen reads {SCHEMA}; update it")


def _check_blobs(manifest: Manifest) -> None:
    _unique("blob", (blob.digest for blob in manifest.blobs))
    listed, used = {blob.digest for blob in manifest.blobs}, _references(manifest)
    if used - listed:
        raise BundleError(f"manifest: blob {min(used - listed)[:12]} is used and not listed")
    if listed - used:
        raise BundleError(f"manifest: blob {min(listed - used)[:12]} is listed and not used")


def _references(manifest: Manifest) -> set[str]:
    used = {manifest.pre, manifest.post, manifest.labels}
    for artifact in manifest.artifacts:
        used.add(artifact.blob)
        used.update(artifact.files.values())
        used.update(state.initial for state in artifact.states)
    for golden in manifest.golden:
        used.update((golden.inputs, golden.outputs))
    return used - {""}


def _check_artifact(manifest: Manifest, artifact: ArtifactEntry) -> None:
    where = f"manifest: artifact {artifact.kind}"
    for kind, ports, bindings in (
        ("input", manifest.inputs, artifact.inputs),
        ("output", manifest.outputs, artifact.outputs),
    ):
        shapes = {port.name: port.shape for port in ports}
        _unique(f"artifact {artifact.kind}: {kind}", (b.name for b in bindings))
        if {b.name for b in bindings} != set(shapes):
            raise BundleError(f"{where}: its {kind}s are not those of the interface")
        for binding in bindings:
            _check_binding(f"{where}: {kind} {binding.name!r}", binding)
            if binding.source_shape() != shapes[binding.name]:
                raise BundleError(
                    f"{where}: {kind} {binding.name!r} is {list(binding.source_shape())}, "
                    f"the interface says {list(shapes[binding.name])}"
                )
    _unique(f"artifact {artifact.kind}: input tensor", (b.tensor for b in artifact.inputs))
    _unique(f"artifact {artifact.kind}: state", (s.input for s in artifact.states))
    if artifact.file in artifact.files:
        raise BundleError(f"{where}: file {artifact.file} is listed twice")


def _check_binding(where: str, binding: Binding) -> None:
    axes = binding.permutation
    if axes is not None and sorted(axes) != list(range(len(binding.shape))):
        raise BundleError(f"{where}: permutation {list(axes)} does not fit shape {list(binding.shape)}")
    if len(binding.scale) != len(binding.zero_point):
        raise BundleError(f"{where}: {len(binding.scale)} scales and {len(binding.zero_point)} zero points")
    if not binding.scale:
        return
    if binding.dtype not in CODES:
        raise BundleError(f"{where}: {binding.dtype} cannot be quantised")
    low, high = CODES[binding.dtype]
    if not low <= binding.zero_point[0] <= high:
        raise BundleError(f"{where}: zero point {binding.zero_point[0]} is no code of {binding.dtype}")


def _check_golden(manifest: Manifest, golden: GoldenEntry) -> None:
    artifact = next((a for a in manifest.artifacts if a.kind == golden.artifact), None)
    if artifact is None or golden.engine not in artifact.engines:
        raise BundleError(f"manifest: golden vectors of {golden.artifact} on {golden.engine}, which is not listed")
    if golden.limits and len(golden.limits) != len(manifest.outputs):
        raise BundleError(f"manifest: {len(golden.limits)} tolerances for {len(manifest.outputs)} outputs")


def _unique(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BundleError(f"manifest: {what} {name!r} is listed twice")
        seen.add(name)
