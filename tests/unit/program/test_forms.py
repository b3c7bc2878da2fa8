"""Text and binary form: what is written reads back as the same Program, whatever names and values are in it."""

from __future__ import annotations

import contextlib
import json
import math
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance._ops_harness import draw_case, families
from limen.errors import ProgramError
from limen.program import Array, Node, Port, Program, Quant, State, Tensor
from limen.program.binary import from_bytes, to_bytes
from limen.program.text import from_text, to_text
from unit.program._builds import everything, op, relu, x

FAMILIES = families()
COLUMNS = [(family, dtype) for _, family in sorted(FAMILIES.items()) for dtype in family.dtypes]
NAMES = st.text(st.characters(), min_size=1, max_size=12)
AWKWARD = [
    "a b",
    "a;b",
    "x:0",
    '"',
    "\\",
    "- ",
    "-",
    "é",
    "日本",
    "\n",
    "\t\u2028",
    "a = b",
    ") {",
    " # ",
    "const x",
    "[1]",
    "1",
]


def same_array(first: Array | None, second: Array | None) -> bool:
    if first is None or second is None:
        return first is second
    return (first.dtype, first.shape) == (second.dtype, second.shape) and first.tobytes() == second.tobytes()


def assert_same(first: Program, second: Program, order: bool = True) -> None:
    """Equal in every field; ``order`` also of the tensors."""
    fields = [(p.name, p.nodes, p.inputs, p.outputs, dict(p.metadata)) for p in (first, second)]
    assert fields[0] == fields[1]
    names = [list(p.tensors) if order else sorted(p.tensors) for p in (first, second)]
    assert names[0] == names[1]
    for name, tensor in first.tensors.items():
        other = second.tensors[name]
        assert (tensor.name, tensor.type, tensor.quant) == (other.name, other.type, other.quant)
        assert same_array(tensor.data, other.data)
    for state, again in zip(first.states, second.states, strict=True):
        assert (state.name, state.quant) == (again.name, again.quant)
        assert same_array(state.initial, again.initial)


def assert_round_trips(program: Program) -> None:
    text, data = to_text(program), to_bytes(program)
    read, parsed = from_bytes(data), from_text(text)
    assert_same(program, read)
    assert_same(program, parsed, order=False)
    assert to_bytes(read) == data
    assert to_text(parsed) == text


@settings(max_examples=150)
@given(st.sampled_from(COLUMNS), st.integers(0, 2**32 - 1))
def test_every_conformance_program_round_trips(column: tuple[object, str], seed: int) -> None:
    family, dtype = column
    assert_round_trips(draw_case(family, dtype, seed).program)  # type: ignore[arg-type]


def test_a_program_with_everything_round_trips() -> None:
    assert_round_trips(everything())


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(NAMES | st.sampled_from(AWKWARD), min_size=14, max_size=14, unique=True))
def test_names_may_hold_any_character(names: list[str]) -> None:
    assert_round_trips(everything(names))


def test_the_text_form_is_printable_ascii() -> None:
    text = to_text(everything(AWKWARD[:14]))
    assert all(" " <= character <= "~" or character == "\n" for character in text)


def constant_program(data: Array, quant: Quant | None = None) -> Program:
    """A constant as the output."""
    tensor = Tensor.constant("c", data, quant)
    return Program("c", {"c": tensor}, (), (), (Port("c", "c"),)).check()


@pytest.mark.parametrize(
    "dtype", ["float32", "float16", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "bool", "float64"]
)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (1, 2, 1, 2, 1, 2)])
def test_constants_of_every_type_and_shape_round_trip(dtype: str, shape: tuple[int, ...]) -> None:
    data = (np.arange(math.prod(shape)).reshape(shape) % 2).astype(dtype)
    assert_round_trips(constant_program(data))


def test_special_floats_keep_their_bits() -> None:
    odd = np.array([0x7FC00001, 0xFFC12345, 0x7F800000, 0x80000000, 1], np.uint32).view(np.float32)
    assert_round_trips(constant_program(odd))


@pytest.mark.parametrize("alpha", [math.nan, math.inf, -math.inf, -0.0, 1e-45, 0.1])
def test_attributes_keep_every_float(alpha: float) -> None:
    program = relu(nodes=(Node(op("LeakyRelu", alpha=alpha), ("x",), ("y",), "act"),)).check()
    for again in (from_text(to_text(program)), from_bytes(to_bytes(program))):
        assert struct.pack("<d", again.nodes[0].op.alpha) == struct.pack("<d", alpha)  # type: ignore[attr-defined]


def test_an_absent_input_is_kept() -> None:
    weights = Tensor.constant("w", np.ones((2, 1, 1, 3), np.float32))
    tensors = {t.name: t for t in (x(1, 1, 1, 3), weights, x(1, 1, 1, 2, name="y"))}
    node = Node(op("Conv2D"), ("x", "w", ""), ("y",), "conv")
    assert_round_trips(relu(tensors=tensors, nodes=(node,)).check())


def test_digests_read_back_with_the_arrays_at_hand() -> None:
    program = everything()
    text = to_text(program, weights="digest")
    given = {t.name: t.data for t in program.constants()} | {s.name: s.initial for s in program.states}
    assert "base64:" not in text
    assert_same(program, from_text(text, given), order=False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: None, "its values were not given"),
        (lambda a: a + 1, "have another digest"),
        (lambda a: a.astype(np.int16), "the values given are int16"),
    ],
)
def test_digests_refuse_other_values(change: object, message: str) -> None:
    program = constant_program(np.arange(3, dtype=np.int8))
    changed = change(program.tensors["c"].data)  # type: ignore[operator]
    with pytest.raises(ProgramError, match=message):
        from_text(to_text(program, weights="digest"), {} if changed is None else {"c": changed})


