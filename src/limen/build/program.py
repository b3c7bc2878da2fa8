"""A command line program around a compiled model: files in, answers out, pre- and post-processing in C."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from string import Template

from limen.build.pack import Around
from limen.errors import Unsupported
from limen.steps import Step
from limen.steps.decode_audio import DecodeAudio
from limen.steps.decode_image import DecodeImage
from limen.targets import Binding, bindings
from limen.targets.c import Generated, Place
from limen.targets.c.readers import reader_files
from limen.targets.c.steps import Border, StepChain, definitions, emit_chain, emit_post

DEFAULT_RATE = 16_000


@dataclass(frozen=True)
class Limits:
    """The largest files a program takes.

    Args:
        seconds: of a sound.
        side: of a picture, pixels.
    """

    seconds: int = 60
    side: int = 4096


PROGRAM_LIMITS = Limits()


@dataclass(frozen=True, eq=False)
class Entry:
    """One input of the program.

    Args:
        kind: ``sound``, ``picture`` or ``array``.
        chain: from the file's content to the model's input.
        rate: samples per second that a sound must have; 0 for any.
        offset: of the model's input in the arena, as C.
        nbytes: of the model's input.
        name: of the port.
        runs: for a model with states: from the values of one run to codes; ``chain`` then gives the values of all runs.
    """

    kind: str
    chain: StepChain
    rate: int
    offset: str
    nbytes: int
    name: str
    runs: StepChain | None = None

    @property
    def buffer(self) -> int:
        """Bytes of what ``chain`` gives."""
        return max(self.chain.result.ports[0].nbytes, self.nbytes)


def program_files(made: Generated, around: Around) -> dict[str, bytes]:
    """The generated code, the readers, and main.c.

    Raises:
        UnsupportedOp: a step has no C; names it.
        Unsupported: a model with several inputs has pre-processing steps.
    """
    inputs = bindings(made.program, made.program.inputs)
    outputs = bindings(made.program, made.program.outputs)
    entries = [entry_of(made, around, index, binding, len(inputs)) for index, binding in enumerate(inputs)]
    post = emit_post(
        tuple(around.post.steps),
        f"{made.name}_post",
        [border_of(b) for b in outputs],
        real="double",
        labels=around.labels,
    )
    return {**made.files, **reader_files(), "main.c": _main(made, entries, post, around).encode()}


def _macro(made: Generated, kind: str, place: Place) -> str:
    """The accessor macro of a port."""
    return f"{made.name}_{kind}_{place.symbol}".upper()


def border_of(binding: Binding) -> Border:
    """The steps' view of a port."""
    scale = binding.scale[0] if binding.scale else 0.0
    zero = binding.zero_point[0] if binding.zero_point else 0
    return Border(binding.shape, binding.dtype, binding.name, binding.source_dtype, scale, zero, binding.permutation)


def entry_of(
    made: Generated, around: Around, index: int, binding: Binding, count: int, limits: Limits = PROGRAM_LIMITS
) -> Entry:
    """What turns one file into codes of one input.

    Raises:
        UnsupportedOp: a step has no C.
        Unsupported: a model with several inputs has pre-processing steps.
    """
    steps: Sequence[Step] = tuple(around.pre.steps) if count == 1 else ()
    if around.pre.steps and count > 1:
        raise Unsupported(f"{made.name}: pre-processing of {count} inputs has no C", "leave out --pre; hand in arrays")
    border, prefix = border_of(binding), f"{made.name}_pre_{index}"
    place = made.inputs[index]
    where = f"{_macro(made, 'INPUT', place)}(arena)"
    first = steps[0] if steps else None
    if isinstance(first, DecodeAudio):
        rate = first.rate or DEFAULT_RATE
        target = None if made.stateful else border
        chain = emit_chain(
            steps, prefix, (rate * limits.seconds,), "int16", border=target, varies="count", real="double"
        )
        if target is None:
            values = chain.result.ports[0].dtype
            runs = emit_chain((), f"{prefix}_run", border.source_shape, values, border=border, real="double")
            return Entry("sound", chain, first.rate, where, place.nbytes, binding.name, runs)
        return Entry("sound", chain, first.rate, where, place.nbytes, binding.name)
    if isinstance(first, DecodeImage):
        chain = emit_chain(
            steps, prefix, (limits.side, limits.side, 3), "uint8", border=border, varies="picture", real="double"
        )
        return Entry("picture", chain, 0, where, place.nbytes, binding.name)
    chain = emit_chain(steps, prefix, border.source_shape, binding.source_dtype, border=border, real="double")
    return Entry("array", chain, 0, where, place.nbytes, binding.name)


