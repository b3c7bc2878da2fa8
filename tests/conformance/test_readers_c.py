"""The readers in C give what the Python steps give of the same file, or refuse it."""

from __future__ import annotations

import ctypes
import io
import struct
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from limen.errors import DataError
from limen.steps import Context
from limen.steps.decode_audio import DecodeAudio
from limen.steps.decode_image import DecodeImage
from limen.targets.c.readers import reader_files

pytest.importorskip("ziglang", reason="ziglang is not installed")

WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow")
COMPILER = (sys.executable, "-m", "ziglang", "cc", "-O1", "-fsanitize=undefined", "-fsanitize-trap=undefined")


class Wav(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p), ("samples", ctypes.c_uint32), ("rate", ctypes.c_uint32),
        ("channels", ctypes.c_uint16), ("bits", ctypes.c_uint16), ("format", ctypes.c_uint16),
    )  # fmt: skip


class Pnm(ctypes.Structure):
    _fields_ = (
        ("raster", ctypes.c_void_p), ("size", ctypes.c_uint32), ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32), ("largest", ctypes.c_uint32), ("kind", ctypes.c_uint8),
        ("channels", ctypes.c_uint8),
    )  # fmt: skip


class Npy(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p), ("shape", ctypes.c_uint32 * 8), ("rank", ctypes.c_uint32),
        ("elements", ctypes.c_uint32), ("kind", ctypes.c_char), ("size", ctypes.c_uint8),
    )  # fmt: skip


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("readers")
    for name, data in reader_files().items():
        (folder / name).write_bytes(data)
    shared = folder / "readers.so"
    command = [*COMPILER, *WARNINGS, "-shared", "-fPIC", *map(str, sorted(folder.glob("*.c"))), "-o", str(shared)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(shared))


def _exactly(data: bytes) -> tuple[Any, int]:
    """The bytes at the very end of a page-sized block would be best; a copy without slack must do."""
    return ctypes.create_string_buffer(data, len(data)) if data else ctypes.create_string_buffer(1), len(data)


def read_wav(readers: ctypes.CDLL, data: bytes, dtype: str) -> tuple[int, Any, int]:
    wav, (file, size) = Wav(), _exactly(data)
    code = readers.wav_open(file, size, ctypes.byref(wav))
    if code:
        return code, None, 0
    found = np.zeros(wav.samples, dtype)
    getattr(readers, f"wav_{dtype}")(ctypes.byref(wav), 0, wav.samples, found.ctypes.data_as(ctypes.c_void_p))
    return 0, found, wav.rate


def wav_file(samples: np.ndarray[Any, Any], channels: int, form: int, bits: int, extensible: bool = False) -> bytes:
    body = samples.tobytes()
    block = channels * bits // 8
    head = struct.pack("<HHIIHH", 0xFFFE if extensible else form, channels, 22050, 22050 * block, block, bits)
    if extensible:
        head += struct.pack("<HHIH", 22, bits, 0, form) + b"\x00" * 14
    parts = [(b"LIST", b"odd"), (b"fmt ", head), (b"data", body)]
    riff = b"WAVE" + b"".join(n + struct.pack("<I", len(d)) + d + b"\x00" * (len(d) % 2) for n, d in parts)
    return b"RIFF" + struct.pack("<I", len(riff)) + riff


def _sounds() -> dict[str, bytes]:
    generator = np.random.default_rng(0)
    found = {}
    for channels in (1, 2, 3):
        count = 30 * channels
        for bits, dtype in ((8, "u1"), (16, "<i2"), (32, "<i4")):
            limits = np.iinfo(dtype)
            values = generator.integers(limits.min, limits.max, count, np.dtype(dtype), True)
            values[:2] = limits.min, limits.max
            found[f"pcm{bits}x{channels}"] = wav_file(values, channels, 1, bits)
        found[f"pcm24x{channels}"] = wav_file(generator.integers(0, 256, 3 * count, np.uint8), channels, 1, 24)
        for bits in (32, 64):
            values = np.concatenate(
                [[1.0, -1.0, 1.5, -2.0, 0.5 / 32768, 1.5 / 32768], generator.normal(0, 0.4, count - 6)]
            )
            data = values.astype(f"<f{bits // 8}")
            found[f"float{bits}x{channels}"] = wav_file(data, channels, 3, bits, extensible=channels == 2)
    return found


SOUNDS = _sounds()


@pytest.mark.parametrize("dtype", ["int16", "float32"])
@pytest.mark.parametrize("name", SOUNDS)
def test_wav_samples_are_those_of_decode_audio(readers: ctypes.CDLL, name: str, dtype: Any) -> None:
    context = Context()
    expected = DecodeAudio(0, dtype).run(SOUNDS[name], context)
    code, found, rate = read_wav(readers, SOUNDS[name], dtype)
    assert code == 0
    assert rate == context.facts["rate"] == 22050
    np.testing.assert_array_equal(found, expected)


def test_a_damaged_wav_file_is_read_as_decode_audio_reads_it_or_refused(readers: ctypes.CDLL) -> None:
    """Every cut, and bytes changed at random: the same samples, or a refusal by both."""
    generator = np.random.default_rng(1)
    for data in (SOUNDS["pcm16x2"], SOUNDS["pcm24x1"], SOUNDS["float32x2"]):
        damaged = [data[:size] for size in range(len(data))]
        for _ in range(400):
            changed = bytearray(data)
            for place in generator.integers(0, 60, generator.integers(1, 4)):
                changed[place] = generator.integers(256)
            damaged.append(bytes(changed))
        for file in damaged:
            _agree(lambda f=file: DecodeAudio(0).run(f, Context()), read_wav(readers, file, "int16")[:2])


