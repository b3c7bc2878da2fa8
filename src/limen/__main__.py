"""``python -m limen`` is the command line."""

from limen.cli.__main__ import main

raise SystemExit(main())