def _main(made: Generated, entries: Sequence[Entry], post: StepChain, around: Around) -> str:
    template = resources.files("limen.build").joinpath("program.c.in").read_text(encoding="utf-8")
    labels = ", ".join(_string(label) for label in post.labels or around.labels)
    chains = [chain for entry in entries for chain in (entry.chain, entry.runs) if chain is not None]
    return Template(template).substitute(
        name=made.name,
        upper=made.name.upper(),
        definitions=definitions(*chains, post),
        labels=labels or "0",
        label_count=str(len(post.labels or around.labels)),
        usage=" ".join(f"{entry.name.upper()}.{_suffix(entry)}" for entry in entries),
        input_count=str(len(entries)),
        takes="\n".join(_take(index, entry) for index, entry in enumerate(entries)),
        take_calls="\n".join(_take_call(index, entry) for index, entry in enumerate(entries)),
        moves="\n".join(_move(index, entry) for index, entry in enumerate(entries)),
        post_call=post_call(made, post),
        results="\n".join(result_of(index, post) for index in range(len(post.result.ports))),
        buffers=buffers_of([*chains, post]),
        clear="    memset(state, 0, sizeof state);\n" if any(c.state for c in (*chains, post)) else "",
        prints="\n".join(_print(index, post) for index in range(len(post.result.ports))),
        human=_human(post),
    )


def tail_of(chain: StepChain) -> str:
    """The last arguments of a chain's call: the memory it shares with the others."""
    return ", view" * chain.view + ", state" * bool(chain.state) + ", memory" * bool(chain.memory)


def buffers_of(chains: Sequence[StepChain]) -> str:
    """The memory that step chains share; each declared only where one needs it."""
    memory, state = (max(getattr(c, name) for c in chains) for name in ("memory", "state"))
    lines = [f"static _Alignas(64) uint8_t memory[{memory}];\n"] * bool(memory)
    lines += [f"static _Alignas(64) uint8_t state[{state}];\n"] * bool(state)
    lines += ["static double view[6];\n"] * any(c.view for c in chains)
    return "".join(lines)


def _suffix(entry: Entry) -> str:
    return {"sound": "wav", "picture": "ppm", "array": "npy"}[entry.kind]


def _string(text: str) -> str:
    """A C string literal."""
    escaped = "".join(c if 32 <= ord(c) < 127 and c not in '"\\' else _escaped(c) for c in text)
    return f'"{escaped}"'


def _escaped(character: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in character.encode())


_SOUND = """\
/* Input $index: a sound. */
static int32_t take_$index(const char *path, uint8_t *codes)
{
    uint32_t size = 0;
    const uint8_t *const file = read_file(path, &size);
    struct wav wav;
    if (file == NULL) {
        return -1;
    }
    const enum wav_result result = wav_open(file, size, &wav);
    if (result != WAV_OK) {
        return refuse(path, wav_problem(result));
    }
    if ($rate != 0 && wav.rate != $rate) {
        return refuse(path, "has another rate than $rate samples per second");
    }
    if (wav.samples > $limit) {
        return refuse(path, "is longer than $seconds seconds");
    }
    int16_t *const samples = allocate((size_t)wav.samples * sizeof(int16_t));
    wav_int16(&wav, 0, wav.samples, samples);
    return judged(path, $call);
}
"""
_PICTURE = """\
/* Input $index: a picture. */
static int32_t take_$index(const char *path, uint8_t *codes)
{
    uint32_t size = 0;
    const uint8_t *const file = read_file(path, &size);
    struct pnm pnm;
    if (file == NULL) {
        return -1;
    }
    const enum pnm_result result = pnm_open(file, size, &pnm);
    if (result != PNM_OK) {
        return refuse(path, pnm_problem(result));
    }
    if (pnm.width > $limit || pnm.height > $limit) {
        return refuse(path, "is larger than $limit x $limit");
    }
    uint8_t *const pixels = allocate((size_t)pnm.width * pnm.height * 3);
    pnm_pixels(&pnm, 3, pixels);
    return judged(path, $call);
}
"""
_ARRAY = """\
/* Input $index: an array of $count elements, as .npy or as the elements alone. */
static int32_t take_$index(const char *path, uint8_t *codes)
{
    uint32_t size = 0;
    const uint8_t *const file = read_file(path, &size);
    struct npy npy;
    if (file == NULL) {
        return -1;
    }
    $ctype *const values = allocate($count * sizeof($ctype));
    const enum npy_result result = npy_open(file, size, &npy);
    if (result == NPY_NOT_NPY) {
        const enum npy_result raw = raw_read(file, size, $count * (uint32_t)sizeof($ctype), values);
        return raw == NPY_OK ? judged(path, $call) : refuse(path, npy_problem(raw));
    }
    if (result != NPY_OK) {
        return refuse(path, npy_problem(result));
    }
    if (npy.kind != '$kind' || npy.size != sizeof($ctype) || npy.elements != $count) {
        return refuse(path, "does not hold $count elements of $dtype");
    }
    memcpy(values, npy.data, $count * sizeof($ctype));
    return judged(path, $call);
}
"""


