"""Real data as arrays with fixed splits: `load("digits")`, `load_libsvm("a9a")`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from ...schedules.fields import NonNegativeInt
from ..errors import checked, lookup
from .dataset import SPLITS, Dataset, stratified_rows
from .images import URLS, cifar10, mnist_like
from .libsvm import FILES, load_libsvm, published
from .reviews import imdb
from .tables import SCALING, bundled, ionosphere, sixteenths, standardised

__all__ = [
    "DATASETS",
    "SCALING",
    "SPLITS",
    "Dataset",
    "load",
    "load_libsvm",
    "sixteenths",
    "standardised",
    "stratified_rows",
]

DATASETS: dict[str, Callable[[int], Dataset]] = {
    **{name: partial(bundled, name) for name in SCALING},
    "ionosphere": ionosphere,
    **{name: partial(published, name) for name in FILES},
    **{name: partial(mnist_like, name) for name in URLS},
    "imdb": imdb,
    "cifar10": cifar10,
}
"""The functions that load the datasets, by name; those that need no file first, then by size."""


def load(name: str, split: int = 0) -> Dataset:
    """Return a dataset; its splits are always the same.

    A published test set is the test split, and a sixth of the other rows is the validation split. Without a published
    test set, the rows are split 70/15/15 into train, validation and test. Splits are stratified by class.

    Files come from the folder that the environment variable RAVINE_DATA names, or are downloaded once into the user's
    cache. A dataset is loaded once per process.

    Args:
        name: one of DATASETS.
        split: 0 for the usual split; another number for another split of the same sizes.

    Raises:
        UsageError: a ValueError: an unknown name (the known ones are listed); a split that is no integer >= 0; a file
            that is missing and can't be downloaded, or is damaged.

    >>> load("iris")
    <Dataset iris: 4 features, 3 classes; train 105, validation 21, test 24>
    """
    lookup("dataset", name, DATASETS)
    checked("datasets", NonNegativeInt, split=split)
    return _load(name, split)


@cache
def _load(name: str, split: int) -> Dataset:
    return DATASETS[name](split)
