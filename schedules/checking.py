"""`check_schedule` tests any schedule, also a user's, as the schedules of this package are tested."""

import copy
import dataclasses
import json
import math
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .base import Schedule
from .fields import path_of
from .functions import Recurrence

NEAR = (*range(130), 300)  # step counts
FAR = (2**31, 2**53 + 1, 2**62)


def check_schedule(schedule: Schedule) -> None:
    """Test a schedule as all schedules of the registry are tested. No output means that all checks passed.

    It is checked that

    - the value at k is a Python float, and the values at an array of integers, of any dtype and shape, are exactly
      those at its elements;
    - k is refused if it is negative or not an integer;
    - the value at the horizon is held;
    - no field can be set, and the schedule comes back with the same hash from its source, JSON, a copy and a pickle
      (from source, JSON and pickle only if its functions and classes can be found in a module);
    - it remains the same function when it is scaled, or cut and joined again;
    - a clone has `ReduceOnPlateau` schedules of its own.

    The values at k = 2**62 are checked too, unless the schedule contains a `Recurrence`, which would need 2**62 steps.

    Raises:
        AssertionError: a check failed. The message says which one, and where.
        TypeError: `schedule` is not a schedule.

    >>> from ravine.schedules import Schedule, check_schedule
    >>> class Harmonic(Schedule):
    ...     '''start / (k + 1).'''
    ...     start: float
    ...
    ...     def formula(self, k):
    ...         return self.start / np.float32(k + 1)
    >>> check_schedule(Harmonic(0.1))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: check_schedule: Harmonic(0.1) lacks the property that at every k the value is a Python float. ...
    """
    if not isinstance(schedule, Schedule):
        raise TypeError(f"check_schedule: needs a schedule. Received: {schedule!r}. Make one: Constant(0.1).")
    for check in (_value, _arrays, _refusals, _horizon, _freeze, _record, _algebra, _clone):
        try:
            check(schedule)
        except Exception as error:
            text = f"{schedule!r} lacks the property that {check.__doc__} {error}"
            raise AssertionError(f"check_schedule: {text}") from error


def _within(value: Schedule) -> Iterator[Any]:
    """The schedule, and the values of its fields at any depth."""
    yield value
    for item in value._values():
        yield from _within(item) if isinstance(item, Schedule) else (item,)


def _counts(schedule: Schedule) -> tuple[int, ...]:
    step_by_step = any(isinstance(item, Recurrence) for item in _within(schedule))
    return NEAR if step_by_step else NEAR + FAR


def _must_equal(what: str, ks: Any, got: Any, expected: Any) -> None:
    """Compare values bit for bit. ks: the step counts that they belong to."""
    pairs = [np.asarray(values, np.float64).reshape(-1) for values in (got, expected)]
    if np.shape(got) != np.shape(expected):
        raise AssertionError(f"{what} must have shape {np.shape(expected)}. Received: {np.shape(got)}.")
    for k, mine, its in zip(np.asarray(ks).reshape(-1).tolist(), *pairs, strict=True):
        if mine.tobytes() != its.tobytes():
            raise AssertionError(f"{what} must be {its} at k={k}. Received: {mine}. Does it depend on k alone?")


# -- a function of k: each docstring completes the message -------------------------------------------------------------


def _value(schedule: Schedule) -> None:
    """at every k the value is a Python float."""
    counts: list[Any] = [*_counts(schedule), np.uint8(255), np.int64(300)]
    for k in counts:
        try:
            value = schedule(k)
        except Exception as error:
            raise AssertionError(f"Received: {type(error).__name__} at k={k}, {error}") from error
        if type(value) is not float:
            raise AssertionError(f"Received: {value!r} at k={k}. Use math, not NumPy, or return float(...).")


def _arrays(schedule: Schedule) -> None:
    """an array has the values of its elements."""
    counts = _counts(schedule)
    one_by_one = [schedule(k) for k in counts]
    _must_equal("The value in an array", counts, schedule(np.array(counts)), one_by_one)
    few = np.arange(122, 128)
    for dtype in np.typecodes["AllInteger"]:
        _must_equal(f"The value at {np.dtype(dtype)}s", few, schedule(few.astype(dtype)), one_by_one[122:128])
        _must_equal(f"The value at one {np.dtype(dtype)}", 127, schedule(np.array(127, dtype)[()]), one_by_one[127])
    _must_equal("The value at uint8s", 255, schedule(np.array([255], np.uint8)), [schedule(255)])
    for ks in (few.reshape(2, 3).T, np.zeros((2, 0, 3), int), np.array(3), [0, 1], range(2)):
        values = schedule(ks)
        if not isinstance(values, np.ndarray) or values.dtype != np.float64:
            raise AssertionError(f"The values must be a float64 array. Received: {values!r} at k={ks!r}.")
        _must_equal("The value in an array", ks, values, np.vectorize(one_by_one.__getitem__, otypes=[float])(ks))


