"""Audio steps against scipy, the standard library and plain loops."""

from __future__ import annotations

import io
import struct
import wave
from typing import Any

import numpy as np
import pytest
import scipy.fft
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from limen.errors import DataError, UsageError
from limen.steps import Chain, Context
from limen.steps.audio_window import AudioWindow
from limen.steps.decode_audio import DecodeAudio
from limen.steps.log_mel import LogMel
from limen.steps.mfcc import Mfcc


def _wave(n: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-1, 1, n).astype(np.float32)


def _file(samples: NDArray[Any], rate: int = 16000) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as writer:
        writer.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        writer.setsampwidth(samples.dtype.itemsize)
        writer.setframerate(rate)
        writer.writeframes(samples.tobytes())
    return buffer.getvalue()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32])
def test_decode_reads_what_the_standard_library_wrote(dtype: Any) -> None:
    limits = np.iinfo(dtype)
    samples = np.random.default_rng(0).integers(limits.min, limits.max, 99, dtype, endpoint=True)
    centre, half = (128, 128) if dtype == np.uint8 else (0, -int(limits.min))
    context = Context()
    found = DecodeAudio(0, "float32").run(_file(samples, 8000), context)
    np.testing.assert_allclose(found, (samples.astype(np.float64) - centre) / half, atol=1e-7)
    assert context.facts["rate"] == 8000
    whole = DecodeAudio(0).run(_file(samples, 8000), Context())
    np.testing.assert_allclose(whole / 32768, found, atol=1 / 32768)


def test_decode_reads_24_bits_float_and_extensible_files() -> None:
    values = np.array([0.5, -0.25, -1.0], np.float32)
    three = b"".join(int(value * 2**23).to_bytes(3, "little", signed=True) for value in values)
    for form, bits, body in ((1, 24, three), (3, 32, values.tobytes()), (3, 64, values.astype("<f8").tobytes())):
        plain = struct.pack("<HHIIHH", form, 1, 16000, 2000 * bits, bits // 8, bits)
        wide = struct.pack("<HHIIHH", 0xFFFE, 1, 16000, 2000 * bits, bits // 8, bits)
        wide += struct.pack("<HHIH", 22, bits, 0, form) + b"\0" * 14
        for head in (plain, wide):
            chunks = b"LIST" + struct.pack("<I", 3) + b"odd\0" + b"fmt " + struct.pack("<I", len(head)) + head
            chunks += b"data" + struct.pack("<I", len(body)) + body
            data = b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
            np.testing.assert_array_equal(DecodeAudio(16000, "float32").run(data, Context()), values)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a RIFF WAVE file"),
        (b"RIFF\0\0\0\0WAVE", "lacks its fmt or data chunk"),
        (_file(np.zeros(0, np.int16)), "holds no samples"),
        (_file(np.zeros(9, np.int16), 8000), "8000 samples per second, not 16000"),
        (_file(np.zeros(9, np.int16)).replace(b"\x01\0\x01\0", b"\x02\0\x01\0"), "wave format 2 with 16 bits"),
        ("/nowhere/a.wav", "cannot be read"),
    ],
)
def test_decode_says_what_is_wrong_with_a_file(data: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        DecodeAudio().run(data, Context())


@given(st.integers(0, 200), st.integers(0, 255), st.booleans())
def test_a_broken_wav_is_sound_or_a_data_error(place: int, byte: int, cut: bool) -> None:
    data = bytearray(_file(np.arange(64, dtype=np.int16)))
    data[place % len(data)] = byte
    try:
        found = DecodeAudio(0).run(bytes(data[: place % len(data)] if cut else data), Context())
    except DataError as problem:
        assert problem.hint  # noqa: PT017
        return
    assert found.dtype == np.int16
    assert found.ndim == 1


@given(st.lists(st.integers(0, 9), max_size=9), st.integers(1, 7), st.integers(1, 12))
def test_windows_do_not_depend_on_how_the_stream_is_cut(chunks: list[int], size: int, hop: int) -> None:
    total = sum(chunks)
    stream = np.arange(2 * total, dtype=np.int16).reshape(-1, 2)
    step, context = AudioWindow(size, hop), Context()
    parts = [step.run(part, context) for part in np.split(stream, np.cumsum(chunks))]
    expected = [stream[start : start + size] for start in range(0, total - size + 1, hop)]
    np.testing.assert_array_equal(np.concatenate(parts), np.array(expected, np.int16).reshape(-1, size, 2))


@given(st.integers(0, 30), st.integers(1, 7), st.integers(1, 9))
def test_padded_windows_leave_no_sample_out(total: int, size: int, hop: int) -> None:
    found = AudioWindow(size, hop, "end").run(np.arange(1, total + 1, dtype=np.int16), Context())
    assert len(found) >= 1
    if hop <= size:
        assert set(range(1, total + 1)) == set(found.ravel().tolist()) - {0}


def test_a_stream_keeps_its_shape_and_dtype() -> None:
    context = Context()
    AudioWindow(4).run(np.zeros(3, np.int16), context)
    with pytest.raises(DataError, match="float32"):
        AudioWindow(4).run(np.zeros(3, np.float32), context)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize(("size", "fft", "hop"), [(480, 512, 320), (512, 512, 128), (100, 256, 99)])
def test_spectra_are_scipys(power: int, size: int, fft: int, hop: int) -> None:
    """Frame by frame with scipy, the filters written out bin by bin as tf.signal documents them."""
    samples = _wave(4000)
    window = scipy.signal.get_window("hann", size)
    starts = range(0, len(samples) - size + 1, hop)
    spectra = np.array([np.abs(scipy.fft.rfft(samples[s : s + size] * window, fft)) ** power for s in starts])
    expected = np.log(spectra @ _triangles(16000, fft, 20, 50.0, 7000.0) + 1e-6)
    found = LogMel(16000, size, hop, fft, 20, 50.0, 7000.0, power=power).run(samples, Context())
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def _triangles(rate: int, fft: int, mels: int, low: float, high: float) -> NDArray[np.float64]:
    """tf.signal.linear_to_mel_weight_matrix, bin by bin."""

    def mel(f: float) -> float:
        return 1127.0 * float(np.log1p(f / 700.0))

    edges = [mel(low) + (mel(high) - mel(low)) * i / (mels + 1) for i in range(mels + 2)]
    out = np.zeros((fft // 2 + 1, mels))
    for k in range(1, fft // 2 + 1):
        for m in range(mels):
            up = (mel(k * rate / fft) - edges[m]) / (edges[m + 1] - edges[m])
            down = (edges[m + 2] - mel(k * rate / fft)) / (edges[m + 2] - edges[m + 1])
            out[k, m] = max(0.0, min(up, down))
    return out


@pytest.mark.parametrize("hop", [160, 100])
def test_centred_frames_see_what_librosa_documents(hop: int) -> None:
    """1 + n // hop frames, the t-th centred on sample t * hop."""
    impulse = np.zeros(1600, np.float32)
    impulse[3 * hop] = 1.0
    step = LogMel(16000, 400, hop, 512, 8, high=8000.0, log="none", centre="zeros")
    found = step.run(impulse, Context())
    assert len(found) == 1 + 1600 // hop
    assert found.sum(axis=1).argmax() == 3
    np.testing.assert_allclose(found[3 - 1], found[3 + 1], rtol=1e-4)


def test_slaney_filters_have_unit_area_in_hertz() -> None:
    from limen.steps._signal import mel_filters

    filters = mel_filters(16000, 4096, 10, 300.0, 7000.0, "slaney", "hertz", True)
    np.testing.assert_allclose(filters.sum(axis=0) * 16000 / 4096, 1.0, rtol=0.02)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"fft": 256}, "fft=256 is not valid"),
        ({"high": 9000.0}, "high=9000 is not valid"),
        ({"low": 5000.0}, "high=4000 is not valid"),
        ({"power": 3}, "power=3 is not valid"),
        ({"floor": 0.0}, "floor=0 is not valid"),
        ({"hop": 0}, "hop=0 is not valid"),
    ],
)
def test_log_mel_refuses_what_makes_no_sense(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=f"log_mel: {message}"):
        LogMel(**parameters)


