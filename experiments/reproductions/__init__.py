"""Reproductions of the literature, one module per paper or question."""

# isort: off
# The order is that of `ravine verify`: exact claims first, then trainings.
from . import bias_correction, quadratics, radam, reddi, wilson, functions  # noqa: F401  (register)
from . import deepobs, ionosphere, rates, cyclical, decay, adamw, amsgrad, adam_mnist, imdb, vae  # noqa: F401

# isort: on
from .base import REPRODUCTIONS, Check, Findings, Reproduction, reproduction

__all__ = ["REPRODUCTIONS", "Check", "Findings", "Reproduction", "reproduction"]
