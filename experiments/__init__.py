"""Experiments: problems, datasets, tuned and paired comparisons, and their report."""

from . import datasets
from .comparison import compare
from .errors import UsageError
from .problems import PROBLEMS, Classification, Function, Problem, problem
from .results import Results

__all__ = [
    "PROBLEMS",
    "Classification",
    "Function",
    "Problem",
    "Results",
    "UsageError",
    "compare",
    "datasets",
    "problem",
]
