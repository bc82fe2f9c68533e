"""Real data as arrays with fixed splits: `load("digits")`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import lookup

Array = NDArray[Any]

SPLITS = {"train": 0.70, "validation": 0.15, "test": 0.15}


@dataclass(frozen=True, repr=False, eq=False)
class Dataset:
    """Inputs `X_*`, float32 (n, features), and classes `y_*`, int64 (n,), in three disjoint splits; read-only."""

    name: str
    X_train: Array
    y_train: Array
    X_validation: Array
    y_validation: Array
    X_test: Array
    y_test: Array

    @property
    def features(self) -> int:
        """Number of columns of X."""
        return int(self.X_train.shape[1])

    @property
    def classes(self) -> int:
        """Number of classes; y counts from 0."""
        return int(self.y_train.max()) + 1

    def split(self, name: str) -> tuple[Array, Array]:
        """Return X and y of "train", "validation" or "test"."""
        lookup("split", name, SPLITS)
        X: Array = getattr(self, f"X_{name}")
        y: Array = getattr(self, f"y_{name}")
        return X, y

    def __repr__(self) -> str:
        sizes = ", ".join(f"{split} {len(self.split(split)[1])}" for split in SPLITS)
        return f"<Dataset {self.name}: {self.features} features, {self.classes} classes; {sizes}>"


def standardised(X: Array, train: Array) -> Array:
    """Columns with mean 0 and standard deviation 1 on the training rows: no statistic of the other splits is used."""
    spread = X[train].std(axis=0)
    scaled: Array = (X - X[train].mean(axis=0)) / np.where(spread > 0, spread, 1)
    return scaled


def sixteenths(X: Array, train: Array) -> Array:
    """Grey levels 0..16 to [0, 1]."""
    return X / 16


# How each dataset that comes with scikit-learn (sklearn.datasets.load_<name>) is scaled; smallest first.
SCALING: dict[str, Callable[[Array, Array], Array]] = {
    "iris": standardised,
    "wine": standardised,
    "breast_cancer": standardised,
    "digits": sixteenths,
}


def load(name: str) -> Dataset:
    """Return the dataset, split 70/15/15 into train, validation and test, stratified by class, the same split always.

    Loaded once a process. Raises UsageError (a ValueError) that lists the known names.
    """
    lookup("dataset", name, SCALING)
    return _load(name)


@cache
def _load(name: str) -> Dataset:
    import sklearn.datasets  # seconds to import: only who loads data pays

    bunch = getattr(sklearn.datasets, f"load_{name}")()
    X, y = np.asarray(bunch.data, dtype=np.float64), np.asarray(bunch.target, dtype=np.int64)
    rows = stratified_rows(y)
    X = SCALING[name](X, rows["train"]).astype(np.float32)
    arrays: dict[str, Array] = {}
    for split, chosen in rows.items():
        arrays[f"X_{split}"], arrays[f"y_{split}"] = X[chosen], y[chosen]
    for array in arrays.values():
        array.setflags(write=False)  # shared by everyone who loads it
    return Dataset(name, **arrays)


def stratified_rows(y: Array) -> dict[str, Array]:
    """Row numbers of each split: every class is cut in the proportions of SPLITS, then each split is shuffled."""
    rng = np.random.default_rng(0)
    parts: dict[str, list[Array]] = {split: [] for split in SPLITS}
    cuts = np.cumsum(list(SPLITS.values()))[:-1]
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        for split, part in zip(SPLITS, np.split(rows, np.rint(cuts * len(rows)).astype(int)), strict=True):
            parts[split].append(part)
    return {split: rng.permutation(np.concatenate(chunk)) for split, chunk in parts.items()}
