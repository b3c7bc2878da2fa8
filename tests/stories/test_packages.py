"""Every form of ``limen package`` obeys its tool chain's rules, is compiled, and answers as the interpreter does.

Arduino, ESP-IDF and Zephyr themselves are not installed here: their examples are built with stand-ins for the few calls
they make (stories/_firmware.py, stories/_micropython.py) and run in QEMU.
"""

from __future__ import annotations

import ctypes
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

import limen
from limen import devices
from limen.importers.tflite import read
from limen.program import Array, Program, run
from limen.targets.c import generate
from limen.targets.c.packages import PACKAGES
from stories import _firmware, _micropython

MODEL = Path(__file__).resolve().parents[1] / "golden" / "c" / "digits.tflite"
ZERO = -128
CATEGORIES = {
    "Display", "Communication", "Signal Input/Output", "Sensors", "Device Control", "Timing", "Data Storage",
    "Data Processing", "Other",
}  # fmt: skip
ARDUINO_H = """\
#pragma once
#include <stdint.h>
#include "host.h"
struct Port {
  void begin(long) {}
  void print(int value) { host_printf("%d", value); }
  void print(char value) { const char text[2] = {value, 0}; host_write(text); }
  void print(const char *text) { host_write(text); }
  void println(unsigned long value) { host_printf("%u\\n", (unsigned)value); }
};
static Port Serial;
inline unsigned long micros() { static unsigned long now; return now += 7; }
inline void delay(unsigned long) { host_exit(); }
"""
ARDUINO_MAIN = 'void setup(); void loop(); extern "C" void application() { setup(); for (;;) { loop(); } }\n'
ESP = {
    "stdio.h": '#pragma once\n#include "host.h"\n#define printf host_printf\n',
    "esp_timer.h": "#pragma once\n#include <stdint.h>\nint64_t esp_timer_get_time(void);\n",
    "freertos/FreeRTOS.h": "#pragma once\n#define pdMS_TO_TICKS(ms) ((ms) / 10)\n",
    "freertos/task.h": "#pragma once\nvoid vTaskDelay(unsigned ticks);\n",
    "esp.c": '#include "host.h"\n#include "esp_timer.h"\n#include "freertos/task.h"\nvoid app_main(void);\n'
    "int64_t esp_timer_get_time(void) { static int64_t now; return now += 9; }\n"
    "void vTaskDelay(unsigned ticks) { (void)ticks; host_exit(); }\nvoid application(void) { app_main(); }\n",
}
ZEPHYR = {
    "zephyr/kernel.h": "#pragma once\n#include <stdint.h>\nuint32_t k_cycle_get_32(void);\n"
    "uint32_t k_cyc_to_us_floor32(uint32_t cycles);\nint32_t k_msleep(int32_t ms);\n",
    "zephyr/sys/printk.h": '#pragma once\n#include "host.h"\n#define printk host_printf\n',
    "zephyr.c": '#include "host.h"\n#include "zephyr/kernel.h"\nint main(void);\n'
    "uint32_t k_cycle_get_32(void) { static uint32_t now; return now += 90; }\n"
    "uint32_t k_cyc_to_us_floor32(uint32_t cycles) { return cycles / 10; }\n"
    "int32_t k_msleep(int32_t ms) { (void)ms; host_exit(); return 0; }\nvoid application(void) { (void)main(); }\n",
}
FILTER = """\
#include "digits.h"
#include <stdio.h>
static _Alignas(DIGITS_ARENA_ALIGN) uint8_t arena[DIGITS_ARENA_BYTES];
int main(void)
{
    digits_reset(arena);
    while (fread(DIGITS_INPUT_PICTURE(arena), 1, DIGITS_INPUT_PICTURE_SIZE, stdin) == DIGITS_INPUT_PICTURE_SIZE) {
        digits_invoke(arena);
        fwrite(DIGITS_OUTPUT_PROBABILITY(arena), 1, DIGITS_OUTPUT_PROBABILITY_SIZE, stdout);
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def program() -> Program:
    return read(MODEL.read_bytes(), name="digits")


@pytest.fixture(scope="module")
def samples() -> Array:
    return np.random.default_rng(4).integers(-128, 128, (20, 8, 8, 1)).astype(np.int8)


def answer(program: Program, x: Array) -> Array:
    return np.concatenate([run(program, {"picture": one[None]})["probability"] for one in x])


def of_zeros(program: Program) -> list[int]:
    return [int(v) for v in answer(program, np.full((1, 8, 8, 1), ZERO, np.int8))[0]]


def packaged(format: str, device: str, folder: Path) -> Path:
    limen.package(MODEL, format, folder / "digits", device=device)
    return folder / "digits"


def call(*command: object, **settings: object) -> bytes:
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False, **settings)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{command}\n{done.stdout!r}\n{done.stderr.decode()}"
    return bytes(done.stdout)


def test_every_source_package_is_tested_here() -> None:
    assert set(PACKAGES.names()) == {"c", "arduino", "esp-idf", "zephyr", "micropython"}


def test_arduino(program: Program, tmp_path: Path) -> None:
    with zipfile.ZipFile(packaged("arduino", "cortex-m4", tmp_path) / "digits.zip") as archive:
        archive.extractall(tmp_path)
    root = tmp_path / "digits"
    fields = dict(line.split("=", 1) for line in (root / "library.properties").read_text().splitlines())
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.\-]{0,62}", fields["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", fields["version"])
    for field in ("author", "maintainer", "sentence", "paragraph", "url", "architectures"):
        assert fields[field], field
    assert fields["category"] in CATEGORIES
    assert (root / "src" / fields["includes"]).is_file()
    sketches = [path for path in root.glob("examples/*/*.ino") if path.stem == path.parent.name]
    assert sorted(path.stem for path in sketches) == ["Run", "Serve"]
    sources = [path for path in (root / "src").iterdir() if path.suffix in (".c", ".S")]
    stand_ins = {"Arduino.h": ARDUINO_H, "arduino.cpp": ARDUINO_MAIN}
    said = _firmware.run(
        "cortex-m4", tmp_path / "build", [*sources, root / "examples/Run/Run.ino"], [root / "src"], stand_ins
    )
    assert said.split("in us:")[0].split() == [str(v) for v in of_zeros(program)]
    assert said.split()[-1] == "7"


def test_esp_idf(program: Program, tmp_path: Path) -> None:
    root = packaged("esp-idf", "esp32-c3", tmp_path)
    manifest = (root / "idf_component.yml").read_text()
    assert re.search(r'^version: "\d+\.\d+\.\d+"$', manifest, re.MULTILINE)
    assert re.search(r'^description: ".+"$', manifest, re.MULTILINE)
    component = registered(root / "CMakeLists.txt", tmp_path)
    assert component["INCLUDE_DIRS"] == ["include"]
    sources = [root / name for name in component["SRCS"]]
    example = registered(root / "examples/run/main/CMakeLists.txt", tmp_path)
    assert example["REQUIRES"] == [root.name, "esp_timer"]
    main = root / "examples/run/main" / example["SRCS"][0]
    said = _firmware.run("esp32-c3", tmp_path / "build", [*sources, main], [root / "include"], ESP)
    assert said.splitlines() == [f"first output {of_zeros(program)[0]}, 9 us"]


def registered(lists: Path, folder: Path) -> dict[str, list[str]]:
    """What a component's CMakeLists.txt registers, as CMake reads it."""
    script = folder / "read.cmake"
    script.write_text(
        "function(idf_component_register)\n"
        '  cmake_parse_arguments(GIVEN "" "" "SRCS;INCLUDE_DIRS;REQUIRES" ${ARGN})\n'
        '  message("SRCS=${GIVEN_SRCS}")\n  message("INCLUDE_DIRS=${GIVEN_INCLUDE_DIRS}")\n'
        '  message("REQUIRES=${GIVEN_REQUIRES}")\nendfunction()\n'
        "function(target_compile_options)\nendfunction()\n"
        f'include("{lists}")\n'
    )
    done = subprocess.run(["cmake", "-P", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {key: value.split(";") for key, value in (line.split("=", 1) for line in done.stderr.splitlines())}


def test_zephyr(program: Program, tmp_path: Path) -> None:
    root = packaged("zephyr", "cortex-m4", tmp_path)
    assert (root / "zephyr/module.yml").read_text() == "name: digits\nbuild:\n  cmake: .\n  kconfig: Kconfig\n"
    assert re.match(r'config LIMEN_DIGITS\n\tbool ".+"\n\thelp\n\t  \S', (root / "Kconfig").read_text())
    assert "CONFIG_LIMEN_DIGITS=y" in (root / "samples/run/prj.conf").read_text().splitlines()
    assert "find_package(Zephyr REQUIRED" in (root / "samples/run/CMakeLists.txt").read_text()
    sources = zephyr_sources(root, tmp_path)
    main = root / "samples/run/src/main.c"
    said = _firmware.run("cortex-m4", tmp_path / "build", [*sources, main], [root / "include"], ZEPHYR)
    assert said.splitlines() == [f"first output {of_zeros(program)[0]}, 9 us"]


@pytest.mark.parametrize(("device", "board"), [("nrf52840", "nrf52840dk/nrf52840"), ("cortex-m4", "BOARD")])
def test_zephyrs_page_names_the_devices_board(device: str, board: str, tmp_path: Path) -> None:
    page = (packaged("zephyr", device, tmp_path) / "README.md").read_text()
    assert f"west build -b {board} samples/run" in page


def zephyr_sources(root: Path, folder: Path) -> list[Path]:
    """Files of the module's library, as CMake reads them: none unless the option is set."""
    names = ("library_named", "include_directories", "library_compile_options")
    stubs = "".join(f"function(zephyr_{name})\nendfunction()\n" for name in names)
    stubs += 'function(zephyr_library_sources)\n  message("${ARGN}")\nendfunction()\n'
    found = []
    for option in ("", "set(CONFIG_LIMEN_DIGITS y)\n"):
        script = folder / "read.cmake"
        script.write_text(f'{option}{stubs}include("{root / "CMakeLists.txt"}")\n')
        done = subprocess.run(["cmake", "-P", str(script)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.append(done.stderr.strip())
    assert found[0] == ""
    return [root / name for name in found[1].split(";")]


def test_c_with_cmake(program: Program, samples: Array, tmp_path: Path) -> None:
    root = packaged("c", "host", tmp_path)
    call("cmake", "-S", root, "-B", tmp_path / "build", "-DCMAKE_C_COMPILER=gcc")
    call("cmake", "--build", tmp_path / "build")
    assert call(tmp_path / "build" / "example").split() == [b"%d" % of_zeros(program)[0]]
    (tmp_path / "filter.c").write_text(FILTER)
    library = tmp_path / "build" / "libdigits.a"
    call("gcc", "-std=c11", f"-I{root}", tmp_path / "filter.c", library, "-o", tmp_path / "filter")
    assert call(tmp_path / "filter", input=samples.tobytes()) == answer(program, samples).tobytes()


def test_c_without_cmake_on_a_microcontroller(program: Program, tmp_path: Path) -> None:
    root = packaged("c", "cortex-m4", tmp_path)
    stand_in = {"main.c": "int main(void);\nvoid application(void) { (void)main(); }\n", "stdio.h": ESP["stdio.h"]}
    sources = [root / "digits.c", root / "digits_kernels.S", root / "example.c"]
    assert _firmware.run("cortex-m4", tmp_path / "build", sources, [root], stand_in).split() == [
        str(of_zeros(program)[0])
    ]


def test_static_library(program: Program, samples: Array, tmp_path: Path) -> None:
    root = packaged("static-lib", "host", tmp_path)
    (tmp_path / "filter.c").write_text(FILTER)
    call("gcc", "-std=c11", f"-I{root}", tmp_path / "filter.c", root / "libdigits.a", "-o", tmp_path / "filter")
    assert call(tmp_path / "filter", input=samples.tobytes()) == answer(program, samples).tobytes()


def test_shared_library(program: Program, samples: Array, tmp_path: Path) -> None:
    root = packaged("shared-lib", "host", tmp_path)
    library = ctypes.CDLL(str(root / "libdigits.so"))
    made = generate(program, devices.get("host"), "digits")
    memory = np.zeros(made.arena + 64, np.uint8)
    start = -memory.ctypes.data % 64
    arena = ctypes.c_void_p(memory.ctypes.data + start)
    library.digits_reset(arena)
    (given,), (taken,) = made.inputs, made.outputs
    found = []
    for sample in samples:
        memory[start + given.offset :][: given.nbytes] = sample.view(np.uint8).reshape(-1)
        library.digits_invoke(arena)
        found.append(memory[start + taken.offset :][: taken.nbytes].copy().view(np.int8))
    np.testing.assert_array_equal(found, answer(program, samples))


def test_executable(program: Program, samples: Array, tmp_path: Path) -> None:
    root = packaged("executable", "host", tmp_path)
    real = (samples[0].astype(np.float32) + 128) / 255
    np.save(tmp_path / "x.npy", real)
    said = json.loads(call(root / "digits", "--json", tmp_path / "x.npy"))
    (values,) = [v for v in said.values() if isinstance(v, list)] if isinstance(said, dict) else (said,)
    wanted = (answer(program, samples[:1])[0].astype(np.float64) + 128) / 256
    np.testing.assert_allclose(np.ravel(values), wanted, atol=1e-6)


def test_web(tmp_path: Path) -> None:
    """stories/test_browser.py runs the page in a browser; here is what must be there."""
    root = packaged("web", "host", tmp_path)
    names = {path.name for path in root.iterdir()}
    assert {"index.html", "digits.wasm"} <= names
    assert (root / "digits.wasm").read_bytes()[:8] == b"\0asm\1\0\0\0"
    assert (root / "digits.wasm").stat().st_size < 300_000
    page = (root / "index.html").read_text()
    scripts = set(re.findall(r'(?:src|from)\s*=?\s*"\.?/?([\w.\-]+\.m?js)"', page))
    assert scripts
    assert scripts <= names
    assert not re.search(r"https?://(?!www\.w3\.org)", page + "".join((root / s).read_text() for s in scripts))


@pytest.mark.parametrize("route", ["make", "cmake"])
def test_micropython(program: Program, samples: Array, tmp_path: Path, route: str) -> None:
    root = packaged("micropython", "host", tmp_path)
    sources = _micropython.sources(root, route, tmp_path)
    assert {path.name for path in sources} == {"digits.c", "digits_module.c"}
    binary = _micropython.build("digits", sources, root, tmp_path)
    assert call(binary, input=samples.tobytes()) == answer(program, samples).tobytes()


def test_micropython_hands_assembler_to_make_as_such(tmp_path: Path) -> None:
    root = packaged("micropython", "cortex-m4", tmp_path)
    variables = _micropython.variables(root, tmp_path)
    assert variables["SRC_USERMOD_C"] == [f"{root}/digits_module.c"]
    assert variables["SRC_USERMOD_LIB_C"] == [f"{root}/digits.c"]
    assert variables["SRC_USERMOD_LIB_ASM"] == [f"{root}/digits_kernels.S"]
    assert variables["CFLAGS_USERMOD"] == [f"-I{root}"]


def test_packages_are_the_same_bytes_again(tmp_path: Path) -> None:
    for format, device in (("arduino", "cortex-m4"), ("esp-idf", "esp32-c3"), ("c", "host")):
        first, second = (packaged(format, device, tmp_path / name) for name in ("a", "b"))
        for path in first.rglob("*"):
            if path.is_file():
                assert path.read_bytes() == (second / path.relative_to(first)).read_bytes()
        shutil.rmtree(tmp_path / "a")
        shutil.rmtree(tmp_path / "b")
