"""Deltas rebuild the payload to the bit, whatever the two payloads are, and are small where models are alike."""

from __future__ import annotations

import numpy as np
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from delta_reader import add, apply
from limen.bundle import pack_arrays
from limen.deliver.repository import delta, tensors
from limen.deliver.repository.planes import difference
from limen.program import binary
from small_bundles import CASES

BYTES = st.binary(max_size=2000)


@given(BYTES, BYTES)
def test_any_two_payloads(old: bytes, new: bytes) -> None:
    assert apply(old, delta.make(old, new)) == new


@given(st.data())
def test_a_payload_with_some_bytes_changed(data: st.DataObject) -> None:
    seed = data.draw(st.integers(0, 1 << 16))
    old = np.random.default_rng(seed).bytes(3000)
    new = bytearray(old)
    for _ in range(data.draw(st.integers(0, 8))):
        at = data.draw(st.integers(0, len(new) - 1))
        new[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=20))
    assert apply(old, delta.make(old, bytes(new))) == bytes(new)


@pytest.mark.parametrize("element", range(5))
@given(st.data())
def test_a_difference_in_planes_is_undone(element: int, data: st.DataObject) -> None:
    width = tensors.WIDTH[element]
    count = data.draw(st.integers(0, 40))
    old, new = (data.draw(st.binary(min_size=width * count, max_size=width * count)) for _ in range(2))
    assert add(old, difference(old, new, element), element) == new


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "float16", "float32", "int64", "float64"])
def test_slightly_changed_arrays_cost_less_than_zstd(dtype: str) -> None:
    random = np.random.default_rng(3)
    values = random.standard_normal(40_000) * 40
    old, new = (pack_arrays({"w": v.astype(dtype)}) for v in (values, values + random.standard_normal(40_000) * 0.4))
    made = delta.make(old, new)
    assert apply(old, made) == new
    if dtype != "float64":
        assert len(made) < 0.9 * len(zstd.compress(new, 19))


def test_the_same_payload_is_one_copy() -> None:
    data = np.random.default_rng(0).bytes(100_000)
    assert len(delta.make(data, data)) < 160


def test_a_payload_longer_than_the_window() -> None:
    random = np.random.default_rng(1)
    old = random.bytes(10 << 20)
    new = random.bytes(5000) + old[:-7] + random.bytes(100)
    made = delta.make(old, new)
    assert apply(old, made) == new
    assert len(made) < 0.02 * len(new)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_tensors_are_found_in_every_form_of_a_model(case: object) -> None:
    small = case()  # type: ignore[operator]
    program = binary.from_bytes(small.artifacts["program"][0])
    constants = {bytes(t.data.tobytes()) for t in program.tensors.values() if t.data is not None and t.data.size > 4}
    for kind in ("program", "tflite"):
        data = memoryview(small.artifacts[kind][0])
        assert constants <= {bytes(data[s.start : s.end]) for s in tensors.find(data)}, kind


def test_weights_are_found_in_onnx() -> None:
    small = CASES[0]()
    data = memoryview(small.artifacts["onnx"][0])
    found = {s.name: (s.end - s.start, s.element) for s in tensors.find(data)}
    assert found == {"w": (5 * 3 * 16 * 4, tensors.F32), "b": (20, tensors.F32)}


@given(st.binary(max_size=400), st.sampled_from(["program", "tflite", "onnx"]), st.integers(0, 1 << 16))
def test_damaged_models_never_stop_the_search(junk: bytes, kind: str, at: int) -> None:
    data = bytearray(CASES[0]().artifacts[kind][0])
    at %= len(data)
    data[at : at + len(junk)] = junk
    for span in tensors.find(memoryview(data)):
        assert 0 <= span.start < span.end <= len(data)


def test_making_a_delta_twice_gives_the_same_bytes() -> None:
    random = np.random.default_rng(5)
    old, new = random.bytes(30_000), random.bytes(30_000)
    assert delta.make(old, new) == delta.make(old, new)
