"""``limen VERB``: finds the verb, runs it, and turns every error into one line and an exit code.

The verb's module is imported only when that verb is called; the lines of ``limen --help`` are read from the modules'
docstrings without importing them. Exit codes are those of :mod:`limen.errors`, and 130 when interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from limen.cli import _verbs
from limen.cli._command import Outcome
from limen.cli._errors import as_limen_error
from limen.cli._output import print_json
from limen.errors import LimenError

INTERRUPTED = 130
BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (``sys.argv`` by default) and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _guarded(words)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader has gone; point stdout elsewhere so that the interpreter's last flush is quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def _guarded(words: list[str]) -> int:
    verb = next((word for word in words if not word.startswith("-")), "")
    try:
        return _dispatch(words)
    except KeyboardInterrupt:
        print("limen: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except SystemExit as stop:  # argparse after --help
        return stop.code if isinstance(stop.code, int) else 0
    except Exception as problem:
        if os.environ.get("LIMEN_TRACEBACK") == "1":
            traceback.print_exc()
        return _report(verb, as_limen_error(problem), as_json="--json" in words)


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(_verbs.overview())
        return 0
    if words[0] in ("-V", "--version"):
        from limen import __version__

        print(f"limen {__version__}")
        return 0
    command, parser = _verbs.find(words[0])
    options = parser.parse_strictly(words[1:])
    outcome: Outcome = command.run(options)
    if outcome.text and not options.json:
        print(outcome.text)
    if options.json:
        print_json(outcome.data)
    return outcome.exit_code


def _report(verb: str, error: LimenError, as_json: bool) -> int:
    """One line on stderr, with ``--json`` also one on stdout."""
    line = " ".join(str(error).split())
    print(f"limen {verb}: {line}" if verb else f"limen: {line}", file=sys.stderr)
    if as_json:
        details: dict[str, object] = dict(getattr(error, "details", None) or {})
        kind = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
        print_json({**details, "error": {**kind, "exit_code": error.exit_code}})
    return error.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
