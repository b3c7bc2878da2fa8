"""A page that runs a model in the browser: WebAssembly with the steps in it, an ES module, and HTML to try it."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from importlib import resources
from string import Template
from typing import Any

from limen.build.pack import Around
from limen.build.program import Entry, Limits, border_of, buffers_of, entry_of, post_call, result_of, tail_of
from limen.targets import bindings
from limen.targets.c import Generated
from limen.targets.c.steps import StepChain, definitions, emit_post
from limen.targets.wasm import es_module, wasm_module

WEB_LIMITS = Limits(seconds=10, side=512)

_C = """\
/* What the page calls around the model: raw values in, answers out. */
#include <stdint.h>
#include <string.h>

#include "$name.h"

#define EXPORT(name) __attribute__((export_name(name)))

extern uint8_t *limen_arena(void);
EXPORT("source") uint8_t *limen_source(void);
EXPORT("pre") int32_t limen_pre(int32_t height, int32_t width);
EXPORT("load") void limen_load(int32_t run);
EXPORT("post") int32_t limen_post(void);
EXPORT("result") const void *limen_result(int32_t index);

static _Alignas(16) uint8_t source[$source_bytes];
static _Alignas(16) uint8_t codes[$code_bytes];
$buffers$results

$definitions
uint8_t *limen_source(void)
{
    return source;
}

/* Turns the raw values in the source into model inputs; how many runs they make, or -N when step N cannot. */
int32_t limen_pre(int32_t height, int32_t width)
{
    (void)height;
    (void)width;
$clear    return $pre;
}

/* Hands input number run to the model. */
void limen_load(int32_t run)
{
    uint8_t *const arena = limen_arena();
$move
}

/* How many rows of the results are valid. */
int32_t limen_post(void)
{
    uint8_t *const arena = limen_arena();
    return $post;
}

const void *limen_result(int32_t index)
{
    const void *const all[] = {$result_names};
    return all[index];
}
"""


def page_files(made: Generated, around: Around) -> dict[str, bytes]:
    """NAME.wasm, NAME.js and index.html.

    Raises:
        UnsupportedOp: a step has no C.
        MissingExtra: ziglang is not installed.
    """
    inputs = bindings(made.program, made.program.inputs)
    outputs = bindings(made.program, made.program.outputs)
    module = es_module(made, inputs, outputs)
    if len(inputs) != 1:
        return {f"{made.name}.wasm": wasm_module(made), f"{made.name}.js": module}
    entry = entry_of(made, around, 0, inputs[0], 1, WEB_LIMITS)
    borders = [border_of(b) for b in outputs]
    post = emit_post(tuple(around.post.steps), f"{made.name}_post", borders, labels=around.labels, real="double")
    steps = _glue(made, entry, post)
    page = _describe(entry, post, post.labels or around.labels)
    return {
        f"{made.name}.wasm": wasm_module(made, {"limen_page.c": steps.encode()}),
        f"{made.name}.js": module.replace(b"/*PAGE*/ null", json.dumps(page, indent=2).encode()),
        "index.html": _page(made.name).encode(),
    }


def _glue(made: Generated, entry: Entry, post: StepChain) -> str:
    """The C between the page and the model."""
    chains: Sequence[StepChain] = [c for c in (entry.chain, entry.runs, post) if c is not None]
    source, result = entry.chain.source.ports[0], entry.chain.result.ports[0]
    extent = {"sound": ", height", "picture": ", height, width", "array": ""}[entry.kind]
    pre = (
        f"{entry.chain.symbol}((const {source.ctype} *)(const void *)source{extent}, "
        f"({result.ctype} *)(void *)codes{tail_of(entry.chain)})"
    )
    if entry.runs is not None:
        pre += f" * {result.row} / {entry.runs.source.ports[0].size}"
    count = range(len(post.result.ports))
    return Template(_C).substitute(
        name=made.name,
        source_bytes=str(source.nbytes),
        code_bytes=str(entry.buffer),
        buffers=buffers_of(chains),
        results="\n".join(result_of(i, post) for i in count),
        definitions=definitions(*chains),
        clear="    memset(state, 0, sizeof state);\n" if any(c.state for c in chains) else "",
        pre=pre,
        move=_move(entry),
        post=post_call(made, post),
        result_names=", ".join(f"result_{i}" for i in count),
    )


def _move(entry: Entry) -> str:
    if entry.runs is None:
        return f"    memcpy({entry.offset}, codes + (uint32_t)run * {entry.nbytes}u, {entry.nbytes}u);"
    source, result = entry.runs.source.ports[0], entry.runs.result.ports[0]
    values = f"(const {source.ctype} *)(const void *)codes + (uint32_t)run * {source.size}u"
    return f"    {entry.runs.symbol}({values}, ({result.ctype} *){entry.offset}{tail_of(entry.runs)});"


def _describe(entry: Entry, post: StepChain, labels: Sequence[str]) -> dict[str, Any]:
    """What the ES module knows about the steps."""
    source = entry.chain.source.ports[0]
    return {
        "kind": entry.kind,
        "dtype": source.dtype,
        "shape": list(source.shape),
        "rate": entry.rate or 16_000,
        "results": [
            {"name": p.name or "values", "dtype": p.dtype, "row": p.row, "size": p.size} for p in post.result.ports
        ],
        "varies": post.result.varies == "count",
        "labels": list(labels),
    }


def _page(name: str) -> str:
    text = resources.files("limen.build").joinpath("web.html").read_text(encoding="utf-8")
    return text.replace("@name@", html.escape(name))
