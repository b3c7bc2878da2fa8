"""What the steps in C are tried on: chains, values, and the tolerance of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from limen.steps import STEPS, Chain, Vector, vectors
from limen.steps._geometry import View
from limen.targets.c.steps import Border, StepChain, emit_chain, emit_file_chain, emit_post

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
        outputs: the model's outputs, of which the values are codes.
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
    outputs: tuple[Border, ...] = ()
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
    return Case(chain, Chain((vector.step,)), values, expected, tolerance, facts, vector.labels, stream=vector.stream)


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


IMAGENET = "mean=0.485/0.456/0.406:std=0.229/0.224/0.225"
WHISPER = (
    "log_mel:size=400:hop=160:fft=400:mels=80:high=8000:scale=slaney:slopes=hertz:area=yes:power=2:log=log10"
    ":floor=1e-10:rule=max:centre=reflect"
)

# spec, shape, dtype, real; ``fixed``: float without an FPU
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
    (f"normalise:{IMAGENET}:scale=0.00392156862745098:order=bgr", (16, 20, 3), "uint8", "float"),
    (f"normalise:{IMAGENET},layout:nchw", (4, 5, 3), "float32", "float"),
    ("normalise:scale=40:dtype=int16", (300,), "float32", "float"),
    ("layout:chw,reshape:3x-1", (5, 6, 3), "int16", "float"),
    ("standardise:mean=1000000/2/0.1:std=3/0.25/7", (9, 3), "float32", "float"),
    ("standardise:mean=1000000/2/0.1:std=3/0.25/7", (9, 3), "int32", "float"),
    ("decode_audio:dtype=float32", (500,), "int16", "float"),
    ("decode_audio:dtype=int16", (500,), "float32", "float"),
    ("log_mel", (16000,), "int16", "float"),
    (WHISPER, (4000,), "float32", "double"),
    ("log_mel:rate=8000:size=70:hop=33:fft=75:mels=7:log=db:power=2", (700,), "int16", "float"),
    ("log_mel:rate=8000:size=120:hop=60:fft=154:mels=9:centre=zeros:shape=ones:log=none", (700,), "int16", "float"),
    ("log_mel", (16000,), "int16", "fixed"),
    ("log_mel:power=2:log=db:high=8000:centre=reflect", (4000,), "int16", "fixed"),
    ("log_mel:rate=8000:size=100:hop=50:fft=128:mels=7:centre=zeros:shape=ones", (700,), "int16", "fixed"),
    ("mfcc:count=10:norm=tf:lifter=22", (11, 40), "float32", "float"),
    ("audio_window:size=50:hop=70:pad=end", (333, 2), "int16", "float"),
    ("audio_window:size=50", (200, 2), "int16", "float"),
)  # fmt: skip


def _plain_cases() -> Iterator[Case]:
    for place, (spec, shape, dtype, real) in enumerate(PLAIN):
        steps = Chain.parse(spec)
        arithmetic: dict[str, Any] = {"fpu": False} if real == "fixed" else {"real": real}
        chain = emit_chain(steps.steps, f"plain_{place}_{steps.steps[0].name}", shape, dtype, **arithmetic)
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
            yield Case(
                emit_chain(steps.steps, symbol, (64, 80, 3), "uint8", varies="picture", view=True), steps, pictures
            )
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


def _wave(samples: Any, full: int) -> Any:
    return samples.astype(np.float32) / np.float32(full)


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
        ("micro_frontend", (_wave(loud, 32768), _wave(extreme, 40000))),
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
    grey = Border((1, 32, 32, 1), "int8", scale=1 / 255, zero_point=-128)
    image = f"resize:10x12,normalise:{IMAGENET}:scale=0.00392156862745098,layout:nchw"
    kws = "log_mel,mfcc:count=10,reshape:1x49x10x1"
    wake = "micro_frontend,audio_window:size=3"
    for place, (spec, shape, dtype, varies, target, off) in enumerate((
        (image, (31, 40, 3), "uint8", "", nhwc, 0.0),
        (image, (31, 40, 3), "uint8", "picture", nhwc, 0.0),
        ("normalise:std=255", (32, 32, 1), "uint8", "", grey, 0.0),
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


VIEW = ("view", View((300, 200), (0.4, 0.4), (0.0, 20.0)))
YOLO = "box_decode:size=96x96:boxes='a[0:4]'/'b[0:4]':scores='a[5:]'/'b[5:]':objectness='a[4:5]'/'b[4:5]':strides=16/32"


def _post_cases() -> Iterator[Case]:
    """``post`` chains on the codes of a model's outputs."""
    logits = Border((3, 12), "int8", "logits", scale=0.21, zero_point=-7)
    levels = (
        Border((1, 6, 6, 8), "int8", "a", scale=0.05, zero_point=3, permutation=(0, 2, 3, 1)),
        Border((1, 3, 3, 8), "int8", "b", scale=0.04, zero_point=-3, permutation=(0, 2, 3, 1)),
    )
    ssd = (
        Border((1, 17, 4), "int8", "boxes", scale=0.08, zero_point=1),
        Border((1, 17, 4), "uint8", "scores", scale=0.05, zero_point=128),
    )
    faces = (Border((1, 36, 16), "float32", "regressors"), Border((1, 36, 1), "float32", "classificators"))
    priors = "priors=10x10/20x30x30x20:strides=24/48"
    detect = (
        f"{YOLO}:at=0:channels=first:centre=sigmoid:side=exp:score=sigmoid:object_score=sigmoid:object_power=0.5"
        ":score_power=0.7"
    )
    tanh = detect.replace("centre=sigmoid", "centre=tanh")
    ssd_steps = (
        f"box_decode:size=72x60:{priors}:centre_scale=0.1:centre_unit=prior:side=exp:side_scale=0.2:side_unit=prior"
        ":score=softmax:background=first:clip_priors=yes:cells=even,nms:score=0.3:candidates=12,box_restore:clip=no"
    )
    face_steps = (
        "box_decode:size=48x48:boxes='regressors[:4]':scores=classificators:points='regressors[4:]':strides=8:axes=yx"
        ":centre_unit=pixel:side_unit=pixel:score=sigmoid,nms:iou=0.1,box_restore"
    )
    for place, (spec, outputs) in enumerate((
        ("softmax", (logits,)),
        ("softmax:axis=0:temperature=2.5", (logits,)),
        ("softmax,top_k:k=4", (logits,)),
        ("top_k:k=20", (Border((1, 9), "uint8", scale=1 / 256),)),
        ("sigmoid", (Border((900,), "int8", scale=0.05, zero_point=9),)),
        ("sigmoid,threshold:at=0.75", (Border((1, 7), "float32"),)),
        ("threshold:at=0.25", (Border((40,), "uint8", scale=1 / 256),)),
        ("", levels),
        ("", (logits,)),
        ("top_k:k=2", (Border((2, 4, 3), "int16", scale=0.01, permutation=(0, 2, 1)),)),
        (f"{detect},nms:score=0.2:iou=0.3,box_restore", levels),
        (f"{tanh},nms:score=0.1:iou=0.5:classes=all:per_class=no:limit=9", levels),
        (ssd_steps, ssd),
        (face_steps, faces),
    )):  # fmt: skip
        steps = Chain.parse(spec)
        chain = emit_post(steps.steps, f"post_{place}", outputs)
        values = tuple(
            {b.name: _random(b.shape, b.dtype, 100 * place + 10 * t + n, 1)[0] for n, b in enumerate(outputs)}
            for t in range(3)
        )
        tolerance = max([0.0, *(TOLERANCE.get(step.name, 0.0) for step in steps.steps)])
        yield Case(chain, steps, values, tolerance=tolerance, facts=(VIEW,), outputs=outputs)


