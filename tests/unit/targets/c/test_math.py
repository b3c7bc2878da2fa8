"""The elementary functions in C without libm, over all of float32, against float64."""

from __future__ import annotations

import ctypes
import math
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from limen.lab.host import WARNINGS, zig_cc
from limen.program import Array
from limen.targets.c._kernel import Helper
from limen.targets.c.ops import _math

Function = Callable[[Array], Array]
FUNCTIONS: dict[str, tuple[Helper, Function, float]] = {
    "exp": (_math.EXP, np.exp, 1.0),
    "log": (_math.LOG, np.log, 1.0),
    "expm1": (_math.EXPM1, np.expm1, 1.0),
    "tanh": (_math.TANH, np.tanh, 2.2),
    "erfc": (_math.ERFC, np.vectorize(math.erfc), 3.5),
    "sin": (_math.SIN, np.sin, 0.6),
    "cos": (_math.COS, np.cos, 0.6),
    "sqrt": (_math.SQRT, np.sqrt, 0.5),
    "trunc": (_math.TRUNC, np.trunc, 0.0),
    "floor": (_math.FLOOR, np.floor, 0.0),
    "ceil": (_math.CEIL, np.ceil, 0.0),
    "rint": (_math.ROUND_EVEN, np.rint, 0.0),
    "round": (_math.ROUND_AWAY, lambda x: np.trunc(x) + np.where(np.abs(x - np.trunc(x)) >= 0.5, np.sign(x), 0), 0.0),
}
SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999997, 8388608.5, 3e38, 1e-45)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """All the functions over arrays, in one shared object."""
    folder = tmp_path_factory.mktemp("math")
    helpers: dict[str, str] = {}

    def add(helper: Helper) -> None:
        for needed in helper.needs:
            add(needed)
        helpers.setdefault(helper.name, helper.text)

    for helper, _, _ in FUNCTIONS.values():
        add(helper)
    add(_math.POW)
    loop = "{{ for (int32_t i = 0; i < n; ++i) {{ y[i] = {}; }} }}\n"
    wrappers = [
        f"void {name}_all(const float *x, float *y, int32_t n);\n"
        f"void {name}_all(const float *x, float *y, int32_t n) " + loop.format(f"{helper.name}(x[i])")
        for name, (helper, _, _) in FUNCTIONS.items()
    ]
    wrappers.append("void pow_all(const float *x, const float *z, float *y, int32_t n);\n")
    wrappers.append(
        "void pow_all(const float *x, const float *z, float *y, int32_t n) " + loop.format("pow_f32(x[i], z[i])")
    )
    source = Path(folder, "functions.c")
    source.write_text("\n".join(["#include <stdint.h>", "#include <string.h>", *helpers.values(), *wrappers]))
    target = Path(folder, "functions.so")
    command = [*zig_cc(), *WARNINGS, "-O2", "-fno-sanitize=all", "-fPIC", "-shared", "-o", str(target), str(source)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(target))


def _arguments() -> Array:
    rng = np.random.default_rng(0)
    anything = rng.integers(0, 2**32, 200_000, dtype=np.uint64).astype(np.uint32).view(np.float32)
    ranges = [rng.uniform(-110, 110, 100_000), rng.normal(0, 1, 100_000), np.array(SPECIAL)]
    return np.concatenate([anything, *(part.astype(np.float32) for part in ranges)])


def _pointer(values: Array) -> ctypes.c_void_p:
    return ctypes.c_void_p(values.ctypes.data)


def _units(got: Array, wanted: Array) -> float:
    """Largest difference in units in the last place of the wanted value; equal infinities and nan count as none."""
    with np.errstate(all="ignore"):
        rounded = wanted.astype(np.float32)
    same = (got == rounded) & (np.isinf(rounded) | (rounded == 0)) | (np.isnan(got) & np.isnan(rounded))
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(np.float64) - wanted) / np.spacing(np.abs(rounded)).astype(np.float64)
    error[same] = 0.0
    assert not np.isnan(error).any()
    return float(error.max())


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_keeps_its_error(library: ctypes.CDLL, name: str) -> None:
    _, function, allowed = FUNCTIONS[name]
    x = _arguments()
    got = np.empty_like(x)
    getattr(library, f"{name}_all")(_pointer(x), _pointer(got), len(x))
    with np.errstate(all="ignore"):
        wanted = function(x.astype(np.float64))
    assert _units(got, wanted) <= allowed


def test_power_keeps_its_error_and_the_special_cases(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(1)
    special = np.array(SPECIAL, np.float32)
    x = np.concatenate([np.abs(_arguments()), rng.choice(special, 100_000)])
    mixed = np.concatenate([rng.uniform(-30, 30, len(x) // 2), np.round(rng.uniform(-9, 9, len(x) - len(x) // 2))])
    z = np.where(rng.random(len(x)) < 0.02, rng.choice(special, len(x)), rng.permutation(mixed).astype(np.float32))
    got = np.empty_like(x)
    library.pow_all(_pointer(x), _pointer(z), _pointer(got), len(x))
    with np.errstate(all="ignore"):
        wanted = np.power(x.astype(np.float64), z.astype(np.float64))
    assert _units(got, wanted) <= 0.6
