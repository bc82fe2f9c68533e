"""What the tests check of every rule of the registry, for yours as for ours: `check_rule`."""

import inspect
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_type_hints

import numpy as np
import numpy.typing as npt

from ..schedules import Constant, Schedule
from ..schedules.checking import check_record
from .bound import BoundOptimizer
from .optimizer import Optimizer
from .options import Options
from .unrolled import unroll

Array = npt.NDArray[Any]

OPTIONS = get_type_hints(Options).keys()
STEPS = 20
SHAPES = ((4, 3), (5,), (), (42, 50))  # the last is updated in place, the others are gathered
SIZE = sum(map(math.prod, SHAPES))


def check_rule(spec: Optimizer) -> None:
    """Test an optimizer as all optimizers of the registry are tested. No output means that all checks passed.

    That every hyperparameter has a use; that the value comes back from its source, JSON, copy and pickle (the last
    where its class is found in a module); that zeros for gradients lead to finite numbers, and gradients handed over
    stay the caller's; that the kernel has the bits of the rule on arrays, x and states, in float32 and float64; that a
    constant schedule is as good as its number; that to maximize is to minimize the negative; that a run which is saved
    and resumed has the same bits; and, of a rule for one element, that parameters can be cut and joined.

    Whether it is the right rule, no law can say: compare it with a trajectory from elsewhere, too.

    Args:
        spec: unbound, of any granularity. Where the rule itself is concerned, its options are left out.

    Raises:
        AssertionError: with the law that it breaks, and where.
        TypeError: it is no unbound optimizer.
        ValueError: it refuses parameters of every shape that is tried.

    >>> from ravine.optim import NonNegative, Optimizer, check_rule
    >>> class SoftSign(Optimizer):
    ...     '''Steps of at most lr, shorter where the gradient is smaller than `width`.'''
    ...     lr: NonNegative = 0.01
    ...     width: NonNegative = 1.0
    ...
    ...     def rule(x, g, lr, width):
    ...         x = x - lr * g / (abs(g) + width)
    ...         return x
    >>> check_rule(SoftSign())
    >>> check_rule(SoftSign(width=0.0))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: check_rule: SoftSign(lr=0.01, width=0.0) breaks the law that zeros for gradients lead to finite ...
    """
    if not isinstance(spec, Optimizer):
        raise TypeError(f"check_rule: needs an unbound optimizer. Received: {spec!r}. Say Adam(lr=0.1), or opt.spec.")
    if not _shapes(spec):
        raise ValueError(f"check_rule: {spec!r} refuses parameters of the shapes {SHAPES}. None is left to test it on.")
    for law in (_use, _kernel, _value, _zeros, _gradients, _bits, _constants, _mirror, _resumption, _parts):
        try:
            with np.errstate(all="ignore"):  # what comes of it is looked at
                law(spec)
        except Exception as error:
            raise AssertionError(f"check_rule: {spec!r} breaks the law that {law.__doc__} {error}") from error


# -- runs: a convex loss for each update, whose gradients are bounded, and have every size and sign --------------------


@cache
def _numbers() -> tuple[Array, Array, Array]:
    """Where a run starts, and for each update the centres and the weights of its loss."""
    rng = np.random.default_rng(0)
    start, centres = rng.normal(size=SIZE), rng.normal(size=(STEPS, SIZE))
    weights = 10 ** rng.uniform(-2, 1, centres.shape) * (rng.uniform(size=centres.shape) > 0.2)
    return start, centres, weights  # a weight of 0: an element without gradient


def _loss(x: Array, k: int) -> tuple[float, Array]:
    """sum(w * (|u| - log(1 + |u|))), u = x - c, and its gradient w * u / (1 + |u|)."""
    c, w = (table[k, : x.size].astype(x.dtype) for table in _numbers()[1:])
    u = x - c
    return float(np.sum(w * (abs(u) - np.log1p(abs(u))))), w * u / (1 + abs(u))


def _shapes(spec: Optimizer) -> list[tuple[int, ...]]:
    return [shape for shape in SHAPES if spec.refusal(np.ones(shape)) is None]


def _parameters(spec: Optimizer, dtype: Any = np.float64) -> list[Array]:
    return _cut(_numbers()[0].astype(dtype), _shapes(spec))