def _file_cases() -> Iterator[Case]:
    """What programs make of files, as the readers hand them over."""
    generator = np.random.default_rng(7)
    nchw = Border((1, 24, 20, 3), "int8", scale=0.02, permutation=(0, 2, 3, 1))
    image = f"decode_image,letterbox:20x24:method=area,normalise:{IMAGENET}:scale=0.00392156862745098,layout:nchw"
    digits = Border((1, 8, 9, 1), "int8", scale=1 / 255, zero_point=-128)
    tabular = Border((1, 13), "int8", scale=0.1, zero_point=4)
    speech = Border((1, 49, 40), "float32")
    pictures = tuple(generator.integers(0, 256, (h, w, 3)).astype(np.uint8) for h, w in ((30, 50), (9, 100)))
    sounds = tuple(generator.integers(-9000, 9000, n).astype(np.int16) for n in (16000, 15840))
    for place, (spec, target, values, tolerance) in enumerate((
        (image, nchw, pictures, 0.0),
        ("decode_image:grey,normalise:std=255", digits, _random((8, 9, 1), "uint8", 8), 0.0),
        ("decode_audio,log_mel:high=8000", speech, sounds, 1e-5),
        ("standardise:mean=1/2/3/4/5/6/7/8/9/10/11/12/13:std=2/2/2/2/2/2/2/2/2/2/2/2/2", tabular,
         _random((1, 13), "float32", 9), 0.0),
        ("", tabular, _random((1, 13), "float32", 10), 0.0),
    )):  # fmt: skip
        steps = Chain.parse(spec)
        made = emit_file_chain(steps.steps, f"file_{place}", target, side=128, samples=20000)
        yield Case(made.chain, steps, values, tolerance=tolerance, target=target)


CASES = [
    *_vector_cases(),
    *_plain_cases(),
    *_open_cases(),
    *_stream_cases(),
    *_model_cases(),
    *_post_cases(),
    *_file_cases(),
]
