"""Portable C, one file per operator; ``EMIT`` in the file is the emitter (see ``limen.targets.c._kernel``)."""
