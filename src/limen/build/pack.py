"""Artifacts, steps and labels -> an unsigned bundle; the one place that writes manifests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from limen.bundle import ArtifactEntry, Blobs, Bundle, Manifest, Port, StateEntry, assemble, pack_arrays
from limen.bundle import Binding as BundleBinding
from limen.bundle.manifest import SCHEMA
from limen.program import Array
from limen.steps import Chain
from limen.targets import Artifact, Binding

if TYPE_CHECKING:
    from limen.model import Model


@dataclass(frozen=True, eq=False)
class Part:
    """One artifact for some engines, with the states that its engine does not keep itself."""

    artifact: Artifact
    kind: str
    engines: tuple[str, ...]
    states: tuple[tuple[str, str, Array], ...] = ()
    stateful: bool = False


@dataclass(frozen=True)
class Around:
    """What stands around the model."""

    pre: Chain = field(default_factory=Chain)
    post: Chain = field(default_factory=Chain)
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """Names in the manifest."""

    name: str
    device: str
    recipe: str
    source_sha256: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


def pack(parts: Sequence[Part], facts: Facts, around: Around | None = None) -> Bundle:
    """The bundle; its golden vectors are added by ``limen.engines.record_golden``."""
    around = around or Around()
    blobs = Blobs()
    entries = tuple(_entry(part, blobs) for part in parts)
    first = parts[0].artifact
    manifest = Manifest(
        schema=SCHEMA,
        name=facts.name,
        device=facts.device,
        recipe=facts.recipe,
        inputs=tuple(_port(b) for b in first.inputs),
        outputs=tuple(_port(b) for b in first.outputs),
        artifacts=entries,
        golden=(),
        blobs=(),
        pre=blobs.add(around.pre.to_bytes()) if around.pre.steps else "",
        post=blobs.add(around.post.to_bytes()) if around.post.steps else "",
        labels=blobs.add("\n".join(around.labels).encode()) if around.labels else "",
        source_sha256=facts.source_sha256,
        stateful=any(p.stateful for p in parts),
    )
    return assemble(manifest, blobs)


def model_states(model: Model | None) -> tuple[tuple[str, str, Array], ...]:
    """(input, output, initial value) of a Model's states."""
    if model is None:
        return ()
    return tuple((p.input, p.output, p.initial) for p in model.states if p.initial is not None)


def _entry(part: Part, blobs: Blobs) -> ArtifactEntry:
    artifact = part.artifact
    file, content = next(iter(artifact.files.items()))
    states = tuple(
        StateEntry(given, result, blobs.add(pack_arrays({given: value}))) for given, result, value in part.states
    )
    return ArtifactEntry(
        kind=part.kind,
        file=file,
        blob=blobs.add(content),
        engines=part.engines,
        inputs=tuple(_binding(b) for b in artifact.inputs),
        outputs=tuple(_binding(b) for b in artifact.outputs),
        states=states,
        stateful=part.stateful,
        ram=artifact.ram,
        flash=artifact.flash,
    )


def _binding(b: Binding) -> BundleBinding:
    return BundleBinding(b.name, b.tensor, b.shape, b.dtype, b.source_dtype, b.scale, b.zero_point, b.permutation)


def _port(b: Binding) -> Port:
    return Port(b.name, _binding(b).source_shape(), b.source_dtype)
