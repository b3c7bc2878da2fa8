"""``limen compile``: one artifact in a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from limen import devices
from limen.build.parent import read_parent
from limen.build.results import Compiled
from limen.build.samples import read_data
from limen.build.source import Source, open_source
from limen.build.variants import Prepared, is_quantised, make_artifact, prepare_variant
from limen.data import Dataset
from limen.devices import Device
from limen.errors import BadInput, UsageError
from limen.importers import ImportOptions
from limen.optimize import decode
from limen.optimize.decide import BY_CHOICE
from limen.optimize.parent import Parent
from limen.registry import suggest
from limen.steps import Chain
from limen.targets import TARGETS, Artifact, CompileOptions

CALIBRATION_SAMPLES = 256
AS_IMPORTED = "as imported"
PACKING = ("c", "wasm", "tflite")
FAITHFUL = "int8-mixed"
FLOAT_TARGETS = ("tflite", "onnx")


def compile_model(
    model: str | Path,
    target: str,
    output: str | Path,
    device: str | None = None,
    data: str | Path | None = None,
    pre: str | None = None,
    quantize: str | None = None,
    ram: int | None = None,
    flash: int | None = None,
    stream: Literal["off", "auto", "push"] = "off",
    small: bool = False,
    pack: str = "auto",
    keep_layout: bool = False,
    keep_scales: str | Path | None = None,
    slow_ram: int | None = None,
    options: ImportOptions | None = None,
) -> Compiled:
    """Import, quantise, and write ``model.<target>`` into a folder.

    Args:
        model: a model file.
        target: tflite, onnx or c.
        output: the folder; it is made where it is missing.
        device: its limits are kept.
        data: calibration samples; with data and no ``quantize``, int8.
        pre: steps that decode the files of a data folder.
        quantize: a recipe or its shorthand; int8 leaves nodes in float where an output would fall below 30 dB of signal
            to noise and what runs the artifact computes floats.
        ram, flash: limits in bytes.
        stream: target c: run layers row by row: where it saves RAM, or with rows pushed by the caller.
        small: target c: prefer flash over speed.
        pack: target c: form of the weights in flash; ``auto``: packed where a flash limit is not kept otherwise.
        keep_layout: keep the source layout at the border.
        keep_scales: bundle or .tflite of the version before; its scales are kept where that costs little.
        slow_ram: target c: bytes of a second, slower memory for what RAM cannot hold; None for the device's.
        options: how the model is read.

    Raises:
        UsageError: an unknown target, device or recipe; a static recipe without data.
        ModelError, DataError: bad input.
        Unsupported: an operator has no form on the target.
        BudgetError: a limit is not kept.
    """
    _known(target, device)
    if pack not in ("auto", "none") and target not in PACKING:
        raise UsageError(f"--pack {pack}: target {target} has no packed weights", f"use target {', '.join(PACKING)}")
    board = devices.get(device) if device else None
    source = open_source(model, options, keep_layout)
    samples = None if data is None else read_data(data, Chain.parse(pre) if pre else Chain())
    wish = _faithful(source, samples, quantize, target, board)
    prepared = quantised_source(source, samples, wish or quantize, read_parent(keep_scales))
    artifact = make_artifact(
        prepared, target, CompileOptions(board, ram, flash, stream, small, pack, slow_ram=slow_ram)
    )
    files = write_files(artifact, Path(output))
    permutation = {b.name: b.permutation for b in (*artifact.inputs, *artifact.outputs)}
    return Compiled(
        target,
        tuple(str(f) for f in files),
        artifact.ram,
        artifact.flash,
        permutation,
        AS_IMPORTED if _quantised(source) else prepared.recipe.name,
        prepared.integer_mac_share,
        dict(prepared.decisions.islands),
        {
            **artifact.notes,
            **(_told(prepared) if wish else {}),
            **({"kept": prepared.decisions.log[0]} if keep_scales else {}),
        },
        dict(artifact.packed),
        artifact.slow_ram,
    )


def _faithful(
    source: Source, samples: Dataset | None, quantize: str | None, target: str, board: Device | None
) -> str | None:
    """The recipe for "int8" where whatever runs the artifact computes floats too; None to take what was asked for."""
    asked = quantize == "int8" or (quantize is None and samples is not None)
    floats = target in FLOAT_TARGETS and (board is None or bool(board.engines))
    return FAITHFUL if asked and floats and source.program is not None and not _quantised(source) else None


def _told(prepared: Prepared) -> dict[str, str]:
    """Why nodes of an int8 artifact are in float, and how to have none."""
    log = "; ".join(line for line in prepared.decisions.log if "at the worst output" in line or "in float" in line)
    left = any(why == BY_CHOICE for why in prepared.decisions.islands.values())
    return {"fidelity": f"{log}; for all in int8: --quantize {decode('int8').name}" if left else log}


def quantised_source(
    source: Source, samples: Dataset | None, quantize: str | None, parent: Parent | None = None
) -> Prepared:
    """A source after the recipe that was asked for; with samples and no recipe, int8 unless it is quantised already.

    Raises:
        UsageError: an unknown recipe; a static recipe without samples.
    """
    done = _quantised(source)
    name = quantize or ("int8" if samples is not None and not done else "none")
    if done and quantize in (None, "int8"):
        name = "none"
    return prepare_variant(source, decode(name), samples, CALIBRATION_SAMPLES, parent)


def _quantised(source: Source) -> bool:
    return source.program is not None and is_quantised(source.program)


def _known(target: str, device: str | None) -> None:
    if target == "c" and device is None:
        raise UsageError("target c needs a device", "give --device, such as cortex-m4; see: limen devices")
    if target not in TARGETS:
        raise UsageError(f"target {target!r} is not known", suggest(target, TARGETS.names()))


def write_files(artifact: Artifact, folder: Path) -> list[Path]:
    """Write an artifact's files, each atomically.

    Raises:
        BadInput: the folder cannot be made or written.
    """
    return write_tree(artifact.files, folder)


def write_tree(files: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write files that may lie in folders below, each atomically.

    Raises:
        BadInput: a folder cannot be made or written.
    """
    from limen.bundle.file import write_atomically

    paths = []
    for name, content in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"{path.parent}: cannot be made: {error.strerror}") from error
        write_atomically(path, content)
        paths.append(path)
    return paths


def import_options(settings: dict[str, Any]) -> ImportOptions:
    """The keyword arguments that are about reading the model."""
    known = ImportOptions.__dataclass_fields__
    return ImportOptions(**{k: v for k, v in settings.items() if k in known})
