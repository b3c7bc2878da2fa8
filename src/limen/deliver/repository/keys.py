"""Ed25519 keys of the repository: PEM files (PKCS 8, mode 0600, passphrase optional), and rings of signers.

A key is named by TUF's key id (sha256 of its canonical JSON form), as python-tuf computes it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.signer import CryptoSigner, Key, SSlibKey

from limen.errors import BadInput, UsageError

Ring = Mapping[str, CryptoSigner]
"""Key id -> who signs with it."""

__all__ = ["Key", "Ring", "generate", "load", "load_private", "load_public", "pick", "public_path", "ring"]

MAX_KEY_FILE = 1 << 16
SUFFIX = ".pem"


def generate(path: Path, passphrase: bytes | None = None) -> CryptoSigner:
    """Make a key; write it (mode 0600, never over an existing file) and its public half beside it (``.pub``).

    Raises:
        BadInput: the file exists or cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    lock = s.BestAvailableEncryption(passphrase) if passphrase else s.NoEncryption()
    secret = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, lock)
    public = key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secret)
        public_path(path).write_bytes(public)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror}") from error
    return CryptoSigner(key)


def public_path(path: Path) -> Path:
    """Where the public half of a key file is."""
    return Path(f"{path}.pub")


def load(path: Path, passphrase: bytes | None = None) -> CryptoSigner:
    """Read a private key as a signer.

    Raises:
        BadInput: see ``load_private``.
    """
    return CryptoSigner(load_private(path, passphrase))


def load_private(path: Path, passphrase: bytes | None = None) -> Ed25519PrivateKey:
    """Read a private key.

    Raises:
        BadInput: it cannot be read, others may read it, the passphrase is wrong, or it is no Ed25519 key.
    """
    data = _read(path, secret=True)
    try:
        key = s.load_pem_private_key(data, passphrase if b"ENCRYPTED" in data else None)
    except TypeError as error:
        raise BadInput(f"{path}: needs a passphrase", "--passphrase-file FILE, or LIMEN_PASSPHRASE") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadInput(f"{path}: no private key, or another passphrase: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput(f"{path}: the key is not Ed25519")
    return key


def load_public(path: Path) -> SSlibKey:
    """Read a public key (PEM).

    Raises:
        BadInput: it cannot be read, or holds no Ed25519 public key.
    """
    data = _read(path)
    if b"PRIVATE KEY" in data:
        raise BadInput(f"{path}: is a private key", f"give the public one: {public_path(path)}")
    try:
        key = s.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadInput(f"{path}: holds no public key: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BadInput(f"{path}: the key is not Ed25519")
    return SSlibKey.from_crypto(key)


def ring(places: Iterable[Path], passphrase: bytes | None = None) -> dict[str, CryptoSigner]:
    """Signers of all key files named, and of all ``*.pem`` files of the folders named.

    Raises:
        BadInput: a file named cannot be used.
    """
    files: list[Path] = []
    for place in places:
        files.extend(sorted(place.glob(f"*{SUFFIX}")) if place.is_dir() else [place])
    signers = (load(file, passphrase) for file in files)
    return {signer.public_key.keyid: signer for signer in signers}


def pick(available: Ring, key_ids: Iterable[str], threshold: int, role: str) -> list[CryptoSigner]:
    """All signers at hand whose key the role names.

    Raises:
        UsageError: fewer than the threshold.
    """
    wanted = list(key_ids)
    found = [available[key] for key in wanted if key in available]
    if len(found) < threshold:
        missing = " ".join(key[:12] for key in wanted if key not in available)
        raise UsageError(f"{role}: {len(found)} of {threshold} keys are at hand; not here: {missing}", "--keys PATH")
    return found


def _read(path: Path, secret: bool = False) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(MAX_KEY_FILE)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    if secret and os.name == "posix" and mode & 0o077:
        raise BadInput(f"{path}: is a private key that others may read (mode {mode:04o})", f"chmod 600 {path}")
    return data
