"""Datasets: arrays in disjoint, fixed splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..errors import lookup

Array = NDArray[Any]
Rows = dict[str, Array]

SPLITS = {"train": 0.70, "validation": 0.15, "test": 0.15}
HELD_OUT = {"train": 5 / 6, "validation": 1 / 6}
"""The proportions if the test set is published: MNIST's 60,000 other images give 10,000 for validation."""


@dataclass(frozen=True, repr=False, eq=False)
class Dataset:
    """Inputs `X_*`, float32 (n, features), and targets `y_*`, (n,), in three disjoint splits; read-only.

    X is an array, or a `scipy.sparse.csr_array` if most elements are 0. y holds classes 0, 1, ... as int64, or float32
    numbers if a file is loaded for regression. `shape` is that of an image: `X.reshape(-1, *shape)`.

    >>> from ravine.experiments.datasets import load
    >>> digits = load("digits")
    >>> digits
    <Dataset digits: 64 features, 10 classes; train 1258, validation 270, test 269>
    >>> X, y = digits.split("test")
    >>> X.shape, X.dtype.name, np.unique(y).tolist()
    ((269, 64), 'float32', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """

    name: str
    X_train: Any
    y_train: Array
    X_validation: Any
    y_validation: Array
    X_test: Any
    y_test: Array
    shape: tuple[int, ...] = ()

    @property
    def features(self) -> int:
        """The number of columns of X."""
        return int(self.X_train.shape[1])

    @property
    def classes(self) -> int:
        """The number of classes in all splits; 0 if y holds no classes."""
        targets = (self.y_train, self.y_validation, self.y_test)
        return 1 + max(int(y.max(initial=-1)) for y in targets) if self.y_train.dtype.kind == "i" else 0

    @property
    def development(self) -> tuple[Any, Array]:
        """X and y of train and validation together, to train on before the final test."""
        return self.split("train", "validation")

    def split(self, name: str, *more: str) -> tuple[Any, Array]:
        """Return X and y of "train", "validation" or "test"; with several names, of these splits in this order."""
        lookup("split", name, SPLITS)
        X: Any = getattr(self, f"X_{name}")
        y: Array = getattr(self, f"y_{name}")
        if more:
            X_more, y_more = self.split(*more)
            y = np.concatenate([y, y_more])
            X = sparse.vstack([X, X_more], format="csr") if sparse.issparse(X) else np.concatenate([X, X_more])
        return X, y

    def __repr__(self) -> str:
        sizes = ", ".join(f"{split} {len(self.split(split)[1])}" for split in SPLITS)
        classes = f"{self.classes} classes" if self.classes else "regression"
        return f"<Dataset {self.name}: {self.features} features, {classes}; {sizes}>"


def split_by(rows: Rows, name: str, X: Any, y: Array, **more: Any) -> Dataset:
    """Return the dataset whose splits are these rows of X and y.

    Args:
        rows: the row numbers of each split.
        name: the name of the dataset.
        X: inputs, (n, features).
        y: targets, (n,).
        more: other fields of the Dataset, such as the arrays of a published test set.

    Raises:
        ValueError: the numbers of rows or columns differ, or there are no rows.
    """
    for end in ("", "_test") if "X_test" in more else ("",):
        inputs, targets = more.get(f"X{end}", X), more.get(f"y{end}", y)
        if not len(targets):
            raise ValueError(f"there are no rows of y{end}")
        if inputs.shape[0] != len(targets):
            raise ValueError(f"{inputs.shape[0]} rows of X{end} and {len(targets)} of y{end}")
        if inputs.shape[1] != X.shape[1]:
            raise ValueError(f"X has {X.shape[1]} columns and X{end} {inputs.shape[1]}")
    inputs = {f"X_{split}": X[chosen] for split, chosen in rows.items()}
    targets = {f"y_{split}": y[chosen] for split, chosen in rows.items()}
    return assembled(name, **inputs, **targets, **more)


def assembled(name: str, **fields: Any) -> Dataset:
    """Return the dataset with read-only arrays, as all users of a dataset share them."""
    for value in fields.values():
        for array in (value.data, value.indices, value.indptr) if sparse.issparse(value) else (value,):
            if isinstance(array, np.ndarray):
                array.setflags(write=False)
    return Dataset(name, **fields)


def stratified_rows(y: Array, proportions: Mapping[str, float] = SPLITS, seed: int = 0) -> Rows:
    """Return the row numbers of each split: every class is divided in these proportions, then each split is shuffled.

    Raises:
        ValueError: there are no rows.

    >>> y = np.repeat([0, 1], [80, 20])
    >>> rows = stratified_rows(y, {"train": 0.75, "test": 0.25})
    >>> {split: np.bincount(y[chosen]).tolist() for split, chosen in rows.items()}
    {'train': [60, 15], 'test': [20, 5]}
    """
    if not len(y):
        raise ValueError("there are no rows")
    rng = np.random.default_rng(seed)
    parts: dict[str, list[Array]] = {split: [] for split in proportions}
    cuts = np.cumsum(list(proportions.values()))[:-1]
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        for split, part in zip(proportions, np.split(rows, np.rint(cuts * len(rows)).astype(int)), strict=True):
            parts[split].append(part)
    return {split: rng.permutation(np.concatenate(chunk)) for split, chunk in parts.items()}


def classes_of(labels: Array) -> Array:
    """Return labels as classes 0, 1, ..., numbered in sorted order: "b" and "g", or -1 and 1, become 0 and 1."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)
