"""An OCI image layout in a tar file, made without a container engine.

Its index lists one or two manifests: the bundle as a ModelPack artifact (github.com/modelpack/model-spec) and, where
the model compiles for Linux, an image whose only content is the static program and the bundle. Any OCI tool takes the
file (``skopeo copy oci-archive:FILE ...``, ``podman load``, ``oras cp --from-oci-layout``). Specification:
opencontainers/image-spec 1.1 (image-layout, image-index, manifest, config). Deterministic.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

from limen.bundle import Bundle

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE_CONFIG, IMAGE_LAYER = "application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar"
MODEL = "application/vnd.cncf.model.manifest.v1+json"
MODEL_CONFIG, WEIGHTS = "application/vnd.cncf.model.config.v1+json", "application/vnd.cncf.model.weight.v1.raw"
FILE_PATH, FILE_META = "org.cncf.model.filepath", "org.cncf.model.file.metadata+json"
PLATFORMS: Mapping[str, Mapping[str, str]] = {
    "x86-64": {"architecture": "amd64", "os": "linux"},
    "aarch64": {"architecture": "arm64", "os": "linux", "variant": "v8"},
    "armv7": {"architecture": "arm", "os": "linux", "variant": "v7"},
    "riscv64": {"architecture": "riscv64", "os": "linux"},
}
PROGRAM = "model"

Json = dict[str, Any]


def layout(
    bundle: Bundle, data: bytes, name: str, program: bytes | None = None, platform: Mapping[str, str] | None = None
) -> bytes:
    """The tar file.

    Args:
        bundle, data: opened, and its bytes.
        program: a static executable, for an image beside the artifact.
        platform: of the program: ``architecture``, ``os``, ``variant``.
    """
    blobs: dict[str, bytes] = {}
    manifests = [_artifact(blobs, bundle, data, name)]
    if program is not None and platform is not None:
        manifests.append(_image(blobs, data, name, program, platform))
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
    files = {"oci-layout": _json({"imageLayoutVersion": "1.0.0"}), "index.json": _json(index)}
    return _tar({**files, **{f"blobs/sha256/{digest}": content for digest, content in blobs.items()}})


def _artifact(blobs: dict[str, bytes], bundle: Bundle, data: bytes, name: str) -> Json:
    weights = _add(blobs, data, WEIGHTS)
    meta = {"name": f"{name}.limen", "mode": 0o644, "uid": 0, "gid": 0, "size": len(data), "typeflag": 48}
    annotations = {FILE_PATH: f"{name}.limen", FILE_META: _json({**meta, "mtime": "1970-01-01T00:00:00Z"}).decode()}
    config = {
        "descriptor": {
            "name": bundle.manifest.name or name,
            "description": f"{bundle.manifest.recipe} for {bundle.manifest.device}",
            "revision": bundle.core_digest,
        },
        "config": {"format": "limen", "precision": _precision(bundle)},
        "modelfs": {"type": "layers", "diffIds": [weights["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": MODEL,
        "config": _add(blobs, _json(config), MODEL_CONFIG),
        "layers": [{**weights, "annotations": annotations}],
        "annotations": {"org.opencontainers.image.title": name},
    }
    made = _add(blobs, _json(manifest), MANIFEST)
    return {**made, "artifactType": MODEL, "annotations": {"org.opencontainers.image.ref.name": name}}


def _image(blobs: dict[str, bytes], data: bytes, name: str, program: bytes, platform: Mapping[str, str]) -> Json:
    layer = _add(blobs, _tar({PROGRAM: program, f"{name}.limen": data}, executable=(PROGRAM,)), IMAGE_LAYER)
    config = {
        **platform,
        "config": {"Entrypoint": [f"/{PROGRAM}"], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _add(blobs, _json(config), IMAGE_CONFIG),
        "layers": [layer],
    }
    made = _add(blobs, _json(manifest), MANIFEST)
    return {**made, "platform": dict(platform), "annotations": {"org.opencontainers.image.ref.name": f"{name}-program"}}


def _precision(bundle: Bundle) -> str:
    kinds = {binding.dtype for artifact in bundle.artifacts for binding in artifact.inputs}
    return ",".join(sorted(kinds))


def _add(blobs: dict[str, bytes], content: bytes, media_type: str) -> Json:
    """Keep a blob; its descriptor."""
    digest = hashlib.sha256(content).hexdigest()
    blobs[digest] = content
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


def _json(value: Json) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _tar(files: Mapping[str, bytes], executable: tuple[str, ...] = ()) -> bytes:
    """One owner, one date, sorted names: the same content gives the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(files[path]), 0o755 if path in executable else 0o644
            archive.addfile(entry, io.BytesIO(files[path]))
    return buffer.getvalue()
