"""A .tflite file that goes through limen stays what it was: on LiteRT, to the bit, with the same inputs.

``python bench/tflite_roundtrip.py`` prints the figures of every file.
"""

from __future__ import annotations

import importlib.util
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from conftest import REPOSITORY
from limen.importers.tflite import read
from limen.targets.tflite import write

FILES = (
    "models/mlperf-tiny/ad01_fp32.tflite",
    "models/mlperf-tiny/ad01_int8.tflite",
    "models/mlperf-tiny/ic_resnet8_float.tflite",
    "models/mlperf-tiny/ic_resnet8_int8.tflite",
    "models/mlperf-tiny/kws_dscnn_float.tflite",
    "models/mlperf-tiny/kws_dscnn_int8.tflite",
    "models/mlperf-tiny/vww_float.tflite",
    "models/mlperf-tiny/vww_int8.tflite",
    "data/smarthome/alexa.tflite",
    "data/smarthome/hey_jarvis.tflite",
    "data/smarthome/hey_mycroft.tflite",
    "data/smarthome/okay_nabu.tflite",
    "data/smarthome/mobilenet_v1_0.5_160_quant.tflite",
    "data/security/face_detection_short_range.tflite",
)
WORDS = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")


@pytest.fixture(scope="session")
def roundtrip() -> Any:
    """The comparison that the benchmark prints."""
    spec = importlib.util.spec_from_file_location("tflite_roundtrip", REPOSITORY / "bench" / "tflite_roundtrip.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("file", FILES)
def test_every_tensor_is_the_same_on_litert(file: str, shared: Path, roundtrip: Any) -> None:
    row = roundtrip.compare(shared / file, inputs=100)
    print(row)
    assert (row.default, row.reference) == (0.0, 0.0)
    assert row.distinct == 100
    assert row.same_bytes
    assert row.same_text


def test_no_file_of_the_shared_folder_is_left_out(shared: Path) -> None:
    assert {str(path.relative_to(shared)) for path in shared.glob("**/*.tflite")} == set(FILES)


@pytest.mark.parametrize("word", WORDS)
def test_packaged_wake_words_are_written_again_unchanged(word: str, roundtrip: Any) -> None:
    package = importlib.util.find_spec("pymicro_wakeword")
    assert package is not None
    assert package.origin is not None
    row = roundtrip.compare(Path(package.origin).parent / "models" / f"{word}.tflite", inputs=2)
    assert row.lossless


@pytest.mark.parametrize("word", WORDS)
def test_a_streamed_word_is_found_with_the_same_probabilities(word: str, shared: Path) -> None:
    source = (shared / "data" / "smarthome" / f"{word}.tflite").read_bytes()
    written = write(read(source))
    recordings = sorted((shared / "data" / "smarthome" / "wav" / word).glob("*.wav"))
    assert recordings
    steps = list(features(recordings[0]))
    first, second = stream(source, steps), stream(written, steps)
    print(word, len(steps), "steps, highest probability", max(first) / 255)
    assert len(steps) >= 30
    assert first == second
    assert max(first) > 200


def features(recording: Path) -> Iterator[np.ndarray]:
    """Windows [3, 40] of the micro front end, 10 ms a row, one second of silence before and after."""
    from pymicro_features import MicroFrontend

    with wave.open(str(recording)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
        audio = bytes(32000) + file.readframes(file.getnframes()) + bytes(32000)
    frontend, rows, position = MicroFrontend(), [], 0
    while position + 320 <= len(audio):
        result = frontend.process_samples(audio[position : position + 320])
        position += result.samples_read * 2
        if result.features:
            rows.append(result.features)
    for index in range(0, len(rows) - 2, 3):
        yield np.asarray(rows[index : index + 3], np.float32)


def stream(content: bytes, steps: list[np.ndarray]) -> list[int]:
    """The word's uint8 probability after each step, states going on from step to step."""
    interpreter = Interpreter(model_content=content, num_threads=1, experimental_op_resolver_type=OpResolverType.AUTO)
    interpreter.allocate_tensors()
    (given,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    scale, zero_point = given["quantization"]
    codes = []
    for step in steps:
        quantised = np.clip(np.round(step / scale) + zero_point, -128, 127).astype(np.int8)
        interpreter.set_tensor(given["index"], quantised[np.newaxis])
        interpreter.invoke()
        codes.append(int(interpreter.get_tensor(result["index"]).item()))
    return codes
