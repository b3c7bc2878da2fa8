"""A bundle in memory: opened with every hash and signature checked.

Trust is decided here, on bytes alone: a statement must speak of this core and its signature must be right; a bundle
that does not call itself unsigned must have a signed core; once the core is signed no statement may be unsigned; and
where the caller names keys, the core and every statement must be signed by one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

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
        blobs: digest -> bytes; views of the mapped file where it was opened from a path.
        statements: opened ones, signatures checked.
        envelopes: as stored.
        pinned: the signers were required to be among keys that the caller trusts.
    """

    manifest: m.Manifest
    core_digest: str
    blobs: Mapping[str, memoryview | bytes]
    statements: tuple[st.Statement, ...]
    envelopes: tuple[st.Envelope, ...]
    pinned: bool = False

    @staticmethod
    def open(source: str | Path | bytes, keys: Sequence[PublicKey] | None = None) -> Bundle:
        """Read and check.

        Args:
            source: a path (memory-mapped) or the file's bytes.
            keys: who may have signed it; None accepts any signer, and none at all.

        Raises:
            BundleError: not a bundle.
            VerificationError: bytes were changed, a signature is wrong or missing, or none is of ``keys``.
        """
        if isinstance(source, bytes):
            return Bundle._opened(read_parts(source), keys)
        try:
            return Bundle._opened(read_parts(read_file(Path(source))), keys)
        except (BundleError, VerificationError) as error:
            if not error.message.startswith(str(source)):
                raise type(error)(f"{source}: {error.message}", error.hint) from error
            raise

    @staticmethod
    def _opened(parts: Parts, keys: Sequence[PublicKey] | None) -> Bundle:
        opened = tuple(st.open_envelope(e, parts.core_digest) for e in parts.statements)
        bundle = Bundle(parts.manifest, parts.core_digest, parts.blobs, opened, parts.statements)
        bundle._require_whole(parts.unsigned)
        return bundle if keys is None else bundle.require_signer(keys)

    def _require_whole(self, unsigned: bool) -> None:
        kinds = [s.kind for s in self.statements]
        if len(set(kinds)) != len(kinds):
            raise VerificationError("bundle: two statements are of one kind")
        if unsigned != (self.signer is None):
            said, found = ("unsigned", "a") if unsigned else ("signed", "no")
            raise VerificationError(f"bundle: says it is {said} and has {found} signature")
        loose = [s.kind for s in self.statements if s.key is None]
        if loose and not unsigned:
            raise VerificationError(f"bundle: its core is signed, its statement {loose[0]!r} is not")

    def require_signer(self, keys: Sequence[PublicKey]) -> Bundle:
        """A copy marked as pinned, if the core and every statement are signed by one of the keys.

        Raises:
            VerificationError: nobody signed, or somebody else did.
        """
        if self.signer is None:
            raise VerificationError("bundle: is not signed", "sign it, or do not ask for a key")
        for statement in self.statements:
            if statement.key not in keys:
                who = "nobody" if statement.key is None else f"key {statement.key.key_id[:16]}"
                raise VerificationError(f"bundle: {statement.kind} is signed by {who}, which is not trusted here")
        return replace(self, pinned=True)

    @property
    def signer(self) -> PublicKey | None:
        """Who signed the core; None where nobody did."""
        return next((s.key for s in self.statements if s.kind == st.CORE and s.key is not None), None)

    @property
    def trust(self) -> str:
        """What the signature is worth, in words."""
        if self.signer is None:
            return "unsigned"
        return "signature valid, key pinned" if self.pinned else "signature valid, key not pinned"

    def statement(self, kind: str) -> dict[str, Any] | None:
        """The body of the statement of that kind."""
        return next((s.body for s in self.statements if s.kind == kind), None)

    def blob(self, name: str) -> bytes:
        """A copy of the bytes of a blob.

        Raises:
            BundleError: there is no such blob.
        """
        return bytes(self.view(name))

    def view(self, name: str) -> memoryview:
        """The bytes of a blob without a copy.

        Raises:
            BundleError: there is no such blob.
        """
        if name not in self.blobs:
            raise BundleError(f"bundle: has no blob {name[:12]}")
        return memoryview(self.blobs[name])

    def arrays(self, name: str) -> dict[str, Array]:
        """The arrays of a blob."""
        return unpack_arrays(self.view(name))

    @property
    def artifacts(self) -> tuple[m.ArtifactEntry, ...]:
        """The preferred one first."""
        return self.manifest.artifacts

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
        """Class names by index.

        Raises:
            BundleError: they are not UTF-8.
        """
        if not self.manifest.labels:
            return ()
        try:
            return tuple(self.blob(self.manifest.labels).decode("utf-8").split("\n"))
        except UnicodeDecodeError as error:
            raise BundleError(f"labels: cannot be read: {error}") from error

    def describe(self) -> dict[str, Any]:
        """What the bundle holds, as JSON values: for ``limen inspect``."""
        manifest = self.manifest
        return {
            "name": manifest.name,
            "device": manifest.device,
            "recipe": manifest.recipe,
            "core_digest": self.core_digest,
            "signature": self.trust,
            "key_id": None if self.signer is None else self.signer.key_id,
            "bytes": sum(blob.size for blob in manifest.blobs),
            "inputs": [msgspec.to_builtins(port) for port in manifest.inputs],
            "outputs": [msgspec.to_builtins(port) for port in manifest.outputs],
            "artifacts": [self._describe_artifact(entry) for entry in manifest.artifacts],
            "golden": [
                {"artifact": g.artifact, "engine": g.engine, "class": g.exactness, "samples": g.samples}
                for g in manifest.golden
            ],
            "pre": self.chain("pre").spec(),
            "post": self.chain("post").spec(),
            "labels": list(self.labels),
            "statements": [s.kind for s in self.statements],
        }

    def _describe_artifact(self, entry: m.ArtifactEntry) -> dict[str, Any]:
        described: dict[str, Any] = msgspec.to_builtins(entry)
        described["bytes"] = sum(len(self.view(name)) for name in (entry.blob, *entry.files.values()))
        return described

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
        """The file; without a signature on the core it says of itself that it is unsigned.

        Raises:
            VerificationError: the core is signed and a statement is not.
        """
        self._require_whole(unsigned=self.signer is None)
        return write_parts(self.manifest, self.blobs, self.envelopes, unsigned=self.signer is None)

    def save(self, path: str | Path) -> None:
        """Write the file atomically."""
        write_atomically(Path(path), self.to_bytes())


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
        """In the order they came."""
        return tuple(m.Blob(name, len(data)) for name, data in self.data.items())


def assemble(manifest: m.Manifest, blobs: Blobs) -> Bundle:
    """A bundle without statements from a manifest whose ``blobs`` are still to be listed.

    Raises:
        BundleError: the manifest breaks one of its rules.
    """
    core = m.to_bytes(msgspec.structs.replace(manifest, blobs=blobs.entries()))
    return Bundle(m.from_bytes(core), digest(core), dict(blobs.data), (), ())