def _take(index: int, entry: Entry) -> str:
    """The function that turns one file into codes of the model's inputs."""
    chain = entry.chain
    source, result = chain.source.ports[0], chain.result.ports[0]
    arguments, template, limit = {
        "sound": ("samples, (int32_t)wav.samples", _SOUND, source.shape[0] if source.shape else 1),
        "picture": (
            "pixels, (int32_t)pnm.height, (int32_t)pnm.width",
            _PICTURE,
            source.shape[0] if source.shape else 1,
        ),
        "array": ("values", _ARRAY, 0),
    }[entry.kind]
    return Template(template).substitute(
        index=str(index),
        rate=str(entry.rate),
        limit=str(limit),
        seconds=str(PROGRAM_LIMITS.seconds),
        count=f"{source.size}u",
        ctype=source.ctype,
        kind=source.dtype[0],
        dtype=source.dtype,
        call=f"{chain.symbol}({arguments}, ({result.ctype} *)(void *)codes{tail_of(chain)})",
    )


def _take_call(index: int, entry: Entry) -> str:
    rows = f"take_{index}(files[{index}], codes_{index})"
    if entry.runs is not None:
        row, size = entry.chain.result.ports[0].row, entry.runs.source.ports[0].size
        rows = f"{rows} * {row} / {size}"
    return (
        f"    uint8_t *const codes_{index} = allocate({entry.buffer}u);\n"
        f"    const int32_t runs_{index} = {rows};\n"
        f"    if (runs_{index} < 1) {{\n        return 3;\n    }}\n"
        f"    runs = {'runs_0' if index == 0 else f'runs < runs_{index} ? runs : runs_{index}'};"
    )


def _move(index: int, entry: Entry) -> str:
    if entry.runs is not None:
        source, result = entry.runs.source.ports[0], entry.runs.result.ports[0]
        values = f"(const {source.ctype} *)(const void *)codes_{index} + (size_t)run * {source.size}u"
        tail = (
            [", view"] * entry.runs.view + [", state"] * bool(entry.runs.state) + [", memory"] * bool(entry.runs.memory)
        )
        return f"        {entry.runs.symbol}({values}, ({result.ctype} *){entry.offset}{''.join(tail)});"
    return f"        memcpy({entry.offset}, codes_{index} + (size_t)run * {entry.nbytes}u, {entry.nbytes}u);"


def post_call(made: Generated, post: StepChain) -> str:
    """The C call of the post chain on the outputs in the arena."""
    sources = [f"{_macro(made, 'OUTPUT', place)}(arena)" for place in made.outputs]
    results = [f"result_{index}" for index in range(len(post.result.ports))]
    return f"{post.symbol}({', '.join([*sources, *results])}{tail_of(post)})"


def result_of(index: int, post: StepChain) -> str:
    """The C array that holds one result."""
    port = post.result.ports[index]
    return f"static {port.ctype} result_{index}[{max(1, port.size)}];"


_JSON = """\
    {
        double values[$most];
        const int32_t count = $count;
        for (int32_t i = 0; i < count; ++i) {
            values[i] = (double)result_$index[i];
        }
        print_reals($name, count, values, $more);
    }"""
_LABELS = """\
    if (LABELS > 0) {
        printf(", \\"labels\\": [");
        for (int32_t i = 0; i < $count; ++i) {
            char number[16];
            printf("%s", i > 0 ? ", " : "");
            print_text(label_of((int32_t)result_$index[i], number, sizeof number));
        }
        printf("]");
    }"""
_CLASSES = """\
    for (int32_t i = 0; i < $count; ++i) {
        const char *const label = label_of((int32_t)result_$classes[i], number, sizeof number);
        printf("%s %.4g\\n", label, (double)result_$scores[i]);
    }"""
_LARGEST = """\
    int32_t best = 0;
    for (int32_t i = 1; i < $count; ++i) {
        best = result_0[i] > result_0[best] ? i : best;
    }
    printf("%s %.4g\\n", label_of(best, number, sizeof number), (double)result_0[best]);"""


def _count(post: StepChain, index: int) -> str:
    """How many elements of a result are valid, in C."""
    port = post.result.ports[index]
    return f"rows * {port.row}" if post.result.varies == "count" else str(port.size)


def _print(index: int, post: StepChain) -> str:
    """One result of the JSON object, with the classes' names beside their indices."""
    port = post.result.ports[index]
    count = _count(post, index)
    text = Template(_JSON).substitute(
        most=str(max(1, port.size)),
        count=count,
        index=str(index),
        name=_string(port.name or "values"),
        more="true" if index else "false",
    )
    if port.name == "classes":
        text += "\n" + Template(_LABELS).substitute(count=count, index=str(index))
    return text


def _human(post: StepChain) -> str:
    """What a person reads: classes with scores, or the largest value with its place."""
    names = {port.name: index for index, port in enumerate(post.result.ports)}
    if "classes" in names and "scores" in names:
        classes, scores = names["classes"], names["scores"]
        count = _count(post, classes)
        return Template(_CLASSES).substitute(count=count, classes=str(classes), scores=str(scores))
    return Template(_LARGEST).substitute(count=_count(post, 0))
