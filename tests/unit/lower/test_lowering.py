"""Lowering: layouts at the border, Transposes that do not appear, states, refusals by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from conformance._onnx_backend import run_by_name
from limen.errors import UnsupportedOp
from limen.lower import lower
from limen.model import Model, StatePair, evaluate, from_proto, random_feeds, static_shapes
from limen.program import Program, initial_states
from unit.model.graphs import Array, model, proto, weights

node = helper.make_node
X = {"x": [1, 3, 8, 8]}
CONV = {"w": weights(4, 3, 3, 3), "b": weights(4)}


def ops(program: Program) -> list[str]:
    return [n.op.name for n in program.nodes]


def checked(source: Model, tolerance: float = 1e-5, **settings: bool) -> Program:
    """Lower and compare with onnxruntime."""
    program = lower(source, **settings)
    feeds = random_feeds(source, 3)
    expected = evaluate(source, feeds)
    seen = run_by_name(program, feeds)
    assert seen.keys() == expected.keys()
    for name, value in expected.items():
        assert seen[name].shape == value.shape
        np.testing.assert_allclose(seen[name], value, rtol=1e-4, atol=tolerance)
    return program


def test_a_convolution_takes_and_gives_channels_last_without_a_transpose() -> None:
    nodes = [node("Conv", ["x", "w", "b"], ["c"], pads=[1] * 4), node("Relu", ["c"], ["y"])]
    program = checked(model(nodes, X, {"y": None}, CONV))
    assert ops(program) == ["Conv2D"]
    assert [p.permutation for p in (*program.inputs, *program.outputs)] == [(0, 2, 3, 1)] * 2
    assert program.nodes[0].op.attributes()["activation"] == "relu"


def test_keep_layout_keeps_the_source_layout_at_the_border() -> None:
    nodes = [node("Conv", ["x", "w", "b"], ["y"], pads=[1] * 4)]
    program = checked(model(nodes, X, {"y": None}, CONV), keep_layout=True)
    assert ops(program) == ["Transpose", "Conv2D", "Transpose"]
    assert [p.permutation for p in (*program.inputs, *program.outputs)] == [None, None]


def test_an_input_is_made_as_its_readers_behind_elementwise_steps_want_it() -> None:
    nodes = [
        node("Sub", ["x", "mean"], ["s"]),
        node("Div", ["s", "scale"], ["d"]),
        node("Conv", ["d", "w", "b"], ["y"], pads=[1] * 4),
    ]
    constants = {**CONV, "mean": weights(3, 1, 1), "scale": np.abs(weights(3, 1, 1)) + 1}
    assert "Transpose" not in ops(checked(model(nodes, X, {"y": None}, constants)))


def test_flattened_features_permute_the_matrix_instead_of_the_value() -> None:
    nodes = [
        node("Conv", ["x", "w", "b"], ["c"], pads=[1] * 4),
        node("Flatten", ["c"], ["f"]),
        node("Gemm", ["f", "v"], ["y"], transB=1),
    ]
    program = checked(model(nodes, X, {"y": [1, 5]}, {**CONV, "v": weights(5, 256)}))
    assert ops(program) == ["Conv2D", "Reshape", "FullyConnected"]


def test_a_flattened_value_with_another_reader_is_transposed_once() -> None:
    nodes = [
        node("Conv", ["x", "w", "b"], ["c"], pads=[1] * 4),
        node("Flatten", ["c"], ["y"]),
    ]
    assert ops(checked(model(nodes, X, {"y": [1, 256]}, CONV))).count("Transpose") == 1


def test_a_channel_shuffle_takes_one_transpose() -> None:
    nodes = [
        node("Conv", ["x", "w", "b"], ["c"], pads=[1] * 4),
        node("Reshape", ["c", "split"], ["s"]),
        node("Transpose", ["s"], ["t"], perm=[0, 2, 1, 3, 4]),
        node("Reshape", ["t", "join"], ["j"]),
        node("Conv", ["j", "v"], ["y"]),
    ]
    constants = {**CONV, "v": weights(2, 4, 1, 1)}
    constants |= {"split": np.asarray([1, 2, 2, 8, 8]), "join": np.asarray([1, 4, 8, 8])}
    assert ops(checked(model(nodes, X, {"y": None}, constants))).count("Transpose") == 1


def test_one_dimensional_convolutions_meet_without_reshapes_between_them() -> None:
    nodes = [
        node("Conv", ["x", "w"], ["c"], pads=[1, 1]),
        node("Sigmoid", ["c"], ["s"]),
        node("Conv", ["s", "v"], ["y"], strides=[2]),
    ]
    constants = {"w": weights(6, 3, 3), "v": weights(2, 6, 2)}
    program = checked(model(nodes, {"x": [1, 3, 20]}, {"y": None}, constants))
    assert ops(program) == ["Reshape", "Conv2D", "Logistic", "Conv2D", "Reshape"]


def test_attention_needs_a_transpose_per_operand() -> None:
    def heads(name: str, perm: list[int]) -> list[object]:
        return [
            node("MatMul", ["x", f"w{name}"], [f"m{name}"]),
            node("Reshape", [f"m{name}", "split"], [f"r{name}"]),
            node("Transpose", [f"r{name}"], [name], perm=perm),
        ]

    nodes = [
        *heads("q", [0, 2, 1, 3]),
        *heads("k", [0, 2, 3, 1]),
        *heads("v", [0, 2, 1, 3]),
        node("MatMul", ["q", "k"], ["a"]),
        node("Softmax", ["a"], ["p"], axis=-1),
        node("MatMul", ["p", "v"], ["o"]),
        node("Transpose", ["o"], ["t"], perm=[0, 2, 1, 3]),
        node("Reshape", ["t", "join"], ["y"]),
    ]
    constants: dict[str, Array] = {f"w{n}": weights(8, 8, seed=i) for i, n in enumerate("qkv")}
    constants |= {"split": np.asarray([2, 5, 2, 4]), "join": np.asarray([2, 5, 8])}
    program = checked(model(nodes, {"x": [2, 5, 8]}, {"y": None}, constants))
    assert ops(program).count("Transpose") == 4


def test_a_clamp_behind_a_join_stays_a_node() -> None:
    """A concatenation has an activation in TFLite's schema, but in no kernel."""
    nodes = [node("Concat", ["x", "x"], ["a"], axis=1), node("Relu", ["a"], ["y"])]
    assert ops(checked(model(nodes, X, {"y": None}))) == ["Concatenation", "Relu"]


