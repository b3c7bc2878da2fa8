"""What an attacker serves: a repository's public files in memory, forged with the keys that the attacker holds.

``World`` starts as a sound repository of two lines and two devices. ``World.forge`` signs changed metadata again, with
the true keys of the roles that are held and with a stranger's key elsewhere, and keeps hashes and versions consistent
up to the timestamp: what is refused is refused for the attack, not for a slip. ``Device`` runs the trust core on it.
"""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Signed

from limen.deliver.agent import trust_uptane
from limen.deliver.agent.clock import Clock
from limen.deliver.agent.records import Memory
from limen.deliver.agent.trust import Identity, Keep, Known, Plan, Want, run
from limen.deliver.agent.trust_tuf import enrolled
from limen.deliver.formats import ISSUED_FIELD
from limen.deliver.repository import metadata as md
from small_repository import NOW, new_repository, small_bundle

Files = dict[str, bytes]
Edit = Callable[[Any], object]
DAY = 24 * 3600.0
WALL = NOW.timestamp()
STRANGER = CryptoSigner.generate_ed25519()
ME, OTHER = Identity("dev-1", "rpi4"), Identity("dev-2", "rpi4")
IMAGE, DIRECTOR = "image/metadata", "director/dev-1"


@dataclass
class World:
    """Public files, and every key of the repository.

    Args:
        old: the files one release earlier.
    """

    files: Files
    ring: Mapping[str, CryptoSigner]
    old: Files

    def copy(self) -> World:
        return World(dict(self.files), self.ring, self.old)

    def fetch(self, want: Want) -> bytes | None:
        return self.files.get(want.name)

    def load(self, name: str) -> Metadata[Any]:
        return Metadata[Any].from_bytes(self.files[name])

    def root(self, folder: str) -> Metadata[Root]:
        roots = folder if folder == IMAGE else "director"
        newest = max(int(n.split("/")[-1].split(".")[0]) for n in self.files if n.startswith(roots) and "root" in n)
        return self.load(f"{roots}/{newest}.root.json")

    def current(self, folder: str, role: str) -> str:
        """Name of the file that a role has now."""
        if role == "timestamp":
            return f"{folder}/timestamp.json"
        timestamp = self.load(f"{folder}/timestamp.json").signed
        snapshot = f"{folder}/{timestamp.snapshot_meta.version}.snapshot.json"
        if role == "snapshot":
            return snapshot
        return f"{folder}/{self.load(snapshot).signed.meta[f'{role}.json'].version}.{role}.json"

    def keys(self, folder: str, role: str) -> list[CryptoSigner]:
        by: Signed = self.root(folder).signed if role in md.TOP else self.load(self.current(folder, "targets")).signed
        return [self.ring[key] for key in by.get_delegated_role(role).keyids]  # type: ignore[attr-defined]

    def forge(self, folder: str, edits: Mapping[str, Edit], held: Collection[str] | None = None, bump: int = 1) -> None:
        """Change metadata and sign it, and what names it, again.

        Args:
            edits: role -> change of its ``signed`` part.
            held: roles whose keys the attacker has; None: all.
            bump: added to the versions.
        """
        snapshot = self.load(self.current(folder, "snapshot"))
        for role in [r for r in edits if r not in ("snapshot", "timestamp")]:
            changed = self.load(self.current(folder, role))
            changed.signed.version += bump
            edits[role](changed.signed)
            data = self.sign(changed, folder, role, held)
            self.files[f"{folder}/{changed.signed.version}.{role}.json"] = data
            snapshot.signed.meta[f"{role}.json"] = MetaFile.from_data(changed.signed.version, data, ["sha256"])
        timestamp = self.load(f"{folder}/timestamp.json")
        timestamp.signed.version += bump
        if set(edits) - {"timestamp"}:
            snapshot.signed.version += bump
            edits.get("snapshot", _nothing)(snapshot.signed)
            data = self.sign(snapshot, folder, "snapshot", held)
            self.files[f"{folder}/{snapshot.signed.version}.snapshot.json"] = data
            timestamp.signed.snapshot_meta = MetaFile.from_data(snapshot.signed.version, data, ["sha256"])
        edits.get("timestamp", _nothing)(timestamp.signed)
        self.files[f"{folder}/timestamp.json"] = self.sign(timestamp, folder, "timestamp", held)

    def sign(self, metadata: Metadata[Any], folder: str, role: str, held: Collection[str] | None) -> bytes:
        metadata.signatures.clear()
        for signer in self.keys(folder, role) if held is None or role in held else [STRANGER]:
            metadata.sign(signer, append=True)
        return md.encode(metadata)

    def rotate(self, folder: str, *roles: str, signers: Iterable[CryptoSigner] | None = None) -> None:
        """A new root with new keys for the roles, signed as it must be unless other signers are named."""
        root = copy.deepcopy(self.root(folder))
        own = [self.ring[key] for key in root.signed.roles["root"].keyids]
        self.ring = dict(self.ring)
        for role in roles:
            signer = CryptoSigner.generate_ed25519()
            self.ring[signer.public_key.keyid] = signer
            for key in list(root.signed.roles[role].keyids):
                root.signed.revoke_key(key, role)
            root.signed.add_key(signer.public_key, role)
        root.signed.version += 1
        root.signatures.clear()
        new = [self.ring[key] for key in root.signed.roles["root"].keyids]
        for signer in {s.public_key.keyid: s for s in (signers or [*own, *new])}.values():
            root.sign(signer, append=True)
        roots = folder if folder == IMAGE else "director"
        self.files[f"{roots}/{root.signed.version}.root.json"] = md.encode(root)


