"""The steps in C answer what the numpy steps answer: integers to the bit, floats within the tolerance of each case.

Every chain is compiled once, in one file, with all warnings as errors, with checks for undefined behaviour that trap,
and without a C library but memcpy and memset.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limen.errors import UnsupportedOp
from limen.steps import STEPS, Chain, Context, Vector, vectors
from limen.targets.c.steps import Border, StepChain, emit_chain, emit_post

pytest.importorskip("ziglang", reason="ziglang is not installed")

from conformance._steps_c import WARNINGS, ZIG, Compiled, compiled

# Largest difference from the numpy step, absolute plus relative; what is not named is exact.
TOLERANCE = {
    "box_decode": 1e-6,
    "box_restore": 1e-6,
    "letterbox": 1e-6,
    "log_mel": 1e-5,
    "mfcc": 1e-5,
    "resize": 1e-6,
    "sigmoid": 2e-7,
    "softmax": 5e-7,
    "standardise": 1e-6,
    "threshold": 1e-6,
}


@dataclass(frozen=True, eq=False)
class Case:
    """A chain in C and the values that it is tried on.

    Args:
        chain: compiled.
        steps: the same chain in numpy.
        values: raw inputs, or model outputs by name; consecutive ones of a stream where ``stream`` is set.
        expected: per value, what comes out; computed by numpy where it is None.
        tolerance: 0 for equal bits.
        facts, labels: of the context.
        target: the model's input.
        stream: one Context for all values.
    """

    chain: StepChain
    steps: Chain
    values: tuple[Any, ...]
    expected: tuple[Any, ...] | None = None
    tolerance: float = 0.0
    facts: tuple[tuple[str, Any], ...] = ()
    labels: tuple[str, ...] = ()
    target: Border | None = None
    stream: bool = False


def _outputs(value: Any) -> list[Border]:
    named = value if isinstance(value, dict) else {"": value}
    return [Border(a.shape, a.dtype.name, name, a.dtype.name) for name, a in named.items()]


def _of_vector(vector: Vector, symbol: str, real: Any) -> Case | None:
    """The vector as a case; None for what no C takes: files, and values without elements."""
    values = vector.value if vector.stream else (vector.value,)
    first = values[0]
    arrays = list(first.values()) if isinstance(first, dict) else [first]
    if isinstance(first, bytes) or not all(array.size for array in arrays):
        return None
    if vector.step.kind == "post":
        chain = emit_post((vector.step,), symbol, _outputs(first), real=real, labels=vector.labels)
    else:
        longest = max(len(value) for value in values)
        shape = (longest, *first.shape[1:]) if vector.stream else first.shape
        varies = "count" if vector.stream else ""
        chain = emit_chain((vector.step,), symbol, shape, first.dtype.name, varies=varies, real=real)
    expected = vector.expected if vector.stream else (vector.expected,)
    facts, tolerance = tuple(vector.facts.items()), TOLERANCE.get(vector.step.name, 0.0)
    return Case(chain, Chain((vector.step,)), values, expected, tolerance, facts, vector.labels, None, vector.stream)


def _vector_cases() -> Iterator[Case]:
    for step in STEPS.values():
        for place, vector in enumerate(vectors(step)):
            case = _of_vector(vector, f"vector_{step.name}_{place}", ("float", "double")[place % 2])
            if case is not None:
                yield case


def _random(shape: tuple[int, ...], dtype: str, seed: int, count: int = 2) -> tuple[Any, ...]:
    generator = np.random.default_rng(seed)
    if dtype == "float32":
        return tuple(generator.normal(0, 1, shape).astype(np.float32) for _ in range(count))
    limits = np.iinfo(dtype)
    return tuple(generator.integers(limits.min, limits.max, shape, dtype, True) for _ in range(count))


# spec, shape, dtype, real
PLAIN = (
    ("resize:24x16:method=nearest", (37, 53, 3), "uint8", "float"),
    ("resize:24x16:method=bilinear", (37, 53, 3), "uint8", "float"),
    ("resize:24x16:method=antialias", (37, 53, 3), "uint8", "float"),
    ("resize:50x6:method=antialias", (70, 53, 1), "uint8", "float"),
    ("resize:24x16:method=bicubic", (37, 53, 3), "uint8", "float"),
    ("resize:60x71:method=bicubic", (37, 53, 3), "uint8", "float"),
    ("resize:24x16:method=area", (37, 53, 3), "uint8", "float"),
    ("resize:32x32:method=bilinear:fit=cover,crop:32x32", (40, 64, 3), "uint8", "float"),
    ("resize:24x16:method=bilinear", (37, 53, 2), "float32", "float"),
    ("resize:24x16:method=bicubic", (37, 53, 2), "float32", "double"),
    ("letterbox:32x32:method=antialias", (37, 53, 3), "uint8", "float"),
    ("letterbox:64x48:enlarge=no:fill=0:align=corner", (20, 30, 3), "uint8", "float"),
    ("crop:9x11:at=3x2", (37, 53, 3), "float32", "float"),
    ("decode_image:grey", (7, 9, 3), "uint8", "float"),
    ("decode_image", (7, 9, 1), "uint8", "float"),
    ("normalise:mean=0.485/0.456/0.406:std=0.229/0.224/0.225:scale=0.00392156862745098:order=bgr", (16, 20, 3), "uint8", "float"),
    ("normalise:mean=0.485/0.456/0.406:std=0.229/0.224/0.225,layout:nchw", (4, 5, 3), "float32", "float"),
    ("normalise:scale=40:dtype=int16", (300,), "float32", "float"),
    ("layout:chw,reshape:3x-1", (5, 6, 3), "int16", "float"),
    ("standardise:mean=1000000/2/0.1:std=3/0.25/7", (9, 3), "float32", "float"),
    ("standardise:mean=1000000/2/0.1:std=3/0.25/7", (9, 3), "int32", "float"),
    ("decode_audio:dtype=float32", (500,), "int16", "float"),
    ("decode_audio:dtype=int16", (500,), "float32", "float"),
    ("log_mel", (16000,), "int16", "float"),
    ("log_mel:size=400:hop=160:fft=400:mels=80:high=8000:scale=slaney:slopes=hertz:area=yes:power=2:log=log10:floor=1e-10:rule=max:centre=reflect",
     (4000,), "float32", "double"),
    ("log_mel:rate=8000:size=70:hop=33:fft=75:mels=7:log=db:power=2", (700,), "int16", "float"),
    ("log_mel:rate=8000:size=120:hop=60:fft=120:mels=9:centre=zeros:shape=ones:log=none", (700,), "int16", "float"),
    ("mfcc:count=10:norm=tf:lifter=22", (11, 40), "float32", "float"),
    ("audio_window:size=50:hop=70:pad=end", (333, 2), "int16", "float"),
    ("audio_window:size=50", (200, 2), "int16", "float"),
)  # fmt: skip


def _plain_cases() -> Iterator[Case]:
    for place, (spec, shape, dtype, real) in enumerate(PLAIN):
        steps = Chain.parse(spec)
        chain = emit_chain(steps.steps, f"plain_{place}_{steps.steps[0].name}", shape, dtype, real=real)
        tolerance = max(TOLERANCE.get(step.name, 0.0) for step in steps.steps) if dtype != "uint8" else 0.0
        yield Case(chain, steps, _random(shape, dtype, place), tolerance=tolerance)


def _open_cases() -> Iterator[Case]:
    """Pictures and signals whose size is known at run time only."""
    generator = np.random.default_rng(5)
    sizes = [(64, 80), (1, 80), (64, 1), *((int(h), int(w)) for h, w in generator.integers(8, 64, (5, 2)))]
    pictures = tuple(generator.integers(0, 256, (*size, 3)).astype(np.uint8) for size in sizes)
    for place, method in enumerate(("nearest", "bilinear", "antialias", "bicubic", "area")):
        for spec in (f"resize:24x16:method={method}", f"letterbox:24x20:method={method}"):
            steps = Chain.parse(spec)
            symbol = f"open_{place}_{steps.steps[0].name}"
            yield Case(emit_chain(steps.steps, symbol, (64, 80, 3), "uint8", varies="picture", view=True), steps, pictures)
    steps = Chain.parse("resize:9x8:method=antialias:fit=cover,crop:7x8")
    wide = tuple(p for p in pictures if max(p.shape[:2]) <= 3 * min(p.shape[:2]))
    yield Case(emit_chain(steps.steps, "open_cover", (64, 80, 3), "uint8", varies="picture"), steps, wide)
    sounds = tuple(generator.integers(-(2**15), 2**15, n).astype(np.int16) for n in (480, 1999, 16000))
    specs = ("log_mel:log=ln,mfcc:count=12", "log_mel:centre=reflect", "audio_window:size=400:hop=320:pad=end")
    for place, spec in enumerate(specs):
        steps = Chain.parse(spec)
        symbol = f"open_{place}_{steps.steps[0].name}"
        chain = emit_chain(steps.steps, symbol, (16000,), "int16", varies="count")
        yield Case(chain, steps, sounds, tolerance=TOLERANCE.get(steps.steps[0].name, 0.0))


def _stream_cases() -> Iterator[Case]:
    generator = np.random.default_rng(6)
    loud = np.concatenate([generator.integers(-a, a, 2500) for a in (3, 40, 900, 20000, 32767)]).astype(np.int16)
    extreme = np.repeat(np.array([-(2**15), 2**15 - 1, 0, -(2**15)], np.int16), 700)
    cuts = np.sort(generator.integers(0, 1200, 12))
    chunks = tuple(part for part in np.split(loud[:1200], cuts) if part.size)
    for place, (spec, values) in enumerate((
        ("micro_frontend", (loud, extreme, loud[:159], loud[:1])),
        ("micro_frontend:scale=1:gain=no:smoothing_bits=12:log_shift=8", (loud, extreme)),
        ("micro_frontend:rate=44100:size=25:hop=10:channels=17:low=60:high=9000", (loud, extreme)),
        ("micro_frontend", (loud.astype(np.float32) / np.float32(32768), extreme.astype(np.float32) / np.float32(40000))),
        ("audio_window:size=64:hop=48", chunks),
        ("audio_window:size=5:hop=11", chunks),
        ("micro_frontend,audio_window:size=3:hop=2,reshape:-1x120", (loud[:5000], loud[5000:5100], loud[5100:])),
    )):  # fmt: skip
        steps = Chain.parse(spec)
        longest = max(map(len, values))
        symbol = f"stream_{place}_{steps.steps[0].name}"
        chain = emit_chain(steps.steps, symbol, (longest,), values[0].dtype.name, varies="count")
        yield Case(chain, steps, values, stream=True)


def _model_cases() -> Iterator[Case]:
    """Whole ``pre`` chains, as far as the model's codes."""
    nhwc = Border((1, 12, 10, 3), "int8", scale=0.0186, zero_point=-14, permutation=(0, 2, 3, 1))
    image = "resize:10x12,normalise:mean=0.485/0.456/0.406:std=0.229/0.224/0.225:scale=0.00392156862745098,layout:nchw"
    kws = "log_mel,mfcc:count=10,reshape:1x49x10x1"
    wake = "micro_frontend,audio_window:size=3"
    for place, (spec, shape, dtype, varies, target, off) in enumerate((
        (image, (31, 40, 3), "uint8", "", nhwc, 0.0),
        (image, (31, 40, 3), "uint8", "picture", nhwc, 0.0),
        ("normalise:std=255", (32, 32, 3), "uint8", "", Border((1, 32, 32, 3), "int8", scale=1 / 255, zero_point=-128), 0.0),
        ("normalise:mean=0.3:std=0.7", (2, 9), "float32", "", Border((1, 9), "int8", scale=0.03, zero_point=5), 0.0),
        ("standardise:mean=1/2:std=3/4", (7, 2), "int16", "", Border((7, 2), "int16", scale=0.5), 0.0),
        (kws, (16000,), "int16", "", Border((1, 49, 10, 1), "int8", scale=0.5847, zero_point=83), 1.0),
        (kws, (16000,), "int16", "count", Border((1, 49, 10, 1), "int8", scale=0.5847, zero_point=83), 1.0),
        (wake, (9000,), "int16", "count", Border((1, 3, 40), "int8", scale=0.1, zero_point=-128), 0.0),
        ("reshape:-1", (6, 5), "float32", "", Border((30,), "float32"), 0.0),
        ("layout:chw", (6, 5, 3), "uint8", "", Border((3, 6, 5), "uint8", scale=0.5, source_dtype="float32"), 0.0),
    )):  # fmt: skip
        steps = Chain.parse(spec)
        chain = emit_chain(steps.steps, f"model_{place}", shape, dtype, border=target, varies=varies)
        yield Case(chain, steps, _random(shape, dtype, place), tolerance=off, target=target, stream="micro" in spec)


