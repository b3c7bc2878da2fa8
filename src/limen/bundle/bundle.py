"""A bundle in memory: opened with every hash and signature checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from limen.bundle import manifest as m
from limen.bundle import statements as st
from limen.bundle.arrays import Array, unpack_arrays
from limen.bundle.file import Parts, digest, read_file, read_parts, write_atomically, write_parts
from limen.bundle.keys import PrivateKey, PublicKey
from limen.errors import BundleError, VerificationError
from limen.registry import suggest
from limen.steps import Chain


@dataclass(frozen=True, eq=False)
class Bundle:
    """A signed manifest of content-addressed blobs, with the statements about it.

    Args:
        manifest: the core.
        core_digest: sha256 of the core.
        blobs: digest -> bytes.
        statements: opened ones, signatures checked.
        envelopes: as stored.
    """

    manifest: m.Manifest
    core_digest: str
    blobs: Mapping[str, memoryview | bytes]
    statements: tuple[st.Statement, ...]
    envelopes: tuple[st.Envelope, ...]

    @staticmethod
    def open(source: str | Path | bytes, keys: Sequence[PublicKey] | None = None) -> Bundle:
        """Read and check.

        Args:
            source: a path (memory-mapped) or the file's bytes.
            keys: who may have signed it; None accepts any signer, and none at all.

        Raises:
            BundleError: not a bundle.
            VerificationError: bytes were changed, a signature is wrong, or none is of ``keys``.
        """
        data = source if isinstance(source, bytes) else read_file(Path(source))
        bundle = _assemble(read_parts(data))
        if keys is not None:
            bundle.require_signer(keys)
        return bundle

    def require_signer(self, keys: Sequence[PublicKey]) -> None:
        """Raise VerificationError unless the core is signed by one of the keys."""
        signer = self.signer
        if signer is None:
            raise VerificationError("bundle: is not signed", "sign it, or do not ask for a key")
        if signer not in keys:
            raise VerificationError(f"bundle: signed by key {signer.key_id[:16]}, which is not trusted here")

    @property
    def signer(self) -> PublicKey | None:
        """Who signed the core; None where nobody did."""
        return next((s.key for s in self.statements if s.kind == st.CORE and s.key is not None), None)

    def statement(self, kind: str) -> dict[str, Any] | None:
        """The body of the first statement of that kind."""
        return next((s.body for s in self.statements if s.kind == kind), None)

    def blob(self, name: str) -> bytes:
        """The bytes of a blob."""
        return bytes(self.blobs[name])

    def arrays(self, name: str) -> dict[str, Array]:
        """The arrays of a blob."""
        return unpack_arrays(self.blobs[name])

    def artifact(self, engine: str) -> m.ArtifactEntry:
        """The artifact that an engine runs.

        Raises:
            BundleError: there is none; the hint names the engines that have one.
        """
        for entry in self.manifest.artifacts:
            if engine in entry.engines:
                return entry
        raise BundleError(f"bundle: has no artifact for engine {engine!r}", suggest(engine, self.engines))

    @property
    def engines(self) -> tuple[str, ...]:
        """Engines that have an artifact, the preferred one first."""
        return tuple(dict.fromkeys(e for entry in self.manifest.artifacts for e in entry.engines))

    def chain(self, which: str) -> Chain:
        """The steps ``pre`` or ``post``; an empty chain where there are none."""
        name = getattr(self.manifest, which)
        return Chain.from_bytes(self.blob(name), BundleError) if name else Chain()

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names by index."""
        if not self.manifest.labels:
            return ()
        return tuple(self.blob(self.manifest.labels).decode("utf-8").splitlines())

    def with_statement(self, kind: str, body: Mapping[str, Any], key: PrivateKey | None) -> Bundle:
        """A copy with one more statement; an older one of the same kind is replaced."""
        envelope = st.make(kind, self.core_digest, body, key)
        kept = [e for e, s in zip(self.envelopes, self.statements, strict=True) if s.kind != kind]
        envelopes = (*kept, envelope)
        opened = tuple(st.open_envelope(e, self.core_digest) for e in envelopes)
        return replace(self, envelopes=envelopes, statements=opened)

    def signed(self, key: PrivateKey) -> Bundle:
        """A copy whose core is signed by the key."""
        return self.with_statement(st.CORE, {}, key)

    def to_bytes(self) -> bytes:
        """The file."""
        blobs = {name: bytes(blob) for name, blob in self.blobs.items()}
        return write_parts(self.manifest, blobs, self.envelopes)

    def save(self, path: str | Path) -> None:
        """Write the file atomically."""
        write_atomically(Path(path), self.to_bytes())


def _assemble(parts: Parts) -> Bundle:
    opened = tuple(st.open_envelope(e, parts.core_digest) for e in parts.statements)
    return Bundle(parts.manifest, parts.core_digest, parts.blobs, opened, parts.statements)


class Blobs:
    """Collects blobs while a manifest is written."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def add(self, data: bytes) -> str:
        """Store; return the digest."""
        name = digest(data)
        self.data.setdefault(name, data)
        return name

    def entries(self) -> tuple[m.Blob, ...]:
        return tuple(m.Blob(name, len(data)) for name, data in self.data.items())


def assemble(manifest: m.Manifest, blobs: Blobs) -> Bundle:
    """A bundle without statements from a manifest whose ``blobs`` are still to be listed."""
    import msgspec

    complete = msgspec.structs.replace(manifest, blobs=blobs.entries())
    core = m.to_bytes(complete)
    m.from_bytes(core)
    return Bundle(complete, digest(core), dict(blobs.data), (), ())
