"""The manifest: what a bundle holds, by content. Schema 1, strict: an unknown or missing field is refused.

Its canonical JSON bytes are hashed into ``core_digest``. Every blob is named by its sha256; blobs stand in the file in
the manifest's order, so offsets follow from sizes and are not stored.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from limen.errors import BundleError

SCHEMA = 1
Exactness = Literal["exact", "bounded"]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the manifest's records."""


class Blob(Record, frozen=True, forbid_unknown_fields=True):
    """sha256 (hex) and size in bytes."""

    digest: str
    size: int


class Port(Record, frozen=True, forbid_unknown_fields=True):
    """One input or output of the source model: the bundle's interface."""

    name: str
    shape: tuple[int, ...]
    dtype: str


class Binding(Record, frozen=True, forbid_unknown_fields=True):
    """A port bound to a tensor of one artifact.

    ``tensor = numpy.transpose(source, permutation)``; real = scale * (code - zero_point).
    """

    name: str
    tensor: str
    shape: tuple[int, ...]
    dtype: str
    source_dtype: str
    scale: tuple[float, ...] = ()
    zero_point: tuple[int, ...] = ()
    permutation: tuple[int, ...] | None = None

    def source_shape(self) -> tuple[int, ...]:
        """The source model's shape of this port."""
        if self.permutation is None:
            return self.shape
        shape = [0] * len(self.shape)
        for place, axis in enumerate(self.permutation):
            shape[axis] = self.shape[place]
        return tuple(shape)


class StateEntry(Record, frozen=True, forbid_unknown_fields=True):
    """A state that the Session threads from an output to an input (engines without variables)."""

    input: str
    output: str
    initial: str


class ArtifactEntry(Record, frozen=True, forbid_unknown_fields=True):
    """One artifact: what it is, which blob, who runs it, how it binds."""

    kind: str
    file: str
    blob: str
    engines: tuple[str, ...]
    inputs: tuple[Binding, ...]
    outputs: tuple[Binding, ...]
    states: tuple[StateEntry, ...] = ()
    stateful: bool = False
    ram: int | None = None
    flash: int = 0


class GoldenEntry(Record, frozen=True, forbid_unknown_fields=True):
    """Inputs and outputs recorded at build by one engine on one artifact.

    ``tolerance`` is the largest deviation accepted: in codes for integer outputs, in real units for float outputs;
    ``agreement`` the smallest share of samples whose class must stay.
    """

    artifact: str
    engine: str
    exactness: Exactness
    samples: int
    inputs: str
    outputs: str
    tolerance: float
    agreement: float


class Manifest(Record, frozen=True, forbid_unknown_fields=True):
    """The core of a bundle."""

    schema: int
    name: str
    device: str
    recipe: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    artifacts: tuple[ArtifactEntry, ...]
    golden: tuple[GoldenEntry, ...]
    blobs: tuple[Blob, ...]
    pre: str = ""
    post: str = ""
    labels: str = ""
    source_sha256: str = ""
    stateful: bool = False


def to_bytes(manifest: Manifest) -> bytes:
    """Canonical JSON: sorted keys, no spaces."""
    return msgspec.json.encode(manifest, order="sorted")


def from_bytes(data: bytes) -> Manifest:
    """Read, and check what the schema cannot say.

    Raises:
        BundleError: not JSON, another schema, a field unknown, missing or of the wrong kind, a blob not listed.
    """
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"manifest: {error}") from error
    if manifest.schema != SCHEMA:
        raise BundleError(f"manifest: schema {manifest.schema} is not known", f"this limen reads {SCHEMA}; update it")
    listed = {blob.digest for blob in manifest.blobs}
    if len(listed) != len(manifest.blobs) or any(blob.size < 0 for blob in manifest.blobs):
        raise BundleError("manifest: a blob is listed twice or has a negative size")
    missing = sorted(_references(manifest) - listed)
    if missing:
        raise BundleError(f"manifest: blob {missing[0][:12]} is used and not listed")
    return manifest


def _references(manifest: Manifest) -> set[str]:
    used = {manifest.pre, manifest.post, manifest.labels}
    for artifact in manifest.artifacts:
        used.add(artifact.blob)
        used.update(state.initial for state in artifact.states)
    for golden in manifest.golden:
        used.update((golden.inputs, golden.outputs))
    return used - {""}
