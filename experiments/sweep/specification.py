"""A Sweep is everything that is to be run, measured and claimed, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...schedules import Schedule
from ..errors import UsageError, lookup
from ..measures import MEASURES
from ..trial import Trial
from .claims import Claim
from .contender import Contender, Setting, Task, scheduled
from .entries import within
from .search import Grid, Search
from .seeding import Seeding

__all__ = ["Sweep"]

CONSTANT: dict[str, Mapping[str, Any] | None] = {"constant": None}


@dataclass(frozen=True)
class Sweep:
    """Tasks x contenders x schedules: each is tuned with the same budget, and its best setting run on the same seeds.

    `eval(repr(sweep)) == sweep`; `config.read` and `config.write` take it from and to TOML's and JSON's types.

    Args:
        name: what it is called; its results go to runs/<name>.
        tasks: the problems.
        contenders: the optimizers, with their search spaces.
        schedules: shapes that multiply learning rates, as configurations (see `Contender`); None is none.
        search: how settings are chosen.
        seeding: on which seeds.
        measures: what is measured at every step, of `measures.MEASURES`.
        claims: what `verify` judges.

    Raises:
        UsageError: no task or contender, two of one name, a setting that the optimizer refuses, a claim about what
            isn't there or that these seeds can't meet.

    >>> from ravine.experiments.problems import PROBLEMS
    >>> from ravine.experiments.sweep import LogUniform
    >>> booth = Task("booth", PROBLEMS["booth"](), epochs=1)
    >>> sgd, adam = (Contender(name, name, {"lr": LogUniform(1e-3, 0.1)}) for name in ("sgd", "adam"))
    >>> cosine = {"class": "Cosine", "start": 1.0, "end": 0.0, "steps": "100%"}
    >>> sweep = Sweep("warmup", (booth,), (sgd, adam), {"constant": None, "cosine": cosine})
    >>> [entrant.name for entrant in sweep.entrants]
    ['sgd constant', 'sgd cosine', 'adam constant', 'adam cosine']
    """

    name: str
    tasks: tuple[Task, ...]
    contenders: tuple[Contender, ...]
    schedules: Mapping[str, Mapping[str, Any] | None] = field(default_factory=lambda: dict(CONSTANT))
    search: Search = field(default_factory=Grid)
    seeding: Seeding = field(default_factory=Seeding)
    measures: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()

    def __post_init__(self) -> None:
        for kind, items in {"problems": self.tasks, "optimizers": self.contenders, "schedules": self.schedules}.items():
            names = [getattr(item, "name", item) for item in items]
            if not names or len(set(names)) < len(names):
                raise UsageError(f"{kind}: at least one is needed, each with a name of its own. Received: {names}.")
        for name in (self.name, *(task.name for task in self.tasks)):
            filename(name)
        for measure in self.measures:
            lookup("measure", measure, MEASURES)
        if len(set(self.measures)) < len(self.measures):
            raise UsageError(f"measures: each once. Received: {list(self.measures)}.")
        for task in self.tasks:
            task.check()
            for name, shape in self.schedules.items():
                checked(name, shape, task.steps)
            for contender in self.entrants:
                contender.check(task.steps)
        for number, claim in enumerate(self.claims, 1):
            with within(f"claim {number}"):
                claim.check(self.seeding.final, *([x.name for x in items] for items in (self.tasks, self.entrants)))

    @property
    def entrants(self) -> list[Contender]:
        """The contenders with each schedule; its name follows theirs, unless there is only one."""
        return [
            replace(c, name=c.name if len(self.schedules) == 1 else f"{c.name} {name}", shape=shape)
            for c in self.contenders
            for name, shape in self.schedules.items()
        ]

    def tuning(self, task: Task, contender: Contender, setting: Setting) -> list[Trial]:
        """Return the runs that judge a setting."""
        return self._trials(task, contender, setting, tested=False)

    def final(self, task: Task, contender: Contender, setting: Setting) -> list[Trial]:
        """Return the runs that judge a contender at its best setting."""
        return self._trials(task, contender, setting, tested=True)

    def _trials(self, task: Task, contender: Contender, setting: Setting, tested: bool) -> list[Trial]:
        optimizer = contender.build(setting, task.steps)
        return [
            Trial(task.problem, optimizer, task.epochs, seeds, tested, self.seeding.reshuffled, self.measures)
            for seeds in (self.seeding.judged if tested else self.seeding.tuned)
        ]


def filename(name: str) -> None:
    """Raise UsageError unless a file can be called so: results are named by the sweep and its problems."""
    if not isinstance(name, str) or not name.strip(". ") or set(name) & set("/\\\0"):
        raise UsageError(f"A sweep and its problems name files: write a name without slashes. Received: {name!r}.")


def checked(name: str, shape: Mapping[str, Any] | None, steps: int) -> None:
    """Raise UsageError unless the shape is a schedule."""
    try:
        if not (shape is None or isinstance(scheduled(shape, steps), Schedule)):
            raise TypeError(f"a shape is a table, such as {{ class = \"Cosine\", ... }}. Received: {shape!r}.")
    except (TypeError, ValueError) as error:
        raise UsageError(f"schedules.{name}: {error}") from error
