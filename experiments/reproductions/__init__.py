"""Reproductions of published results, one module for each paper or question."""

# isort: off
# The order is that of `ravine verify`: exact claims first, then trainings.
from . import adam, quadratics, radam, reddi, wilson, functions  # noqa: F401  (register)
from . import deepobs, ionosphere, rates, cyclical, decay, adamw, imdb, vae  # noqa: F401

# isort: on
from .base import REPRODUCTIONS, Check, Findings, Reproduction, reproduction

__all__ = ["REPRODUCTIONS", "Check", "Findings", "Reproduction", "reproduction"]
