"""The wake words' front end against the C code that the models were trained with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from limen.errors import UsageError
from limen.steps import Chain, Context, _micro
from limen.steps._fixed_fft import real_fft
from limen.steps.micro_frontend import MicroFrontend

WORDS = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")


def _theirs(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """pymicro-wakeword's own features, fed as it feeds them."""
    wakeword = pytest.importorskip("pymicro_wakeword")
    features = list(wakeword.MicroWakeWordFeatures().process_streaming(samples.astype("<i2").tobytes()))
    return np.array(features, np.float32).reshape(-1, 40)


def _ours(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = MicroFrontend().run(samples[: len(samples) // 160 * 160], Context())
    return found


def _noise(seed: int, count: int, loud: int) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-loud, loud, count, np.int16, endpoint=True)


def _assert_same_bits(found: NDArray[np.float32], theirs: NDArray[np.float32]) -> None:
    """Bit for bit, as on devices; where the C library here rounds log1pf otherwise (glibc from 2.41 on), four filter
    weights of the C code move by 1/4096 and rare features with them."""
    ratios = np.arange(257, dtype=np.float32) * np.float32(31.25) / np.float32(700)
    if all(np.log1p(ratio) == _micro._log1p(ratio) for ratio in ratios):
        np.testing.assert_array_equal(found, theirs)
    else:
        assert found.shape == theirs.shape
        assert np.mean(found != theirs) < 0.002


EXTREMES = {
    "silence": np.zeros(3200, np.int16),
    "lowest": np.full(3200, -32768, np.int16),
    "highest": np.full(3200, 32767, np.int16),
    "alternating": np.tile(np.array([32767, -32768], np.int16), 1600),
    "square": np.repeat(np.tile(np.array([32767, -32768], np.int16), 100), 16),
    "impulses": np.where(np.arange(16000) % 501 == 0, 32767, 0).astype(np.int16),
    "swelling": (_noise(1, 64000, 32767) * np.linspace(0, 1, 64000) ** 4).astype(np.int16),
    "tone": (32767 * np.sin(np.arange(16000) ** 2 / 90000)).astype(np.int16),
    "too short": np.ones(479, np.int16),
}


@pytest.mark.parametrize("name", EXTREMES)
def test_extreme_signals_give_the_same_bits(name: str) -> None:
    _assert_same_bits(_ours(EXTREMES[name]), _theirs(EXTREMES[name]))


@given(st.integers(0, 2**32 - 1), st.integers(0, 32767), st.integers(480, 6000))
@settings(max_examples=40)
def test_noise_of_any_loudness_gives_the_same_bits(seed: int, loud: int, count: int) -> None:
    samples = _noise(seed, count, loud)
    _assert_same_bits(_ours(samples), _theirs(samples))


@pytest.mark.parametrize("word", WORDS)
def test_recordings_give_the_same_bits(shared: Path, word: str) -> None:
    files = sorted((shared / "data" / "smarthome" / "wav" / word).glob("*.wav"))
    assert files
    for file in files:
        samples = Chain.parse("decode_audio").run(file)
        found = _ours(samples)
        assert len(found) > 50
        _assert_same_bits(found, _theirs(samples))


@given(st.lists(st.integers(0, 700), min_size=1, max_size=8), st.integers(0, 99))
@settings(max_examples=30)
def test_features_do_not_depend_on_how_the_stream_is_cut(chunks: list[int], seed: int) -> None:
    samples = _noise(seed, sum(chunks), 3000)
    step, context = MicroFrontend(), Context()
    parts = [step.run(part, context) for part in np.split(samples, np.cumsum(chunks))]
    np.testing.assert_array_equal(np.concatenate(parts), MicroFrontend().run(samples, Context()))


def test_float_samples_are_the_same_signal() -> None:
    samples = _noise(3, 4800, 32767)
    np.testing.assert_array_equal(_ours(samples), MicroFrontend().run(samples.astype(np.float32) / 32768, Context()))


@pytest.mark.parametrize("count", [4, 8, 16, 64, 512, 1024, 4096])
def test_the_fixed_point_transform_is_a_transform(count: int) -> None:
    samples = _noise(count, 3 * count, 32767).reshape(3, count)
    real, imaginary = real_fft(samples)
    exact = np.fft.rfft(samples.astype(np.float64)) / count
    assert real.shape == exact.shape
    assert np.abs(real - exact.real).max() < 5
    assert np.abs(imaginary - exact.imag).max() < 5


@given(st.integers(0, 2**50))
def test_roots_are_rounded(x: int) -> None:
    found = int(_micro.rounded_root(np.array([x]))[0])
    assert (2 * found - 1) ** 2 <= 4 * x or found == 0
    assert 4 * x < (2 * found + 1) ** 2 or (found == 0xFFFF and x < 2**32)


@given(st.integers(2, 2**32 - 1), st.integers(0, 10))
def test_logarithms_are_within_two_steps(x: int, shift: int) -> None:
    found = int(_micro.logarithm(np.array([x]), shift)[0])
    assert abs(found - np.log(x) * 2**shift) < 2


@pytest.mark.parametrize(
    "parameters",
    [
        {"rate": 8000, "high": 3800.0},
        {"size": 25},
        {"size": 32, "hop": 20, "channels": 10},
        {"gain": False},
        {"rate": 48000, "size": 64, "high": 20000.0, "channels": 64},
        {"size": 2, "hop": 1, "channels": 4, "high": 6000.0},
        {"smoothing_bits": 6, "gain_bits": 18, "log_shift": 0},
    ],
)
def test_other_parameters_give_finite_features_that_follow_the_signal(parameters: dict[str, Any]) -> None:
    step = MicroFrontend(**parameters)
    quiet, loud = (step.run(_noise(1, step.rate, level), Context()) for level in (10, 10_000))
    assert quiet.shape == loud.shape == (1 + (1000 - step.size) // step.hop, step.channels)
    if not step.gain:
        assert loud.mean() > quiet.mean() + 1
    assert 0 <= loud.min() <= loud.max() <= 65535 * step.scale


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"high": 8000.0}, "high=8000 is not valid"),
        ({"low": 7500.0}, "high=7500 is not valid"),
        ({"hop": 31}, "hop=31 is not valid"),
        ({"size": 300}, "size=300 is not valid"),
        ({"remaining": 1.5}, "remaining=1.5 is not valid"),
        ({"gain_offset": 0.0}, "gain_offset=0 is not valid"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=f"micro_frontend: {message}"):
        MicroFrontend(**parameters)


@pytest.mark.parametrize("word", WORDS)
def test_the_word_is_found_in_its_recordings_and_in_no_other(shared: Path, word: str) -> None:
    """Sound file to decision with steps alone around the model; the answers are pymicro-wakeword's own."""
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    folder = shared / "data" / "smarthome"
    pre = Chain.parse("decode_audio,micro_frontend,audio_window:3")
    post = Chain.parse("threshold:0.85:5")
    for other in WORDS:
        for file in sorted((folder / "wav" / other).glob("*.wav"))[:2]:
            interpreter = litert.Interpreter(str(folder / f"{word}.tflite"), num_threads=1)
            interpreter.allocate_tensors()
            source, sink = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
            context, best = Context(), 0.0
            for window in pre.run(file, context):
                scale, zero_point = source["quantization"]
                interpreter.set_tensor(source["index"], np.rint(window[None] / scale + zero_point).astype(np.int8))
                interpreter.invoke()
                scale, zero_point = sink["quantization"]
                score = (interpreter.get_tensor(sink["index"]).astype(np.float32) - zero_point) * np.float32(scale)
                answer = post.run(score, context)
                best = max(best, float(answer["scores"].max()))
            assert (best > 0.85) == (word == other), f"{file.name}: {word} {best:.3f}"
