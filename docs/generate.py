"""Write the pages of docs/reference that the code itself knows: ``make docs``. tests/test_docs.py compares them.

The output depends on limen only, not on the version of Python or on the machine.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from limen import devices
from limen.cli import _verbs
from limen.cli._output import size_text
from limen.errors import LimenError
from limen.optimize import recipes
from limen.registry import Registry
from limen.steps import STEPS
from limen.targets import TARGETS
from limen.targets.table import support

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- written by `make docs`; edit the code it comes from instead -->"


def page(title: str, intro: str, *parts: str) -> str:
    return "\n\n".join([NOTE, f"# {title}", intro, *parts]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)


def fenced(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.strip(chr(10))}\n```"


def cli() -> str:
    """Every verb: summary, flags, example; then exit codes and units."""
    return page(
        "Command line",
        "`limen VERB [flags]`. Every verb takes `--json`: the last line of stdout is then one JSON object.",
        *(part for verb in _verbs.names() for part in _verb(verb)),
        "## Exit codes",
        table(("code", "error", "meaning"), _exit_codes()),
    )


def _verb(verb: str) -> list[str]:
    _, parser = _verbs.find(verb)
    notes, _, example = (parser.epilog or "").partition("example:\n")
    flags = [_flag(action) for action in parser._actions if action.dest != "help"]
    text = [f"## {verb}", str(parser.description), notes.strip(), table(("flag", "meaning"), flags)]
    return [part for part in text if part] + [fenced(inspect.cleandoc(example), "sh")]


def _flag(action: argparse.Action) -> tuple[str, str]:
    value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    if action.choices is not None and action.option_strings:
        value = "{" + ",".join(str(choice) for choice in action.choices) + "}"
    names = ", ".join(action.option_strings) or action.dest
    name = f"{names} {value}" if action.option_strings and value else names
    return f"`{name}`", (action.help or "") + (" (required)" if action.required and action.option_strings else "")


def _exit_codes() -> list[tuple[str, str, str]]:
    """From the error tree's own drawing."""
    classes = {cls.__name__: cls for cls in LimenError.__subclasses__()}
    drawing = inspect.getdoc(sys.modules[LimenError.__module__]) or ""
    rows = [("0", "", "done")]
    for line in drawing.splitlines():
        name, _, meaning = line.lstrip("|-` ").partition(" ")
        if name in classes:
            rows.append((str(classes[name].exit_code), name, meaning.strip().partition(" ")[2].strip()))
    return rows


def boards() -> str:
    known = [device for device in devices.load_all() if device.name != "host"]
    rows = [
        (f"`{d.name}`", d.title, d.isa, " ".join(d.features), size_text(d.ram), size_text(d.flash), " ".join(d.targets))
        for d in known
    ]
    head = ("name", "what it is", "ISA", "features", "RAM", "flash", "targets")
    sources = "\n".join(f"- `{d.name}`: {d.notes}" for d in known)
    intro = (
        "`host` is this machine. Targets are what the board can take, best first; `limen check` says which of "
        "them this version has. [Add a board](../howto/add-a-board.md) shows how to describe another."
    )
    return page("Devices", intro, table(head, rows), "## Where the figures are from", sources)


def steps() -> str:
    parts = []
    for name in STEPS.names():
        step = STEPS.get(name)
        about = inspect.getdoc(sys.modules[step.__module__]) or ""
        parts += [f"## {name}", fenced(f"{about}\n\n{inspect.getdoc(step)}")]
    intro = "Processing before and after a model: `--pre` and `--post` take a chain of these, and a bundle holds it."
    grammar = fenced(inspect.getdoc(sys.modules["limen.steps._spec"]) or "")
    return page("Steps", intro, "## How a chain is written", grammar, *parts)


def recipe_names() -> str:
    return page("Recipes", "`--quantize` and `--recipe` take these names.", fenced(inspect.getdoc(recipes) or ""))


def operators() -> str:
    """Which operator of a Program each target takes."""
    columns = {target.name: cells for target in TARGETS.values() if (cells := support(target))}
    names: Registry[object] = sys.modules["limen.program"].OPS
    rows = [(f"`{op}`", *(cells[op] for cells in columns.values())) for op in names.names()]
    intro = "The operators of a Program, and what each target that emits operator by operator makes of them."
    return page("Operators", intro, table(("operator", *columns), rows))


