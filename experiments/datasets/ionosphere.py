"""Ionosphere: radar returns, good or bad. Sigillito et al. 1989; UCI Machine Learning Repository."""

from __future__ import annotations

import numpy as np

from .dataset import Dataset, classes_of, split_by, stratified_rows
from .files import File, content, find, reading

FILE = File(
    "https://archive.ics.uci.edu/ml/machine-learning-databases/ionosphere/ionosphere.data",
    "sha256:46d52186b84e20be52918adb93e8fb9926b34795ff7504c24350ae0616a04bbd",
    "ionosphere.[cd]*",
    (".", "ionosphere"),
)


def ionosphere(split: int) -> Dataset:
    """351 returns of 34 numbers in [-1, 1], as they are; class 1 is "g", a return that shows structure."""
    path = find("ionosphere", FILE)
    with reading(path, "table of numbers and a class"):
        lines = content(path).decode().split()
        cells = np.array([line.split(",") for line in lines])
        X, y = cells[:, :-1].astype(np.float32), classes_of(cells[:, -1])
    return split_by(stratified_rows(y, seed=split), "ionosphere", X, y)