CASES = [*_vector_cases(), *_plain_cases(), *_open_cases(), *_stream_cases(), *_model_cases()]
EACH = pytest.mark.parametrize("case", [pytest.param(case, id=case.chain.symbol) for case in CASES])


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    return Compiled([case.chain for case in CASES], tmp_path_factory.mktemp("steps"))


def _view(chain: StepChain, context: Context) -> np.ndarray[Any, Any]:
    view = context.facts.get("view")
    numbers = [*view.scale, *view.offset, *view.source] if view is not None else [0.0] * 6
    return np.array(numbers, np.float64 if chain.real == "double" else np.float32)


def _expected(case: Case) -> Iterator[tuple[Any, Any, Context]]:
    """Each value, what numpy makes of it, and the context then."""
    context = Context(labels=case.labels, facts=dict(case.facts))
    for place, value in enumerate(case.values):
        if not case.stream:
            context = Context(labels=case.labels, facts=dict(case.facts))
        found = case.steps.run(value, context) if case.expected is None else case.expected[place]
        yield value, _coded(found, case.target) if case.target else found, context


def _coded(value: Any, target: Border) -> Any:
    """As the session hands it to the engine: the source's shape, the tensor's axes, codes."""
    inputs = value.reshape(-1, *target.source_shape).transpose(0, *(axis + 1 for axis in target.axes))
    return target.codes(inputs) if target.scale and inputs.dtype != target.dtype else inputs.astype(target.dtype)


@EACH
def test_answers_what_numpy_answers(case: Case, library: Compiled) -> None:
    library.reset(case.chain)
    for value, expected, context in _expected(case):
        wanted = _view(case.chain, context)
        view = np.zeros_like(wanted) if case.steps.kind == "pre" else wanted.copy()
        found = library.run(case.chain, value, view)
        assert found["code"] >= 0
        if case.chain.view:
            np.testing.assert_allclose(view, wanted, rtol=1e-6, atol=1e-5)
        for name, array in (expected if isinstance(expected, dict) else {"": expected}).items():
            if array.dtype.kind == "U":
                assert [case.chain.labels[i] for i in found["classes"].reshape(-1)] == array.reshape(-1).tolist()
                continue
            assert found[name].dtype == array.dtype
            assert found[name].shape == array.shape
            close = {"rtol": case.tolerance if array.dtype.kind == "f" else 0, "atol": case.tolerance}
            np.testing.assert_allclose(found[name].astype(np.float64), array.astype(np.float64), **close)
