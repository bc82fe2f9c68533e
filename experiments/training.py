"""`train` executes a Trial. Its result depends on the trial alone, except for the timings."""

from __future__ import annotations

import math
from contextlib import nullcontext
from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ..optim import Optimizer
from ..schedules import Schedule
from .problems import Model, Score
from .step import MEASURES, StepValues, training_step
from .trial import Status, Timing, Trial, TrialResult, environment

BLOW_UP = 1000
DIVERGENCE = (
    "A run has diverged once a loss or a parameter is not finite, or once an epoch ends with a training loss above "
    f"{BLOW_UP} times the initial one (or {BLOW_UP}, if that is more)."
)


def train(trial: Trial, parallel: bool = False) -> TrialResult:
    """Run the trial on one BLAS thread.

    Args:
        trial: the run.
        parallel: whether other runs share the machine; it is noted in the timings.
    """
    with threadpool_limits(limits=1), np.errstate(all="ignore"):  # a diverging run overflows
        return _Run(trial).result(parallel)


def clone(optimizer: Optimizer) -> Optimizer:
    """Return a copy of an optimizer whose plateau schedulers are reset: they have observed no metric yet."""
    schedules = {name: value.clone() for name, value in vars(optimizer).items() if isinstance(value, Schedule)}
    return optimizer.replace(**schedules)


class _Run:
    """The state of a run: its model, its optimizer, and its curves so far."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.problem = trial.problem.resplit(trial.seeds.data) if trial.seeds.data else trial.problem
        self.model: Any = self.problem.model(trial.seeds.initial)
        self.parameters = self.model.parameters()
        self.optimizer = clone(trial.optimizer).bind(self.parameters)
        self.train = [self.score("train")]
        self.validation = [self.score("validation")]
        self.seconds: list[tuple[float, float]] = []  # for each step: the whole step, and its update
        self.measured: dict[str, list[float]] = {name: [] for name in trial.measures}

    def result(self, parallel: bool) -> TrialResult:
        """Run all epochs, or up to divergence, and then score the test split if the trial asks for it."""
        began = perf_counter()
        diverged = next((epoch + 1 for epoch in range(self.trial.epochs) if not self.epoch(epoch)), None)
        test = None
        if self.trial.tested and diverged is None:
            test = self.score("test")
            diverged = None if math.isfinite(test.loss) else self.trial.epochs
        status: Status = "finished" if diverged is None else "diverged"
        step, update = np.median(self.seconds, axis=0)
        return TrialResult(
            status=status,
            diverged_epoch=diverged,
            train_loss=tuple(score.loss for score in self.train),
            validation_loss=tuple(score.loss for score in self.validation),
            validation_metric=tuple(score.metric for score in self.validation),
            test_loss=test.loss if test and status == "finished" else None,
            test_metric=test.metric if test and status == "finished" else None,
            timing=Timing(float(step), float(update), perf_counter() - began, parallel),
            environment=environment(),
            measured={name: tuple(values) for name, values in self.measured.items()},
        )

    def epoch(self, epoch: int) -> bool:
        """Take the steps of one epoch, and extend the curves; return False if the run diverged."""
        seeds, measured = self.trial.seeds, []
        self.problem.reseed(self.model, seeds.noise, epoch)
        for batch in self.problem.batches(seeds.order, epoch if self.trial.reshuffled else 0):
            step = self.step(batch)
            if not math.isfinite(step.loss):
                return False
            measured.append({name: MEASURES[name](step) for name in self.measured})
        train, validation = self.score("train"), self.score("validation")
        if not (finite(self.model) and self.bounded(train) and math.isfinite(validation.loss)):
            return False
        self.train.append(train)
        self.validation.append(validation)
        for name, values in self.measured.items():
            values.append(float(np.mean([values_of[name] for values_of in measured])))
        return True

    def step(self, batch: Any) -> StepValues:
        """Take one step, and return what the measures need; copying the parameters is not part of its timing."""
        before = [parameter.data.copy() for parameter in self.parameters] if self.measured else []
        step = training_step(self.optimizer, lambda: self.problem.loss(self.model, batch))
        self.seconds.append((step.seconds, step.update_seconds))
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        return StepValues(step.loss, gradients, before, [parameter.data for parameter in self.parameters])

    def score(self, split: str) -> Score:
        """Evaluate on a split, with the average of the parameters if the optimizer computes one."""
        with self.optimizer.averaged() if self.trial.optimizer.average else nullcontext():
            return self.problem.score(self.model, split)

    def bounded(self, train: Score) -> bool:
        """Whether the training loss is finite and below the limit of divergence."""
        return abs(train.loss) <= BLOW_UP * max(1.0, abs(self.train[0].loss))


def finite(model: Model) -> bool:
    """Whether all parameters are finite."""
    return all(bool(np.isfinite(parameter.data).all()) for parameter in model.parameters())
