"""A new version keeps the scales of the one before where they fit it, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

import limen
from limen.bundle import PROVENANCE, Bundle
from limen.deliver.repository import delta
from limen.errors import DataError, LimenError
from limen.measure.taps import interpreter_runner
from limen.optimize import decode, quantize_program
from limen.optimize.parent import fits, interval_of, keep_weights, parent_of
from limen.optimize.ranges import Range
from limen.optimize.schemes import activation_quant, weight_quant
from limen.program import Program, Quant
from unit.optimize.nets import pictures, uneven_net

RECIPE = decode("static_wi8_ai8_mse_bc")


def quantised(program: Program, parent: Program | None = None, recipe: str = RECIPE.name, brighter: float = 1.0):  # type: ignore[no-untyped-def]
    feeds = [{"x": brighter * f["x"]} for f in pictures(16)]
    before = None if parent is None else parent_of(parent, "v1")
    return quantize_program(program, decode(recipe), feeds, interpreter_runner(program), parent=before)


def trained_on(program: Program, by: float) -> Program:
    """Weights and biases moved a little, as by some epochs more."""
    rng = np.random.default_rng(5)
    moved = {
        name: replace(t, data=(t.data * (1 + rng.normal(0, by, t.data.shape))).astype(np.float32))
        for name, t in program.tensors.items()
        if t.data is not None
    }
    return replace(program, tensors={**program.tensors, **moved}).check()


def quants(program: Program) -> dict[str, Quant | None]:
    return {name: t.quant for name, t in program.tensors.items()}


@pytest.mark.parametrize("recipe", [RECIPE.name, "static_wi8_ai16_bc", "static_wi8_ai8_pt_sbc"])
def test_the_same_weights_keep_every_scale_whatever_calibrates_them(recipe: str) -> None:
    first = quantised(uneven_net(), recipe=recipe).program
    own = quantised(uneven_net(), recipe=recipe, brighter=1.03).program
    kept = quantised(uneven_net(), first, recipe, brighter=1.03).program
    assert quants(own) != quants(first)
    assert quants(kept) == quants(first)


def test_weights_that_moved_a_little_keep_most_codes() -> None:
    first = quantised(uneven_net()).program
    own, kept = (quantised(trained_on(uneven_net(), 0.003), p).program for p in (None, first))

    def same(program: Program) -> int:
        return sum(int((program.tensors[n].data == first.tensors[n].data).sum()) for n in ("w0", "w1", "w2", "w3"))

    assert same(kept) > same(own)


def test_values_that_do_not_fit_get_scales_of_their_own() -> None:
    first = quantised(uneven_net()).program
    done = quantised(uneven_net(seed=3), first, brighter=3.0)
    own = quantised(uneven_net(seed=3), brighter=3.0)
    assert done.decisions.tensors["x"].quant == own.decisions.tensors["x"].quant
    assert done.decisions.tensors["x"].origin == "range"
    assert done.decisions.log[0].startswith("scales of v1")


def test_a_version_of_another_model_is_refused() -> None:
    other = quantised(uneven_net()).program
    renamed = parent_of(other, "other.limen")
    renamed = replace(renamed, tensors={f"n/{name}": value for name, value in renamed.tensors.items()})
    with pytest.raises(DataError, match=r"other\.limen: none of its tensors is in uneven"):
        quantize_program(uneven_net(), RECIPE, pictures(4), interpreter_runner(uneven_net()), parent=renamed)
    with pytest.raises(DataError, match="is not quantised"):
        parent_of(uneven_net(), "float.tflite")


@given(st.floats(-8, 0), st.floats(0.01, 8), st.floats(0.5, 2))
def test_a_range_is_kept_only_where_little_is_clipped_and_steps_grow_little(low: float, high: float, by: float) -> None:
    had = activation_quant(Range(by * low, by * high), "int8")
    if fits(had, Range(low, high), "int8"):
        covered = interval_of(had, "int8")
        span = high - low
        assert covered.low <= low + 0.06 * span
        assert covered.high >= high - 0.06 * span
        assert had.scale[0] <= 1.11 * span / 255


@given(st.integers(0, 1 << 16), st.floats(0.3, 3))
def test_a_channel_keeps_its_scale_only_where_rounding_costs_little(seed: int, by: float) -> None:
    data = np.random.default_rng(seed).normal(0, 1, (4, 500)).astype(np.float32)
    own = weight_quant(data, 0)
    had = replace(own, scale=(*own.scale[:2], *(by * s for s in own.scale[2:])))
    kept = keep_weights(data, own, had, "int8")
    assert kept.scale[:2] == own.scale[:2]
    if not 0.8 < by < 1.2:
        assert kept == own
    assert keep_weights(data, own, None, "int8") == own
    assert keep_weights(data, own, weight_quant(data, None), "int8") == own


def dense(seed: int, moved: float, folder: Path, name: str) -> Path:
    rng, other = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    w = rng.normal(0, 0.2, (64, 96)) * (1 + other.normal(0, moved, (64, 96)))
    v = rng.normal(0, 0.2, (96, 10)) * (1 + other.normal(0, moved, (96, 10)))
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["r"]),
        helper.make_node("MatMul", ["r", "v"], ["y"]),
    ]
    ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, k]) for n, k in (("x", 64), ("y", 10))]
    constants = [numpy_helper.from_array(c.astype(np.float32), n) for n, c in (("w", w), ("v", v))]
    graph = helper.make_graph(nodes, "dense", ports[:1], ports[1:], constants)
    path = folder / f"{name}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def test_deltas_are_smaller_through_compile_and_build(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=np.random.default_rng(0).normal(0, 1, (32, 64)).astype(np.float32))
    one, two = (dense(0, moved, tmp_path, f"v{moved}") for moved in (0.0, 0.01))
    settings = {"data": tmp_path / "x.npz", "quantize": "int8"}
    limen.compile(one, "tflite", tmp_path / "one", **settings)
    limen.build(one, tmp_path / "one.limen", data=tmp_path / "x.npz", unsigned=True, engines=("litert",))
    old = (tmp_path / "one/model.tflite").read_bytes()
    sizes = {}
    for keep in (None, tmp_path / "one/model.tflite", tmp_path / "one.limen"):
        done = limen.compile(two, "tflite", tmp_path / "two", keep_scales=keep, **settings)
        sizes[keep] = len(delta.make(old, (tmp_path / "two/model.tflite").read_bytes()))
        assert ("kept" in done.notes) == (keep is not None)
    own, by_file, by_bundle = sizes.values()
    assert by_file < own
    assert by_bundle == by_file
    built = limen.build(
        two, tmp_path / "two.limen", data=tmp_path / "x.npz", unsigned=True, engines=("litert",),
        keep_scales=tmp_path / "one.limen",
    )  # fmt: skip
    assert any("scales of one.limen" in note for note in built.report["notes"])
    provenance = Bundle.open(tmp_path / "two.limen").statement(PROVENANCE)
    assert provenance is not None
    assert "scales of one.limen" in provenance["decisions"]["log"][0]
    with pytest.raises(LimenError, match="keeps no scales"):
        limen.compile(two, "tflite", tmp_path / "no", quantize="float16", keep_scales=tmp_path / "one.limen")
    with pytest.raises(LimenError, match=r"v0\.0\.onnx: is not quantised"):
        limen.compile(two, "tflite", tmp_path / "no", keep_scales=one, **settings)
    assert not (tmp_path / "no").exists()
