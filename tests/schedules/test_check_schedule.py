"""The messages of check_schedule about wrong schedules. test_schedule_laws checks those of the registry."""

import math

import numpy as np
import pytest

from ravine.schedules import Constant, Lambda, Linear, Recurrence, ReduceOnPlateau, Schedule, check_schedule


def returning(value, **more):
    """A shape with this formula, made anew for each test."""
    return type("Shape", (Schedule,), {"formula": lambda self, k: value(k), **more})()


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    monkeypatch.setattr(Schedule, "registry", dict(Schedule.registry))


calls = []


def counting(k):
    calls.append(k)
    return float(len(calls))


class Plateau(ReduceOnPlateau):
    def clone(self):
        return self


class Renamed(Schedule):
    start: float = 1.0

    def formula(self, k):
        return self.start

    def __repr__(self):
        return "Constant(1.0)"


BROKEN = [
    (lambda: returning(lambda k: 1), r"at every k the value is a Python float\. Received: 1 at k=0\. Use math"),
    (lambda: returning(lambda k: np.float32(1)), r"at every k the value .* Received: np.float32\(1.0\) at k=0"),
    (lambda: returning(lambda k: 1.1**k), r"at every k the value .* Received: OverflowError at k=2147483648"),
    (lambda: returning(counting), r"an array has the values of its elements\. .* Does it depend on k alone"),
    (lambda: returning(float, __call__=lambda self, k: float(np.sum(k))), "an array has the values of its elements"),
    (lambda: returning(float, horizon=9), "from the horizon on the value is held. The .* must be 9.0 at k=10"),
    (lambda: returning(float, horizon=9.0), "from the horizon .* must be an int or math.inf. Received: 9.0"),
    (lambda: returning(float, plot_steps=-1), "from the horizon .* plot_steps must fit .* Received: -1"),
    (lambda: Renamed(2.0), r"a value comes back from .* eval\(repr\(it\)\) must give Constant\(1.0\)"),
    (lambda: Plateau(1.0), "a clone is equal and has plateau schedules of its own"),
]


@pytest.mark.parametrize(("broken", "text"), BROKEN)
def test_a_schedule_that_breaks_a_law_is_told_which(broken, text):
    with pytest.raises(AssertionError, match=f"^check_schedule: .* lacks the property that {text}"):
        check_schedule(broken())


def test_what_takes_every_count_is_found(monkeypatch):
    ask = Constant.__call__
    monkeypatch.setattr(Constant, "__call__", lambda self, k: ask(self, np.abs(k)) if type(k) is int else ask(self, k))
    with pytest.raises(AssertionError, match=r"a k that is not a step count is refused\. k=-1 must raise ValueError"):
        check_schedule(Constant(1.0))


def test_an_algebra_of_its_own_is_found(monkeypatch):
    monkeypatch.setattr(Linear, "__mul__", lambda self, factor: self)
    with pytest.raises(AssertionError, match=r"it is the same function when .*\. s \* 0\.5 must be 0\.05 at k=1"):
        check_schedule(Linear(0.0, 1.0, 10))


def test_a_field_that_can_be_set_is_found(monkeypatch):
    monkeypatch.setattr(Linear, "__setattr__", object.__setattr__)
    with pytest.raises(AssertionError, match=r"no field can be set\. Setting start must raise"):
        check_schedule(Linear(0.0, 1.0, 10))


def test_a_function_without_a_name_and_one_that_goes_step_by_step_are_checked_as_far_as_can_be():
    check_schedule(Lambda(lambda k: 1 / (k + 1)))
    check_schedule(Recurrence(1.0, lambda k, previous: previous / 2))
    check_schedule(Constant(1.0) * Lambda(math.sqrt))


def test_what_is_no_schedule_is_refused():
    with pytest.raises(TypeError, match=r"check_schedule: needs a schedule\. Received: 0\.1\. Make one: Constant"):
        check_schedule(0.1)
