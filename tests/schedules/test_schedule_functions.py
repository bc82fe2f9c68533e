"""Schedules made from functions, from epochs, and from random numbers."""

import math
import pickle
import statistics
from functools import partial

import numpy as np
import pytest

from ravine.schedules import Constant, Lambda, Linear, Noise, PerEpoch, Recurrence, Schedule, Step

K = np.arange(30)


def halving(k):
    return 0.5**k


def drop_every_third(k, previous):
    return previous / 10 if k % 3 == 0 else previous


class Decays:
    @staticmethod
    def slow(k):
        return 1 / (1 + k)

    def __call__(self, k):
        return 1.0


def inner():
    def local(k):
        return 1.0

    return local


NAMED = [Lambda(halving), Lambda(Decays.slow), Recurrence(0.3, drop_every_third), Lambda(halving)[:5] >> Constant(1)]


@pytest.mark.parametrize("s", NAMED, ids=repr)
def test_a_function_is_written_by_its_name(s):
    names = {cls.__name__: cls for cls in (Lambda, Recurrence, Constant)}
    assert f"{__name__}:" in repr(s)
    assert eval(repr(s), names) == Schedule.from_json(s.to_json()) == pickle.loads(pickle.dumps(s)) == s
    assert eval(repr(s), names)(K).tobytes() == s(K).tobytes()


def test_the_values_are_the_functions():
    assert Lambda(halving)(K).tolist() == [halving(k) for k in K.tolist()]
    assert Lambda(f"{__name__}:Decays.slow") == Lambda(Decays.slow)
    assert type(Lambda(lambda k: k)(3)) is float
    assert Lambda(math.sqrt)(4) == 2.0
    assert Lambda(Decays())(4) == 1.0


NAMELESS = {
    "a lambda": lambda k: 1.0,
    "a local function": inner(),
    "an object": Decays(),
    "partial": partial(max, 1),
    "of math": math.sqrt,
    "of numpy": np.sqrt,
}


@pytest.mark.parametrize("function", NAMELESS.values(), ids=NAMELESS)
def test_a_function_without_a_name_works_but_is_no_configuration(function):
    s = Lambda(function)
    assert s == Lambda(function) != Lambda(halving)
    assert hash(s) == hash(Lambda(function))
    assert s(4) == function(4)
    assert repr(s) == f"Lambda({function!r})"
    with pytest.raises(ValueError, match=r"only a function at the top level of a module .* Received: .* Write it with"):
        (s * 2).to_json()


def test_a_name_that_means_something_else_by_now_is_no_name(monkeypatch):
    s = Lambda(halving)
    monkeypatch.setitem(globals(), "halving", lambda k: 0.0)
    with pytest.raises(ValueError, match="only a function at the top level"):
        s.to_json()


def test_a_configuration_loads_no_code():
    with pytest.raises(ValueError, match=r"Is antigravity imported\? Import it"):
        Schedule.from_json('{"class": "Lambda", "function": "antigravity:fly"}')


@pytest.mark.parametrize("bad", [None, "fast", [1.0], 1j])
def test_a_function_must_return_a_number(bad):
    with pytest.raises(TypeError, match=r"^Lambda: function must return a number. Received: .* at k=3"):
        Lambda(lambda k: bad)(3)
    with pytest.raises(TypeError, match=r"^Recurrence: function must return a number. Received: .* at k=1"):
        Recurrence(1, lambda k, previous: bad)(3)


def test_a_recurrence_is_a_recursion_in_whatever_order_it_is_asked():
    s = Recurrence(0.3, drop_every_third)
    np.testing.assert_allclose(s(K), Step(0.3, 0.1, 3)(K), rtol=1e-14)
    once = s(K)
    for k in (7, 3, 29, 0, 29):
        assert s(k) == once[k]
    assert s == Recurrence(0.3, drop_every_third)
    assert hash(s) == hash(Recurrence(0.3, drop_every_third))


def test_a_recurrence_asks_once_for_each_step():
    asked = []
    s = Recurrence(1, lambda k, previous: asked.append(k) or previous)
    for k in (0, 1, 2, 2, 3):
        s(k)
    assert asked == [1, 2, 3]


def test_a_schedule_per_epoch():
    s = PerEpoch(Linear(0, 1, 4), 3)
    assert s(np.arange(13)).tolist() == [0, 0, 0, 0.25, 0.25, 0.25, 0.5, 0.5, 0.5, 0.75, 0.75, 0.75, 1]
    assert s.horizon == 12
    assert PerEpoch(Step(1, 0.1, 30), 100).horizon == math.inf
    assert s[::3](K).tobytes() == Linear(0, 1, 4)(K).tobytes()


def test_noise_is_standard_normal_and_the_same_each_time():
    sample = Noise(0)(np.arange(4000))
    # Kolmogorov-Smirnov: beyond 1.63 / sqrt(n) with a probability of 0.01.
    expected = [statistics.NormalDist().cdf(x) for x in np.sort(sample)]
    assert np.max(np.abs(expected - (np.arange(4000) + 0.5) / 4000)) < 1.63 / math.sqrt(4000)
    assert abs(np.corrcoef(sample[1:], sample[:-1])[0, 1]) < 3 / math.sqrt(4000)
    assert Noise(0)(K).tobytes() == Noise(0)(K).tobytes() == sample[K].tobytes()
    assert not np.any(Noise(0)(K) == Noise(1)(K))
