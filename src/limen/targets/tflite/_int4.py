"""Weights of 4 bits in a .tflite file: LiteRT has kernels for them beside int8 activations."""

from __future__ import annotations

import numpy as np

from limen.errors import Unsupported
from limen.program import Array, Node, Program

_LAYERS = ("Conv2D", "DepthwiseConv2D", "FullyConnected")
_FORMS = ("int4", "smallest")


def asked_int4(program: Program, pack: str) -> frozenset[str]:
    """The constants to write in 4 bits: weights of int8 layers whose codes are -8 to 7.

    Args:
        pack: ``int4`` or ``smallest``; nothing is packed for ``auto`` and ``none``.

    Raises:
        Unsupported: a form that a .tflite file has not; no layer's weights fit.
    """
    if pack in ("auto", "none"):
        return frozenset()
    if pack not in _FORMS:
        raise Unsupported(f"--pack {pack}: a .tflite file has no such form", "use --pack int4, or target c")
    weights = {node.inputs[1] for node in program.nodes if _takes_int4(program, node)}
    others = {port.tensor for port in program.outputs}
    for node in program.nodes:
        skipped = 1 if _takes_int4(program, node) else None
        others.update(name for index, name in enumerate(node.inputs) if index != skipped)
    found = frozenset(name for name in weights - others if _fits(program.tensors[name].data))
    if not found and pack == "int4":
        hint = "quantise the weights to 4 bits first, or leave out --pack"
        raise Unsupported(f"{program.name}: no layer's weights fit 4 bits", hint)
    return found


def _takes_int4(program: Program, node: Node) -> bool:
    """A layer with a kernel for 4-bit weights: int8 activations; no grouped convolution."""
    if node.op.name not in _LAYERS:
        return False
    x, w = program.tensors[node.inputs[0]], program.tensors[node.inputs[1]]
    grouped = node.op.name == "Conv2D" and x.shape[3] != w.shape[3]
    return x.dtype == "int8" and w.dtype == "int8" and w.data is not None and not grouped


def _fits(data: Array | None) -> bool:
    return data is not None and data.size > 0 and int(data.min()) >= -8 and int(data.max()) <= 7


def packed_nibbles(data: Array | None) -> Array:
    """uint8: two codes to a byte, the first in the low half."""
    assert data is not None
    codes = np.asarray(data, np.int64).reshape(-1) & 15
    codes = np.pad(codes, (0, codes.size % 2))
    packed: Array = (codes[0::2] | codes[1::2] << 4).astype(np.uint8)
    return packed