GOOD = to_text(relu().check()).split("\n")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("y: float32[2,3] = Rleu(x) {}", "did you mean Relu"),
        ('y: float32[2,3] = Relu(x) {"alpha": 1}', "alpha"),
        ("y: float33[2,3] = Relu(x) {}", "dtype 'float33' is not known"),
        ("y: float32[2,-3] = Relu(x) {}", "expected dimensions"),
        ("y: float32[2,3] = Relu(x", "expected ', '"),
        ("y: float32[2,3] = Relu(x) {} nonsense", "expected the end of the line"),
        ("y: float32[2,3] = Relu(x) {", "expected a JSON value"),
        ("y: float32[2,3] = Relu(x) []", "items"),
        ("x: float32[2,3] = Relu(x) {}", "declared twice"),
        ("nonsense", "expected ': '"),
        ("%", "expected a name"),
        ("const c: int8[2] = base64:!", "line 3"),
        ("const c: int8[2] = base64:AAAA", "line 3"),
        ("const c: int8[3] = base64:eNpjYGBgAAAABAAB", "do not have the 3 bytes"),
        ("const c: int8[2] = sha256:00", "its values were not given"),
        ('const c: int8[2] quant({"scale": [1]}) = base64:AAAA', "zero_point"),
        ("input a -> x: float32[2] source=float32", "declared twice"),
        ("output a <- y source=real", "dtype 'real' is not known"),
        ("output a <- y permutation=7 source=float32", "line 3"),
        ("metadata []x", "expected the end of the line"),
        ("metadata 7", "line 3"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str, message: str) -> None:
    with pytest.raises(ProgramError, match=r"^line 3: ") as caught:
        from_text("\n".join([*GOOD[:2], line, *GOOD[2:]]))
    assert message in str(caught.value)


def test_a_text_that_reads_is_checked() -> None:
    with pytest.raises(ProgramError, match="the shape rule says"):
        from_text("\n".join(GOOD).replace("y: float32[2,3]", "y: float32[3,2]"))


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_text_gives_a_program_or_an_error(data: st.DataObject) -> None:
    text = list(to_text(everything()))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place] = data.draw(st.sampled_from(["", "0", "9", '"', "[", "{", " ", "\n", "-", "e", "null"]))
    with contextlib.suppress(ProgramError):
        from_text("".join(text)).check()


def header_of(data: bytes) -> dict[str, object]:
    (length,) = struct.unpack("<I", data[12:16])
    return json.loads(data[16 : 16 + length])  # type: ignore[no-any-return]


def with_header(data: bytes, header: object) -> bytes:
    """The same blobs behind another header."""
    (length,) = struct.unpack("<I", data[12:16])
    start = 16 + length + (-(16 + length) % 64)
    raw = json.dumps(header).encode()
    head = data[:12] + struct.pack("<I", len(raw)) + raw
    return head + b"\0" * (-len(head) % 64) + data[start:]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a limen Program"),
        (b"LIMENPRG", "not a limen Program"),
        (b"LIMENPRG" + struct.pack("<II", 2, 0), "Program version 2 is not known"),
        (b"LIMENPRG" + struct.pack("<II", 1, 2) + b"[]", "cannot be read"),
        (b"LIMENPRG" + struct.pack("<II", 1, 9) + b"{", "cannot be read"),
        (to_bytes(everything())[:-40], "lies outside the file"),
    ],
)
def test_bytes_that_are_no_program_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        from_bytes(data)


REPLACEMENTS = st.sampled_from(
    [None, -1, 0, 2**40, 1.5, math.inf, math.nan, "", "x", [], {}, [[]], True, [0, 0, 0, 0, 0, 0, 0], "Relu"]
)


@settings(max_examples=400)
@given(st.data())
def test_a_damaged_header_gives_a_program_or_an_error(data: st.DataObject) -> None:
    whole = to_bytes(everything())
    header = header_of(whole)
    node: object = header
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))  # type: ignore[arg-type]
        key = data.draw(st.sampled_from(keys))
        child = node[key]  # type: ignore[index]
        if not isinstance(child, dict | list) or not child or data.draw(st.booleans()):
            node[key] = data.draw(REPLACEMENTS)  # type: ignore[index]
            break
        node = child
    with contextlib.suppress(ProgramError):
        from_bytes(with_header(whole, header)).check()


def test_a_tensor_declared_twice_is_refused() -> None:
    whole = to_bytes(relu().check())
    header = header_of(whole)
    header["tensors"] += header["tensors"][:1]  # type: ignore[index, operator]
    with pytest.raises(ProgramError, match="x: declared twice"):
        from_bytes(with_header(whole, header))


def test_arrays_are_aligned_for_whoever_maps_the_file() -> None:
    program = everything()
    header = header_of(to_bytes(program))
    offsets = [t["data"][0] for t in header["tensors"] if "data" in t]  # type: ignore[attr-defined]
    assert len(offsets) == len(program.constants())
    assert all(offset % 64 == 0 for offset in offsets)


def test_big_endian_arrays_are_stored_little_endian() -> None:
    native = State("s", np.arange(4, dtype=np.int32).reshape(2, 2))
    swapped = State("s", native.initial.astype(">i4"))
    assert to_bytes(relu(states=(native,)).check()) == to_bytes(replace(relu(states=(swapped,)).check()))