def _agree(python: Callable[[], Any], c: tuple[int, Any]) -> None:
    try:
        expected = python()
    except DataError:
        assert c[0] < 0
    else:
        assert c[0] == 0
        np.testing.assert_array_equal(c[1], expected)


def read_pnm(readers: ctypes.CDLL, data: bytes, channels: int) -> tuple[int, Any]:
    pnm, (file, size) = Pnm(), _exactly(data)
    code = readers.pnm_open(file, size, ctypes.byref(pnm))
    if code:
        return code, None
    if pnm.width * pnm.height > 10000:
        return -1, None
    found = np.zeros((pnm.height, pnm.width, channels), np.uint8)
    return readers.pnm_pixels(ctypes.byref(pnm), channels, found.ctypes.data_as(ctypes.c_void_p)), found


def _pictures() -> dict[str, bytes]:
    generator = np.random.default_rng(3)
    grey, wide = (
        generator.integers(0, 256, (5, 11), np.uint8),
        generator.integers(0, 65536, (5, 11), np.uint16),
    )
    rgb, deep = (
        generator.integers(0, 256, (5, 11, 3), np.uint8),
        generator.integers(0, 65536, (5, 11, 3), np.uint16),
    )
    bits = generator.integers(0, 2, (5, 11), np.uint8)

    def text(values: Any, separator: str = " ") -> bytes:
        return separator.join(map(str, values.reshape(-1))).encode()

    return {
        "p1": b"P1\n# bits\n11 5\n" + text(bits),
        "p1 packed": b"P1 11 5 " + text(bits, ""),
        "p2": b"P2 11 5\n# largest\n200\n" + text(grey % 201),
        "p2 deep": b"P2 11 5 65535\n" + text(wide, "\n"),
        "p3": b"P3 11 5 255\n" + text(rgb),
        "p4": b"P4\n11 5\n" + np.packbits(bits, axis=1).tobytes(),
        "p5": b"P5\n11 5\n255\n" + grey.tobytes(),
        "p5 of 100": b"P5\t11\r5 # here\n100\n" + (grey % 101).tobytes(),
        "p5 deep": b"P5\n11 5\n65535\n" + wide.astype(">u2").tobytes(),
        "p5 of 1000": b"P5\n11 5\n1000\n" + (wide % 1001).astype(">u2").tobytes(),
        "p6": b"P6\n11 5\n255\n" + rgb.tobytes(),
        "p6 of 63": b"P6\n11 5\n63\n" + (rgb % 64).tobytes(),
        "p6 deep": b"P6\n11 5\n65535\n" + deep.astype(">u2").tobytes(),
    }


PICTURES = _pictures()


@pytest.mark.parametrize("mode", ["rgb", "grey"])
@pytest.mark.parametrize("name", PICTURES)
def test_pnm_pixels_are_those_of_decode_image(readers: ctypes.CDLL, name: str, mode: Any) -> None:
    pytest.importorskip("PIL", reason="Pillow is not installed")
    expected = DecodeImage(mode).run(PICTURES[name], Context())
    code, found = read_pnm(readers, PICTURES[name], expected.shape[2])
    assert code == 0
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", PICTURES)
def test_a_pnm_file_cut_short_is_refused(readers: ctypes.CDLL, name: str) -> None:
    text = name.startswith(("p1", "p2", "p3"))
    for size in range(len(PICTURES[name])):
        if text and size > len(PICTURES[name]) - 8:
            continue  # the last number may lose a digit and still be one
        assert read_pnm(readers, PICTURES[name][:size], 3)[0] < 0


def read_npy(readers: ctypes.CDLL, data: bytes) -> tuple[int, Any]:
    npy, (file, size) = Npy(), _exactly(data)
    code = readers.npy_open(file, size, ctypes.byref(npy))
    if code:
        return code, None
    dtype = np.dtype(f"{npy.kind.decode()}{npy.size}")
    raw = ctypes.string_at(npy.data, npy.elements * dtype.itemsize)
    return 0, np.frombuffer(raw, dtype).reshape(npy.shape[: npy.rank])


def npy_file(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint8", "int16", "int32", "int64", "bool"])
@pytest.mark.parametrize("shape", [(), (7,), (2, 3), (1, 2, 3, 1), (0, 4)])
def test_numpy_arrays_are_read(readers: ctypes.CDLL, dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    code, found = read_npy(readers, npy_file(array))
    assert code == 0
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_other_arrays_are_refused(readers: ctypes.CDLL) -> None:
    whole = npy_file(np.ones((3, 4), np.float32))
    assert all(read_npy(readers, whole[:size])[0] < 0 for size in range(len(whole)))
    for array in (np.ones((3, 2), order="F"), np.ones(3, ">f4"), np.ones(3, np.complex64), np.array(["a"])):
        assert read_npy(readers, npy_file(array))[0] < 0


def test_raw_tensors_must_have_the_size_expected(readers: ctypes.CDLL) -> None:
    target = ctypes.create_string_buffer(4)
    assert readers.raw_read(b"abcd", 4, 4, target) == 0
    assert target.raw == b"abcd"
    assert readers.raw_read(b"abc", 3, 4, target) < 0


def test_every_refusal_has_words(readers: ctypes.CDLL) -> None:
    for name, worst in (("wav", -6), ("pnm", -3), ("npy", -5)):
        say = getattr(readers, f"{name}_problem")
        say.restype = ctypes.c_char_p
        words = {say(code) for code in range(worst, 0)}
        assert len(words) == -worst
        assert b"unknown" not in words
        assert say(worst - 1) == b"unknown"
