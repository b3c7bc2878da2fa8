"""The page that ``limen package --as web`` makes, in headless Chromium: the interpreter's numbers."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from limen.build import build, package
from limen.engines import load
from limen.steps import Context
from stories._browser import find_chromium, open_page

pytest.importorskip("ziglang", reason="ziglang is not installed")
pytestmark = pytest.mark.skipif(find_chromium() is None, reason="chromium is not installed")


def test_a_picture_is_classified_as_the_interpreter_does(shared: Path, tmp_path: Path) -> None:
    model = shared / "models/mlperf-tiny/vww_int8.tflite"
    steps = {"pre": "decode_image,resize:96x96,normalise:scale=255", "post": "top_k:k=2"}
    package(model, "web", tmp_path / "page", **steps)
    assert (tmp_path / "page" / "vww_int8.wasm").stat().st_size < 300_000
    picture = Image.open(shared / "data/security/images/3.jpg").convert("RGB")
    picture.thumbnail((480, 480))
    picture.save(tmp_path / "page" / "street.png")
    (answer,) = open_page(
        tmp_path / "page", "index.html?sample=street.png", tmp_path / "shot.png", tmp_path / "profile"
    )
    build(model, tmp_path / "vww.limen", device="x86-64", unsigned=True, **steps)
    found = load(tmp_path / "vww.limen", engine="reference").predict(tmp_path / "page" / "street.png").found
    assert answer["classes"] == found["classes"].reshape(-1).tolist()
    assert answer["scores"] == found["scores"].reshape(-1).tolist()
    assert len(np.unique(np.asarray(Image.open(tmp_path / "shot.png")).reshape(-1, 3), axis=0)) > 50


def test_a_wake_word_is_heard_in_a_recording(shared: Path, tmp_path: Path) -> None:
    model = shared / "data/smarthome/okay_nabu.tflite"
    wav = shared / "data/smarthome/wav/okay_nabu/1.wav"
    package(model, "web", tmp_path / "page", pre="decode_audio,micro_frontend")
    shutil.copy(wav, tmp_path / "page" / "said.wav")
    answers = open_page(tmp_path / "page", "index.html?sample=said.wav", tmp_path / "shot.png", tmp_path / "profile")
    found = np.array([answer["values"][0] for answer in answers])
    build(model, tmp_path / "word.limen", device="x86-64", unsigned=True, pre="decode_audio,micro_frontend")
    session = load(tmp_path / "word.limen", engine="reference")
    frames = session.bundle.chain("pre").run(wav, Context())
    runs = len(frames) // 3
    name = session.inputs[0]
    expected = [session.run({name: frames[None, 3 * i : 3 * i + 3]}) for i in range(runs)]
    np.testing.assert_array_equal(found, [e[session.outputs[0]].item() for e in expected])
    assert found.max() > 0.9
