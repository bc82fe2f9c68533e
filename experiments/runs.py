"""What was compared, and one run of it: the data that summary, table, figures and report read."""

from __future__ import annotations

from dataclasses import dataclass

from .outcome import Outcome
from .specification import Cell, Comparison, Phase, label


def counted(number: int, noun: str) -> str:
    """Return e.g. "5 seeds"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class Description:
    """What was compared, in words and numbers: all that tables and figures need to know of the problem."""

    problem: str  # its name
    source: str  # its repr
    metric: str
    higher_is_better: bool
    held_out: bool
    target: float
    optimizers: tuple[str, ...]  # labels, in order
    lrs: tuple[float, ...]
    tuning_seeds: tuple[int, ...]
    final_seeds: tuple[int, ...]
    epochs: int
    steps_per_epoch: int

    @classmethod
    def of(cls, comparison: Comparison) -> Description:
        """Return the description of a comparison."""
        problem = comparison.problem
        return cls(
            problem=comparison.name,
            source=repr(problem),
            metric=problem.metric,
            higher_is_better=problem.higher_is_better,
            held_out=problem.held_out,
            target=problem.target,
            optimizers=tuple(label(optimizer) for optimizer in comparison.optimizers),
            lrs=comparison.lrs,
            tuning_seeds=tuple(comparison.tuning_range),
            final_seeds=tuple(comparison.final_range),
            epochs=comparison.epochs,
            steps_per_epoch=sum(1 for _ in problem.batches(seed=0, epoch=0)),
        )

    def of_split(self, quantity: str, split: str) -> str:
        """Return e.g. "test accuracy"; without held-out data there is nothing to distinguish."""
        return f"{split} {quantity}" if self.held_out else quantity


@dataclass(frozen=True)
class Run:
    """An outcome and the cell it belongs to."""

    phase: Phase
    optimizer: str  # label
    lr: float
    seed: int
    outcome: Outcome

    @classmethod
    def of(cls, cell: Cell, outcome: Outcome) -> Run:
        """Return the run of a cell."""
        return cls(cell.phase, label(cell.optimizer), cell.lr, cell.seed, outcome)