def test_log_mel_refuses_a_signal_shorter_than_a_frame() -> None:
    with pytest.raises(DataError, match=r"^log_mel: the signal has 100 samples \(give at least size=480\)$"):
        LogMel().run(np.zeros(100, np.int16), Context())
    with pytest.raises(DataError, match="needs more than fft/2=256"):
        LogMel(centre="reflect").run(np.zeros(100, np.int16), Context())
    with pytest.raises(DataError, match="the samples are int32"):
        LogMel().run(np.zeros(1000, np.int32), Context())


def test_int16_and_its_float_are_the_same_signal() -> None:
    whole = (_wave(1000) * 32767).astype(np.int16)
    np.testing.assert_array_equal(
        LogMel().run(whole, Context()), LogMel().run(whole.astype(np.float32) / 32768, Context())
    )


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 99))
def test_mfcc_is_scipys_dct(mels: int, count: int, seed: int) -> None:
    frames = _wave(3 * mels, seed).reshape(3, mels) * 10
    if count > mels:
        with pytest.raises(DataError, match=f"has {mels} mels"):
            Mfcc(count).run(frames, Context())
        return
    wide = frames.astype(np.float64)
    ortho = scipy.fft.dct(wide, type=2, axis=-1, norm="ortho")[:, :count]
    plain = scipy.fft.dct(wide, type=2, axis=-1)[:, :count]
    np.testing.assert_allclose(Mfcc(count).run(frames, Context()), ortho, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(Mfcc(count, "none").run(frames, Context()), plain, rtol=1e-5, atol=1e-5)
    scaled = plain / np.sqrt(2 * mels)
    np.testing.assert_allclose(Mfcc(count, "tf").run(frames, Context()), scaled, rtol=1e-5, atol=1e-5)


def test_the_keyword_models_features_have_their_shape() -> None:
    """MLPerf Tiny keyword spotting: 49 frames of 10 coefficients from one second."""
    chain = Chain.parse("log_mel,mfcc:10:tf,reshape:1/49/10/1")
    assert chain.run(_wave(16000)).shape == (1, 49, 10, 1)
