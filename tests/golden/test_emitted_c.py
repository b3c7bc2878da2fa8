"""The C that the compiler writes for the golden models, to the byte: a change of an emitter shows in a diff.

``make golden`` (``LIMEN_GOLDEN=write``) writes ``c/<device>[-option]/`` again; the diff is reviewed like code. Our own
model, digits, is kept whole for the Cortex-M4. Elsewhere the values of a constant are replaced by their digest, so that
the repository neither grows nor holds the weights of others; any changed weight still fails.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from limen import devices
from limen.importers.tflite import read
from limen.targets.c import generate
from limen.targets.c.encodings import asked_forms

FOLDER = Path(__file__).with_name("c")
WRITE = os.environ.get("LIMEN_GOLDEN") == "write"
VALUES = re.compile(r"(?<= = \{\n)(?:    .*\n)+(?=\};\n)")


@dataclass(frozen=True)
class Golden:
    """One emission.

    Args:
        model: file below ``tests/golden/c`` or the shared folder, without its suffix.
        device: whose kernels.
        options: of ``generate``.
        whole: constants keep their values.
        pack: form of the weights.
    """

    model: str
    device: str
    options: tuple[tuple[str, Any], ...] = ()
    whole: bool = False
    pack: str = "none"

    @property
    def name(self) -> str:
        return self.model.rsplit("/", 1)[-1]

    @property
    def folder(self) -> str:
        packed = [self.pack] if self.pack != "none" else []
        return "-".join([self.device, *(str(value) for _, value in self.options), *packed])


MLPERF = "models/mlperf-tiny/"
GOLDEN = (
    Golden("digits", "cortex-m4", whole=True),
    Golden("digits", "cortex-m0plus"),
    Golden("digits", "esp32-c3"),
    Golden("digits", "x86-64"),
    Golden("digits", "wasm"),
    Golden("digits", "cortex-m4", (("kernels", "portable"),)),
    Golden("digits", "cortex-m4", pack="smallest"),
    Golden("digits", "esp32-c3", pack="smallest"),
    Golden("data/smarthome/okay_nabu", "cortex-m4"),
    Golden(f"{MLPERF}ad01_int8", "cortex-m4"),
    Golden(f"{MLPERF}ic_resnet8_int8", "cortex-m4"),
    Golden(f"{MLPERF}kws_dscnn_int8", "cortex-m4"),
    Golden(f"{MLPERF}kws_dscnn_int8", "esp32-c3"),
    Golden(f"{MLPERF}kws_dscnn_int8", "cortex-m4", (("stream", "auto"),)),
    Golden(f"{MLPERF}kws_dscnn_int8", "cortex-m4", (("stream", "push"),)),
    Golden(f"{MLPERF}vww_int8", "cortex-m4"),
)


def without_values(text: str) -> str:
    """The code with each constant's values replaced by the first half of their sha256."""
    return VALUES.sub(lambda found: f"    /* sha256 {hashlib.sha256(found[0].encode()).hexdigest()[:32]} */\n", text)


def emitted(golden: Golden, source: Path) -> dict[str, str]:
    """File name -> text as it is kept."""
    program = read(source.read_bytes(), name=golden.name)
    device = devices.get(golden.device)
    forms = asked_forms(program, device, golden.pack)
    made = generate(program, device, golden.name, forms=forms, **dict(golden.options))
    texts = {name: content.decode() for name, content in made.files.items()}
    return texts if golden.whole else {name: without_values(text) for name, text in texts.items()}


def kept(golden: Golden) -> list[Path]:
    """The files there are."""
    names = (f"{golden.name}.c", f"{golden.name}.h", f"{golden.name}_kernels.S")
    return [path for name in names if (path := FOLDER / golden.folder / name).exists()]


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: f"{golden.folder}-{golden.name}")
def test_the_emitted_code_is_the_reviewed_one(golden: Golden, request: pytest.FixtureRequest) -> None:
    root = request.getfixturevalue("shared") if "/" in golden.model else FOLDER
    files = emitted(golden, root / f"{golden.model}.tflite")
    folder = FOLDER / golden.folder
    if WRITE:
        folder.mkdir(parents=True, exist_ok=True)
        for path in kept(golden):
            path.unlink()
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    assert {path.name for path in kept(golden)} == set(files)
    for name, text in files.items():
        stored = (folder / name).read_text(encoding="utf-8")
        assert text == stored, f"{golden.folder}/{name} differs: run `make golden` and review the diff"


def test_no_golden_file_is_left_over() -> None:
    expected = {f"{g.folder}/{g.name}" for g in GOLDEN}
    found = {path.parent.name + "/" + re.sub(r"(_kernels)?\.\w+$", "", path.name) for path in FOLDER.glob("*/*")}
    assert found == expected


def test_a_changed_weight_changes_what_is_kept() -> None:
    text = "static const int8_t w[3] = {\n    1, 2, 3,\n};\n"
    assert without_values(text) != without_values(text.replace("2", "4"))
    assert "1, 2, 3" not in without_values(text)


def test_the_golden_files_stay_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*")) < 1_000_000
