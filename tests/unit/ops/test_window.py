"""Convolutions by patches and by filter positions equal the sum that defines them."""

from __future__ import annotations

import numpy as np
import pytest

from limen.errors import ProgramError
from limen.ops import _window as window


def direct(
    x: np.ndarray, w: np.ndarray, stride: tuple[int, int], dilation: tuple[int, int], out: tuple[int, int]
) -> np.ndarray:
    """Every output by its own sum; w [O,kh,kw,D]."""
    filters, kh, kw, depth = w.shape
    share = filters // (x.shape[3] // depth)
    result = np.zeros((x.shape[0], *out, filters))
    for n, y, c, o in np.ndindex(result.shape):
        group = slice(o // share * depth, (o // share + 1) * depth)
        rows = y * stride[0] + np.arange(kh) * dilation[0]
        columns = c * stride[1] + np.arange(kw) * dilation[1]
        result[n, y, c, o] = (x[n][np.ix_(rows, columns)][:, :, group] * w[o]).sum()
    return result


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize(("stride", "dilation"), [((1, 1), (1, 1)), ((2, 1), (1, 2)), ((1, 3), (2, 1))])
def test_convolve(groups: int, stride: tuple[int, int], dilation: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.integers(-9, 9, (2, 9, 8, 4)).astype(float), rng.integers(-9, 9, (8, 3, 2, 4 // groups)).astype(float)
    out = window.output_hw(9, 8, (3, 2), stride, dilation, (0, 0, 0, 0))
    np.testing.assert_array_equal(window.convolve(x, w, stride, dilation, out), direct(x, w, stride, dilation, out))


def test_large_images_are_worked_on_in_blocks_of_rows() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.integers(-9, 9, (1, 70, 70, 16)).astype(float), rng.integers(-9, 9, (4, 3, 3, 16)).astype(float)
    out = (68, 68)
    assert len(list(window.row_blocks(out, 9 * 16))) > 1
    np.testing.assert_array_equal(window.convolve(x, w, (1, 1), (1, 1), out), direct(x, w, (1, 1), (1, 1), out))


def test_no_window_fits() -> None:
    with pytest.raises(ProgramError, match="height 2"):
        window.output_hw(2, 9, (3, 3), (1, 1), (1, 1), (0, 0, 0, 0))
    with pytest.raises(ProgramError, match="negative"):
        window.output_hw(9, 9, (3, 3), (1, 1), (1, 1), (-1, 0, 0, 0))
