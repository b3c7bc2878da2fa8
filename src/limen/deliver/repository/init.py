"""A new repository: two root chains (image and director), their online roles, and the keys that are not there yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from securesystemslib.signer import CryptoSigner, Key

from limen.deliver.repository import keys, roles
from limen.deliver.repository import metadata as md
from limen.deliver.repository.workspace import Settings, Workspace, create
from limen.errors import UsageError

ONLINE = ("targets", "snapshot", "timestamp")


@dataclass(frozen=True)
class Made:
    """``keys``: role -> key ids; ``files``: key files written; ``waits_for``: whose signatures the roots still lack."""

    path: Path
    keys: dict[str, tuple[str, ...]]
    files: tuple[Path, ...]
    published: bool
    waits_for: dict[str, tuple[str, ...]]


def init(
    path: Path,
    settings: Settings,
    now: datetime,
    roots: int = 1,
    threshold: int = 1,
    root_keys: Sequence[Path] = (),
    root_folder: Path | None = None,
    passphrase: bytes | None = None,
) -> Made:
    """Make a repository and sign what the keys at hand can sign.

    Args:
        roots: root keys to make where ``root_keys`` names none.
        threshold: of root: how many of its keys must sign a new root.
        root_keys: key files; a ``.pub`` file for a key whose owner signs elsewhere (``limen repo sign``).
        root_folder: where root keys are made; private/keys by default: move them away from the server.
        passphrase: for the keys that are made.

    Raises:
        UsageError: there is a repository already, or the threshold cannot be reached.
        BadInput: a key file cannot be used.
    """
    total = len(root_keys) or roots
    md.check_threshold("root", total, threshold)
    ws = create(path, settings)
    own = ws.private / "keys"
    files: list[Path] = []
    ring: dict[str, CryptoSigner] = {}

    def make(file: Path) -> Key:
        signer = keys.generate(file, passphrase)
        files.append(file)
        ring[signer.public_key.keyid] = signer
        return signer.public_key

    if root_keys:
        owners = [_owner(file, passphrase, ring) for file in root_keys]
    else:
        owners = [make((root_folder or own) / f"root-{i + 1}.pem") for i in range(roots)]
    if len({key.keyid for key in owners}) < total:
        raise UsageError("root: a key is named twice")
    held: dict[str, tuple[str, ...]] = {}
    waits: dict[str, tuple[str, ...]] = {}
    for repository in roles.REPOSITORIES:
        prefix = "" if repository == "image" else f"{repository}-"
        terms = {"root": owners, **{role: [make(own / f"{prefix}{role}.pem")] for role in ONLINE}}
        root = md.new_root(terms, {"root": threshold}, now + ws.lifetimes.of("root"))
        progress = roles.start(ws, repository, root, ring, now)
        held |= {f"{repository}/{role}": tuple(key.keyid for key in some) for role, some in terms.items()}
        if progress.waits_for:
            waits[repository] = tuple(key for ids in progress.waits_for.values() for key in ids)
    return Made(path, held, tuple(files), not waits, waits)


def open_ring(ws: Workspace, places: Sequence[Path], passphrase: bytes | None) -> dict[str, CryptoSigner]:
    """The keys kept here, and those of the files and folders named."""
    own = ws.private / "keys"
    return keys.ring([*([own] if own.is_dir() else []), *places], passphrase)


def _owner(file: Path, passphrase: bytes | None, ring: dict[str, CryptoSigner]) -> Key:
    if file.suffix == ".pub":
        return keys.load_public(file)
    signer = keys.load(file, passphrase)
    ring[signer.public_key.keyid] = signer
    return signer.public_key
