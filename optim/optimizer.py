"""An optimizer as a value: a rule and its hyperparameters.

A subclass declares hyperparameters as annotated fields and its algorithm as one function, `rule`. All else is derived:
what the rule takes and is neither x, g, t nor a field is a state; the kernel, the checks, `repr`, equality and the
registry follow from the declaration.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ..kernels import Rule
from ..schedules import Schedule
from .hyper import Domain, domains_of, validated
from .options import Options, check_together
from .tiers import ELEMENTS, Tier
from .transforms import AFTER, BEFORE, STARTS

if TYPE_CHECKING:
    from .bound import BoundOptimizer
    from .formula import Formula

__all__ = ["Optimizer"]


Stages = tuple[Callable[..., Any], ...]


class _KernelSource:
    """Reads `Adam.kernel_source` and `Adam(...).kernel_source`."""

    def __get__(self, optimizer: Optimizer | None, cls: type[Optimizer]) -> str:
        return _kernel_of(cls, vars(optimizer) if optimizer else {f.name: f.default for f in _fields(cls)}).source


class _OnBoth:
    """A method of the class and of its values."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    def __get__(self, optimizer: Optimizer | None, cls: type[Optimizer]) -> Callable[..., Any]:
        return partial(self.function, cls, optimizer)


class Optimizer(Options):
    """What every optimizer has: a rule for one element, its hyperparameters, and the options of `Options`.

    `Adam(lr=1e-3)` is a value: frozen, hashable, `eval(repr(spec)) == spec`. `Adam(params, lr=1e-3)` is the same value
    bound to parameters, as is `Adam(lr=1e-3).bind(params)`.

    Every hyperparameter takes a number or a schedule, which is asked for its value at k, the updates taken so far.

    Raises:
        TypeError: an unknown hyperparameter, or one that is neither a number nor a schedule.
        ValueError: a hyperparameter outside its domain, or one that could have no effect.

    >>> from ravine.optim import Adam
    >>> spec = Adam(lr=0.1)
    >>> eval(repr(spec)) == spec, isinstance(spec, Optimizer)
    (True, True)
    >>> x = np.array([1.0, 2.0])
    >>> spec.bind([x]).step([np.array([3.0, -4.0])])
    >>> x.round(3).tolist()
    [0.9, 2.1]
    """

    registry: ClassVar[dict[str, type[Optimizer]]] = {}
    """The optimizers by their names in lower case, in order of definition."""
    rule: ClassVar[Callable[..., Any]]
    """The algorithm: from x, g, states, t = 1, 2, ... and hyperparameters to the new x and states."""
    tier: ClassVar[Tier] = ELEMENTS
    """What x, g and the states are in the rule: elements, whole tensors, or all of a group as one vector."""
    state: ClassVar[tuple[str, ...]]
    """The states that the rule keeps."""
    scalars: ClassVar[tuple[str, ...]]
    """Those of them that are one number per parameter, annotated `float` in the rule; the others are arrays like x."""
    searches: ClassVar[bool]
    """Whether the rule evaluates the loss at points of its own choice, so that `step` needs a closure."""
    domains: ClassVar[Mapping[str, Domain | tuple[Any, ...]]]
    """What each hyperparameter may be."""
    starts: ClassVar[Mapping[str, str | float]] = {}
    """Where a state starts that does not start at 0: the name of a hyperparameter, "x", or a number."""
    average: ClassVar[Callable[..., Any] | None] = None
    """The point to evaluate at, a function of x, states and hyperparameters, if the rule keeps another than x."""
    kernel_source = _KernelSource()
    """The generated loop."""

    def __init_subclass__(cls) -> None:
        """Derive what follows from the fields and the rule."""
        if not hasattr(cls, "rule"):
            raise TypeError(f"{cls.__name__} has no rule. Define one: def rule(x, g, ..., lr): ... return x, ...")
        if inspect.isfunction(vars(cls).get("rule")):
            cls.rule = staticmethod(cls.rule)  # a rule is a plain function, also where it is not marked as one
        if inspect.isfunction(vars(cls).get("average")):
            cls.average = staticmethod(cls.average)  # type: ignore[arg-type]
        _as_value(cls)
        cls.domains = domains_of(cls)
        known = {"x", "g", "t", "evaluate", *cls.domains}
        taken = inspect.signature(cls.rule).parameters
        cls.state = tuple(name for name in taken if name not in known)
        cls.starts = {**STARTS, **cls.starts}
        cls.scalars = tuple(name for name in cls.state if taken[name].annotation in (float, "float"))
        cls.searches = "evaluate" in taken
        if bare := [name for name in cls.state if hasattr(cls, name)]:
            raise TypeError(
                f"{cls.__name__}: {bare[0]} has no annotation. Say {bare[0]}: Hyper = {getattr(cls, bare[0])!r}."
            )
        # A class of the same name elsewhere, such as a lesson's own Adam, does not replace the one that is there.
        if cls.registry.setdefault(cls.__name__.lower(), cls).__module__ == cls.__module__:
            cls.registry[cls.__name__.lower()] = cls

    def __new__(cls, *params: Any, **hyper: Any) -> Any:
        """A value, or with parameters the value bound to them."""
        if cls is Optimizer:
            known = ", ".join(c.__name__ for c in cls.registry.values())
            raise TypeError(f"Optimizer is what all optimizers have in common. Choose one: {known}.")
        numbers = [value for value in params if isinstance(value, int | float)]
        if numbers or len(params) > 1 or "params" in hyper:
            received = repr(numbers[0]) if numbers else "params=..." if "params" in hyper else f"{len(params)} values"
            lr = numbers[0] if numbers else "..."
            raise TypeError(
                f"{cls.__name__} takes parameters first, without a name, and hyperparameters by name. "
                f"Received: {received}. Say {cls.__name__}(lr={lr}), or {cls.__name__}(params, lr={lr})."
            )
        defaults = {f.name: f.default for f in _fields(cls)}
        if unknown := sorted(hyper.keys() - defaults.keys()):
            raise TypeError(
                f"{cls.__name__} has no hyperparameter {unknown[0]!r}. It has: {', '.join(_in_order(cls))}."
            )
        if missing := [name for name, default in defaults.items() if default is MISSING and name not in hyper]:
            raise TypeError(
                f"{cls.__name__} needs {missing[0]}, which has no default: {cls.__name__}({missing[0]}=...)."
            )
        return cls(**hyper).bind(*params) if params else super().__new__(cls)

    def __getattr__(self, name: str) -> Any:
        """Say how to come by what only a bound optimizer has."""
        from .bound import BoundOptimizer

        if hasattr(BoundOptimizer, name):
            raise AttributeError(
                f"{self!r} holds no parameters, so it has no {name!r}. Bind it: {type(self).__name__}(params, ...) "
                "or .bind(params)."
            )
        raise AttributeError(f"{type(self).__name__} has no attribute or hyperparameter {name!r}.")

    def __post_init__(self) -> None:
        """Validate, and make numbers Python floats."""
        for name, value in vars(self).items():
            object.__setattr__(self, name, validated(type(self), name, value))
        check_together(self)

    def __repr__(self) -> str:
        """The source of this value."""
        options = {f.name: f.default for f in _fields(Optimizer)}
        taken = inspect.signature(self.rule).parameters
        shown = [n for n in _in_order(type(self)) if n not in options or n in taken or getattr(self, n) != options[n]]
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def _repr_markdown_(self) -> str:
        from .notebook import of_spec

        return of_spec(self)

    def __reduce__(self) -> Any:
        """Pickle by name and values."""
        return partial(type(self), **vars(self)), ()

    def replace(self, **changes: Any) -> Self:
        """The same optimizer with some hyperparameters changed."""
        return type(self)(**{**vars(self), **changes})

    def to_config(self) -> dict[str, Any]:
        """The value as JSON knows it: a dict of the class name under "class", and the hyperparameters."""
        encoded = {name: v.to_config() if isinstance(v, Schedule) else v for name, v in vars(self).items()}
        return {"class": type(self).__name__} | encoded

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The value that `to_config` described.

        Raises:
            TypeError, ValueError: it describes none, or one of another class.
        """
        if not isinstance(config, Mapping):
            raise TypeError(f"A configuration must be a dict. Received: {config!r}. Write what to_config() returns.")
        kind = cls.registry.get(str(config.get("class")).lower())
        if kind is None or not issubclass(kind, cls):
            known = ", ".join(other.__name__ for other in cls.registry.values() if issubclass(other, cls))
            raise ValueError(f"{cls.__name__}: class must be one of {known}. Received: class={config.get('class')!r}.")
        given = {name: v for name, v in config.items() if name != "class"}
        value: Self = kind(**{n: Schedule.from_config(v) if isinstance(v, Mapping) else v for n, v in given.items()})
        return value

    def to_json(self) -> str:
        """The configuration as JSON text; numbers round trip exactly."""
        return json.dumps(self.to_config())

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The value that `to_json` wrote. Raises TypeError or ValueError if the text describes none."""
        return cls.from_config(json.loads(text))

    def bind(self, params: Iterable[Any]) -> BoundOptimizer:
        """Bind to parameters.

        Args:
            params: parameters or float arrays, or groups {"params": [...], hyperparameter: value, ...}.

        Raises:
            TypeError: what is neither a parameter nor an array, or has a dtype other than float32 and float64.
            ValueError: an empty list, a parameter that comes twice, parameters that share memory.
        """
        from .bound import BoundOptimizer

        return BoundOptimizer(self, params)

    @property
    def kernel(self) -> Rule:
        """The rule, together with the options that are on, as one call."""
        return _kernel_of(type(self), vars(self))

    @property
    def stages(self) -> tuple[Stages, Stages]:
        """What the options that are on do before and after the rule."""
        return _stages(type(self), vars(self))

    @_OnBoth
    def explain(cls: Any, spec: Optimizer | None) -> Formula:
        """The formula: `Adam.explain()`, or with the options that are on, `Adam(clip_value=1.0).explain()`."""
        from .explain import formula_of

        return formula_of(cls, spec)

    def refusal(self, x: npt.NDArray[Any]) -> str | None:
        """Why the rule can't take a parameter with these values, if it can't; the sentence ends with the remedy."""
        return None

    def start(self, slot: str, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Where a state array starts, for these values of x."""
        return x.copy() if self.starts.get(slot) == "x" else np.full_like(x, self.start_value(slot))

    def start_value(self, slot: str) -> float:
        """Where a state starts that does not start at x."""
        start = self.starts.get(slot, 0.0)
        value = getattr(self, start) if isinstance(start, str) else start
        return float(value(0) if isinstance(value, Schedule) else value)


# Called, not decorating: a type checker would take the dataclass's __init__ for the signature, which has no parameters.
_as_value = dataclass(frozen=True, kw_only=True, repr=False)
_as_value(Options)
_as_value(Optimizer)


def _in_order(cls: type[Optimizer]) -> list[str]:
    """Names of the hyperparameters: as the rule takes them, then others of the class, then what every optimizer has."""
    taken = list(inspect.signature(cls.rule).parameters)
    names = {f.name for f in _fields(cls)}
    own = [f.name for f in _fields(cls) if f.name not in {f.name for f in _fields(Optimizer)}]
    return list(dict.fromkeys([*(name for name in taken if name in names), *own, *(f.name for f in _fields(cls))]))


def _fields(cls: Any) -> tuple[Field[Any], ...]:
    return fields(cls)


def _stages(cls: type[Optimizer], values: Mapping[str, Any]) -> tuple[Stages, Stages]:
    taken = inspect.signature(cls.rule).parameters
    on = [f.name for f in _fields(Optimizer) if f.name not in taken and values[f.name] != f.default]
    return tuple(BEFORE[name] for name in on if name in BEFORE), tuple(AFTER[name] for name in on if name in AFTER)


def _kernel_of(cls: type[Optimizer], values: Mapping[str, Any]) -> Rule:
    taken = inspect.signature(cls.rule).parameters
    before, after = _stages(cls, values)
    options = {name: bool(value) for name, value in values.items() if name in taken}
    outputs = ("x", *cls.state)
    return _shared(
        cls.tier.compile(cls.rule, outputs, scalars=cls.scalars, before=before, after=after, options=options)
    )


@cache
def _shared(rule: Rule) -> Rule:
    """The first of all equal rules, so that each is compiled once."""
    return rule
