"""Small tables: the datasets that come with scikit-learn, and the ionosphere data."""

from __future__ import annotations

import csv
from collections.abc import Callable

import numpy as np

from .dataset import Array, Dataset, classes_of, split_by, stratified_rows
from .files import File, content, find, reading

IONOSPHERE = File(
    "https://archive.ics.uci.edu/ml/machine-learning-databases/ionosphere/ionosphere.data",
    "sha256:46d52186b84e20be52918adb93e8fb9926b34795ff7504c24350ae0616a04bbd",
    "ionosphere.[cd]*",
    (".", "ionosphere"),
)


def standardised(X: Array, train: Array) -> Array:
    """Return X with columns of mean 0 and standard deviation 1 on the training rows; other splits are not used.

    >>> standardised(np.array([[1.0], [3.0], [9.0]]), train=np.array([0, 1])).tolist()
    [[-1.0], [1.0], [7.0]]
    """
    spread = X[train].std(axis=0)
    scaled: Array = (X - X[train].mean(axis=0)) / np.where(spread > 0, spread, 1)
    return scaled


def sixteenths(X: Array, train: Array) -> Array:
    """Return grey levels 0..16 scaled to [0, 1].

    >>> sixteenths(np.array([[0.0, 4.0, 16.0]]), train=np.array([0])).tolist()
    [[0.0, 0.25, 1.0]]
    """
    return X / 16


SCALING: dict[str, Callable[[Array, Array], Array]] = {
    "iris": standardised,
    "wine": standardised,
    "breast_cancer": standardised,
    "digits": sixteenths,
}
"""The datasets sklearn.datasets.load_<name>, smallest first, and how each is scaled."""


def bundled(name: str, split: int) -> Dataset:
    """Return a dataset that comes with scikit-learn, in the proportions of SPLITS."""
    import sklearn.datasets  # takes seconds to import: only loading needs it

    bunch = getattr(sklearn.datasets, f"load_{name}")()
    X, y = np.asarray(bunch.data, dtype=np.float64), np.asarray(bunch.target, dtype=np.int64)
    rows = stratified_rows(y, seed=split)
    return split_by(rows, name, SCALING[name](X, rows["train"]).astype(np.float32), y)


def ionosphere(split: int) -> Dataset:
    """351 radar returns, good or bad, of 34 numbers in [-1, 1]; class 1 is "g", good. Sigillito et al. 1989; UCI."""
    path = find("ionosphere", IONOSPHERE)
    with reading(path, "table of numbers and a class"):
        X, y = parsed(content(path).decode("utf-8-sig"))
        return split_by(stratified_rows(y, seed=split), "ionosphere", X, y)


def parsed(text: str) -> tuple[Array, Array]:
    """Return numbers and classes of a CSV file without a header. Raises ValueError."""
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
