"""Reproductions of the literature, one module per paper or question."""

from . import bias_correction, quadratics, radam, reddi, wilson  # noqa: F401  (register)
from .base import REPRODUCTIONS, Check, Findings, Reproduction, reproduction

__all__ = ["REPRODUCTIONS", "Check", "Findings", "Reproduction", "reproduction"]
