"""The optimizers, in order of increasing complexity: each differs from one above it by a line or two.

Notation: x parameter, g gradient, t = 1, 2, ... the update, lr the length of a step; m a mean of gradients, v a mean
(or sum) of their squares or, in the momentum family, the velocity. A rule for one element runs as it stands on floats,
NumPy arrays, Tensors and Decimals, and is the source of the kernel; from `tensors` on, rules are over whole arrays.
"""

# isort: off
from .momentum import NAG, SGD, Momentum
from .signs import Lion, Rprop, Signum, SignSGD
from .adaptive import Adadelta, Adagrad, RMSprop
from .adam import AMSGrad, Adam, Adamax, AdamW, NAdam, RAdam
from .belief import ADOPT, AdaBelief, Adan, Yogi
from .proximal import Ftrl
from .averaged import ASGD, ScheduleFreeAdamW, ScheduleFreeSGD
from .tensors import LAMB, LARS, SparseAdam
from .matrices import Adafactor, Muon
from .distance import Prodigy
from .lbfgs import LBFGS
from . import frameworks  # noqa: F401  (they register themselves)
# isort: on

__all__ = [
    "ADOPT",
    "ASGD",
    "LAMB",
    "LARS",
    "LBFGS",
    "NAG",
    "SGD",
    "AMSGrad",
    "AdaBelief",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Adan",
    "Ftrl",
    "Lion",
    "Momentum",
    "Muon",
    "NAdam",
    "Prodigy",
    "RAdam",
    "RMSprop",
    "Rprop",
    "ScheduleFreeAdamW",
    "ScheduleFreeSGD",
    "SignSGD",
    "Signum",
    "SparseAdam",
    "Yogi",
]