def _nothing(_signed: Any) -> None:
    return


@cache
def _sound() -> World:
    with tempfile.TemporaryDirectory() as folder:
        repository = new_repository(Path(folder) / "fleet", "kws", "vad")
        states: list[Files] = []
        for seed in (1, 2):
            bundle = small_bundle(Path(folder) / f"{seed}.limen", seed, 300)
            repository.publish(bundle, "kws")
            repository.publish(bundle, "vad", hardware=("rpi4", "rpi5"))
            for device in ("dev-1", "dev-2"):
                repository.assign(device, kws=seed, vad=seed)
            states.append(_read(repository.public))
        return World(states[1], repository.ring(), states[0])  # type: ignore[arg-type]


def _read(public: Path) -> Files:
    return {path.relative_to(public).as_posix(): path.read_bytes() for path in public.rglob("*") if path.is_file()}


def world() -> World:
    """A sound repository: lines kws and vad, two releases of each, the newest ones assigned to dev-1 and dev-2."""
    return _sound().copy()


@dataclass
class Device:
    """The trust core of one device, its memory kept in this object.

    Args:
        keeps: what was to be made durable, in order.
    """

    roots: Files
    identity: Identity = ME
    floors: dict[str, int] = field(default_factory=dict)
    bases: dict[str, set[str]] = field(default_factory=dict)
    keeps: list[Keep] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.memory = {
            "image": enrolled(self.roots["image/metadata/1.root.json"]),
            "director": enrolled(self.roots["director/1.root.json"]),
        }
        self.files: dict[str, Files] = {"image": {}, "director": {}}

    def check(self, at: World, wall: float = WALL, without: bool = False) -> Plan:
        """One look for updates. Raises Refused."""
        clock = Clock(wall, time.monotonic(), without=without)
        image, director = (Known(self.memory[name], self.files[name]) for name in ("image", "director"))
        steps = trust_uptane.check(self.identity, image, director, self.floors, self.bases, clock)
        return run(steps, at.fetch, self.keep)

    def keep(self, step: Keep) -> None:
        self.keeps.append(step)
        self.memory[step.repository] = step.memory
        self.files[step.repository] |= step.files

    def remembers(self) -> dict[str, Memory]:
        return dict(self.memory)


def issued(seconds: float) -> Edit:
    """A timestamp that says it was signed then."""
    return lambda signed: signed.unrecognized_fields.__setitem__(ISSUED_FIELD, int(seconds))
