"""Packed weights: every form gives the weights back, packed layers give the interpreter's codes, and packing is what
the search of limits tries last."""

from __future__ import annotations

import ctypes
import itertools
import platform
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from limen import devices
from limen.build.artifact import compile_model
from limen.build.compiled import compile_c
from limen.errors import BudgetError, Unsupported, UsageError
from limen.lab import profile
from limen.lab.host import WARNINGS, zig_cc
from limen.program import Array, Program, Tensor
from limen.targets import TARGETS, CompileOptions
from limen.targets.c import generate
from limen.targets.c.encodings import FORMS, Encoded, choose, encode, enough, forms_of
from limen.targets.c.encodings._forms import HUFFMAN, INDEX, INT4, SPARSE
from limen.targets.c.encodings._huffman import LONGEST, code_of
from unit.targets.c.x86_cases import CONNECTED, CONVOLUTIONS, Layer, inputs_of, joined, program_of

CASES = CONVOLUTIONS | CONNECTED
LARGE = ("pointwise in parts", "fc 640 to 128", "fc 128 to 640", "10x4 of one channel", "wide stride")
LOW = {"int4": (-8, 7), "int3": (-4, 3)}
RANDOM = np.random.default_rng(0)
DEVICES = [("cortex-m4", "gcc" if shutil.which("arm-none-eabi-gcc") else "zig"), ("cortex-m0plus", "zig")]
DEVICES += [("rv32imc", "zig"), *([("x86-64", "zig")] if platform.machine() == "x86_64" else [])]


