"""The problems that optimizers are compared on; `PROBLEMS` is their registry, in order of increasing complexity."""

from .base import PROBLEMS, Model, Problem, Score, Stream, generator, problem_name
from .bivariate import Function
from .classification import Classification

__all__ = [
    "PROBLEMS",
    "Classification",
    "Function",
    "Model",
    "Problem",
    "Score",
    "Stream",
    "generator",
    "problem_name",
]
