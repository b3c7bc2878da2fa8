"""``limen inspect`` and ``limen check``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from limen import devices
from limen.build.results import Blocker, Checked, Inspected, TargetVerdict
from limen.build.source import Source, open_source
from limen.build.variants import make_artifact, prepare_variant
from limen.bundle import Bundle
from limen.errors import BudgetError, Unsupported, UnsupportedOp
from limen.importers import ImportOptions
from limen.measure.inspection import Inspection
from limen.optimize import decode
from limen.program import Program, binary
from limen.targets import TARGETS, CompileOptions
from limen.targets._memory import plan, state_bytes


def inspect_path(path: str | Path, html: str | Path | None, options: ImportOptions) -> Inspected:
    """Facts of a bundle or model file; optionally a page with the graph.

    Raises:
        ModelError, BundleError: the file cannot be read.
    """
    from limen.bundle.file import write_atomically
    from limen.measure.graph_page import graph_page
    from limen.measure.inspection import inspect_model, inspect_program

    if Path(path).suffix == ".limen":
        found = _bundle(Bundle.open(path))
    else:
        source = open_source(path, options)
        kind = Path(path).suffix.lstrip(".") or "model"
        if source.program is not None:
            found = inspect_program(source.program, kind)
        else:
            found = inspect_model(source.require_model())
    if html is not None:
        write_atomically(Path(html), graph_page(found, Path(path).name).encode())
    return Inspected(found, None if html is None else str(html))


def _bundle(bundle: Bundle) -> Inspection:
    from limen.measure.inspection import inspect_artifact, inspect_program

    program = next((a for a in bundle.manifest.artifacts if a.kind == "program"), None)
    if program is None:
        found = inspect_artifact(bundle.manifest.artifacts[0])
    else:
        found = inspect_program(binary.from_bytes(bundle.blob(program.blob)), "bundle")
    signer = bundle.signer
    details = {
        "name": bundle.manifest.name,
        "core_digest": bundle.core_digest,
        "device": bundle.manifest.device,
        "recipe": bundle.manifest.recipe,
        "signature": "none" if signer is None else f"valid, key {signer.key_id[:16]}",
        "engines": ", ".join(bundle.engines),
        "artifacts": [
            {"kind": a.kind, "file": a.file, "bytes": a.flash, "ram": a.ram} for a in bundle.manifest.artifacts
        ],
        "report": bundle.statement("report"),
    }
    return replace(found, details=details)


def check_model(model: str | Path, device: str, options: ImportOptions) -> Checked:
    """Which targets of a device take the model, and what blocks the others.

    Raises:
        ModelError: the file cannot be read.
        UsageError: the device is not known.
    """
    board = devices.get(device)
    source = open_source(model, options)
    verdicts = tuple(_verdict(source, target, board) for target in board.targets)
    ram = flash = None
    if source.program is not None:
        ram = plan(source.program).bound + state_bytes(source.program)
        flash = source.program.weight_bytes()
    fits = None
    if ram is not None and flash is not None:
        held = None if board.ram is None else board.ram + (board.slow_ram or 0)
        fits = (held is None or ram <= held) and (board.flash is None or flash <= board.flash)
    return Checked(verdicts, ram, flash, board.name, fits)


def _verdict(source: Source, target: str, board: devices.Device) -> TargetVerdict:
    if target not in TARGETS:
        hint = "use target tflite or onnx"
        return TargetVerdict(target, False, (Blocker("-", "-", f"target {target} is not part of this version", hint),))
    if source.program is None and target != "onnx":
        return TargetVerdict(target, False, (_blocker(source.blocker, target),))
    if isinstance(source.program, Program) and target == "tflite":
        blockers = _tflite_blockers(source.program)
        if blockers:
            return TargetVerdict(target, False, blockers)
    if isinstance(source.program, Program) and target == "c":
        blockers = _c_blockers(source.program, board)
        if blockers:
            return TargetVerdict(target, False, blockers)
    try:
        make_artifact(prepare_variant(source, decode("float32"), None, 0), target, CompileOptions(board))
    except (Unsupported, BudgetError) as error:
        return TargetVerdict(target, False, (_blocker(error, target),))
    return TargetVerdict(target, True, ())


def _tflite_blockers(program: Program) -> tuple[Blocker, ...]:
    """Every node that has no emitter, not only the first."""
    emitters = TARGETS.get("tflite").emitters
    if emitters is None:
        return ()
    missing = [n for n in program.nodes if n.op.name not in emitters]
    return tuple(Blocker(n.name, n.op.name, f"{n.op.name} has no TFLite kernel", "use target onnx") for n in missing)


def _c_blockers(program: Program, board: devices.Device) -> tuple[Blocker, ...]:
    """Every node that has no C kernel, in its case, on the board."""
    from limen.targets.c import blockers

    found = blockers(program, board)
    return tuple(replace(_blocker(error, "c"), node=node.name or node.outputs[0]) for node, error in found)


def _blocker(error: Unsupported | BudgetError | None, target: str) -> Blocker:
    if isinstance(error, UnsupportedOp):
        return Blocker(error.node, error.op, f"{error.op} is not supported by {error.where}", error.hint or "")
    return Blocker(
        "-",
        "-",
        "" if error is None else error.message,
        (error and error.hint) or f"choose another target than {target}",
    )