def _cut(flat: Array, shapes: list[tuple[int, ...]]) -> list[Array]:
    parts = np.split(flat, np.cumsum([math.prod(shape) for shape in shapes]))
    return [part.reshape(shape).copy() for part, shape in zip(parts, shapes, strict=False)]  # the rest is not needed


def _joined(arrays: list[Array]) -> Array:
    return np.concatenate([a.reshape(-1) for a in arrays])


def _step(optimizer: BoundOptimizer, arrays: list[Array], k: int, sign: float = 1.0) -> None:
    def closure() -> tuple[float, list[Array]]:
        loss, g = _loss(_joined(arrays), k)
        return sign * loss, _cut(sign * g, [a.shape for a in arrays])

    optimizer.step(closure)


def _run(spec: Optimizer, arrays: list[Array], sign: float = 1.0) -> Array:
    """Where x is after all updates."""
    optimizer = spec.bind(arrays)
    for k in range(STEPS):
        _step(optimizer, arrays, k, sign)
    return _finite(_joined(arrays))


def _finite(x: Array) -> Array:
    if not np.isfinite(x).all():
        wrong = x[~np.isfinite(x)][0]
        raise AssertionError(f"x must be finite. Received: {wrong}. Keep 0 / 0 out: add an eps > 0 to what divides.")
    return x


def _must_equal(what: str, got: Any, expected: Any, advice: str) -> None:
    """In every element, equal numbers or NaN."""
    got, expected = np.asarray(got), np.asarray(expected)
    for at in map(tuple, np.argwhere((got != expected) & ((got == got) | (expected == expected))).tolist()):
        raise AssertionError(f"{what} must be {expected[at]!s} at {at}. Received: {got[at]!s}. {advice}")


# -- the declaration: each docstring is a law --------------------------------------------------------------------------


def _use(spec: Optimizer) -> None:
    """every hyperparameter has a use."""
    if type(spec).start is Optimizer.start:
        functions = filter(None, (spec.rule, spec.average))
        used = {*map(str, spec.starts.values()), *(name for f in functions for name in inspect.signature(f).parameters)}
        if unused := sorted(_own(spec) - used):
            raise AssertionError(f"The rule must take it, or a start. Received: {unused[0]}, unused. Leave it out.")


def _kernel(spec: Optimizer) -> None:
    """the rule runs on float32 and on float64."""
    for dtype in (np.float32, np.float64):
        arrays = _parameters(spec, dtype)
        _step(spec.bind(arrays), arrays, 0)


def _own(spec: Optimizer) -> set[str]:
    """The hyperparameters that the rule takes, or that are none of the options that every optimizer has."""
    return spec.checks.keys() - (OPTIONS - inspect.signature(spec.rule).parameters.keys())


def _bare(spec: Optimizer) -> Optimizer:
    """Without the options around the rule."""
    return spec.replace(**{name: getattr(Options, name) for name in spec.checks.keys() - _own(spec)})


def _value(spec: Optimizer) -> None:
    """a value comes back from its source, JSON, copy and pickle."""
    cls = type(spec)
    if cls.registry.get(cls.__name__.lower()) is not cls:
        raise AssertionError(f"Its name must be its own. Received: {cls.__name__}, another's. Choose another name.")
    for value in (spec, _scheduled(spec)):
        check_record(value, Optimizer, [found for found in vars(value).values() if isinstance(found, Schedule)])


def _scheduled(spec: Optimizer) -> Optimizer:
    """With a constant schedule for every hyperparameter that takes one and has an effect."""
    numbers = {
        name: value
        for name, value in vars(spec).items()
        if isinstance(value, float)
        if name in _own(spec) or value != getattr(Options, name)
    }
    return spec.replace(**{name: Constant(value) for name, value in numbers.items()})


# -- the rule ----------------------------------------------------------------------------------------------------------


def _zeros(spec: Optimizer) -> None:
    """zeros for gradients lead to finite numbers."""
    for arrays in (_parameters(spec), [np.zeros_like(a) for a in _parameters(spec)]):
        optimizer = spec.bind(arrays)
        for _ in range(STEPS):
            optimizer.step(lambda arrays=arrays: (0.0, [np.zeros_like(a) for a in arrays]))
        _finite(_joined(arrays))


