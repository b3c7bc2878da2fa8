"""What a verb is, and the parser that says what was meant."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from limen.errors import UsageError
from limen.registry import suggest


@dataclass(frozen=True)
class Outcome:
    """What a verb found.

    Attributes:
        data: the JSON object that ``--json`` prints as the last line of stdout (docs/reference/cli.md lists its keys).
        text: what a person reads without ``--json``.
        exit_code: 0, or the code of an error class in :mod:`limen.errors` when the finding itself is a failure.
    """

    data: Mapping[str, Any]
    text: str = ""
    exit_code: int = 0


@dataclass(frozen=True)
class Command:
    """One verb.

    Attributes:
        name: the verb, which is also its module's name.
        arguments: declares the verb's flags; ``--json`` and ``--progress`` are there already.
        run: does it. Raises LimenError for what a user can mend.
    """

    name: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Outcome]


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises UsageError instead of leaving the process, and suggests what was meant."""

    def __init__(self, prog: str, doc: str) -> None:
        summary, _, rest = doc.strip().partition("\n")
        super().__init__(
            prog=prog,
            description=summary,
            epilog=rest.strip("\n"),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"see {self.prog} --help")

    def parse_strictly(self, arguments: list[str]) -> argparse.Namespace:
        """The parsed arguments.

        Raises:
            UsageError: a flag or value is unknown or missing; the hint names the nearest one.
        """
        options, unknown = self.parse_known_args(arguments)
        if unknown:
            self._refuse(unknown[0].partition("=")[0])
        return options

    def _refuse(self, argument: str) -> NoReturn:
        if not argument.startswith("-"):
            raise UsageError(f"{argument!r} is one argument too many", f"see {self.prog} --help")
        raise UsageError(f"{argument} is not a flag of {self.prog}", suggest(argument, self._option_string_actions))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices: Iterable[Any] | None = action.choices
        if choices is not None and value not in choices:
            name = "/".join(action.option_strings) or action.metavar or action.dest
            raise UsageError(f"{name} {value!r} is not known", suggest(str(value), choices))
