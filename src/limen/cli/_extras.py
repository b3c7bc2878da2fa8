"""Which extra brings which package: read by ``doctor`` and by the message about a missing module."""

from __future__ import annotations

import importlib.metadata

# extra -> {module: distribution}; tests compare it with pyproject.toml
EXTRAS: dict[str, dict[str, str]] = {
    "build": {
        "onnx": "onnx",
        "onnx_ir": "onnx-ir",
        "onnxruntime": "onnxruntime",
        "flatbuffers": "flatbuffers",
        "cryptography": "cryptography",
    },
    "mcu": {"ziglang": "ziglang", "unicorn": "unicorn", "capstone": "capstone", "wasmtime": "wasmtime"},
    "image": {"PIL": "Pillow"},
    "audio": {"pymicro_features": "pymicro-features"},
    "keras": {"h5py": "h5py"},
    "torch": {"torch": "torch", "onnxscript": "onnxscript"},
    "sklearn": {"sklearn": "scikit-learn", "skl2onnx": "skl2onnx"},
    "openvino": {"openvino": "openvino"},
    "iree": {"iree.compiler": "iree-base-compiler", "iree.runtime": "iree-base-runtime"},
    "npu": {"ethosu": "ethos-u-vela"},
    "agent": {
        "tuf": "tuf",
        "securesystemslib": "securesystemslib",
        "cryptography": "cryptography",
        "backports.zstd": "backports.zstd",
        "urllib3": "urllib3",
    },
    "repo": {
        "tuf": "tuf",
        "securesystemslib": "securesystemslib",
        "cryptography": "cryptography",
        "backports.zstd": "backports.zstd",
        "uvicorn": "uvicorn",
        "pyrage": "pyrage",
    },
    "mcuboot": {"imgtool": "imgtool", "detools": "detools"},
}

BASE: dict[str, str] = {
    "numpy": "numpy",
    "ai_edge_litert": "ai-edge-litert",
    "msgspec": "msgspec",
}


def extra_of(module: str) -> str | None:
    """The extra that brings an importable module, or None."""
    top = module.partition(".")[0]
    return next((extra for extra, modules in EXTRAS.items() if {module, top} & set(modules)), None)


def version(distribution: str) -> str | None:
    """Installed version of a distribution, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def installed() -> dict[str, dict[str, str | None]]:
    """extra (and ``base``) -> {distribution: its version, or None}."""
    groups = {"base": BASE, **EXTRAS}
    return {extra: {name: version(name) for name in modules.values()} for extra, modules in groups.items()}