def _gradients(spec: Optimizer) -> None:
    """gradients handed over stay the caller's."""
    arrays = _parameters(spec)
    given = [np.empty_like(a) for a in arrays]
    optimizer = spec.bind(arrays)
    for k in range(STEPS):
        expected = np.empty(sum(a.size for a in arrays))

        def closure(k: int = k, expected: Array = expected) -> tuple[float, list[Array]]:
            loss, expected[:] = _loss(_joined(arrays), k)
            for mine, g in zip(given, _cut(expected, _shapes(spec)), strict=True):
                mine[...] = g
            return loss, given

        optimizer.step(closure)
        _must_equal("g", _joined(given), expected, "Make a new array: g * 2, not g *= 2.")
    _must_equal("x", _joined(arrays), _run(spec, _parameters(spec)), "Keep no g beyond the update: copy it.")


def _bits(spec: Optimizer) -> None:
    """the kernel has the bits of the rule on arrays."""
    bare = _bare(spec)
    for dtype in () if spec.needs_closure else (np.float32, np.float64):
        arrays = _parameters(bare, dtype)
        for x in [_joined(arrays)] if bare.granularity == "flat-vector" else arrays:
            _compare(bare, x)


def _compare(spec: Optimizer, x: Array) -> None:
    """x and every state, after each update."""
    optimizer = spec.bind([x])
    for t, expected, states in unroll(spec, _gradients_at(x), x.copy(), STEPS):
        _step(optimizer, [x], t - 1)
        kept = optimizer.state_dict()["state"]["0"]
        for name, mine, its in [("x", x, expected), *((s, kept[s], states[s]) for s in kept if s != "t")]:
            must, received = (f"{a.dtype} of shape {a.shape}" for a in map(np.asarray, (mine, its)))
            if name not in spec.scalars and must != received:
                raise AssertionError(
                    f"{name} must stay {must} in the rule. Received: {received}. Write 2.0**0.5, not np.sqrt(2.0), "
                    "which is a float64; a state of another shape needs a `start` of that shape."
                )
            where = f"{name} of the kernel, after update {t} on {x.dtype} of shape {x.shape},"
            _must_equal(where, mine, its, "Remember nothing but in states; declare where they start in `starts`.")


def _gradients_at(x: Array) -> Callable[[Array], Array]:
    counts = iter(range(STEPS))
    return lambda at: _loss(at.reshape(-1), next(counts))[1].reshape(x.shape)


def _constants(spec: Optimizer) -> None:
    """a constant schedule is as good as its number."""
    got, expected = (_run(value, _parameters(spec)) for value in (_scheduled(spec), spec))
    _must_equal("x", got, expected, "Use a hyperparameter only as the rule is given it.")


def _mirror(spec: Optimizer) -> None:
    """to maximize is to minimize the negative."""
    other = spec.replace(maximize=not spec.maximize)
    got, expected = _run(other, _parameters(spec), sign=-1.0), _run(spec, _parameters(spec))
    _must_equal("x", got, expected, "Leave the sign of g to the option.")


def _resumption(spec: Optimizer) -> None:
    """a run that is saved and resumed has the same bits."""
    arrays = _parameters(spec)
    optimizer = spec.bind(arrays)
    for k in range(STEPS // 2 + 1):
        _step(optimizer, arrays, k)
    resumed = [a.copy() for a in arrays]
    other = spec.bind(resumed)
    with TemporaryDirectory() as folder:
        optimizer.save(Path(folder) / "state.npz")
        other.load(Path(folder) / "state.npz")
    for k in range(STEPS // 2 + 1, STEPS):
        _step(optimizer, arrays, k)
        _step(other, resumed, k)
    _must_equal("x", _joined(resumed), _joined(arrays), "Remember nothing but in states.")


def _parts(spec: Optimizer) -> None:
    """parameters of a rule for one element can be cut and joined."""
    if spec.granularity == "elementwise":
        start, *_ = _numbers()
        one, two = (_run(_bare(spec), parts) for parts in (_cut(start, [(12,)]), _cut(start, [(5,), (7, 1)])))
        _must_equal("x", two, one, 'A rule that looks at other elements needs granularity = "per-tensor".')
