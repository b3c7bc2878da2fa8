"""Engines: one file per runtime behind one Session."""

from limen.engines._engine import ENGINES, Engine, Runner
from limen.engines.golden import Verified
from limen.engines.runner import Ran, load, run_file, verify, verify_file
from limen.engines.session import Answer, Session

__all__ = [
    "ENGINES",
    "Answer",
    "Engine",
    "Ran",
    "Runner",
    "Session",
    "Verified",
    "load",
    "run_file",
    "verify",
    "verify_file",
]