@pytest.fixture(scope="module")
def decoders(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The decoders, as generated code has them, in one shared object."""
    folder = tmp_path_factory.mktemp("decoders")
    text = "".join(helper.text for helper in (INT4, INDEX, HUFFMAN, SPARSE))
    text = re.sub(r"LIMEN_LAYER static (const uint8_t \*limen_unpack_\w+\([^{]*\))\n{", r"\1;\n\1\n{", text)
    (folder / "d.c").write_text(f"#include <stdint.h>\n#include <string.h>\n{text}")
    command = [*zig_cc(), *WARNINGS, "-O1", "-shared", "-fPIC", "-o", str(folder / "d.so"), str(folder / "d.c")]
    subprocess.run(command, check=True, capture_output=True)
    return ctypes.CDLL(str(folder / "d.so"))


def decoded(library: ctypes.CDLL, packed: Encoded, sizes: list[int]) -> list[Array]:
    """The blocks, by the statement that generated code would have."""
    found = re.fullmatch(r"code = (\w+)\(code, w, @N(.*)\);", packed.call)
    assert found
    function = getattr(library, found[1])
    function.restype = ctypes.c_void_p
    tables = {t.symbol: np.ascontiguousarray(t.data) for t in packed.tables}
    more = [
        ctypes.c_void_p(tables[a].ctypes.data) if a in tables else ctypes.c_int32(int(a))
        for a in filter(None, found[2].split(", "))
    ]
    data = np.ascontiguousarray(packed.data)
    at, blocks = data.ctypes.data, []
    for size in sizes:
        out = np.full(packed.room + 8, 99, np.int8)
        at = function(ctypes.c_void_p(at), ctypes.c_void_p(out.ctypes.data), size, *more)
        assert (out[packed.room :] == 99).all()
        blocks.append(out[:size].reshape(-1, 4))
    assert 0 <= data.ctypes.data + len(data) - at <= 2
    return blocks


def two_of_four(block: Array) -> Array:
    """The two smaller of each four become 0."""
    found = block.copy()
    smaller = np.argsort(np.abs(found.astype(int)), axis=1, kind="stable")[:, :2]
    np.put_along_axis(found, smaller, 0, 1)
    return found


def fitted(form: str, block: Array) -> Array:
    """Weights made such that a form holds them."""
    if form in LOW:
        return np.clip(block // 16, *LOW[form]).astype(np.int8)
    if form == "palette":
        return (block // 5 * 4 + block.min() % 4).astype(np.int8)
    return two_of_four(block) if form == "sparse" else block


@pytest.mark.parametrize("form", FORMS)
@given(values=st.data(), spread=st.sampled_from([1, 3, 20, 128]))
def test_weights_come_back(decoders: ctypes.CDLL, form: str, values: st.DataObject, spread: int) -> None:
    rows = st.integers(1, 40)
    element = st.integers(-spread, min(spread, 127))
    blocks = [fitted(form, values.draw(arrays(np.int8, (values.draw(rows), 4), elements=element))) for _ in range(2)]
    packed = encode(form, "m", blocks)
    assert packed is not None
    for block, back in zip(blocks, decoded(decoders, packed, [b.size for b in blocks]), strict=True):
        np.testing.assert_array_equal(block, back)


def test_words_of_lopsided_frequencies_stay_short(decoders: ctypes.CDLL) -> None:
    counts = [1, 1]
    while len(counts) < 22:  # of Fibonacci numbers, the longest word would have 21 bits
        counts.append(counts[-1] + counts[-2])
    values = np.repeat(np.arange(22) - 11, counts).astype(np.int8)
    code = code_of(values)
    assert 10 < code.lengths.max() <= LONGEST
    assert sum(2.0**-n for n in code.lengths) <= 1.0
    block = RANDOM.permutation(values)[: len(values) // 4 * 4].reshape(-1, 4)
    packed = encode("huffman", "m", [block])
    assert packed is not None
    np.testing.assert_array_equal(decoded(decoders, packed, [block.size])[0], block)


def test_a_form_refuses_what_it_cannot_hold() -> None:
    wide = np.arange(-64, 64, dtype=np.int8).reshape(-1, 4)
    assert [encode(form, "m", [wide]) is None for form in FORMS] == [True, True, True, False, True]


def with_fitted(layer: Layer, form: str) -> Program:
    program = program_of(layer)
    w = program.tensors["w"]
    assert w.data is not None
    rows = w.data.reshape(w.shape[0], -1)
    padded = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    data = fitted(form, padded.reshape(-1, 4)).reshape(padded.shape)[:, : rows.shape[1]].reshape(w.shape)
    return replace(program, tensors={**program.tensors, "w": Tensor.constant("w", data, w.quant)}).check()


@pytest.fixture(scope="module")
def layers() -> Program:
    """Each case in one form, forms in turn."""
    cases = [(name, case) for name, case in CASES.items() if name not in LARGE]
    in_turn = zip(itertools.cycle(FORMS), cases, strict=False)
    return joined({f"{form} {name}": with_fitted(case, form) for form, (name, case) in in_turn})


@pytest.mark.parametrize(("device", "compiler"), DEVICES)
def test_packed_layers_give_the_interpreter_s_codes(layers: Program, device: str, compiler: str) -> None:
    forms = {node.outputs[0]: node.name.split()[0] for node in layers.nodes}
    made = generate(layers, devices.get(device), forms=forms)
    packed = {layer.name: layer.kernel for layer in made.layers}
    assert sum(kernel.startswith("portable, ") for kernel in packed.values()) == len(layers.nodes)
    found = profile(made, inputs_of(layers, 3), compiler=compiler)
    assert found.exact == {"inputs": 3, "max_lsb": 0}


def test_packed_layers_of_16_bit_activations_are_exact() -> None:
    wide = with_fitted(Layer("Conv2D", (1, 6, 5, 6), (9, 3, 3, 6), padding=(1, 1, 1, 1), zero=(0, 0)), "int4")
    bias = wide.tensors["b"]
    assert bias.data is not None
    tensors = dict(wide.tensors)
    tensors |= {n: replace(t, dtype="int16") for n, t in tensors.items() if t.data is None}
    tensors["b"] = Tensor.constant("b", bias.data.astype(np.int64), bias.quant)
    program = replace(wide, tensors=tensors).check()
    made = generate(program, devices.get("cortex-m4"), forms={program.nodes[0].outputs[0]: "int4"})
    rng = np.random.default_rng(3)
    feeds = [{"x": rng.integers(-32768, 32768, (1, 6, 5, 6)).astype(np.int16)} for _ in range(3)]
    assert profile(made, feeds).exact == {"inputs": 3, "max_lsb": 0}


def chain(form: str) -> Program:
    """Two convolutions one after the other, and a product."""
    first = with_fitted(Layer("Conv2D", (1, 12, 8, 4), (32, 3, 3, 4), padding=(1, 1, 1, 1)), form)
    second = with_fitted(Layer("Conv2D", (1, 12, 8, 32), (16, 3, 3, 32), (2, 2), padding=(0, 1, 0, 1)), form)
    last = with_fitted(Layer("FullyConnected", (1, 6, 4, 16), (12, 384)), form)
    tensors, nodes, source = {"x": first.tensors["x"]}, [], "x"
    for step, program in enumerate((first, second, last)):
        names = {n: f"{n}{step}" for n in program.tensors if n != "x"} | {"x": source}
        tensors |= {names[n]: replace(t, name=names[n]) for n, t in program.tensors.items() if n != "x"}
        node = program.nodes[0]
        inputs, outputs = (tuple(names[n] for n in side) for side in (node.inputs, node.outputs))
        nodes.append(replace(node, inputs=inputs, outputs=outputs))
        source = outputs[0]
    ports = (first.inputs, (replace(first.outputs[0], tensor=source),))
    return Program("chain", tensors, tuple(nodes), *ports).check()


def test_streams_decode_row_by_row_and_stay_exact() -> None:
    program = chain("huffman")
    device = devices.get("cortex-m4")
    forms = forms_of(choose(program, device, "huffman"))
    whole, streamed = (generate(program, device, stream=s, forms=forms) for s in ("off", "auto"))
    assert streamed.arena < whole.arena
    for made in (whole, streamed):
        assert profile(made, inputs_of(program, 3)).exact == {"inputs": 3, "max_lsb": 0}


def test_weights_are_packed_where_flash_asks_for_it_and_no_further() -> None:
    program, device = chain("int4"), devices.get("cortex-m4")
    plain = compile_c(program, CompileOptions(device, pack="none", small=True))
    assert not plain.packed
    assert not compile_c(program, CompileOptions(device, small=True, flash=plain.flash)).packed
    found = compile_c(program, CompileOptions(device, small=True, flash=plain.flash - 1000))
    assert found.flash <= plain.flash - 1000
    assert [layer["form"] for layer in found.packed["layers"]] == ["int4"]
    assert found.packed["flash"]["after"] == found.flash
    assert found.packed["instructions"]["after"] > found.packed["instructions"]["before"] > 0
    assert "as int4" in found.notes["packed"]
    asked = compile_c(program, CompileOptions(device, small=True, pack="int4"))
    assert len(asked.packed["layers"]) == 3
    with pytest.raises(BudgetError, match=r"needs \d+ bytes of flash with packed weights, 5000 are asked for"):
        compile_c(program, CompileOptions(device, small=True, flash=5000))


def test_a_form_that_packs_nothing_is_refused() -> None:
    program, device = chain("huffman"), devices.get("cortex-m4")
    with pytest.raises(Unsupported, match="--pack int4 makes no layer's weights smaller"):
        choose(program, device, "int4")
    with pytest.raises(UsageError, match="--pack zip: there is no such form"):
        choose(program, device, "zip")


def test_the_cheapest_bytes_go_first() -> None:
    choices = choose(chain("int4"), devices.get("cortex-m4"), "auto")
    assert choices[0].layer == "y2"  # decoded once and used once
    assert enough(choices, choices[0].saved) == choices[:1]
    assert enough(choices, 10**9) == choices


def test_a_target_without_packed_weights_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--pack int4: target onnx has no packed weights"):
        compile_model(tmp_path / "model.tflite", "onnx", tmp_path, pack="int4")


def test_wasm_carries_packed_weights() -> None:
    program = chain("int4")
    plain, packed = (TARGETS.get("wasm").compile(program, CompileOptions(pack=p)) for p in ("none", "int4"))
    assert packed.flash < plain.flash - 3000
