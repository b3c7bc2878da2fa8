"""Every error limen raises on purpose, drawn once.

::

    LimenError                     exit  what went wrong
    |- UsageError                     2  the call itself: flags, names, values
    |- BadInput                       3  what was handed in cannot be read or is not valid
    |  |- ModelError                     a model file or graph
    |  |- DataError                      calibration, evaluation or input data
    |  |- ProgramError                   a Program breaks its own rules (check())
    |  |- BundleError                    a .limen file cannot be read
    |  |- StoreError                     a device's store cannot be read or written
    |  `- Unreachable                    nobody gives what was asked for: network, server, folder
    |- Unsupported                    4  understood, but nothing here can do it
    |  `- UnsupportedOp                  one operator, on one target
    |- BudgetError                    5  no candidate keeps the budget
    |- NotMeasurable                  6  the figure asked for cannot be measured here
    |- VerificationError              7  a digest, signature or golden vector does not match
    |  `- Refused                        what was delivered is not trusted; the reason names the attack it would be
    |- MissingExtra                   8  an optional package or tool is absent
    `- InternalError                 70  a defect of limen

A message is lower case and names the thing first, then the place, the value seen and the way out.
"""

from __future__ import annotations


class LimenError(Exception):
    """Base of all deliberate errors.

    Args:
        message: lower case; the thing, the place, the value seen.
        hint: the way out, printed after the message.
    """

    exit_code = 70

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(LimenError):
    exit_code = 2


class BadInput(LimenError):
    exit_code = 3


class ModelError(BadInput):
    """A model file or graph cannot be read or is not valid."""


class DataError(BadInput):
    """Calibration, evaluation or input data cannot be used."""


class ProgramError(BadInput):
    """A Program breaks one of the rules that ``Program.check`` enforces."""


class BundleError(BadInput):
    """A bundle cannot be read."""


class StoreError(BadInput):
    """A device's store cannot be read or written; what it held before still holds."""


class Unreachable(BadInput):
    """Nobody gives what was asked for: no network, no server, no such folder, or an answer that is none.

    Args:
        seconds: how long to wait before asking again, if the server said so.
    """

    def __init__(self, message: str, hint: str | None = None, seconds: float = 0.0) -> None:
        super().__init__(message, hint)
        self.seconds = seconds


class Unsupported(LimenError):
    exit_code = 4


class UnsupportedOp(Unsupported):
    """One operator that a target, engine or lowering cannot take.

    Args:
        node: name of the node.
        op: operator type, and the case if only that case is missing.
        where: the target, engine or stage that refuses.
        hint: what to do instead.
    """

    def __init__(self, node: str, op: str, where: str, hint: str | None = None) -> None:
        super().__init__(f"{node}: {op} is not supported by {where}", hint)
        self.node = node
        self.op = op
        self.where = where


class BudgetError(LimenError):
    exit_code = 5


class NotMeasurable(LimenError):
    exit_code = 6


class VerificationError(LimenError):
    exit_code = 7


class Refused(VerificationError):
    """What was delivered is not trusted.

    Args:
        reason: a short fixed name: ``signature``, ``rollback``, ``expired``, ...: limen/deliver/agent/trust.py.
        message: the file, and what is wrong with it.
        hint: what to do.
    """

    def __init__(self, reason: str, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.reason = reason


class MissingExtra(LimenError):
    """An optional package or tool is absent.

    Args:
        what: the package or tool.
        extra: the limen extra that brings it, or None for a tool.
    """

    exit_code = 8

    def __init__(self, what: str, extra: str | None = None, hint: str | None = None) -> None:
        way = f"pip install 'limen[{extra}]'" if extra else hint
        super().__init__(f"{what} is not installed", way)
        self.extra = extra


class InternalError(LimenError):
    exit_code = 70
