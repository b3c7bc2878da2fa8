"""The bundle: the only thing the build half and the device half share."""

from limen.bundle.arrays import pack_arrays, unpack_arrays
from limen.bundle.bundle import Blobs, Bundle, assemble
from limen.bundle.file import digest
from limen.bundle.keys import PrivateKey, PublicKey, load_private, load_public, save_pair
from limen.bundle.manifest import ArtifactEntry, Binding, GoldenEntry, Manifest, Port, StateEntry, with_golden
from limen.bundle.statements import CORE, PROVENANCE, REPORT

__all__ = [
    "CORE",
    "PROVENANCE",
    "REPORT",
    "ArtifactEntry",
    "Binding",
    "Blobs",
    "Bundle",
    "GoldenEntry",
    "Manifest",
    "Port",
    "PrivateKey",
    "PublicKey",
    "StateEntry",
    "assemble",
    "digest",
    "load_private",
    "load_public",
    "pack_arrays",
    "save_pair",
    "unpack_arrays",
    "with_golden",
]
