"""Ed25519 keys: made, stored as PEM with mode 0600, named by the sha256 of the public key.

Signatures are RFC 8032's; the arithmetic is the cryptography package's. Devices without it check signatures by
``limen.bundle.ed25519``.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from limen.errors import BadInput, VerificationError

_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----(.*?)-----END PUBLIC KEY-----", re.DOTALL)
_SPKI = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of an Ed25519 SubjectPublicKeyInfo (RFC 8410)."""


@dataclass(frozen=True)
class PublicKey:
    """32 raw bytes."""

    raw: bytes

    @property
    def key_id(self) -> str:
        """sha256 of the raw bytes, hex."""
        return hashlib.sha256(self.raw).hexdigest()

    def verify(self, signature: bytes, data: bytes) -> None:
        """Check a signature.

        Raises:
            VerificationError: it was not made by this key over this data.
        """
        if not _verify(self.raw, signature, data):
            raise VerificationError(f"signature: not made by key {self.key_id[:16]} over these bytes")


@dataclass(frozen=True)
class PrivateKey:
    """32 raw bytes; never printed."""

    raw: bytes

    def __repr__(self) -> str:
        return f"PrivateKey({self.public.key_id[:16]})"

    @staticmethod
    def generate() -> PrivateKey:
        """A new key from the system's random source."""
        return PrivateKey(os.urandom(32))

    @property
    def public(self) -> PublicKey:
        from cryptography.hazmat.primitives import serialization as s
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        key = Ed25519PrivateKey.from_private_bytes(self.raw).public_key()
        return PublicKey(key.public_bytes(s.Encoding.Raw, s.PublicFormat.Raw))

    def sign(self, data: bytes) -> bytes:
        """64 bytes (RFC 8032)."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.raw).sign(data)


def load_private(path: str | Path) -> PrivateKey:
    """Read a PEM (PKCS 8) or a raw 32-byte file.

    Raises:
        BadInput: the file is missing, others may read it, or it holds no Ed25519 private key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    data = _read(Path(path), secret=True)
    if len(data) == 32:
        return PrivateKey(data)
    try:
        key = s.load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadInput(f"{path}: holds no private key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput(f"{path}: the key is not Ed25519")
    return PrivateKey(key.private_bytes(s.Encoding.Raw, s.PrivateFormat.Raw, s.NoEncryption()))


def load_public(path: str | Path) -> PublicKey:
    """Read a PEM, a raw 32-byte file, or 64 hex digits.

    Raises:
        BadInput: the file is missing or holds no Ed25519 public key.
    """
    data = _read(Path(path))
    if len(data) == 32:
        return PublicKey(data)
    if b"PRIVATE KEY" in data:
        raise BadInput(f"{path}: is a private key", f"give the public one: {path}.pub")
    try:
        text = data.decode("ascii").strip()
        if len(text) == 64:
            return PublicKey(bytes.fromhex(text))
        der = base64.b64decode("".join(_PEM.findall(text)[0].split()), validate=True)
    except (ValueError, IndexError) as error:
        raise BadInput(f"{path}: holds no public key: {error}") from error
    if der[:-32] != _SPKI:
        raise BadInput(f"{path}: the key is not Ed25519")
    return PublicKey(der[-32:])


def save_pair(key: PrivateKey, path: str | Path) -> tuple[Path, Path]:
    """Write the private key (mode 0600, never over an existing file) and ``path.pub``; return both paths.

    Raises:
        BadInput: the private file exists already or cannot be written.
    """
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private, public = Path(path), Path(f"{path}.pub")
    secret = Ed25519PrivateKey.from_private_bytes(key.raw)
    pem = secret.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    try:
        with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        public.write_bytes(secret.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo))
    except OSError as error:
        raise BadInput(f"{private}: cannot be written: {error.strerror}") from error
    return private, public


def encode(raw: bytes) -> str:
    """base64."""
    return base64.b64encode(raw).decode("ascii")


def _verify(public: bytes, signature: bytes, data: bytes) -> bool:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ModuleNotFoundError:
        from limen.bundle import ed25519

        return ed25519.verify(public, signature, data)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _read(path: Path, secret: bool = False) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(1 << 16)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    if secret and os.name == "posix" and mode & 0o077:
        raise BadInput(f"{path}: is a private key that others may read (mode {mode:04o})", f"chmod 600 {path}")
    return data
