"""The table of ops, by topic. Importing this package fills `ravine.autograd.op.TABLE`.

`special`, the ops of scipy.special, is imported when one of them meets a Tensor.
"""

from ..dispatch import OPTIONAL
from . import (
    decompositions,
    elementwise,
    fft,
    joining,
    linalg,
    masked,
    padding,
    products,
    reductions,
    selecting,
    sequences,
    shaping,
    statistics,
    ufuncs,
)

from . import complex  # isort: skip  (it needs the ops of the other modules)


def _add_special() -> None:
    from . import special  # noqa: F401


OPTIONAL["scipy.special"] = _add_special

__all__ = [
    "complex",
    "decompositions",
    "elementwise",
    "fft",
    "joining",
    "linalg",
    "masked",
    "padding",
    "products",
    "reductions",
    "selecting",
    "sequences",
    "shaping",
    "statistics",
    "ufuncs",
]
