"""The op table, by theme. Importing it fills `glissade.autograd.op.TABLE`."""

from . import constants, elementwise, joining, linalg, products, reductions, shaping

__all__ = ["constants", "elementwise", "joining", "linalg", "products", "reductions", "shaping"]
