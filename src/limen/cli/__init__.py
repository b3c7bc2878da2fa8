"""The command line: one file per verb, each under 80 lines: parse, call the library, print.

A verb's module is named like the verb. Its docstring's first line is the verb's line in ``limen --help``; the rest is
the verb's own help and shows an example. Its ``COMMAND`` is a :class:`limen.cli._command.Command`. Modules with a
leading underscore are helpers. A package outside limen adds a verb as an entry point in the group ``limen.cli``.
"""
