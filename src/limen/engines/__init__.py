"""Engines: one file per runtime behind one Session.

A module of this folder with an ``ENGINE`` is an engine. Importing this package loads no runtime; an engine imports its
own when it opens an artifact.
"""

from limen.engines._answer import Answer
from limen.engines._engine import ENGINES, Engine, Runner
from limen.engines._recording import record_golden
from limen.engines.golden import Replay, Verified, replay_session
from limen.engines.runner import Ran, load, run_file, verify, verify_file
from limen.engines.session import Session

__all__ = [
    "ENGINES",
    "Answer",
    "Engine",
    "Ran",
    "Replay",
    "Runner",
    "Session",
    "Verified",
    "load",
    "record_golden",
    "replay_session",
    "run_file",
    "verify",
    "verify_file",
]
