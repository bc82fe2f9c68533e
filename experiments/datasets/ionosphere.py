"""Ionosphere: radar returns, good or bad. Sigillito et al. 1989; UCI Machine Learning Repository."""

from __future__ import annotations

import csv

import numpy as np

from .dataset import Array, Dataset, classes_of, split_by, stratified_rows
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
        X, y = table(content(path).decode("utf-8-sig"))
        return split_by(stratified_rows(y, seed=split), "ionosphere", X, y)


def table(text: str) -> tuple[Array, Array]:
    """Numbers and classes of a CSV file without a head. Raises ValueError."""
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), skipinitialspace=True) if row]
    for number, row in enumerate(rows, 1):
        if len(row) < 2:
            raise ValueError("a row must have numbers and a class")
        if len(row) != len(rows[0]):
            raise ValueError(f"row {number} has {len(row)} cells, the first {len(rows[0])}")
    X = np.array([row[:-1] for row in rows], dtype=np.float32)
    if len(wrong := np.argwhere(~np.isfinite(X))):
        raise ValueError(f"row {wrong[0][0] + 1} has a number that is not finite")
    return X, classes_of(np.array([row[-1] for row in rows]))
