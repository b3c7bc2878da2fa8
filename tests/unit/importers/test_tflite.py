"""Import of .tflite files that other tools wrote, repaired where that is safe and refused by name where it is not."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from limen.errors import LimenError, ModelError, Unsupported, UnsupportedOp, UsageError
from limen.importers import IMPORTERS, ImportOptions, import_file
from limen.importers.tflite import read
from limen.program import Node, Port, Program, Quant, Tensor, run
from limen.targets.tflite import write
from unit.targets._examples import c, examples, op, program, ramp, x

EXAMPLES = dict(examples())


def edited(source: Program | str, change: Callable[[Any], None]) -> bytes:
    """The file of a Program after another tool's hand has been at its tables."""
    content = write(EXAMPLES[source] if isinstance(source, str) else source)
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    change(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def without_signature(model: Any) -> None:
    model.signatureDefs = []
    model.metadata = []


def test_names_come_from_the_tensors_where_there_is_no_signature() -> None:
    made = read(edited("Add", without_signature))
    assert [port.name for port in made.inputs] == ["x", "z"]
    assert [port.name for port in made.outputs] == ["y0"]


def test_empty_and_repeated_names_are_repaired() -> None:
    def change(model: Any) -> None:
        without_signature(model)
        for tensor in model.subgraphs[0].tensors:
            tensor.name = b"same"
        model.subgraphs[0].tensors[0].name = None

    made = read(edited("Add", change))
    assert len({*made.tensors}) == 3
    assert [port.name for port in made.inputs] == ["tensor_0", "same"]


def test_a_signature_that_leaves_out_a_port_is_completed() -> None:
    def change(model: Any) -> None:
        model.signatureDefs[0].inputs = model.signatureDefs[0].inputs[:1]
        model.signatureDefs[0].inputs[0].name = b"first"

    assert [port.name for port in read(edited("Add", change)).inputs] == ["first", "z"]


def test_names_that_would_break_a_line_are_made_printable() -> None:
    def change(model: Any) -> None:
        without_signature(model)
        model.subgraphs[0].tensors[0].name = "a\nb\u2028".encode()

    assert read(edited("Relu", change)).inputs[0].name == "a_b_"


@pytest.mark.parametrize("field", ["builtinCode", "deprecatedBuiltinCode"])
def test_either_field_of_the_operator_code_is_enough(field: str) -> None:
    def change(model: Any) -> None:
        setattr(model.operatorCodes[0], field, 0)

    assert read(edited("Tanh", change)).nodes[0].op == op("Tanh")


def test_an_operator_that_limen_lacks_is_refused_by_name() -> None:
    def change(model: Any) -> None:
        model.operatorCodes[0].builtinCode = schema.BuiltinOperator.SVDF
        model.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.SVDF

    with pytest.raises(UnsupportedOp, match="y0: SVDF is not supported by importer tflite"):
        read(edited("Tanh", change))


def test_a_custom_operator_is_refused_by_its_own_name() -> None:
    def change(model: Any) -> None:
        model.operatorCodes[0].builtinCode = schema.BuiltinOperator.CUSTOM
        model.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        model.operatorCodes[0].customCode = b"TFLite_Detection_PostProcess"

    with pytest.raises(UnsupportedOp, match="CUSTOM TFLite_Detection_PostProcess is not supported"):
        read(edited("Tanh", change))


def test_a_fused_activation_without_a_kernel_is_refused() -> None:
    def change(model: Any) -> None:
        model.subgraphs[0].operators[0].builtinOptions.fusedActivationFunction = schema.ActivationFunctionType.TANH

    with pytest.raises(UnsupportedOp, match="fused activation TANH"):
        read(edited("Add", change))


def open_batch(model: Any) -> None:
    for tensor in model.subgraphs[0].tensors:
        if tensor.name in (b"x", b"y0"):
            tensor.shapeSignature = [-1, *tensor.shape[1:]]


def test_an_open_batch_is_fixed_by_option() -> None:
    content = edited("Conv2D", open_batch)
    assert read(content).input_tensors()[0].shape == (1, 6, 5, 4)
    made = read(content, ImportOptions(batch=3))
    assert (made.tensors["x"].shape, made.tensors["y0"].shape) == ((3, 6, 5, 4), (3, 6, 5, 3))
    assert read(content, ImportOptions(dimensions={"x:0": 2})).tensors["y0"].shape == (2, 6, 5, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ImportOptions(batch=2), "the file fixes its batch"),
        (ImportOptions(dimensions={"x:1": 4}), "no such open dimension"),
        (ImportOptions(signature="train"), "signature 'train' does not exist"),
        (ImportOptions(states=(("a", "b"),)), "keeps its states as variables"),
    ],
)
def test_options_that_the_file_cannot_meet_are_refused(options: ImportOptions, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(write(EXAMPLES["Conv2D"]), options)


def test_a_shape_worked_out_while_running_is_folded() -> None:
    """Shape -> StridedSlice -> Pack -> Reshape, as Keras writes Flatten with an open batch."""
    values = read(edited(_flatten(), _shape_operator))
    (node,) = values.nodes
    assert node.op == op("Reshape", shape=(2, 60))
    feeds = {"x": ramp(2, 3, 4, 5)}
    np.testing.assert_array_equal(run(values, feeds)["flat"], feeds["x"].reshape(2, 60))


def _flatten() -> Program:
    """The chain with a placeholder: a Cast that ``_shape_operator`` makes a Shape."""
    tensors = [
        x(2, 3, 4, 5),
        Tensor("shape", (2, 3, 4, 5), "int32"),
        Tensor("flat", (2, 60), "float32"),
    ]
    nodes = (
        Node(op("Cast", dtype="int32"), ("x",), ("shape",)),
        Node(op("Reshape", shape=(2, 60)), ("x",), ("flat",)),
    )
    table = {t.name: t for t in tensors}
    return Program("flatten", table, nodes, (Port("x", "x"),), (Port("flat", "flat"),)).check()


def _shape_operator(model: Any) -> None:
    graph = model.subgraphs[0]
    names = [t.name for t in graph.tensors]

    def tensor(name: bytes, shape: list[int], values: list[int] | None = None) -> int:
        buffer = 0
        if values is not None:
            model.buffers.append(schema.BufferT(data=np.asarray(values, np.int32).view(np.uint8)))
            buffer = len(model.buffers) - 1
        graph.tensors.append(schema.TensorT(shape=shape, type=schema.TensorType.INT32, buffer=buffer, name=name))
        return len(graph.tensors) - 1

    def code(builtin: int) -> int:
        model.operatorCodes.append(schema.OperatorCodeT(builtinCode=builtin, deprecatedBuiltinCode=builtin))
        return len(model.operatorCodes) - 1

    builtins, kinds = schema.BuiltinOperator, schema.BuiltinOptions
    first, last, step = (tensor(n, [1], v) for n, v in ((b"b", [0]), (b"e", [1]), (b"s", [1])))
    rest, batch, packed = tensor(b"rest", [], [60]), tensor(b"batch", []), tensor(b"packed", [2])
    shape = names.index(b"shape")
    graph.operators[0].opcodeIndex = code(builtins.SHAPE)
    graph.operators[0].builtinOptionsType = 0
    graph.operators[0].builtinOptions = None
    sliced = schema.OperatorT(
        opcodeIndex=code(builtins.STRIDED_SLICE),
        inputs=[shape, first, last, step],
        outputs=[batch],
        builtinOptionsType=kinds.StridedSliceOptions,
        builtinOptions=schema.StridedSliceOptionsT(shrinkAxisMask=1),
    )
    pack = schema.OperatorT(
        opcodeIndex=code(builtins.PACK),
        inputs=[batch, rest],
        outputs=[packed],
        builtinOptionsType=kinds.PackOptions,
        builtinOptions=schema.PackOptionsT(valuesCount=2),
    )
    graph.operators[1].inputs = [names.index(b"x"), packed]
    graph.operators[1:1] = [sliced, pack]


def test_a_shape_that_depends_on_the_input_is_refused() -> None:
    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        graph.operators[0].inputs = [graph.inputs[0], graph.inputs[1]]

    made = program(op("Reshape", shape=(4,)), x(2, 2))
    made = Program(
        "r",
        {**made.tensors, "s": x(1, dtype="int32", name="s")},
        made.nodes,
        (*made.inputs, Port("s", "s", None, "int32")),
        made.outputs,
    )
    with pytest.raises(UnsupportedOp, match=r"s is computed while the model runs.*static shapes"):
        read(edited(made, change))


def test_packed_four_bit_weights_are_unpacked() -> None:
    codes = np.array([[-8, 7, 0], [1, -1, 5]], np.int8)
    weights = c(codes, quant=Quant.per_tensor(0.1))
    made = program(op("FullyConnected"), x(1, 3), weights)

    def change(model: Any) -> None:
        tensor = next(t for t in model.subgraphs[0].tensors if t.name == b"c")
        tensor.type = schema.TensorType.INT4
        nibbles = codes.ravel().view(np.uint8) & 15
        model.buffers[tensor.buffer].data = nibbles[::2] | nibbles[1::2] << 4

    np.testing.assert_array_equal(read(edited(made, change)).tensors["c"].data, codes)


def test_sparse_weights_are_refused() -> None:
    def change(model: Any) -> None:
        tensor = next(t for t in model.subgraphs[0].tensors if t.name == b"c")
        tensor.sparsity = schema.SparsityParametersT()

    with pytest.raises(UnsupportedOp, match="sparse tensor c"):
        read(edited("FullyConnected", change))


def test_variable_tensors_without_a_resource_are_refused() -> None:
    def change(model: Any) -> None:
        tensor = next(t for t in model.subgraphs[0].tensors if t.name == b"c")
        tensor.isVariable, tensor.buffer = True, 0

    with pytest.raises(UnsupportedOp, match="variable tensor c"):
        read(edited("FullyConnected", change))


def test_zero_scales_of_dead_channels_and_biases_are_repaired() -> None:
    def change(model: Any) -> None:
        for tensor in model.subgraphs[0].tensors:
            if tensor.name in (b"c", b"b"):
                tensor.quantization.scale = [0.1, 0.0, 0.3]

    made = read(edited("Conv2D int8", change))
    weights = made.tensors["c"].quant
    assert weights is not None
    assert weights.scale[1] == float(np.finfo(np.float32).smallest_normal)
    assert made.tensors["b"].quant is None


@pytest.mark.parametrize("scale", [[0.0], [-1.0], [float("nan")], [float("inf")]])
def test_an_activation_without_a_positive_scale_is_refused(scale: list[float]) -> None:
    def change(model: Any) -> None:
        next(t for t in model.subgraphs[0].tensors if t.name == b"x").quantization.scale = scale

    with pytest.raises(ModelError, match="x: a scale is not a positive number"):
        read(edited("Conv2D int8", change))


def test_blockwise_quantisation_is_refused() -> None:
    def change(model: Any) -> None:
        quantization = next(t for t in model.subgraphs[0].tensors if t.name == b"c").quantization
        quantization.detailsType = schema.QuantizationDetails.BlockwiseQuantization
        quantization.details = schema.BlockwiseQuantizationT()

    with pytest.raises(Unsupported, match="blockwise"):
        read(edited("Conv2D int8", change))


def test_ranges_of_float_tensors_are_dropped() -> None:
    def change(model: Any) -> None:
        model.subgraphs[0].tensors[0].quantization = schema.QuantizationParametersT(scale=[0.5], zeroPoint=[3])

    assert read(edited("Relu", change)).tensors["x"].quant is None


def test_states_start_with_what_the_initialisation_assigns() -> None:
    made = read(write(EXAMPLES["states"]))
    (state,) = made.states
    assert state.name == "sum"
    np.testing.assert_array_equal(state.initial, [[1, 2, 3, 4]])


def test_states_without_an_initialisation_start_with_zeros() -> None:
    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        del graph.operators[0]
        del model.subgraphs[1]

    (state,) = read(edited("states", change)).states
    np.testing.assert_array_equal(state.initial, np.zeros((1, 4), np.float32))


def test_an_initialisation_that_calls_itself_is_refused() -> None:
    def change(model: Any) -> None:
        model.subgraphs[1].operators.append(model.subgraphs[0].operators[0])

    with pytest.raises(UnsupportedOp, match="calls of its own"):
        read(edited("states", change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: setattr(m.subgraphs[0].operators[0], "opcodeIndex", 9), "operator code 9 does not exist"),
        (lambda m: setattr(m.subgraphs[0].operators[0], "inputs", [77]), "tensor 77 does not exist"),
        (lambda m: setattr(m.subgraphs[0].tensors[0], "buffer", 99), "buffer 99 does not exist"),
        (lambda m: setattr(m.subgraphs[0].tensors[0], "type", 77), "element type 77 is not known"),
        (lambda m: setattr(m.subgraphs[0], "outputs", [99]), "tensor 99 does not exist"),
        (lambda m: setattr(m.subgraphs[0].tensors[0], "shape", [2**16, 2**16]), "not a size that a device can hold"),
        (lambda m: setattr(m.subgraphs[0].tensors[0], "shape", [-2, 3]), "not a size that a device can hold"),
        (lambda m: setattr(m, "subgraphs", []), "the file has no subgraph"),
        (lambda m: m.subgraphs[0].operators.append(m.subgraphs[0].operators[0]), "has a value already"),
        (lambda m: setattr(m.subgraphs[0], "operators", []), "tensor y0 is never written"),
        (lambda m: setattr(m.subgraphs[0].tensors[-1], "type", 7), "is int16, Relu gives float32"),
    ],
)
def test_a_graph_that_is_not_valid_is_refused_with_what_is_wrong(change: Callable[[Any], None], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read(edited("Relu", change))


def test_a_constant_of_the_wrong_length_is_refused() -> None:
    def change(model: Any) -> None:
        next(t for t in model.subgraphs[0].tensors if t.name == b"c").shape = [2, 2]

    with pytest.raises(ModelError, match=r"c: float32\[2, 2\] takes 16 bytes, its buffer has 60"):
        read(edited("FullyConnected", change))


def archive(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(name, text)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("appended", "labels"),
    [
        (archive("labels.txt", "cat\ndog\nfox\n"), '["cat", "dog", "fox"]'),
        (archive("labels.txt", "cat\ndog\n"), None),
        (archive("labels.json", "a\nb\nc"), None),
        (archive("labels.txt", "cat\ndog\nfox\n")[:-5], None),
        (b"", None),
    ],
)
def test_labels_behind_the_file_are_found_where_they_fit_an_output(appended: bytes, labels: str | None) -> None:
    made = read(edited("Relu", without_signature) + appended)
    assert made.metadata.get("labels") == labels
    assert read(write(made)).metadata == made.metadata


def test_what_nothing_reads_is_dropped() -> None:
    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        graph.tensors.append(schema.TensorT(shape=[7], type=schema.TensorType.STRING, name=b"label"))
        graph.tensors.append(schema.TensorT(shape=[2, 3], type=0, name=b"unread"))
        graph.operators.append(
            schema.OperatorT(opcodeIndex=0, inputs=list(graph.inputs), outputs=[len(graph.tensors) - 1])
        )

    made = read(edited("Relu", change))
    assert (len(made.nodes), set(made.tensors)) == (1, {"x", "y0"})


def test_the_format_is_found_by_content_whatever_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(write(EXAMPLES["Relu"]))
    made = import_file(path)
    assert isinstance(made, Program)
    assert made.nodes[0].op == op("Relu")
    assert IMPORTERS["tflite"].suffixes == (".tflite", ".lite")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.tflite", None, "there is no such file"),
        ("empty.tflite", b"", "the file is empty"),
        ("text.tflite", b"hello, world", "not a .tflite file"),
        ("notes.xyz", b"hello, world", "neither its first bytes nor its suffix"),
    ],
)
def test_what_cannot_be_imported_says_why(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(LimenError, match=message):
        import_file(tmp_path / name)
