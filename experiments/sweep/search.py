"""Searches: a grid, which may grow where the best setting lies at an end, or a quasi-random sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Annotated, Any, ClassVar

from scipy.stats import qmc

from ...schedules.fields import Interval, Milestones, NonNegativeInt
from ...schedules.record import Record
from ..errors import UsageError
from .configuration import OptimizerConfig, Setting
from .space import Points, Uniform

Axes = Mapping[str, tuple[int, int]]
"""By hyperparameter: the first and last point of its grid. Point 0 is the range's lower end; -1 lies below it."""


class Search(Record):
    """How the settings of an optimizer are chosen. A setting is a value for every searched hyperparameter."""

    registry: ClassVar[dict[str, type[Any]]] = {}

    @staticmethod
    def _registry_key(name: str) -> str:
        return name.lower()

    @property
    def budgets(self) -> Sequence[int | None]:
        """The numbers of settings, each of which gets a best setting of its own; None: all settings."""
        return (None,)

    def axes(self, config: OptimizerConfig) -> dict[str, tuple[int, int]]:
        """Return the axes before the search has grown; none if it can't grow."""
        return {}

    def settings(self, config: OptimizerConfig, axes: Axes) -> list[Setting]:
        """Return the settings to try."""
        raise NotImplementedError

    def edges(self, config: OptimizerConfig, axes: Axes, setting: Setting) -> dict[str, str]:
        """Return "low" or "high" for each hyperparameter whose value is at that end of the values tried."""
        raise NotImplementedError

    def grown(self, config: OptimizerConfig, axes: Axes, setting: Setting, steps: int) -> dict[str, tuple[int, int]]:
        """Return the axes of a larger search, given the best setting; the same axes if it doesn't grow."""
        return dict(axes)


class Grid(Search):
    """All combinations of `points` values of every range.

    Where the best setting lies at an end of a range, the grid grows there by one point, up to `extend` times at an end.

    >>> from ravine.experiments.sweep import LogUniform
    >>> sgd = OptimizerConfig("sgd", "sgd", {"lr": LogUniform(0.01, 1.0)})
    >>> Grid(points=3).settings(sgd, {"lr": (0, 2)})
    [(('lr', 0.01),), (('lr', 0.1),), (('lr', 1.0),)]
    >>> Grid(points=3, extend=1).grown(sgd, {"lr": (0, 2)}, (("lr", 1.0),), steps=100)  # 1.0 wins: 10.0 is tried
    {'lr': (0, 3)}
    """

    points: Annotated[int, Interval(ge=2, integer=True)] = 7
    extend: NonNegativeInt = 0

    def axes(self, config: OptimizerConfig) -> dict[str, tuple[int, int]]:
        """Return the axes before the grid has grown."""
        ranges = {name: space for name, space in config.searched.items() if isinstance(space, Uniform)}
        return {name: (0, space.spaces(self.points)) for name, space in ranges.items()}

    def settings(self, config: OptimizerConfig, axes: Axes) -> list[Setting]:
        """Return every combination."""
        columns = [[(name, value) for value in self._values(config, name, axes)] for name in config.searched]
        return list(product(*columns))

    def _values(self, config: OptimizerConfig, name: str, axes: Axes) -> list[Any]:
        space = config.searched[name]
        inner = space.grid(self.points)
        if not isinstance(space, Uniform):
            return inner
        first, last = axes[name]
        return [inner[i] if 0 <= i < len(inner) else space.beyond(self.points, i) for i in range(first, last + 1)]

    def edges(self, config: OptimizerConfig, axes: Axes, setting: Setting) -> dict[str, str]:
        """Return "low" or "high" for each hyperparameter whose value is at that end of the points tried."""
        found = {}
        for name, space in config.searched.items():
            values, value = self._values(config, name, axes), dict(setting)[name]
            if isinstance(space, Uniform | Points) and len(values) > 1 and value in (values[0], values[-1]):
                found[name] = "low" if value == values[0] else "high"
        return found

    def grown(self, config: OptimizerConfig, axes: Axes, setting: Setting, steps: int) -> dict[str, tuple[int, int]]:
        """Return the axes, with one more point at each end where the best setting lies and the grid may grow."""
        axes = dict(axes)
        for name, end in self.edges(config, axes, setting).items():
            if name not in axes:  # points written out don't grow
                continue
            first, last = axes[name]
            wider = (first - 1, last) if end == "low" else (first, last + 1)
            _, end_point = self.axes(config)[name]
            if wider[0] < -self.extend or wider[1] > end_point + self.extend:
                continue
            new = self._values(config, name, {**axes, name: wider})[0 if end == "low" else -1]
            try:
                config.build(tuple({**dict(setting), name: new}.items()), steps)
            except UsageError:  # outside the hyperparameter's domain: the grid ends here
                continue
            axes[name] = wider
        return axes


class Quasirandom(Search, abstract=True):
    """The first points of a low-discrepancy sequence, scrambled with a seed.

    The largest budget is run. A smaller budget is the beginning of the same sequence, with its own best setting.
    """

    budgets: Milestones = (25,)
    seed: NonNegativeInt = 0
    engine: ClassVar[Any]

    def _check_together(self) -> None:
        if not self.budgets:
            raise ValueError("budgets: at least one is needed. Received: none.")

    def settings(self, config: OptimizerConfig, axes: Axes) -> list[Setting]:
        """Return the settings in the order of the sequence; one empty setting if nothing is searched."""
        spaces = config.searched
        if not spaces:
            return [()]
        bits = (self.budgets[-1] - 1).bit_length()
        engine = self.engine(len(spaces), scramble=True, rng=self.seed)
        points = engine.random(1 << bits)[: self.budgets[-1]]  # Sobol's sequence is balanced at powers of 2
        return [
            tuple((name, space.at(u)) for (name, space), u in zip(spaces.items(), point, strict=True))
            for point in points.tolist()
        ]

    def edges(self, config: OptimizerConfig, axes: Axes, setting: Setting) -> dict[str, str]:
        """Return "low" or "high" for each range where the setting lies within 1/(n + 1) of an end, for n settings."""
        margin = 1 / (self.budgets[-1] + 1)
        found = {}
        for name, space in config.searched.items():
            if isinstance(space, Uniform) and self.budgets[-1] > 1:
                if dict(setting)[name] <= space.between(margin):
                    found[name] = "low"
                elif dict(setting)[name] >= space.between(1 - margin):
                    found[name] = "high"
        return found


class Halton(Quasirandom):
    """Halton 1960, with random permutations of the digits: Owen 2017, arXiv:1706.02808.

    >>> sgd = OptimizerConfig("sgd", "sgd", {"lr": Uniform(0.0, 1.0)})
    >>> settings = Halton((3, 9)).settings(sgd, {})
    >>> len(settings), settings[:3] == Halton((3,)).settings(sgd, {})
    (9, True)
    """

    engine: ClassVar[Any] = qmc.Halton


class Sobol(Quasirandom):
    """Sobol' 1967, with Matousek's 1998 linear scramble and a random shift.

    >>> sgd = OptimizerConfig("sgd", "sgd", {"lr": Uniform(0.0, 1.0)})
    >>> sorted(int(4 * dict(setting)["lr"]) for setting in Sobol((4,)).settings(sgd, {}))  # one in each quarter
    [0, 1, 2, 3]
    """

    engine: ClassVar[Any] = qmc.Sobol
