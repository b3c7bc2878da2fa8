"""What delivery promises, promise by promise: how many tests show it, and the figures that they measured.

    python bench/promises.py [--only keys,network] [--json table.json]

The tests are those of ``make test``, named in docs/promises.md; a test that is skipped breaks the promise as one that
fails does. A figure is what a test noted while it ran (``record_property``): of several cases, the largest.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AGENT, REPOSITORY, STORIES = "tests/unit/deliver/agent/", "tests/unit/deliver/repository/", "tests/stories/"
PROMISES: dict[str, tuple[str, ...]] = {
    "trust": (f"{AGENT}test_trust.py", f"{AGENT}test_trust_uptane.py", f"{AGENT}test_rollback_memory.py"),
    "power": (f"{AGENT}test_crash.py", f"{AGENT}test_store.py"),
    "kills": (f"{STORIES}test_agent_kills.py",),
    "network": (f"{AGENT}test_web.py",),
    "disk": (f"{AGENT}test_obtain.py",),
    "clock": (f"{AGENT}test_clock.py",),
    "bad models": (f"{AGENT}test_gate.py", f"{AGENT}test_decide.py", f"{AGENT}test_decide_machine.py"),
    "roll-back": (f"{AGENT}test_updater.py", f"{STORIES}test_agent_demo.py"),
    "swap": (f"{AGENT}test_serving.py",),
    "deltas": (f"{REPOSITORY}test_delta.py", f"{AGENT}test_rebuild.py"),
    "confidential": (f"{REPOSITORY}test_sealing.py",),
    "keys": (f"{REPOSITORY}test_keys.py",),
    "devices": (f"{AGENT}test_enrol.py", f"{REPOSITORY}test_authority.py"),
    "offline": (f"{AGENT}test_places.py", f"{REPOSITORY}test_export.py", f"{STORIES}test_agent.py"),
    "statements": (f"{REPOSITORY}test_documents.py", f"{REPOSITORY}test_publish.py"),
    "storage": (f"{REPOSITORY}test_storage.py", f"{REPOSITORY}test_serve.py", f"{REPOSITORY}test_server.py"),
    "boards": (f"{REPOSITORY}test_mcuboot.py",),
    "parsers": (f"{REPOSITORY}test_fuzz.py",),
}


@dataclass
class Row:
    promise: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    figures: dict[str, float] = field(default_factory=dict)


def run(files: list[str]) -> ElementTree.Element:
    """The tests' own report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "junit_family=xunit1"]
        command += [f"--junitxml={report}", *files]
        subprocess.run(command, cwd=ROOT, env=os.environ | {"LIMEN_NO_SKIP": "1"}, stdout=sys.stderr, check=False)
        if not report.exists():
            raise SystemExit("the tests did not run; see above")
        return ElementTree.parse(report).getroot()


def row(promise: str, cases: list[ElementTree.Element]) -> Row:
    modules = tuple(file.removesuffix(".py").replace("/", ".") for file in PROMISES[promise])
    found, counts = Row(promise), Counter[str]()
    for case in cases:
        if not f"{case.get('classname')}.".startswith(tuple(f"{module}." for module in modules)):
            continue  # of a class in a module, the class's name follows
        kinds = {child.tag for child in case}
        counts["failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"] += 1
        found.seconds += float(case.get("time", 0))
        for noted in case.iter("property"):
            name, value = noted.get("name", ""), float(noted.get("value", 0))
            found.figures[name] = max(value, found.figures.get(name, value))
    found.passed, found.failed, found.skipped = counts["passed"], counts["failed"], counts["skipped"]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="PROMISES", help=", ".join(PROMISES))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    wanted = [promise for promise in PROMISES if not options.only or promise in options.only.split(",")]
    if not wanted:
        parser.error(f"--only {options.only}: known are {', '.join(PROMISES)}")
    cases = list(run([file for promise in wanted for file in PROMISES[promise]]).iter("testcase"))
    rows = [row(promise, cases) for promise in wanted]
    print(f"{'promise':<14}{'passed':>7}{'failed':>7}{'skipped':>8}{'s':>8}  figures")
    for one in rows:
        figures = ", ".join(f"{name} {value:g}" for name, value in one.figures.items())
        print(f"{one.promise:<14}{one.passed:>7}{one.failed:>7}{one.skipped:>8}{one.seconds:>8.1f}  {figures}")
    broken = [one.promise for one in rows if one.failed or one.skipped or not one.passed]
    total = sum(one.passed for one in rows)
    print(f"not kept: {', '.join(broken)}" if broken else f"every promise is kept: {total} tests, none skipped")
    if options.json:
        options.json.write_text(json.dumps({"rows": [vars(one) for one in rows], "broken": broken}, indent=1))
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
