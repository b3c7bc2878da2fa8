"""The public conformance suite of TUF clients on the device's trust core and store: version and N/113.

    git clone https://github.com/theupdateframework/tuf-conformance
    python bench/tuf_conformance.py --suite tuf-conformance [--json table.json]

The suite is run as it is, in a process of its own, with ``python -m limen.deliver.agent.conformance`` as the client
and no expected failures. It needs the program ``faketime`` (Debian: apt-get install faketime), pytest and tuf.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

CLIENT = "-m limen.deliver.agent.conformance"


def version(suite: Path) -> str:
    """Of the suite: its package's, and the commit where it is a checkout."""
    text = (suite / "tuf_conformance" / "__init__.py").read_text()
    found = re.search(r"__version__ = [\"'](.+?)[\"']", text)
    git = subprocess.run(["git", "-C", suite, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    top = subprocess.run(["git", "-C", suite, "rev-parse", "--show-toplevel"], capture_output=True, text=True)
    own = git.returncode == 0 and Path(top.stdout.strip()).resolve() == suite.resolve()
    return (found[1] if found else "unknown") + (f" ({git.stdout.strip()})" if own else "")


def run(suite: Path, python: str, only: str) -> dict[str, int]:
    """Outcome -> count."""
    xfails = Path(f"{sys.executable} {CLIENT}.xfails")
    if xfails.exists():
        raise SystemExit(f"{xfails}: expected failures are not allowed")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tuf_conformance"]
        command += ["--entrypoint", f"{sys.executable} {CLIENT}", f"--junitxml={report}"]
        command += ["-k", only] if only else []
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(command, cwd=suite, env=environment, stdout=sys.stderr, check=False)
        if not report.exists():
            raise SystemExit("the suite did not run; see above")
        cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for case in cases:
        kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
        counts["failed" if kinds & {"failure", "error"} else "skipped" if kinds else "passed"] += 1
    return {"cases": len(cases), **counts}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", type=Path, help="a checkout of tuf-conformance; none: nothing is measured")
    parser.add_argument("--python", default=sys.executable, help="interpreter that has the suite's own packages")
    parser.add_argument("--only", default="", help="tests whose name has this")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.suite is None:
        print("not measured: --suite names no checkout of https://github.com/theupdateframework/tuf-conformance")
        return 0
    if not (options.suite / "tuf_conformance").is_dir():
        parser.error(f"{options.suite}: is no checkout of tuf-conformance")
    if shutil.which("faketime") is None:
        print("faketime is not installed (apt-get install faketime)", file=sys.stderr)
        return 8
    counts = run(options.suite, options.python, options.only)
    found = {"suite": version(options.suite), **counts, "xfails": 0}
    print(f"tuf-conformance {found['suite']}: {counts['passed']}/{counts['cases']}, expected failures: none")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return int(counts["passed"] != counts["cases"] or not counts["cases"])


if __name__ == "__main__":
    sys.exit(main())