REFUSED = Path(__file__).parent.parent / "tests" / "golden" / "refusals.md"
# (English, Chinese) of a section, then of every case: bench/refusals.py measures them.
REFUSALS: dict[tuple[str, str], dict[str, str]] = {
    ("Float activations with int8 weights", "浮点激活配 int8 权重"): {
        "hybrid fully connected": "混合精度全连接",
        "hybrid convolution": "混合精度卷积",
        "hybrid depthwise": "混合精度深度卷积",
        "hybrid matrix product": "混合精度矩阵乘",
        "hybrid, profiled": "混合精度，做性能分析",
        "hybrid, packaged": "混合精度，打包",
        "hybrid, in the browser": "混合精度，浏览器",
        "dynamic range asked for": "要求动态范围量化",
    },
    ("float16 that is computed", "参与计算的 float16"): {
        "half floats": "半精度浮点",
        "half floats dequantised": "反量化为半精度",
        "cast to half floats": "转换为半精度",
    },
    ("Cases of operators", "算子的个别情形"): {
        "computed weights of a convolution": "卷积的权重由计算得出",
        "computed weights of a connected layer": "全连接层的权重由计算得出",
        "computed weights of a transposed convolution": "转置卷积的权重由计算得出",
        "softmax over many codes": "对很多码值做 softmax",
        "softmax over many int16 codes": "对很多 int16 码值做 softmax",
        "log softmax over many codes": "对很多码值做 log softmax",
        "gather outside": "Gather 的索引越界",
        "gather by pairs outside": "GatherNd 的索引越界",
    },
    ("What does not become a Program", "无法变成 Program 的模型"): {
        "operator of a vendor": "厂商自有算子",
        "operator without a lowering": "没有对应实现的算子",
        "grid sampling": "网格采样",
        "three spatial axes": "三个空间维度",
        "indices of a maximum": "最大池化的索引输出",
        "a shape that is not fixed": "形状未固定",
        "a shape that depends on data": "形状取决于数据",
        "complex numbers": "复数",
        "text": "文本",
    },
    ("Limits of memory", "内存限制"): {
        "too little RAM": "RAM 太小",
        "too little flash": "闪存太小",
        "too little RAM in the browser": "浏览器中 RAM 太小",
        "more than the board's flash": "超出开发板的闪存",
        "more than the board's RAM": "超出开发板的 RAM",
    },
    ("Rows handed in by the caller", "由调用者逐行送入"): {
        "pushed rows without rows": "输入没有行",
        "pushed rows with a state": "带状态的模型",
    },
    ("Devices, targets and packages", "设备、目标与打包"): {
        "no device": "没有给出设备",
        "an unknown device": "未知设备",
        "an unknown target": "未知目标",
        "a virtual device that does not exist": "没有对应的虚拟设备",
        "an executable for the ESP32-S3": "ESP32-S3 的可执行文件",
        "an executable for a microcontroller": "单片机的可执行文件",
        "a static library for a microcontroller": "单片机的静态库",
        "a shared library for the browser": "浏览器的共享库",
        "Windows on armv7": "armv7 上的 Windows",
        "Arduino on a PC": "PC 上的 Arduino",
        "ESP-IDF on a Cortex-M": "Cortex-M 上的 ESP-IDF",
        "Zephyr on a PC": "PC 上的 Zephyr",
        "MicroPython in the browser": "浏览器中的 MicroPython",
        "Python on a microcontroller": "单片机上的 Python",
        "an unknown package": "未知的打包方式",
    },
    ("Steps around the model", "模型前后的步骤"): {
        "pictures for two inputs": "两个输入却给图片",
        "pictures of any size": "图片尺寸不定",
        "pictures of another size": "图片尺寸不符",
        "a spectrum of 509 points": "509 点的频谱",
    },
}
REFUSALS_TEXT = (
    (
        "What the compiler refuses",
        (
            "Target c and target wasm take every operator of a Program in every element type that TFLite's reference "
            "kernels take, but for floating-point activations with int8 weights, computed float16, and the cases of "
            "operators below. What is refused is refused before a file is written, by name and with a way out. "
            "`limen check MODEL --device DEV` lists all of it at once. These are the messages, word for word; `i` and "
            "`N` stand for numbers."
        ),
        ("case", "message", "what to do", "exit code"),
    ),
    (
        "编译器拒绝什么",
        (
            "目标 c 和目标 wasm 支持 Program 的全部算子，元素类型与 TFLite 参考内核一致，例外只有：浮点激活配 "
            "int8 权重、参与计算的 float16、下面列出的算子情形。拒绝发生在写出任何文件之前，指名道姓，并给出办法。"
            "`limen check MODEL --device DEV` 一次列出全部。下面是逐字的消息（英文原文）；`i` 与 `N` 代表数字。"
        ),
        ("情形", "消息", "办法", "退出码"),
    ),
)


def refusals(chinese: bool = False) -> str:
    """Cases that are refused, in the words of tests/golden/refusals.md, which a test compares with what happens.

    Raises:
        KeyError: a case has no section here, or a section's case is not in the table.
    """
    measured = {}
    for line in REFUSED.read_text(encoding="utf-8").splitlines()[2:]:
        case, _, code, words = (cell.strip() for cell in line.strip("| ").split(" | ", 3))
        message, _, hint = words.removesuffix(")").partition(" (") if words.endswith(")") else (words, "", "")
        measured[case] = (f"`{message}`", hint, code)
    title, intro, head = REFUSALS_TEXT[chinese]
    parts = []
    for names, cases in REFUSALS.items():
        rows = [(label if chinese else case, *measured.pop(case)) for case, label in cases.items()]
        parts += [f"## {names[chinese]}", table(head, rows)]
    if measured:
        raise KeyError(f"no section of docs/generate.py lists {sorted(measured)}")
    return page(title, intro, *parts)


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli,
    "devices.md": boards,
    "operators.md": operators,
    "recipes.md": recipe_names,
    "refusals.md": refusals,
    "steps.md": steps,
}

CHINESE = Path(__file__).parent / "zh-CN" / "reference"
CHINESE_PAGES: dict[str, Callable[[], str]] = {"refusals.md": lambda: refusals(chinese=True)}


if __name__ == "__main__":
    for file, write in PAGES.items():
        (REFERENCE / file).write_text(write(), encoding="utf-8")
    for file, write in CHINESE_PAGES.items():
        (CHINESE / file).write_text(write(), encoding="utf-8")
