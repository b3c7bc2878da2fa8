"""Kernels that move elements, in portable C: what the operators' own cases do not draw."""

from __future__ import annotations

import numpy as np
import pytest

from limen import devices
from limen.errors import UnsupportedOp
from limen.program import Quant, Tensor, run
from limen.targets.c import generate
from limen.targets.c.ops._m_copy import Block, copy
from limen.targets.c.ops._m_loops import merge
from unit.targets.c.op_programs import call, differences, program, random_feeds, results

Q = Quant.per_tensor
SMALL = Q(0.05, 3)


def int8(name: str, shape: tuple[int, ...] = (2, 4, 5, 3)) -> Tensor:
    return Tensor(name, shape, "int8", SMALL)


def plain(name: str, shape: tuple[int, ...], dtype: str = "float32") -> Tensor:
    return Tensor(name, shape, dtype)  # type: ignore[arg-type]


def constant(name: str, shape: tuple[int, ...], dtype: str = "int8", quant: Quant | None = SMALL) -> Tensor:
    return Tensor.constant(name, np.arange(np.prod(shape)).reshape(shape).astype(dtype), quant)


CHAINS = {
    "joined with constants": program(
        [int8("x"), constant("c", (2, 4, 5, 2)), constant("r", (2, 1, 5, 5))],
        call("Concatenation", "c x", "y", SMALL, axis=3),
        call("Concatenation", "y r y", "z", SMALL, axis=1),
    ),
    "joined in other scales": program(
        [Tensor("x", (1, 2, 2, 3), "uint8", Q(0.1, 7)), constant("c", (1, 2, 2, 2), "uint8", Q(0.02, 200))],
        call("Concatenation", "x c x", "y", Q(0.05, 90), axis=3),
    ),
    "rows stay rows": program(
        [int8("x", (1, 4, 5, 3)), plain("f", (3, 2, 4, 2))],
        call("Pad", "x", "p", SMALL, paddings=((0, 0), (1, 2), (2, 0), (0, 0))),
        call("Pad", "p", "q", SMALL, paddings=((0, 0), (0, 0), (1, 1), (1, 0))),
        call("Pad", "q", "b", SMALL, paddings=((0, 0), (0, 3), (0, 0), (0, 0))),
        call("Slice", "b", "s", SMALL, begin=(0, 0, 1, 1), size=(1, 10, 5, 2)),
        call("Reverse", "s", "r", SMALL, axes=(2, 3)),
        call("Transpose", "r", "t", SMALL, permutation=(0, 1, 3, 2)),
        call("Concatenation", "t t", "u", SMALL, axis=2),
        call("Tile", "u", "v", SMALL, multiples=(1, 1, 2, 3)),
        call("Pad", "f", "g", paddings=((0, 0), (2, 1), (1, 2), (0, 0))),
    ),
    "padded by a number of run time": program(
        [plain("f", (2, 3)), plain("v", ()), constant("half", (), "float32", None)],
        call("PadV2", "f v", "y", paddings=((1, 0), (0, 2))),
        call("PadV2", "f half", "z", paddings=((0, 0), (0, 0))),
    ),
    "nothing inside": program(
        [plain("f", (0, 3)), plain("g", (2, 3)), int8("x", (2, 0, 3, 1)), int8("w", (2, 4, 3, 1))],
        call("Pad", "f", "y", paddings=((1, 1), (0, 2))),
        call("Concatenation", "f g f", "z", axis=0),
        call("Slice", "g", "e", begin=(1, 2), size=(0, 1)),
        call("Concatenation", "x w", "v", SMALL, axis=1),
        call("SpaceToBatchNd", "x", "b", SMALL, block=(2, 1), paddings=((1, 1), (0, 0))),
        call("Tile", "f", "t", multiples=(3, 2)),
    ),
    "cut": program(
        [int8("x"), plain("f", (4, 6))],
        call("Split", "x", "a b", SMALL, axis=1, parts=2),
        call("SplitV", "f", "c d e", axis=1, sizes=(1, 0, 5)),
        call("Unpack", "b", "g h i j k", SMALL, axis=2, count=5),
        call("Pack", "g i", "l", SMALL, axis=1),
    ),
    "mirrored": program(
        [int8("x"), plain("f", (5,))],
        call("MirrorPad", "x", "y", SMALL, paddings=((1, 0), (3, 2), (4, 1), (0, 2)), mode="reflect"),
        call("MirrorPad", "f", "g", paddings=((5, 5),), mode="symmetric"),
    ),
    "six axes": program(
        [plain("x", (2, 3, 1, 2, 3, 2), "int16")],
        call("Transpose", "x", "y", permutation=(5, 3, 1, 0, 4, 2)),
        call("BroadcastTo", "x", "z", shape=(2, 3, 4, 2, 3, 2)),
        call("StridedSlice", "y", "w", begin=(0, 1, 2), end=(2, -5, 0), strides=(1, -1, -2)),
    ),
    "blocks": program(
        [int8("x", (2, 6, 5, 3))],
        call("SpaceToBatchNd", "x", "y", SMALL, block=(4, 3), paddings=((5, 1), (3, 4))),
        call("BatchToSpaceNd", "y", "z", SMALL, block=(4, 3), crops=((5, 1), (3, 4))),
    ),
    "indices that are known": program(
        [int8("x", (4, 3, 2)), constant("i", (2, 2), "int64", None), constant("p", (2, 1), "int16", None)],
        call("Gather", "x i", "y", SMALL, axis=0),
        call("GatherNd", "x p", "z", SMALL),
    ),
}


