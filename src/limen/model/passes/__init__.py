"""Passes on a Model, one file each: pure, and the same object back when there is nothing to do."""
