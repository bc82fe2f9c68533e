"""Real data as arrays with fixed splits: `load("digits")`, `load_libsvm("a9a")`."""

from .catalog import DATASETS, load
from .dataset import SPLITS, Dataset, stratified_rows
from .libsvm import load_libsvm
from .tables import SCALING, sixteenths, standardised

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
