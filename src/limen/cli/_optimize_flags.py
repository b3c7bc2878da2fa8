"""Flags of the budget search, which ``build`` shares with ``optimize``."""

from __future__ import annotations

import argparse
from typing import Any

from limen.cli._command import Outcome
from limen.cli._output import progress_bar
from limen.cli._source import import_settings
from limen.cli._units import byte_count, count, milliseconds, points

LIMITS = ("max_drop", "max_latency", "max_instructions", "max_ram", "max_flash", "max_size")


def add_budget_flags(parser: argparse.ArgumentParser) -> None:
    """Limits and how to search."""
    parser.add_argument("--max-drop", type=points, metavar="P", help="most the metric may fall, in points, at 95 %%")
    parser.add_argument("--max-latency", type=milliseconds, metavar="MS", help="most time of one run")
    parser.add_argument("--max-instructions", type=count, metavar="N", help="most instructions, on a microcontroller")
    parser.add_argument("--max-ram", type=byte_count, metavar="B", help="most RAM")
    parser.add_argument("--max-flash", type=byte_count, metavar="B", help="most bytes of code and constants")
    parser.add_argument("--max-size", type=byte_count, metavar="B", help="most bytes of the bundle")
    parser.add_argument("--passes", metavar="A,B", help="recipes to try beside float (default: all)")
    parser.add_argument("--engines", metavar="A,B", help="engines to try (default: the device's)")
    parser.add_argument(
        "--objective",
        choices=("latency", "instructions", "size", "ram", "flash", "metric"),
        help="what to be best in (default: time where the drop is limited, else the metric)",
    )
    parser.add_argument("--journal", metavar="FILE", help="keep findings; an interrupted search continues")
    parser.add_argument("--report", metavar="FILE", help="write an HTML page")
    parser.add_argument("--lang", choices=("en", "zh"), default="en", help="of the page")
    parser.add_argument("--on", metavar="URL", help="measure time there: ssh://user@host, serial:/dev/NAME; or ray://")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes that make candidates (default 1)")


def has_budget(options: argparse.Namespace) -> bool:
    """Whether any limit was given."""
    return any(getattr(options, name) is not None for name in LIMITS)


def refuse_without_budget(options: argparse.Namespace) -> None:
    """Flags that only a search reads are not passed over.

    Raises:
        UsageError: one was given, and no limit.
    """
    from limen.errors import UsageError

    for name in ("passes", "objective", "journal", "report", "on"):
        if getattr(options, name) is not None:
            raise UsageError(
                f"--{name} belongs to the search, which a limit starts", "add one, such as --max-drop 0.5pt"
            )


def search(options: argparse.Namespace) -> Outcome:
    """Run the optimiser."""
    from limen.build import optimize
    from limen.errors import BudgetError
    from limen.optimize.budget import Budget

    result = optimize(
        options.model,
        options.output,
        options.device,
        data=options.data,
        evaluation=options.eval,
        metric=options.metric,
        budget=Budget(**{name: getattr(options, name) for name in LIMITS}),
        passes=words(options.passes),
        engines=words(options.engines),
        progress=progress_bar(options.progress),
        language=options.lang,
        **{name: getattr(options, name) for name in _SAME},
        **import_settings(options),
    )
    missed = not getattr(result, "passed", True)
    return Outcome(result.to_json(), result.text(), BudgetError.exit_code if missed else 0)


_SAME = (
    "objective", "journal", "report", "on", "jobs", "key", "unsigned", "dry_run", "pre", "post", "labels",
    "keep_scales",
)  # fmt: skip


def words(text: Any) -> tuple[str, ...]:
    """``a,b`` in parts; none for None."""
    return tuple(word.strip() for word in str(text).split(",") if word.strip()) if text else ()
