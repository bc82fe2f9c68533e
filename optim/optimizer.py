"""An optimizer configuration: an update rule and its hyperparameters, as a value.

A subclass declares hyperparameters as annotated fields and its algorithm as one function, `rule`. The rest is derived:
a parameter of the rule that is neither x, g, t nor a field is a state; the kernel, the checks, `repr`, equality and the
registry follow from the declaration.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields
from functools import cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Self, TypeVar, overload

import numpy as np
import numpy.typing as npt

from ..kernels import ArrayRule, Kernel, Rule
from ..kernels.source import called_by
from ..schedules import Schedule
from .formula import Formula, configuration, formula_of
from .hyper import hint_for_hyperparameter
from .options import Options, check_options
from .transforms import AFTER, BEFORE, STARTS

if TYPE_CHECKING:
    from .bound import BoundOptimizer

Granularity = Literal["elementwise", "per-tensor", "flat-vector"]
Transforms = tuple[Callable[..., Any], ...]
T = TypeVar("T")


class _both(Generic[T]):
    """A property of a class and of its instances: `function` gets the class, and the instance or None."""

    def __init__(self, function: Callable[[Any, Any], T]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    def __get__(self, instance: Any, cls: Any) -> T:
        return self.function(cls, instance)


class Optimizer(Options):
    """The base of all optimizers: an update rule, its hyperparameters, and the options of `Options`.

    `Adam(lr=1e-3)` is an `Adam`, a configuration: frozen, hashable, `eval(repr(spec)) == spec`. `Adam(params, lr=1e-3)`
    is a `BoundOptimizer`, which updates these parameters, as is `Adam(lr=1e-3).bind(params)`. It is no `Optimizer`
    itself: its configuration is `opt.spec`, so ask `isinstance(opt.spec, Adam)`.

    Every hyperparameter takes a number or a schedule; a schedule is called with k, the updates taken so far.

    Raises:
        TypeError: an unknown hyperparameter, or one that is neither a number nor a schedule.
        ValueError: a hyperparameter outside its domain, or an option without effect.

    >>> from ravine.optim import Adam, BoundOptimizer
    >>> spec = Adam(lr=0.1)
    >>> eval(repr(spec)) == spec, isinstance(spec, Optimizer)
    (True, True)
    >>> x = np.array([1.0, 2.0])
    >>> opt = spec.bind([x])
    >>> opt.step([np.array([3.0, -4.0])])
    >>> x.round(3).tolist()
    [0.9, 2.1]
    >>> isinstance(opt, BoundOptimizer), isinstance(opt, Optimizer), isinstance(opt.spec, Adam)
    (True, False, True)
    """

    _nested: ClassVar[Any] = Schedule  # the records inside a configuration
    registry: ClassVar[dict[str, type[Optimizer]]] = {}
    """The optimizers by their names in lower case, in order of definition."""
    rule: ClassVar[Callable[..., Any]]
    """The update rule: from x, g, states, t = 1, 2, ... and hyperparameters to the new x and states."""
    granularity: ClassVar[Granularity] = "elementwise"
    """The arrays that the rule gets. "elementwise": it computes each element by itself, and is compiled to a loop;
    "per-tensor": one parameter in its shape; "flat-vector": all parameters of a group as one vector."""
    state: ClassVar[tuple[str, ...]]
    """The names of the states that the rule keeps."""
    scalars: ClassVar[tuple[str, ...]]
    """The states that are one number per parameter, annotated `float` in the rule; the others are arrays like x."""
    needs_closure: ClassVar[bool]
    """Whether the rule evaluates the loss at several points, so that `step` needs a closure."""
    starts: ClassVar[Mapping[str, str | float]] = {}
    """The start of each state that does not start at 0: the name of a hyperparameter, "x", or a number."""
    average: ClassVar[Callable[..., Any] | None] = None
    """The point to evaluate at, as a function of x, states and hyperparameters, if that is not x."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Derive fields, states, signature and the entry in the registry from the annotations and the rule."""
        if not hasattr(cls, "rule"):
            raise TypeError(f"{cls.__name__} has no rule. Define one: def rule(x, g, ..., lr): ... return x, ...")
        for name in {"rule", "average"} & vars(cls).keys():
            if inspect.isfunction(vars(cls)[name]):  # both are plain functions, also where they are not marked as such
                setattr(cls, name, staticmethod(vars(cls)[name]))
        known = {"x", "g", "t", "closure", *cls.checks, *inspect.get_annotations(cls)}
        taken = inspect.signature(cls.rule).parameters
        cls.state = tuple(name for name in taken if name not in known)
        if bare := [name for name in cls.state if hasattr(cls, name)]:
            raise TypeError(
                f"{cls.__name__}: {bare[0]} has no annotation. Say {bare[0]}: Hyper = {getattr(cls, bare[0])!r}."
            )
        cls.starts = {**STARTS, **cls.starts}
        cls.scalars = tuple(name for name in cls.state if taken[name].annotation in (float, "float"))
        cls.needs_closure = "closure" in taken
        super().__init_subclass__(**options)
        cls.__signature__ = _signature(cls)  # type: ignore[attr-defined]

    @overload
    def __new__(cls, **hyper: Any) -> Self: ...
    @overload
    def __new__(cls, params: Iterable[Any], /, **hyper: Any) -> BoundOptimizer: ...  # type: ignore[misc]
    def __new__(cls, *params: Any, **hyper: Any) -> Any:  # type: ignore[misc]
        """A configuration, or with parameters the configuration bound to them."""
        if cls is Optimizer:
            known = ", ".join(c.__name__ for c in cls.registry.values())
            raise TypeError(f"Optimizer is the base of all optimizers. Choose one: {known}.")
        numbers = [value for value in params if isinstance(value, int | float)]
        if numbers or len(params) > 1 or "params" in hyper:
            received = repr(numbers[0]) if numbers else "params=..." if "params" in hyper else f"{len(params)} values"
            lr = numbers[0] if numbers else "..."
            raise TypeError(
                f"{cls.__name__} takes parameters first, without a name, and hyperparameters by name. "
                f"Received: {received}. Say {cls.__name__}(lr={lr}), or {cls.__name__}(params, lr={lr})."
            )
        cls._check_names(hyper)
        return cls(**hyper).bind(*params) if params else super().__new__(cls)

    def __getattr__(self, name: str) -> Any:
        """Raise AttributeError; for an attribute of a bound optimizer, say how to bind."""
        from .bound import BoundOptimizer

        if hasattr(BoundOptimizer, name):
            raise AttributeError(
                f"{self!r} holds no parameters, so it has no {name!r}. Bind it: {type(self).__name__}(params, ...) "
                "or .bind(params)."
            )
        raise AttributeError(f"{type(self).__name__} has no attribute or hyperparameter {name!r}.")

    @classmethod
    def _check_names(cls, names: Iterable[str]) -> None:
        given = set(names)
        if unknown := sorted(given - cls.checks.keys()):
            raise TypeError(
                f"{cls.__name__} has no hyperparameter {unknown[0]!r}. It has: {', '.join(_in_order(cls))}."
                f"{hint_for_hyperparameter(unknown[0], cls.checks)}"
            )
        if missing := [name for name, _, default in cls._plan if default is MISSING and name not in given]:
            raise TypeError(
                f"{cls.__name__} needs {missing[0]}, which has no default: {cls.__name__}({missing[0]}=...)."
            )

    @staticmethod
    def _registry_key(name: str) -> str:
        return name.lower()

    def _check_together(self) -> None:
        check_options(self)

    def _shown(self) -> Iterable[str]:
        """The hyperparameters, and the options that differ from their defaults."""
        taken = inspect.signature(self.rule).parameters
        options = Options.checks.keys() - taken.keys()
        return [n for n in _in_order(type(self)) if n not in options or getattr(self, n) != getattr(Options, n)]

    def _repr_markdown_(self) -> str:
        names = [name for name in _in_order(type(self)) if f"{name}=" in repr(self)]
        rows = [(f"`{name}`", f"`{getattr(self, name)!r}`", self.checks[name]) for name in names]
        return configuration(type(self).__name__, self.explain(), rows, self.state)

    def __reduce__(self) -> Any:
        """Pickle by name and values."""
        cls: Any = type(self)
        return partial(cls, **vars(self)), ()

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
        """The update rule with the transforms of the options that are on, as one call."""
        return _kernel_of(type(self), vars(self))

    @_both
    def kernel_source(cls: Any, spec: Optimizer | None) -> str:
        """The generated loop: `Adam.kernel_source`, or with options, `Adam(clip_value=1.0).kernel_source`."""
        return _kernel_of(cls, vars(spec) if spec else {f.name: f.default for f in _fields(cls)}).source

    @property
    def transforms(self) -> tuple[Transforms, Transforms]:
        """The pre- and post-transforms of the options that are on, in order."""
        return _transforms(type(self), vars(self))

    @_both
    def explain(cls: Any, spec: Optimizer | None) -> Callable[[], Formula]:
        """The formula: `Adam.explain()`, or with the options that are on, `Adam(clip_value=1.0).explain()`."""
        before, after = spec.transforms if spec else ((), ())
        taken = inspect.signature(cls.rule).parameters
        switches = _switches(taken, vars(spec)) if spec else {}
        title = (inspect.getdoc(cls) or cls.__name__).splitlines()[0]
        return partial(formula_of, title, cls.rule, (*before, cls.rule, *after), switches)

    def refusal(self, x: npt.NDArray[Any]) -> str | None:
        """The reason why the rule does not work on a parameter with these values, with the remedy; None if it works."""
        return None

    def start(self, slot: str, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The first value of a state array.

        Args:
            slot: the name of the state.
            x: the parameter, flat unless the rule is per-tensor.

        Returns:
            an array of the shape and dtype of x. A per-tensor rule may return another shape, a flat-vector rule
            (..., size of x).
        """
        return x.copy() if self.starts.get(slot) == "x" else np.full_like(x, self.start_value(slot))

    def start_value(self, slot: str) -> float:
        """The first value of a state that starts at a number."""
        start = self.starts.get(slot, 0.0)
        value = getattr(self, start) if isinstance(start, str) else start
        return float(value(0) if isinstance(value, Schedule) else value)


def _in_order(cls: type[Optimizer]) -> list[str]:
    """Names of the hyperparameters: as the rule takes them, then others of the class, then what every optimizer has."""
    taken = list(inspect.signature(cls.rule).parameters)
    names = {f.name for f in _fields(cls)}
    own = [f.name for f in _fields(cls) if f.name not in {f.name for f in _fields(Optimizer)}]
    return list(dict.fromkeys([*(name for name in taken if name in names), *own, *(f.name for f in _fields(cls))]))


def _fields(cls: Any) -> tuple[Field[Any], ...]:
    return fields(cls)


def _signature(cls: type[Optimizer]) -> inspect.Signature:
    """The signature that `help` and editors show: parameters first, then hyperparameters, then options."""
    defaults = {f.name: inspect.Parameter.empty if f.default is MISSING else f.default for f in _fields(cls)}
    params = inspect.Parameter("params", inspect.Parameter.POSITIONAL_ONLY, default=_UNBOUND)
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Signature(
        [params, *(inspect.Parameter(name, keyword, default=defaults[name]) for name in _in_order(cls))]
    )


class _Unbound:
    """Stands for the parameters in the signature of an optimizer, where there are none."""

    def __repr__(self) -> str:
        return "<unbound>"


_UNBOUND = _Unbound()


def _transforms(cls: type[Optimizer], values: Mapping[str, Any]) -> tuple[Transforms, Transforms]:
    taken = inspect.signature(cls.rule).parameters
    on = [f.name for f in _fields(Optimizer) if f.name not in taken and values[f.name] != f.default]
    return tuple(BEFORE[name] for name in on if name in BEFORE), tuple(AFTER[name] for name in on if name in AFTER)


def _kernel_of(cls: type[Optimizer], values: Mapping[str, Any]) -> Rule:
    taken = inspect.signature(cls.rule).parameters
    cached: Any = _kernel  # mypy takes no class for hashable whose instances have a __hash__
    return cached(  # type: ignore[no-any-return]
        cls, cls.rule, called_by(cls.rule), *_transforms(cls, values), tuple(_switches(taken, values).items())
    )


def _switches(taken: Iterable[str], values: Mapping[str, Any]) -> dict[str, bool]:
    """The truth values of the hyperparameters that the rule takes, except schedules, which decide at each step."""
    return {name: bool(value) for name, value in values.items() if name in taken and not isinstance(value, Schedule)}


@cache
def _kernel(
    cls: Any,
    rule: Callable[..., Any],
    _called: tuple[Any, ...],
    before: Transforms,
    after: Transforms,
    switches: tuple[tuple[str, bool], ...],
) -> Rule:
    """One kernel for all configurations that differ in numbers alone, so that it is compiled once.

    The rule and the functions that it calls are arguments, so that others make another kernel.
    """
    kind: type[Rule] = Kernel if cls.granularity == "elementwise" else ArrayRule
    outputs = ("x", *cls.state)
    return kind(rule, outputs, scalars=cls.scalars, before=before, after=after, options=dict(switches))
