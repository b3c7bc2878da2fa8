"""Keras runs on PyTorch here; the backend is chosen before Keras is first imported."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
