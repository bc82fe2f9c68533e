"""Real data as arrays with fixed splits: `load("digits")`, `load_libsvm("a9a")`."""

from .bundled import SCALING, sixteenths, standardised
from .catalog import DATASETS, load
from .dataset import SPLITS, Dataset, stratified_rows
from .libsvm import load_libsvm

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
