"""What is in a .tflite file that limen writes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from limen.errors import BudgetError, Unsupported, UsageError
from limen.importers.tflite import read
from limen.program import OPS, Node, Port, Program, Tensor, run
from limen.program.text import to_text
from limen.targets import TARGETS, CompileOptions
from limen.targets.tflite import write
from limen.targets.tflite._legalize import legalize
from limen.targets.tflite._runtime import minimum_runtime_version
from unit.targets._examples import examples, op, program, x

EXAMPLES = dict(examples())
WITHOUT_REFERENCE_KERNEL = {"Ceil", "Elu", "Round"}  # LiteRT's BUILTIN_REF resolver does not register them


def model(content: bytes) -> Any:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))


def test_every_operator_has_an_example() -> None:
    assert {node.op.name for each in EXAMPLES.values() for node in each.nodes} == set(OPS.names())


@pytest.mark.parametrize("name", EXAMPLES)
def test_reading_what_was_written_gives_the_same_program_and_bytes(name: str) -> None:
    written = write(EXAMPLES[name])
    again = read(written)
    assert to_text(again) == to_text(legalize(EXAMPLES[name]))
    assert write(again) == written


@pytest.mark.parametrize("name", EXAMPLES)
def test_litert_computes_what_the_reference_does(name: str) -> None:
    sample = EXAMPLES[name]
    rng = np.random.default_rng(3)
    feeds = {tensor.name: draw(rng, tensor) for tensor in sample.input_tensors()}
    resolver = OpResolverType.BUILTIN_REF if name not in WITHOUT_REFERENCE_KERNEL else OpResolverType.AUTO
    interpreter = Interpreter(model_content=write(sample), num_threads=1, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    got = interpreter.get_signature_runner("serving_default")(
        **{port.name: feeds[port.tensor] for port in sample.inputs}
    )
    for tensor, wanted in run(sample, feeds).items():
        name_of = next(port.name for port in sample.outputs if port.tensor == tensor)
        assert got[name_of].shape == wanted.shape
        np.testing.assert_allclose(got[name_of], wanted, rtol=1e-5, atol=1e-5)


def draw(rng: np.random.Generator, tensor: Tensor) -> Any:
    if tensor.dtype == "float32":
        return rng.uniform(0.1, 3, tensor.shape).astype(np.float32)
    if tensor.dtype == "bool":
        return rng.random(tensor.shape) < 0.5
    return rng.integers(0, 4, tensor.shape).astype(tensor.dtype)


@pytest.mark.parametrize("name", ["Conv2D int8", "states", "PRelu"])
def test_constants_are_aligned_and_stored_once(name: str) -> None:
    content = write(EXAMPLES[name])
    root = schema.Model.GetRootAs(content, 0)
    stored = []
    for index in range(root.BuffersLength()):
        data = root.Buffers(index).DataAsNumpy()
        if not isinstance(data, int):
            assert (data.__array_interface__["data"][0] - address(content)) % 16 == 0
            stored.append(data.tobytes())
    assert len(set(stored)) == len(stored) > 1


def address(content: bytes) -> int:
    start: int = np.frombuffer(content, np.uint8).__array_interface__["data"][0]
    return start


def test_equal_constants_share_a_buffer() -> None:
    twins = [Tensor.constant(name, np.arange(4, dtype=np.float32)) for name in ("a", "b")]
    made = program(op("Add"), *twins)
    assert len({t.buffer for t in model(write(made)).subgraphs[0].tensors if t.name in (b"a", b"b")}) == 1


def test_operator_codes_carry_both_fields() -> None:
    old = model(write(EXAMPLES["Conv2D int8"])).operatorCodes[0]
    assert (old.builtinCode, old.deprecatedBuiltinCode, old.version) == (3, 3, 3)
    new = model(write(EXAMPLES["Gelu"])).operatorCodes[0]
    assert (new.builtinCode, new.deprecatedBuiltinCode) == (schema.BuiltinOperator.GELU, 127)


def test_the_signature_has_the_source_models_names() -> None:
    tensors = {"a": x(2, 3, name="a"), "b": x(2, 3, name="b")}
    made = Program("named", tensors, (Node(op("Relu"), ("a",), ("b",)),), (Port("image", "a"),), (Port("out", "b"),))
    content = write(made.check())
    signatures = Interpreter(model_content=content).get_signature_list()
    assert signatures == {"serving_default": {"inputs": ["image"], "outputs": ["out"]}}
    assert [port.name for port in read(content).inputs] == ["image"]


def test_layout_and_source_types_are_kept() -> None:
    tensors = {"a": x(1, 4, 5, 3, name="a"), "b": x(1, 4, 5, 3, name="b")}
    inputs = (Port("a", "a", (0, 2, 3, 1), "float16"),)
    made = Program("n", tensors, (Node(op("Relu"), ("a",), ("b",), "b"),), inputs, (Port("b", "b"),), (), {"k": "v"})
    assert to_text(read(write(made.check()))) == to_text(made)


def test_metadata_says_which_runtime_is_needed() -> None:
    content = model(write(EXAMPLES["Conv2D int8"]))
    entries = {m.name: bytes(content.buffers[m.buffer].data) for m in content.metadata}
    assert entries[b"min_runtime_version"].rstrip(b"\0") == b"1.14.0"
    assert json.loads(entries[b"limen"])["inputs"] == [{"name": "x", "permutation": None, "dtype": "float32"}]


@pytest.mark.parametrize(
    ("operators", "release"),
    [([], "1.5.0"), ([("ADD", 1), ("GELU", 2), ("ADD", 2)], "2.9.0"), ([("ADD", 99)], ""), ([("NEW", 1)], "")],
)
def test_the_oldest_release_with_all_operators(operators: list[tuple[str, int]], release: str) -> None:
    assert minimum_runtime_version(operators) == release


def test_a_file_above_two_gibibytes_is_refused_before_it_is_built() -> None:
    huge = Tensor("w", (2**15, 2**15), "float32", None, np.broadcast_to(np.float32(0), (2**15, 2**15)))
    made = program(op("Add"), x(1), huge)
    with pytest.raises(Unsupported, match=r"4294967296 bytes of constants do not fit.*target onnx"):
        write(made)


def test_an_artifact_has_figures_and_bindings() -> None:
    sample = EXAMPLES["Conv2D int8"]
    artifact = TARGETS["tflite"].compile(sample, CompileOptions(name="eyes"))
    content = artifact.files["eyes.tflite"]
    assert artifact.flash == len(content)
    assert artifact.ram == 128 + 96  # input 6 x 5 x 4 and output 6 x 5 x 3 codes, both alive, rounded up to 16
    (binding,) = artifact.inputs
    assert (binding.name, binding.tensor, binding.shape, binding.dtype) == ("x", "x", (1, 6, 5, 4), "int8")
    assert (binding.zero_point, binding.source_dtype) == ((-3,), "float32")
    assert "no plan can be below 224" in artifact.notes["ram"]


@pytest.mark.parametrize(("limits", "figure"), [({"ram": 100}, "RAM"), ({"flash": 100}, "flash")])
def test_a_limit_that_is_not_kept_is_an_error(limits: dict[str, int], figure: str) -> None:
    with pytest.raises(BudgetError, match=rf"bytes of {figure}, 100 are asked for"):
        TARGETS["tflite"].compile(EXAMPLES["Conv2D int8"], CompileOptions(**limits))


def test_a_model_is_not_compiled_as_it_is() -> None:
    with pytest.raises(UsageError, match="compiles a Program"):
        TARGETS["tflite"].compile("a Model", CompileOptions())  # type: ignore[arg-type]
