"""`check_grads`: derivatives against finite differences, computed in float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arguments import plain
from .backward import broadcast_axes
from .call import Call
from .containers import labels, leaves, rebuild
from .explain.numeric import Index, best_step, central, complex_step, evaluate, jumps, kink, one_sided, recognise
from .functional import grad, jvp
from .op import Function
from .tensor import Tensor

EPS = 6e-6  # about u**(1/3) for float64: truncation and rounding errors of a central difference are equal there
TOLERANCES = {np.dtype(np.float64): (1e-5, 1e-7), np.dtype(np.float32): (1e-3, 1e-4)}
MOST_ELEMENTS = 2000  # up to this size of an array its gradient is computed, to recognise a mistake


@dataclass
class Checked:
    """The result of `check_grads` if all derivatives are right; `print` shows it as a sentence."""

    entries: int = 0
    """The number of partial derivatives that were compared."""
    oracles: list[str] = field(default_factory=lambda: ["central differences"])
    """The methods they were compared with."""
    kinks: list[tuple[int, int | str, Index]] = field(default_factory=list)
    """(order, argument, index) of the non-differentiable points at which the value was accepted. The argument is its
    number, or for an array in a container also the place in it, such as "0['w']"."""

    def __repr__(self) -> str:
        at = "".join(f"; kink: order {k}, argument {i}, index {index}" for k, i, index in self.kinks)
        return f"check_grads: {self.entries} derivatives right, by {', '.join(self.oracles)}{at}"


def check_grads(
    f: Function,
    *args: Any,
    order: int = 2,
    eps: float = EPS,
    rtol: float | None = None,
    atol: float | None = None,
) -> Checked:
    """Compares the derivatives of f at args, up to the given order, with central differences of f in float64.

    First of all, f on Tensors must give the value that f gives on arrays. Every float argument is differentiated, also
    in nested dicts, lists and tuples, element by element; an array result is first multiplied by a fixed random
    array and summed. Where the difference with the step eps disagrees, the best of several other steps decides: sin at
    1e6 needs a shorter one. float32 arguments are checked against differences in float64. The arguments are not
    changed. A complex argument counts as two real ones, its real and its imaginary part; both parts of a complex result
    are checked.

    At a non-differentiable point (a kink), where the left and the right derivative differ however short the step, any
    value between them is accepted: a subgradient. Derivatives of higher order are not compared there. Two more methods
    are used along a random direction where they are possible: the complex step (float64; analytic functions of plain
    arrays), and forward mode (`jvp`) against reverse mode. The result names the methods and the kinks.

    eps: step, relative to max(1, |x|). rtol, atol: by default 1e-5, 1e-7 for float64, 1e-3, 1e-4 for float32; atol is
    multiplied by max(1, |f|).
    AssertionError: with the two values of f, if they differ; or with the worst index, the expected (numeric, also from
    the left and from the right) and the got (analytic) value, the error in ulp, a suggested eps, and, if it is one of
    the usual ones, the mistake; also if f gives two values for the same arguments. TypeError: without any float
    argument.

    >>> check_grads(lambda x: np.abs(x) + x / 2, np.array([-1.0, 0.0]))
    check_grads: 4 derivatives right, by central differences, forward mode; kink: order 2, argument 0, index (1,)
    """
    f, points, names = _of_reals(f, args)
    argnums = [i for i, x in enumerate(points) if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    if not argnums:
        raise TypeError(f"check_grads: no argument is a float or an array of floats. Received: {len(args)} arguments.")
    _compare_values(f, points, argnums)
    wide = [x.astype(np.float64) if i in argnums else x for i, x in enumerate(points)]
    checked, scalars = Checked(), []
    for level in range(1, order + 1):
        scalar, shape = _projected(f, points, level)
        scalars.append(scalar)
        gradients = dict(zip(argnums, map(np.asarray, grad(scalar, argnums)(*points)), strict=True))
        scale = max(1.0, abs(float(evaluate(scalar, wide))))
        numeric = {}
        for i, got in gradients.items():
            expected = np.empty(got.shape)
            for index in np.ndindex(got.shape):
                expected[index] = central(scalar, wide, i, index, eps)
            tolerance = _tolerance(got, rtol, atol, scale)
            comparison = _Comparison(scalars, wide, i, names[i], shape, got, expected, eps, tolerance)
            place = names[i].split()[1]
            argument = int(place) if place.isdigit() else place
            checked.kinks += [(level, argument, index) for index in comparison.accepted_kinks()]
            checked.entries += got.size
            numeric[i] = expected
        if level == 1 and not checked.kinks:
            tolerances = {i: _tolerance(got, rtol, atol, scale) for i, got in gradients.items()}
            _compare_other_methods(checked, scalar, points, gradients, numeric, tolerances)
        f = _gradient_vector(scalar, argnums)
    return checked


def _of_reals(f: Function, args: Sequence[Any]) -> tuple[Function, list[Any], list[str]]:
    """f as a function of real arrays; copies of the arrays in its arguments; their names.

    A complex array becomes two. A number in the arguments is an array of shape () here, but f gets a number.
    """
    points: list[Any] = []
    names: list[str] = []
    parts: list[tuple[slice, bool]] = []  # for each leaf of args: its place in points, and whether it is a number
    labelled = [name for i, x in enumerate(args) for name in labels(x, f"argument {i}")]
    for name, x in zip(labelled, leaves(tuple(args)), strict=True):
        array = np.array(x.data if isinstance(x, Tensor) else x)
        start = len(points)
        if array.dtype.kind == "c":
            points += [array.real.copy(), array.imag.copy()]
            names += [f"{name} (real part)", f"{name} (imaginary part)"]
        else:
            points.append(array if array.dtype.kind == "f" else x)
            names.append(name)
        parts.append((slice(start, len(points)), isinstance(x, (float, complex, np.generic))))

    def of_reals(*xs: Any) -> Any:
        given = []
        for part, is_number in parts:
            x = xs[part][0] if part.stop - part.start == 1 else xs[part][0] + 1j * xs[part][1]
            given.append(x[()] if is_number and hasattr(x, "ndim") else x)
        return f(*rebuild(tuple(args), given))

    return of_reals, points, names


def _compare_values(f: Function, points: Sequence[Any], argnums: Sequence[int]) -> None:
    """AssertionError: if f gives different values on Tensors and on arrays, or for the same arguments."""
    if not np.array_equal(evaluate(f, points), evaluate(f, points), equal_nan=True):
        raise AssertionError(
            "check_grads: the function gives two values for the same arguments. Seed its random generator inside it."
        )
    try:
        on_arrays = np.asarray(plain(f(*[x.copy() if i in argnums else x for i, x in enumerate(points)])))
    except Exception:  # f takes Tensors only
        return
    on_tensors = Call("check_grads", f, [x.copy() if i in argnums else x for i, x in enumerate(points)], {}, argnums)
    value = on_tensors.only_root().data
    precision = np.finfo(np.result_type(*(points[i] for i in argnums))).eps ** 0.5
    if on_arrays.shape == value.shape:
        with np.errstate(invalid="ignore"):
            allowed = precision * max(1.0, float(np.max(np.abs(on_arrays), initial=0, where=np.isfinite(on_arrays))))
        if np.allclose(value, on_arrays, precision, allowed, equal_nan=True):
            return
    raise AssertionError(
        f"check_grads: the function gives another value on Tensors than on arrays. On arrays: {_brief(on_arrays)}; on "
        f"Tensors: {_brief(value)}. Look for a branch on the type of an argument, and for a change of .data."
    )


def _brief(value: Any) -> str:
    return np.array2string(np.asarray(value), precision=10, separator=", ", threshold=10)


def _projected(f: Function, points: Sequence[Any], level: int) -> tuple[Function, tuple[int, ...]]:
    """sum(f * a fixed random array), a scalar function with all derivatives of f in it; and the shape of f's value.

    It is f itself if that is scalar, and the real part of the sum if f is complex.
    """
    value = evaluate(f, points)
    is_complex = value.dtype.kind == "c"
    if value.ndim == 0 and not is_complex:
        return f, ()
    rng = np.random.default_rng(level)
    weights = rng.uniform(0.5, 1.5, value.shape)
    if is_complex:
        weights = weights + 1j * rng.uniform(0.5, 1.5, value.shape)
        weights = weights.astype(value.dtype)
        return lambda *xs: np.real(np.sum(f(*xs) * weights)), value.shape
    weights = weights.astype(value.dtype)
    return lambda *xs: np.sum(f(*xs) * weights), value.shape


def _gradient_vector(scalar: Function, argnums: Sequence[int]) -> Function:
    """The function whose value is all gradients of a scalar function, as one vector."""
    gradients = grad(scalar, argnums)
    return lambda *xs: np.concatenate([np.reshape(g, -1) for g in gradients(*xs)])


Tolerance = tuple[float, float]


def _tolerance(got: NDArray[Any], rtol: float | None, atol: float | None, scale: float) -> Tolerance:
    """(rtol, atol), the latter for values of this scale."""
    defaults = TOLERANCES.get(got.dtype, (1e-5, 1e-7))
    return defaults[0] if rtol is None else rtol, (defaults[1] if atol is None else atol) * scale


def _excess(got: Any, expected: Any, tolerance: Tolerance) -> Any:
    """The error in units of what is allowed; NaN counts as infinite."""
    rtol, atol = tolerance
    with np.errstate(invalid="ignore"):
        excess = np.abs(got - expected) / (atol + rtol * np.abs(expected))
    return np.where(np.isnan(excess), np.inf, excess)


@dataclass
class _Comparison:
    """Compares a gradient of the last function in `scalars`. Each of these is made of derivatives of the one before."""

    scalars: list[Function]
    points: list[Any]
    i: int
    name: str
    shape: tuple[int, ...]
    got: NDArray[Any]
    expected: NDArray[Any]
    eps: float
    tolerance: Tolerance

    def accepted_kinks(self) -> list[Index]:
        """The indices at which a kink explains the difference. AssertionError: at the worst index where it does not."""
        excess = _excess(self.got, self.expected, self.tolerance)
        worst_first = np.argsort(-excess, axis=None, kind="stable")[: np.count_nonzero(excess > 1)]
        accepted = []
        for flat in worst_first:
            index = tuple(int(k) for k in np.unravel_index(flat, excess.shape))
            if self._agrees_at_another_step(index):
                continue
            if not self._is_kink(index):
                raise AssertionError(self._message(index))
            accepted.append(index)
        return accepted

    def _agrees_at_another_step(self, index: Index) -> bool:
        """Whether the central difference with the best step agrees with the gradient; the first step was unsuited then.

        If so, that difference becomes the expected value.
        """
        _, there, error = best_step(self.scalars[-1], self.points, self.i, index)
        if not all(_excess(x, there, self.tolerance) <= 1 for x in (self.got[index], there + error)):
            return False
        self.expected[index] = there
        return True

    def _is_kink(self, index: Index) -> bool:
        *lower, f = self.scalars
        if any(kink(g, self.points, self.i, index, self.eps) for g in lower):
            return True
        sides = kink(f, self.points, self.i, index, self.eps)
        if sides is None:
            return False
        rtol, atol = self.tolerance
        slack = atol + rtol * max(map(abs, sides))
        return bool(min(sides) - slack <= self.got[index] <= max(sides) + slack)

    def _message(self, index: Index) -> str:
        f, points, i = self.scalars[-1], self.points, self.i
        got, expected = self.got[index], self.expected[index]
        left, right = one_sided(f, points, i, index, self.eps)
        best, there, _ = best_step(f, points, i, index)
        ulp = abs(got - expected) / np.spacing(np.maximum(abs(got), abs(expected.astype(got.dtype))))
        wrong = np.count_nonzero(_excess(self.got, self.expected, self.tolerance) > 1)
        mistake = recognise(self.got, self.expected, self._unsummed(), self._close)
        if not mistake and jumps(f, points, i, index, self.eps):
            mistake = "the function jumps here: it has no derivative at this point"
        return (
            f"check_grads: the derivative of order {len(self.scalars)} for {self.name} is wrong at index {index}: "
            f"expected {expected:.10g} (numeric, eps={self.eps:g}; from the left {left:.10g}, from the right "
            f"{right:.10g}), got {got:.10g} (analytic), an error of {ulp:.3g} ulp; {wrong} of {self.got.size} elements "
            f"are wrong. Suggested eps: {best:g}, where the numeric derivative is {there:.10g}."
            + self._complex_step_text(index)
            + (" The function checked is the sum of the results with fixed random weights." if self.shape else "")
            + (f"\nThe gradient looks like a known mistake. {mistake[0].upper()}{mistake[1:]}." if mistake else "")
        )

    def _close(self, got: Any, expected: Any) -> bool:
        return bool(np.all(_excess(got, expected, self.tolerance) <= 10))

    def _complex_step_text(self, index: Index) -> str:
        direction = np.zeros(self.got.shape)
        direction[index] = 1.0
        found = complex_step(self.scalars[-1], self.points, {self.i: direction})
        trusted = found is not None and self._close(found, self.expected[index])
        return f" By complex step it is {found:.15g}." if trusted else ""

    def _unsummed(self) -> list[NDArray[Any]]:
        """The numeric gradients for the argument in each shape to which it is broadcast, before the sum."""
        f, points, i = self.scalars[-1], self.points, self.i
        found = []
        shapes = {self.shape, *(np.shape(x) for x in points if isinstance(x, np.ndarray))}
        for shape in sorted(shapes, key=len):
            try:
                wide = np.broadcast_to(points[i], shape).copy()
                if not self.got.size < wide.size <= MOST_ELEMENTS:
                    continue
                moved = [*points[:i], wide, *points[i + 1 :]]
                whole = np.empty(shape)
                for index in np.ndindex(shape):
                    whole[index] = central(f, moved, i, index, self.eps)
            except (
                ValueError,
                TypeError,
                IndexError,
            ):  # it does not broadcast to this shape, or f refuses it
                continue
            summed = np.sum(whole, axis=broadcast_axes(shape, self.got.shape)).reshape(self.got.shape)
            if self._close(summed, self.expected):
                found.append(whole)
        return found


def _compare_other_methods(
    checked: Checked,
    f: Function,
    points: list[Any],
    gradients: dict[int, NDArray[Any]],
    numeric: dict[int, NDArray[Any]],
    tolerances: dict[int, Tolerance],
) -> None:
    """Compares the derivative along a random direction with the complex step and with forward mode, where they exist.

    AssertionError: if forward mode and reverse mode differ.
    """
    rng = np.random.default_rng(0)
    directions = {i: rng.uniform(0.5, 1.5, g.shape).astype(g.dtype) for i, g in gradients.items()}
    along, allowed = 0.0, 0.0
    for i, direction in directions.items():
        rtol, atol = tolerances[i]
        along += float(np.sum(gradients[i] * direction))
        allowed += float(np.sum(np.abs(direction) * (atol + rtol * np.abs(numeric[i]))))
    if all(g.dtype == np.float64 for g in gradients.values()):
        found = complex_step(f, points, directions)
        if found is not None and abs(found - along) <= allowed:
            checked.oracles.append("complex step")
    try:
        forward = float(_forward(f, points, directions))
    except Exception:  # a VJP that cannot be differentiated: there is no forward mode
        return
    if not abs(forward - along) <= allowed:
        raise AssertionError(
            f"check_grads: forward mode and reverse mode differ. Along a random direction: forward {forward:.10g}, "
            f"reverse {along:.10g}. An op declared by `linear` may not be linear, or a VJP not linear in g."
        )
    checked.oracles.append("forward mode")


def _forward(f: Function, points: list[Any], directions: dict[int, NDArray[Any]]) -> Any:
    """The derivative along the directions, by `jvp`."""
    argnums = list(directions)

    def of_floats(*xs: Any) -> Any:
        fresh = dict(zip(argnums, xs, strict=True))
        return f(*(fresh.get(i, x) for i, x in enumerate(points)))

    return jvp(of_floats, tuple(points[i] for i in argnums), tuple(directions.values()))[1]
