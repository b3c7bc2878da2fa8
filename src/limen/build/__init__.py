"""The build half's verbs as functions that return frozen results; the command line is a thin layer over them.

Import options are keyword arguments of every verb that reads a model: ``dimensions`` ({name: extent}), ``states``
((input, output) pairs), ``batch``, ``trust_pickle``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from limen.build.results import (
    Benched,
    Built,
    Checked,
    Compared,
    Compiled,
    Evaluated,
    Inspected,
    Optimized,
    Packaged,
    Planned,
)  # fmt: skip

if TYPE_CHECKING:
    from limen.lab import Profile

__all__ = [
    "bench", "build", "check", "compare", "compile", "evaluate", "inspect", "optimize",
    "package", "profile", "run", "verify",
]  # fmt: skip


def compile(model: str | Path, target: str, output: str | Path, **settings: Any) -> Compiled:
    """Make one artifact; see ``limen.build.artifact.compile_model``."""
    from limen.build.artifact import compile_model, import_options

    return compile_model(model, target, output, options=import_options(settings), **_own(settings))


def build(model: str | Path, output: str | Path, device: str = "host", **settings: Any) -> Built:
    """Make a signed bundle; see ``limen.build.make.build_bundle``."""
    from limen.build.artifact import import_options
    from limen.build.make import build_bundle

    return build_bundle(model, output, device, options=import_options(settings), **_own(settings))


def optimize(model: str | Path, output: str | Path, device: str = "host", **settings: Any) -> Optimized | Planned:
    """The best bundle that keeps a budget, or the nearest miss; see ``limen.build.optimized.optimize_model``."""
    from limen.build.artifact import import_options
    from limen.build.optimized import optimize_model

    return optimize_model(model, output, device, options=import_options(settings), **_own(settings))


def package(source: str | Path, format: str, output: str | Path, **settings: Any) -> Packaged:
    """Make a package for a tool chain, a system or a browser; see ``limen.build.packaging.package_model``."""
    from limen.build.artifact import import_options
    from limen.build.packaging import package_model

    return package_model(source, format, output, options=import_options(settings), **_own(settings))


def inspect(path: str | Path, html: str | Path | None = None, **settings: Any) -> Inspected:
    """What a model or bundle holds."""
    from limen.build.artifact import import_options
    from limen.build.look import inspect_path

    return inspect_path(path, html, import_options(settings))


def check(model: str | Path, device: str = "host", **settings: Any) -> Checked:
    """What a device can run of a model, and what blocks it."""
    from limen.build.artifact import import_options
    from limen.build.look import check_model

    return check_model(model, device, import_options(settings))


def evaluate(path: str | Path, data: str | Path, metric: str = "accuracy", **settings: Any) -> Evaluated:
    """Score a bundle or model on labelled data."""
    from limen.build.artifact import import_options
    from limen.build.judge import evaluate_path

    return evaluate_path(path, data, metric, options=import_options(settings), **_own(settings))


def compare(reference: str | Path, other: str | Path, data: str | Path, **settings: Any) -> Compared:
    """Compare two models or bundles on the same data."""
    from limen.build.artifact import import_options
    from limen.build.judge import compare_paths

    return compare_paths(reference, other, data, options=import_options(settings), **_own(settings))


def bench(path: str | Path, **settings: Any) -> Benched:
    """Measure latency on this host."""
    from limen.build.artifact import import_options
    from limen.build.judge import bench_path

    return bench_path(path, options=import_options(settings), **_own(settings))


def profile(model: str | Path, device: str | None = None, **settings: Any) -> Profile:
    """Run generated code on a virtual or a real device and count; see ``limen.build.emulated.profile_model``."""
    from limen.build.artifact import import_options
    from limen.build.emulated import profile_model

    return profile_model(model, device, options=import_options(settings), **_own(settings))


def run(path: str | Path, source: str | Path, **settings: Any) -> Any:
    """Run a bundle on a file of inputs; see ``limen.engines.run_file``."""
    from limen.engines import run_file

    return run_file(path, source, **settings)


def verify(path: str | Path, **settings: Any) -> Any:
    """Check a bundle's hashes, signature and golden vectors; see ``limen.engines.verify_file``."""
    from limen.engines import verify_file

    return verify_file(path, **settings)


_IMPORT = ("dimensions", "states", "batch", "signature", "trust_pickle", "constants")


def _own(settings: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in settings.items() if k not in _IMPORT}