def test_a_state_is_read_before_it_is_assigned() -> None:
    nodes = [node("Mul", ["h", "decay"], ["d"]), node("Add", ["x", "d"], ["next"]), node("Relu", ["next"], ["y"])]
    constants = {"decay": np.asarray(0.5, np.float32)}
    source = from_proto(proto(nodes, {"x": [1, 4], "h": [1, 4]}, {"y": [1, 4], "next": [1, 4]}, constants))
    program = lower(static_shapes(source.with_states((StatePair("h", "next"),))))
    assert ops(program)[0] == "ReadVariable"
    assert ops(program)[-1] == "AssignVariable"
    assert [p.name for p in (*program.inputs, *program.outputs)] == ["x", "y"]
    states, x, h = initial_states(program), np.ones((1, 4), np.float32), np.zeros((1, 4), np.float32)
    for _ in range(3):
        seen = run_by_name(program, {"x": x}, states)["y"]
        h = x + 0.5 * h
        np.testing.assert_allclose(seen, h)


def test_an_output_that_is_an_input_or_a_constant_or_twice_there_is_copied() -> None:
    nodes = [
        node("Identity", ["x"], ["same"]),
        node("Identity", ["c"], ["fixed"]),
        node("Relu", ["x"], ["one"]),
        node("Identity", ["one"], ["two"]),
    ]
    names = ["same", "fixed", "one", "two"]
    program = checked(model(nodes, {"x": [2, 3]}, dict.fromkeys(names), {"c": weights(2)}))
    assert len({p.tensor for p in (*program.inputs, *program.outputs)}) == 5


