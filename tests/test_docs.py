"""Documentation is true: links resolve, translations have the same shape, examples run, generated pages are current.

An example is run when the line before its fence is ``<!-- test -->``: Python blocks of one page share a namespace, in
order; ``sh`` blocks run line by line. Both start in a folder that holds a copy of ``examples/digits``.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from warm import Warm

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"
CHINESE = DOCS / "zh-CN"
PAGES = sorted([*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md"), *(REPOSITORY / "examples").rglob("*.md")])

FENCE = re.compile(r"^(<!-- test -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def prose(path: Path) -> str:
    """The page without its code blocks."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """Heading anchors as GitHub makes them."""
    titles = (title.strip().lower() for _, title in HEADING.findall(prose(path)))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def broken_links(path: Path) -> list[str]:
    """Internal links of a page that lead nowhere."""
    broken = []
    for link in LINK.findall(prose(path)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = path if not file else (path.parent / file).resolve()
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


def twins() -> list[tuple[Path, Path]]:
    """(English page, Chinese page) of what a user reads: READMEs, promises, tutorials, how-tos, concepts, reference."""
    only_english = GENERATE.PAGES.keys() - GENERATE.CHINESE_PAGES.keys()
    reference = [page for page in sorted((DOCS / "reference").glob("*.md")) if page.name not in only_english]
    user = [
        DOCS / "promises.md",
        *sorted(DOCS.glob("tutorial/**/*.md")),
        *sorted(DOCS.glob("howto/**/*.md")),
        *sorted(DOCS.glob("concepts/**/*.md")),
        *reference,
    ]
    pairs = [(page, CHINESE / page.relative_to(DOCS)) for page in user]
    return [(REPOSITORY / "README.md", REPOSITORY / "README.zh-CN.md"), *pairs]


def shape(path: Path) -> list[str]:
    """Levels of the headings and languages of the code blocks, in order."""
    text = path.read_text(encoding="utf-8")
    return [level for level, _ in HEADING.findall(prose(path))] + [language for _, language, _ in FENCE.findall(text)]


def examples(path: Path) -> list[tuple[str, str]]:
    """(language, code) of the blocks that are run."""
    found = FENCE.findall(path.read_text(encoding="utf-8"))
    return [(language, code) for tested, language, code in found if tested]


def without_comments(path: Path) -> list[tuple[str, str]]:
    """The same, comments left out: they are translated."""
    return [(language, re.sub(r"  # .*$", "", code, flags=re.MULTILINE)) for language, code in examples(path)]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = generator()
EXAMPLES = [page for page in PAGES if examples(page) and page not in {chinese for _, chinese in twins()}]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_internal_link_resolves(page: Path) -> None:
    assert broken_links(page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One two\n[a](#one-two) [b](#three) [c](none.md) [d](https://example.org)\n")
    assert broken_links(page) == ["#three", "none.md"]


@pytest.mark.parametrize(("english", "chinese"), twins(), ids=lambda path: name_of(path))
def test_a_translation_has_the_same_sections_and_examples(english: Path, chinese: Path) -> None:
    assert chinese.is_file()
    assert shape(chinese) == shape(english)


@pytest.mark.parametrize(("english", "chinese"), twins(), ids=lambda path: name_of(path))
def test_a_translation_runs_the_same_code(english: Path, chinese: Path) -> None:
    """So it is enough to run the English page's."""
    assert without_comments(chinese) == without_comments(english)


def test_no_chinese_page_is_without_its_english_one() -> None:
    known = {chinese for _, chinese in twins()}
    assert set(CHINESE.rglob("*.md")) <= known


@pytest.mark.parametrize("file", GENERATE.PAGES)
def test_a_generated_page_is_current(file: str) -> None:
    stored = (DOCS / "reference" / file).read_text(encoding="utf-8")
    assert stored == GENERATE.PAGES[file](), "run `make docs` and look at the difference"


@pytest.mark.parametrize("file", GENERATE.CHINESE_PAGES)
def test_a_generated_translation_is_current(file: str) -> None:
    stored = (CHINESE / "reference" / file).read_text(encoding="utf-8")
    assert stored == GENERATE.CHINESE_PAGES[file](), "run `make docs` and look at the difference"


def test_every_verb_that_a_page_calls_exists() -> None:
    from limen.cli import _verbs

    called = {
        (name_of(page), verb)
        for page in PAGES
        for _, language, code in FENCE.findall(page.read_text(encoding="utf-8"))
        if language in ("sh", "console")
        for verb in re.findall(r"^(?:\$ )?limen (\w+)", code, re.MULTILINE)
    }
    assert {verb for _, verb in called} <= set(_verbs.names()), called


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    server = Warm()
    yield server
    server.close()


@pytest.mark.parametrize("page", EXAMPLES, ids=name_of)
def test_marked_examples_run(page: Path, tmp_path: Path, warm: Warm) -> None:
    folder = tmp_path / "digits"
    shutil.copytree(REPOSITORY / "examples" / "digits", folder)
    blocks = examples(page)
    python = "\n".join(code for language, code in blocks if language == "python")
    for language, code in blocks:
        if language == "sh":
            for line in code.replace("\\\n", " ").splitlines():
                run_line(line.removeprefix("$ "), folder, warm)
    if python:
        run([sys.executable, "-W", "error", "-c", python], folder)


def run_line(line: str, folder: Path, warm: Warm) -> None:
    """A line of shell; one that only calls limen or a script needs no shell."""
    words = shlex.split(line, comments=True)
    if words[:1] in (["limen"], ["python"]) and not re.search(r"[|&;<>$`*?]|python -", line):
        code, printed = warm.run(words, folder)
        assert code == 0, f"{line}\n{printed}"
    elif words:
        run(["bash", "-euc", line], folder)


def run(command: list[str], folder: Path) -> None:
    """Run with this interpreter's scripts first on the path; what it printed is in the failure."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
