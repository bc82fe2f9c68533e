"""The datasets that come with scikit-learn; no file is needed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .dataset import Array, Dataset, split_by, stratified_rows


def standardised(X: Array, train: Array) -> Array:
    """Columns with mean 0 and standard deviation 1 on the training rows: no statistic of the other splits is used.

    >>> standardised(np.array([[1.0], [3.0], [9.0]]), train=np.array([0, 1])).tolist()
    [[-1.0], [1.0], [7.0]]
    """
    spread = X[train].std(axis=0)
    scaled: Array = (X - X[train].mean(axis=0)) / np.where(spread > 0, spread, 1)
    return scaled


def sixteenths(X: Array, train: Array) -> Array:
    """Grey levels 0..16 to [0, 1].

    >>> sixteenths(np.array([[0.0, 4.0, 16.0]]), train=np.array([0])).tolist()
    [[0.0, 0.25, 1.0]]
    """
    return X / 16


# How each of them (sklearn.datasets.load_<name>) is scaled; smallest first.
SCALING: dict[str, Callable[[Array, Array], Array]] = {
    "iris": standardised,
    "wine": standardised,
    "breast_cancer": standardised,
    "digits": sixteenths,
}


def bundled(name: str, split: int) -> Dataset:
    """Return the dataset, cut as SPLITS say."""
    import sklearn.datasets  # seconds to import: only who loads data pays

    bunch = getattr(sklearn.datasets, f"load_{name}")()
    X, y = np.asarray(bunch.data, dtype=np.float64), np.asarray(bunch.target, dtype=np.int64)
    rows = stratified_rows(y, seed=split)
    return split_by(rows, name, SCALING[name](X, rows["train"]).astype(np.float32), y)
