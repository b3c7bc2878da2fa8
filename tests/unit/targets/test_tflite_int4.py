"""Weights of 4 bits in a .tflite file: half the bytes, the same codes when read, and LiteRT runs them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from limen.errors import Unsupported
from limen.importers.tflite import read
from limen.program import Program, Tensor, run
from limen.targets import TARGETS, Artifact, CompileOptions
from unit.targets.c.x86_cases import Layer, inputs_of, joined, program_of

LAYERS = {
    "connected": Layer("FullyConnected", (2, 30), (17, 30), per_channel=False),
    "by channel": Layer("FullyConnected", (2, 31), (17, 31)),
    "convolution": Layer("Conv2D", (1, 6, 5, 6), (9, 3, 3, 6), padding=(1, 1, 1, 1)),
    "depthwise": Layer("DepthwiseConv2D", (1, 6, 6, 15), (1, 3, 3, 15), padding=(1, 1, 1, 1)),
}
NARROW = ("w", "connected/w", "by channel/w", "convolution/w", "depthwise/w")


def of_four_bits(program: Program) -> Program:
    tensors = dict(program.tensors)
    for name in NARROW:
        w = tensors.get(name)
        if w is not None and w.data is not None:
            tensors[name] = Tensor.constant(name, (w.data // 16).astype(np.int8), w.quant)
    return replace(program, tensors=tensors).check()


def compiled(program: Program, pack: str) -> Artifact:
    return TARGETS.get("tflite").compile(program, CompileOptions(pack=pack))


@pytest.fixture(scope="module")
def layers() -> Program:
    return of_four_bits(joined({name: program_of(layer) for name, layer in LAYERS.items()}))


def test_the_file_has_half_the_weight_bytes_and_the_same_codes(layers: Program) -> None:
    plain, packed = compiled(layers, "none"), compiled(layers, "int4")
    assert not plain.packed
    assert packed.packed["flash"] == {"before": plain.flash, "after": packed.flash}
    halves = sum(layer["before"] - layer["after"] for layer in packed.packed["layers"])
    assert len(packed.packed["layers"]) == len(LAYERS)
    assert abs(plain.flash - packed.flash - halves) <= 64  # alignment of buffers
    back = read(packed.files["model.tflite"])
    for name in NARROW[1:]:
        np.testing.assert_array_equal(back.tensors[name].data, layers.tensors[name].data)


def test_litert_runs_weights_of_four_bits(layers: Program) -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not installed")
    kinds = litert.OpResolverType
    for kind, most in ((kinds.BUILTIN_REF, 0), (kinds.AUTO, 1)):
        content = compiled(layers, "int4").files["model.tflite"]
        engine = litert.Interpreter(model_content=content, experimental_op_resolver_type=kind, num_threads=1)
        engine.allocate_tensors()
        for feed in inputs_of(layers, 4):
            for detail in engine.get_input_details():
                engine.set_tensor(detail["index"], feed[detail["name"]])
            engine.invoke()
            expected = run(layers, feed)
            for detail in engine.get_output_details():
                found = engine.get_tensor(detail["index"]).astype(int)
                assert np.abs(found - expected[detail["name"]].reshape(found.shape)).max() <= most


def test_what_no_file_can_hold_is_refused() -> None:
    wide = program_of(LAYERS["connected"])
    with pytest.raises(Unsupported, match="no layer's weights fit 4 bits"):
        compiled(wide, "int4")
    assert not compiled(wide, "smallest").packed
    with pytest.raises(Unsupported, match=r"--pack huffman: a \.tflite file has no such form"):
        compiled(wide, "huffman")
