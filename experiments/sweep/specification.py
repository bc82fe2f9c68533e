"""A Sweep is one value that says which runs to make, what to measure, and which claims to check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ...schedules import Schedule
from ...schedules.fields import NonNegativeInt, PositiveInt
from ..errors import UsageError, checked, lookup, within
from ..step import MEASURES
from ..trial import Seeds, Trial
from .claims import Claim
from .configuration import OptimizerConfig, ProblemConfig, Setting, scheduled
from .search import Grid, Search

Phase = Literal["tuning", "final"]

CONSTANT: dict[str, Mapping[str, Any] | None] = {"constant": None}


STREAMS = dict.fromkeys(Seeds._fields)


@dataclass(frozen=True)
class Seeding:
    """The seeds of the runs: 0, 1, ... for tuning, the next ones for the final runs.

    A setting is never evaluated on the seeds on which it was chosen. Every optimizer gets the same seeds, so that
    optimizers are compared run by run.

    Args:
        tuning: number of runs of every setting.
        final: number of runs of the best setting.
        fixed: by stream (data, initial, order, noise): its seed in every run. The other streams take the run's number.
        reshuffled: whether the training rows are reshuffled every epoch; if not, all epochs have the order of the
            first one.

    >>> seeding = Seeding(tuning=2, final=3)
    >>> seeding.seeds(2)
    Seeds(data=0, initial=2, order=2, noise=2)
    """

    tuning: int = 2
    final: int = 5
    fixed: Mapping[str, int] = field(default_factory=lambda: {"data": 0})
    reshuffled: bool = True

    def __post_init__(self) -> None:
        checked("seeds", PositiveInt, tuning=self.tuning)
        checked("seeds", PositiveInt, final=self.final)
        checked("seeds", bool, reshuffled=self.reshuffled)
        for stream, seed in checked("seeds", Mapping, fixed=self.fixed).items():
            with within("seeds.fixed"):
                lookup("stream of random numbers", stream, STREAMS)
            checked("seeds.fixed", NonNegativeInt, **{stream: seed})

    def seeds(self, number: int) -> Seeds:
        """Return the seeds of run number 0, 1, ...."""
        return Seeds(**{stream: self.fixed.get(stream, number) for stream in STREAMS})

    def numbers(self, phase: Phase) -> range:
        """Return the run numbers of a phase."""
        return range(self.tuning) if phase == "tuning" else range(self.tuning, self.tuning + self.final)


@dataclass(frozen=True)
class Sweep:
    """Problems x optimizers x schedules. Each combination is tuned with the same budget; its best setting then runs.

    `eval(repr(sweep)) == sweep`; `read` and `write` convert it from and to TOML's and JSON's types.

    Args:
        name: its results go to runs/<name>.
        problems: with their numbers of epochs.
        optimizers: with their search spaces.
        schedules: by name: the configuration of a schedule that multiplies learning rates (see `OptimizerConfig`);
            None for a constant one.
        search: how settings are chosen.
        seeding: the seeds of the runs.
        measures: names of quantities to measure at every step, see `measures.MEASURES`.
        claims: statements about the final runs that `ravine verify` checks.

    Raises:
        UsageError: no problem or optimizer, two of one name, a setting that the optimizer refuses, a claim about an
            unknown name, or one that can't hold with so few seeds.

    >>> from ravine.experiments.problems import PROBLEMS
    >>> from ravine.experiments.sweep import LogUniform
    >>> booth = ProblemConfig("booth", PROBLEMS["booth"](), epochs=1)
    >>> sgd, adam = (OptimizerConfig(name, name, {"lr": LogUniform(1e-3, 0.1)}) for name in ("sgd", "adam"))
    >>> cosine = {"class": "Cosine", "start": 1.0, "end": 0.0, "steps": "100%"}
    >>> sweep = Sweep("warmup", (booth,), (sgd, adam), {"constant": None, "cosine": cosine})
    >>> [config.name for config in sweep.configs]
    ['sgd constant', 'sgd cosine', 'adam constant', 'adam cosine']
    """

    name: str
    problems: tuple[ProblemConfig, ...]
    optimizers: tuple[OptimizerConfig, ...]
    schedules: Mapping[str, Mapping[str, Any] | None] = field(default_factory=lambda: dict(CONSTANT))
    search: Search = field(default_factory=Grid)
    seeding: Seeding = field(default_factory=Seeding)
    measures: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()

    def __post_init__(self) -> None:
        parts = {"problems": self.problems, "optimizers": self.optimizers, "schedules": self.schedules}
        for kind, items in parts.items():
            names = [getattr(item, "name", item) for item in items]
            if not names or len(set(names)) < len(names):
                raise UsageError(f"{kind}: at least one is needed, each with a name of its own. Received: {names}.")
        for name in (self.name, *(problem.name for problem in self.problems)):
            check_filename(name)
        for measure in self.measures:
            lookup("measure", measure, MEASURES)
        if len(set(self.measures)) < len(self.measures):
            raise UsageError(f"measures: each must be listed once. Received: {list(self.measures)}.")
        for problem in self.problems:
            problem.check()
            for name, shape in self.schedules.items():
                check_shape(name, shape, problem.steps)
            for config in self.configs:
                config.check(problem.steps)
        for number, claim in enumerate(self.claims, 1):
            with within(f"claim {number}"):
                claim.check(self.seeding.final, *([x.name for x in items] for items in (self.problems, self.configs)))

    @property
    def configs(self) -> list[OptimizerConfig]:
        """The optimizers with each schedule. If there are several schedules, their names are appended."""
        return [
            replace(c, name=c.name if len(self.schedules) == 1 else f"{c.name} {name}", shape=shape)
            for c in self.optimizers
            for name, shape in self.schedules.items()
        ]

    def trials(self, problem: ProblemConfig, config: OptimizerConfig, setting: Setting, phase: Phase) -> list[Trial]:
        """Return the runs of a setting: in tuning on the tuning seeds, else on the final seeds with a test score."""
        optimizer, tested = config.build(setting, problem.steps), phase == "final"
        return [
            Trial(
                problem.problem,
                optimizer,
                problem.epochs,
                self.seeding.seeds(number),
                tested,
                self.seeding.reshuffled,
                self.measures,
            )
            for number in self.seeding.numbers(phase)
        ]


def check_filename(name: str) -> None:
    """Raise UsageError unless a file can have this name: files of results have the names of sweeps and problems."""
    if not isinstance(name, str) or not name.strip(". ") or set(name) & set("/\\\0"):
        raise UsageError(f"Sweep and problem names are file names: write a name without slashes. Received: {name!r}.")


def check_shape(name: str, shape: Mapping[str, Any] | None, steps: int) -> None:
    """Raise UsageError unless the shape is a schedule."""
    with within(f"schedules.{name}"):
        if not (shape is None or isinstance(scheduled(shape, steps), Schedule)):
            raise TypeError(f'a shape is a table, such as {{ class = "Cosine", ... }}. Received: {shape!r}.')
