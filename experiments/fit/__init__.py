"""A training loop: `fit(model, data, Adam(lr=1e-3), epochs=10)`, callbacks, and checkpoints that resume bit for bit."""

from .callback import Callback
from .callbacks import (
    EarlyStopping,
    LearningRateScheduler,
    ObserveMetric,
    ReduceLROnPlateau,
    TerminateOnNaN,
    WeightAveraging,
)
from .data import SparseDropout, SparseLinear
from .files import Checkpoint, CSVLogger, SaveBest
from .history import History
from .loop import evaluate, fit
from .metrics import METRICS
from .training import Training

__all__ = [
    "METRICS",
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "History",
    "LearningRateScheduler",
    "ObserveMetric",
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
