"""The optimizers, in order of increasing complexity. Most differ from one above them by a line or two.

Notation: x is the parameter, g its gradient, t = 1, 2, ... the number of the update, lr the learning rate, m a moving
average of g, and v a moving average (or the sum) of g**2 or, with momentum, the velocity. Hyperparameters have units:
"in units of g" means that a value has to be scaled as gradients are.

An elementwise rule runs unchanged on floats, NumPy arrays, Tensors and Decimals, and is compiled to a loop. The rules
in `tensors`, `matrices` and `lbfgs` read whole arrays and are called on NumPy arrays.
"""

# isort: off
from .momentum import NAG, SGD, Momentum
from .signs import Lion, Rprop, Signum, SignSGD
from .adaptive import Adadelta, Adagrad, Ftrl, RMSprop
from .adam import AMSGrad, Adam, Adamax, AdamW, NAdam, RAdam
from .belief import ADOPT, AdaBelief, Adan, Yogi
from .averaged import ASGD, ScheduleFreeAdamW, ScheduleFreeSGD
from .tensors import LAMB, LARS, Prodigy, SparseAdam
from .matrices import Adafactor, Muon
from .lbfgs import LBFGS
from . import frameworks  # noqa: F401  (importing them registers them)
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
