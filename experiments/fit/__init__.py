"""A training loop: `fit(model, data, Adam(lr=1e-3), epochs=10)`, callbacks, and checkpoints that resume bit by bit."""

from .averaging import WeightAveraging
from .best import SaveBest
from .callback import Callback
from .checkpoint import Checkpoint
from .csv_logger import CSVLogger
from .history import History
from .loop import evaluate, fit
from .metrics import METRICS
from .rates import LearningRateScheduler, Observe, ReduceLROnPlateau
from .sparse import SparseDropout, SparseLinear
from .stopping import EarlyStopping, TerminateOnNaN
from .training import Training

__all__ = [
    "METRICS",
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "History",
    "LearningRateScheduler",
    "Observe",
    "ReduceLROnPlateau",
    "SaveBest",
    "SparseDropout",
    "SparseLinear",
    "TerminateOnNaN",
    "Training",
    "WeightAveraging",
    "evaluate",
    "fit",
]