def test_what_has_no_counterpart_is_refused_by_name_case_and_way_out() -> None:
    volume = [node("Conv", ["x", "w"], ["y"], name="conv_3d")]
    source = model(volume, {"x": [1, 2, 4, 4, 4]}, {"y": None}, {"w": weights(2, 2, 3, 3, 3)})
    with pytest.raises(UnsupportedOp, match=r"conv_3d: Conv: 3 spatial axes .* lower \(use target onnx\)"):
        lower(source)


def test_an_operator_of_another_domain_is_refused_by_name() -> None:
    source = proto([node("Mystery", ["x"], ["y"], domain="com.example")], {"x": [2]}, {"y": [2]})
    source.opset_import.append(helper.make_opsetid("com.example", 1))
    with pytest.raises(UnsupportedOp, match=r"com\.example\.Mystery"):
        lower(static_shapes(from_proto(source)))


def test_values_keep_their_names() -> None:
    nodes = [node("Conv", ["x", "w", "b"], ["conv"], pads=[1] * 4), node("Sigmoid", ["conv"], ["gate"])]
    program = lower(model(nodes, X, {"gate": None}, CONV))
    assert {"x", "conv", "gate"} <= set(program.tensors)


def test_lowering_is_deterministic() -> None:
    from limen.program.binary import to_bytes

    nodes = [node("Conv", ["x", "w", "b"], ["c"], pads=[1] * 4), node("HardSwish", ["c"], ["y"])]
    source = model(nodes, X, {"y": None}, CONV)
    assert to_bytes(lower(source)) == to_bytes(lower(source))


@given(
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 2),
    pads=st.tuples(*[st.integers(0, 2)] * 4),
    groups=st.sampled_from([1, 2, 4]),
    multiplier=st.integers(1, 2),
    bias=st.booleans(),
)
def test_every_convolution_equals_onnxruntime(
    kernel: int, stride: int, dilation: int, pads: tuple[int, ...], groups: int, multiplier: int, bias: bool
) -> None:
    settings = {"strides": [stride] * 2, "dilations": [dilation] * 2, "pads": list(pads), "group": groups}
    constants = {"w": weights(4 * multiplier, 4 // groups, kernel, kernel), "b": weights(4 * multiplier)}
    names = ["x", "w", "b"] if bias else ["x", "w"]
    checked(model([node("Conv", names, ["y"], **settings)], {"x": [2, 4, 9, 8]}, {"y": None}, constants))


@given(
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    pads=st.tuples(*[st.integers(0, 1)] * 4),
    extra=st.integers(0, 1),
    groups=st.sampled_from([1, 2]),
)
def test_every_transposed_convolution_equals_onnxruntime(
    kernel: int, stride: int, pads: tuple[int, ...], extra: int, groups: int
) -> None:
    kernel = max(kernel, 2)
    settings = {"strides": [stride] * 2, "pads": list(pads), "group": groups}
    settings["output_padding"] = [min(extra, stride - 1)] * 2
    constants = {"w": weights(4, 6 // groups, kernel, kernel), "b": weights(6)}
    nodes = [node("ConvTranspose", ["x", "w", "b"], ["y"], **settings)]
    checked(model(nodes, {"x": [1, 4, 5, 6]}, {"y": None}, constants))


@given(
    op=st.sampled_from(["MaxPool", "AveragePool"]),
    kernel=st.integers(2, 3),
    stride=st.integers(1, 3),
    pads=st.tuples(*[st.integers(0, 1)] * 4),
    ceil=st.integers(0, 1),
    include=st.integers(0, 1),
)
def test_every_pool_equals_onnxruntime(
    op: str, kernel: int, stride: int, pads: tuple[int, ...], ceil: int, include: int
) -> None:
    settings = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": list(pads), "ceil_mode": ceil}
    if op == "AveragePool":
        settings["count_include_pad"] = include
    checked(model([node(op, ["x"], ["y"], **settings)], {"x": [1, 3, 9, 8]}, {"y": None}, opset=19))
