"""Reading ONNX files: old opsets, external data, everything that is not an ONNX file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from limen.errors import ModelError
from limen.model import StatePair, evaluate, from_bytes, from_proto, load, save, static_shapes, to_bytes, to_text
from unit.model.graphs import proto, types, weights


def dense() -> onnx.ModelProto:
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["y"], transB=1)]
    return proto(nodes, {"x": ["N", 8]}, {"y": ["N", 3]}, {"w": weights(3, 8), "b": weights(3)})


def test_a_saved_model_reads_back_to_the_same_bytes(tmp_path: Path) -> None:
    first = from_proto(dense())
    save(first, tmp_path / "a.onnx")
    assert to_bytes(load(tmp_path / "a.onnx")) == (tmp_path / "a.onnx").read_bytes()


@pytest.mark.parametrize("data", [b"", b"hello", b"\x08\x07", bytes(200)])
def test_what_is_no_onnx_file_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError):
        from_bytes(data)


def test_a_file_cut_short_is_refused() -> None:
    data = dense().SerializeToString()
    whole = to_bytes(from_bytes(data))
    for length in range(1, len(data), 7):
        try:
            assert to_bytes(from_bytes(data[:length])) != whole
        except ModelError:
            continue


def test_an_initialiser_that_is_also_an_input_is_a_constant() -> None:
    source = dense()
    source.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [3, 8]))
    assert [v.name for v in from_proto(source).ir.graph.inputs] == ["x"]


def test_external_data_is_read_from_the_models_folder(tmp_path: Path) -> None:
    source = dense()
    expected = evaluate(static_shapes(from_proto(source)), {"x": np.ones((1, 8), np.float32)})
    onnx.save(source, tmp_path / "m.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    seen = evaluate(static_shapes(load(tmp_path / "m.onnx")), {"x": np.ones((1, 8), np.float32)})
    np.testing.assert_array_equal(seen["y"], expected["y"])


@pytest.mark.parametrize("location", ["../secret", "/etc/hostname", "sub/../../secret"])
def test_external_data_outside_the_folder_is_refused(tmp_path: Path, location: str) -> None:
    (tmp_path / "secret").write_bytes(bytes(96))
    folder = tmp_path / "model"
    folder.mkdir()
    source = dense()
    tensor = source.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    (folder / "m.onnx").write_bytes(source.SerializeToString())
    with pytest.raises(ModelError, match="outside the model's folder"):
        load(folder / "m.onnx")


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(96))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "w.bin").symlink_to(tmp_path / "secret")
    source = dense()
    tensor = source.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="w.bin")
    with pytest.raises(ModelError, match="outside the model's folder"):
        from_bytes(source.SerializeToString(), "m", folder)


def test_bytes_that_do_not_fit_the_shape_are_refused() -> None:
    source = dense()
    source.graph.initializer[0].dims[0] = 1000000
    with pytest.raises(ModelError, match="do not fit"):
        from_proto(source)


def test_opset_9_upsample_and_slice_become_their_new_forms() -> None:
    nodes = [
        helper.make_node("Upsample", ["x", "s"], ["u"], mode="nearest"),
        helper.make_node("Slice", ["u"], ["c"], axes=[2], starts=[1], ends=[5]),
        helper.make_node("Clip", ["c"], ["y"], min=0.2, max=0.8),
    ]
    scales = np.asarray([1, 1, 2, 2], np.float32)
    source = proto(nodes, {"x": [1, 2, 4, 4]}, {"y": [1, 2, 4, 8]}, {"s": scales}, opset=9)
    read = static_shapes(from_proto(source))
    assert (read.opset, types(read)) == (21, ["Resize", "Slice", "Clip"])
    x = np.random.default_rng(0).random((1, 2, 4, 4), np.float32)
    expected = np.clip(x.repeat(2, 2).repeat(2, 3)[:, :, 1:5], 0.2, 0.8)
    np.testing.assert_array_equal(evaluate(read, {"x": x})["y"], expected)


def test_opset_11_softmax_keeps_its_flattened_meaning() -> None:
    nodes = [helper.make_node("Softmax", ["x"], ["y"], axis=1)]
    read = static_shapes(from_proto(proto(nodes, {"x": [2, 3, 4]}, {"y": [2, 3, 4]}, opset=11)))
    x = np.random.default_rng(0).random((2, 3, 4), np.float32)
    e = np.exp(x.reshape(2, 12))
    np.testing.assert_allclose(evaluate(read, {"x": x})["y"], (e / e.sum(1, keepdims=True)).reshape(x.shape), rtol=1e-5)


def test_an_opset_that_nobody_wrote_is_refused() -> None:
    source = dense()
    source.opset_import[0].version = 99
    with pytest.raises(ModelError, match="opset 99 is not supported"):
        from_proto(source)


def test_a_state_must_name_an_input_and_an_output() -> None:
    with pytest.raises(ModelError, match="no input 'h'"):
        from_proto(dense()).with_states((StatePair("h", "y"),))


def test_the_text_names_every_value() -> None:
    text = to_text(from_proto(dense()))
    assert "y: float[N,3] = Gemm(x, w, b) transB=1" in text