def test_chains_equal_the_interpreter_to_the_bit() -> None:
    assert differences(CHAINS) == []


def test_indices_of_run_time() -> None:
    on, off = (Tensor.constant(name, np.int8(value), SMALL) for name, value in (("on", 100), ("off", -5)))
    tensors = [
        int8("x", (4, 3, 2)),
        plain("i", (2, 2), "int32"),
        plain("c", (2, 2), "int64"),
        plain("s", (1,), "int16"),
    ]
    chain = program(
        [*tensors, on, off],
        call("Gather", "x i", "a", SMALL, axis=1),
        call("Gather", "x i", "e", SMALL, axis=2, batch_dims=0),
        call("GatherNd", "x c", "b", SMALL),
        call("GatherNd", "x s", "d", SMALL),
        call("OneHot", "i on off", "o", SMALL, axis=0, depth=3),
        call("OneHot", "c on off", "p", SMALL, axis=2, depth=2),
    )
    feeds = random_feeds(chain)
    feeds["i"] = np.array([[0, 1], [1, 0]], np.int32)
    feeds["c"] = np.array([[3, 2], [0, 1]], np.int64)
    feeds["s"] = np.array([2], np.int16)
    (got,) = results([chain], [feeds])
    for name, wanted in run(chain, feeds).items():
        assert np.array_equal(got[name], wanted), name


def test_an_index_of_run_time_outside_reads_the_nearest_entry() -> None:
    chain = program(
        [int8("x", (4, 3)), plain("i", (2,), "int64"), plain("c", (2, 2), "int32")],
        call("Gather", "x i", "a", SMALL, axis=0),
        call("GatherNd", "x c", "b", SMALL),
    )
    feeds = {
        "x": np.arange(12).reshape(4, 3).astype(np.int8),
        "i": np.array([-(2**40), 2**40]),
        "c": np.array([[-1, 5], [100, -100]], np.int32),
    }
    (got,) = results([chain], [feeds])
    assert got["a"].tolist() == [[0, 1, 2], [9, 10, 11]]
    assert got["b"].tolist() == [2, 9]


def test_a_known_index_outside_is_refused() -> None:
    chain = program([int8("x", (4, 3)), constant("i", (7,), "int32", None)], call("Gather", "x i", "y", SMALL, axis=0))
    with pytest.raises(UnsupportedOp, match="index of i outside the input"):
        generate(chain, devices.get("x86-64"))


def test_axes_that_run_on_become_one() -> None:
    assert merge((2, 1, 3, 4), ((12, 9, 4, 1), (24, 9, 8, 2))) == ((24,), ((1,), (2,)))
    assert merge((2, 3), ((3, 1), (4, 1))) == ((2, 3), ((3, 1), (4, 1)))
    assert merge((1, 1), ((5, 1),)) == ((1,), ((0,),))


def test_what_lies_together_is_copied_at_once() -> None:
    whole = copy(Block((4, 3, 5), (15, 5, 1), (15, 5, 1)), "int16_t", "x0", "y0")
    turned = copy(Block((2, 3, 5), (5, 10, 1), (15, 5, 1)), "float", "x0", "y0")
    assert whole == ["memcpy(y0, x0, 120u);"]
    assert turned[-3].strip() == "memcpy(y0 + 15 * i + 5 * j, x0 + 5 * i + 10 * j, 20u);"
