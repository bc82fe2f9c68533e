"""The datasets by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from ...schedules.fields import NonNegativeInt
from ..errors import checked, lookup
from .bundled import SCALING, bundled
from .dataset import Dataset
from .images import HOMES, cifar10, mnist_like
from .ionosphere import ionosphere
from .libsvm import FILES, published
from .reviews import imdb

DATASETS: dict[str, Callable[[int], Dataset]] = {
    **{name: partial(bundled, name) for name in SCALING},
    "ionosphere": ionosphere,
    **{name: partial(published, name) for name in FILES},
    **{name: partial(mnist_like, name) for name in HOMES},
    "imdb": imdb,
    "cifar10": cifar10,
}
"""What loads each of them; those that need no file first, then by size."""


def load(name: str, split: int = 0) -> Dataset:
    """Return the dataset, split the same way always.

    Where a test set is published it is the test split, and a sixth of the rest is for validation. Otherwise it is split
    70/15/15 into train, validation and test. Splits are stratified by class.

    Files come from the folder that the environment variable RAVINE_DATA names, or are downloaded once into the user's
    cache. Loaded once a process.

    Args:
        name: one of DATASETS.
        split: 0 for the usual split; another number for another one, of the same sizes.

    Raises:
        UsageError: a ValueError: an unknown name (the known ones are listed); a split that is no whole number >= 0; a
            file that isn't there and can't be downloaded, or is damaged.

    >>> load("iris")
    <Dataset iris: 4 features, 3 classes; train 105, validation 21, test 24>
    """
    lookup("dataset", name, DATASETS)
    checked("datasets", NonNegativeInt, split=split)
    return _load(name, split)


@cache
def _load(name: str, split: int) -> Dataset:
    return DATASETS[name](split)