def _refusals(schedule: Schedule) -> None:
    """a k that is not a step count is refused."""
    refused: dict[Any, type[Exception]] = {-1: ValueError, (3, -1): ValueError, 0.5: TypeError, (True,): TypeError}
    for wrong, error in refused.items():
        try:
            value = schedule(wrong)
        except error:
            continue
        raise AssertionError(f"k={wrong!r} must raise {error.__name__}. Received: {value!r}. Leave __call__ as it is.")


def _horizon(schedule: Schedule) -> None:
    """from the horizon on the value is held."""
    horizon, plot_steps = schedule.horizon, schedule.plot_steps
    if type(horizon) is not int and horizon != math.inf:
        raise AssertionError(f"horizon must be an int or math.inf. Received: {horizon!r}.")
    if type(plot_steps) is not int or (plot_steps != horizon if horizon < math.inf else plot_steps < 1):
        raise AssertionError(f"plot_steps must fit the horizon {horizon}. Received: {plot_steps!r}.")
    if horizon < math.inf:
        ks = [int(horizon) + k for k in _counts(schedule)]
        _must_equal("The value after the horizon", ks, schedule(np.array(ks)), [schedule(int(horizon))] * len(ks))


# -- a record ----------------------------------------------------------------------------------------------------------


def _freeze(schedule: Schedule) -> None:
    """no field can be set."""
    for name in schedule.checks:
        try:
            setattr(schedule, name, getattr(schedule, name))
        except dataclasses.FrozenInstanceError:
            continue
        raise AssertionError(f"Setting {name} must raise FrozenInstanceError. Leave __setattr__ as it is.")


def _record(schedule: Schedule) -> None:
    """a value comes back from its source, JSON, copy and pickle."""
    check_record(schedule, Schedule, [schedule])


def check_record(value: Any, root: Any, schedules: Iterable[Schedule]) -> None:
    """Test that a record comes back from its source, JSON, a copy and a pickle, with the same repr and hash.

    Args:
        value: a schedule or an unbound optimizer.
        root: the class whose `from_json` is used.
        schedules: the schedules in it. Source and JSON are tested only if their functions have names in a module,
            pickle only if their classes have, too.

    Raises:
        AssertionError: the record does not come back.

    >>> from ravine.schedules import Linear, Schedule
    >>> check_record(Linear(0, 1, 5), Schedule, [Linear(0, 1, 5)])
    """
    cls = type(value)
    parts = [part for schedule in schedules for part in _within(schedule)]
    functions = [part for part in parts if callable(part) and not isinstance(part, Schedule)]
    ways: dict[str, Callable[[], Any]] = {"copy.deepcopy": lambda: copy.deepcopy(value)}
    if all(map(path_of, functions)):
        ways |= {
            "eval(repr(it))": lambda: eval(repr(value), {**Schedule.registry, cls.__name__: cls}),
            f"{root.__name__}.from_json": lambda: root.from_json(value.to_json()),
            "from_config": lambda: cls.from_config(json.loads(json.dumps(value.to_config(), allow_nan=False))),
        }
        if all(map(_is_found, (cls, *(type(part) for part in parts if isinstance(part, Schedule))))):
            ways["pickle"] = lambda: pickle.loads(pickle.dumps(value))
    for way, back in ways.items():
        again = back()
        if (again, hash(again), repr(again)) != (value, hash(value), repr(value)):
            raise AssertionError(f"{way} must give {value!r}. Received: {again!r}. Is its class, {cls}, the newest?")


def _is_found(cls: type) -> bool:
    return getattr(sys.modules.get(cls.__module__), cls.__qualname__, None) is cls


# -- the algebra -------------------------------------------------------------------------------------------------------


def _algebra(schedule: Schedule) -> None:
    """it is the same function when it is scaled, sliced, or cut and joined."""
    s, k = schedule, np.array(NEAR)
    with np.errstate(all="ignore"):
        _must_equal("s * 0.5", k, (s * 0.5)(k), s(k) * 0.5)
        _must_equal("s + s", k, (s + s)(k), s(k) + s(k))
    for n in (0, 1, 50):
        _must_equal(f"s[:{n}]", k, s[:n](k), s(np.minimum(k, n)))
        _must_equal(f"s[{n}:]", k, s[n:](k), s(k + n))
        _must_equal(f"s[:{n}] >> s[{n}:]", k, (s[:n] >> s[n:])(k), s(k))
    _must_equal("s[::3]", k, s[::3](k), s(3 * k))


def _clone(schedule: Schedule) -> None:
    """a clone is equal and has plateau schedules of its own."""
    clone = schedule.clone()
    if clone != schedule or len(clone.plateaus) != len(schedule.plateaus):
        raise AssertionError(f"clone() must give {schedule!r}. Received: {clone!r}.")
    if set(map(id, clone.plateaus)) & set(map(id, schedule.plateaus)):
        raise AssertionError("clone() must make new plateau schedules. Received: those of the schedule.")
    if not schedule.plateaus:
        _must_equal("The clone", NEAR, clone(NEAR), schedule(NEAR))
