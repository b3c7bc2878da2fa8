"""Instructions, RAM and flash of the int8 MLPerf Tiny models as C on virtual microcontrollers, beside TFLite Micro.

    python bench/microcontrollers.py [--models kws ic FILE] [--devices cortex-m4 esp32-c3] [--compilers zig gcc]

Every row runs the model on random inputs and both extremes and compares every layer with the integer interpreter. The
peer's figures are TFLite Micro 90b983c2 (Cortex-M4: with CMSIS-NN 4ab83cc3; RV32: its reference kernels), measured once
in QEMU with the same counting; they are printed beside ours, not measured again here.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import limen
from limen.errors import LimenError

SHARED = Path(os.environ.get("LIMEN_SHARED", Path(__file__).resolve().parent.parent.parent / "shared"))
MODELS = {"kws": "kws_dscnn_int8", "ic": "ic_resnet8_int8", "vww": "vww_int8", "ad": "ad01_int8"}


@dataclass(frozen=True)
class Peer:
    """TFLite Micro: million instructions, bytes of RAM in all, bytes of flash in all."""

    instructions: float
    ram: int | None = None
    flash: int | None = None


PEERS = {
    ("kws", "cortex-m4"): Peer(7.70, 24_816, 137_752),
    ("ic", "cortex-m4"): Peer(29.86, 56_992, 177_172),
    ("vww", "cortex-m4"): Peer(24.10, 102_704, 417_104),
    ("ad", "cortex-m4"): Peer(0.583, 3_976, 308_480),
    ("kws", "esp32-c3"): Peer(45.6),
    ("ic", "esp32-c3"): Peer(126.9),
    ("vww", "esp32-c3"): Peer(113.9),
    ("ad", "esp32-c3"): Peer(2.51),
}


def row(model: str, device: str, compiler: str, stream: str, small: bool) -> dict[str, Any]:
    """One measurement; the reason where there is none."""
    known = model in MODELS
    source = SHARED / "models" / "mlperf-tiny" / f"{MODELS[model]}.tflite" if known else Path(model)
    name = model if known else source.stem
    named = {"model": name, "device": device, "compiler": compiler, "stream": stream, "small": small}
    try:
        made = limen.profile(source, device, compiler=compiler, stream=stream, small=small)
    except LimenError as error:
        return {**named, "error": error.message}
    ram = sum(made.ram[part] or 0 for part in ("arena", "static", "stack_bound"))
    return {
        **named,
        "instructions": made.instructions,
        "macs": made.macs,
        "ram": ram,
        "arena": made.ram["arena"],
        "stack": made.ram["stack"],
        "stack_bound": made.ram["stack_bound"],
        "flash": sum(size or 0 for size in made.flash.values()),
        "code": made.flash["code"],
        "max_lsb": (made.exact or {}).get("max_lsb"),
        "cycles_estimate": (made.cycles_estimate or {}).get("estimate"),
        "layers": [{"op": layer.op, "macs": layer.macs, "instructions": layer.instructions} for layer in made.layers],
    }


def line(found: dict[str, Any]) -> str:
    """One row for people."""
    label = f"{found['model']:<4} {found['device']:<14} {found['compiler']:<4} {found['stream']:<5}"
    label += f"{'small' if found['small'] else '':<6}"
    if "error" in found:
        return f"{label} {found['error']}"
    peer = PEERS.get((found["model"], found["device"]))
    ours = (found["instructions"] or 0) / 1e6
    times = f"{peer.instructions / ours:>6.1f}x" if peer and ours else f"{'-':>7}"
    cycles = found["cycles_estimate"]
    return (
        f"{label} {ours:>8.3f} {times} {f'{cycles / 1e6:.2f}' if cycles else '-':>8} {found['ram']:>8,} "
        f"{found['flash']:>8,} {found['code']:>7,} {found['max_lsb']!s:>4}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=list(MODELS), help="names, or files of models")
    parser.add_argument("--devices", nargs="+", default=["cortex-m4", "esp32-c3", "cortex-m0plus"])
    parser.add_argument("--compilers", nargs="+", default=["zig", "gcc"])
    options = parser.parse_args()
    print(
        f"{'':<4} {'device':<14} {'by':<4} {'rows':<5}{'':<6} {'M instr':>8} {'TFLM':>7} {'M cyc ~':>8} "
        f"{'RAM B':>8} {'flash B':>8} {'code B':>7} {'LSB':>4}"
    )
    rows = []
    for device in options.devices:
        for model in options.models:
            for compiler in options.compilers:
                for stream, small in (("off", False), ("auto", False), ("off", True)):
                    if compiler == "zig" or (stream == "off" and not small):
                        rows.append(row(model, device, compiler, stream, small))
                        print(line(rows[-1]), flush=True)
    print(json.dumps({"rows": rows}))


if __name__ == "__main__":
    main()
