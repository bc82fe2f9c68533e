"""The tasks that several reproductions share."""

from __future__ import annotations

from typing import Any

from ..datasets import load
from .networks import Task

__all__ = ["digits", "images"]


def digits() -> Task:
    """Digits of 8 by 8 pixels, and a 64-32-10 network."""
    data = load("digits")
    return Task(data.X_train, data.y_train, data.X_test, data.y_test, hidden=(32,), batch=64)


def images(train: int, **about: Any) -> Task:
    """The first so many training images of MNIST, and 2,500 test images; without hidden units, softmax regression."""
    data = load("mnist")
    return Task(data.X_train[:train], data.y_train[:train], data.X_test[:2500], data.y_test[:2500], **about)
