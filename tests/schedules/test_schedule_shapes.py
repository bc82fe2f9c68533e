"""Each schedule against an independent formula: fractions, interpolation, or a recursion that it solves."""

import math
from fractions import Fraction
from itertools import accumulate, count, islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    CosineWave,
    Cyclic,
    Exponential,
    InverseSqrt,
    InverseTime,
    Linear,
    MultiStep,
    OneCycle,
    PerEpoch,
    Piecewise,
    Polynomial,
    Step,
)

K = np.arange(200)
FAR = (10**9, 2**31, 2**53, 2**63 - 1, 2**64, 10**30)


def recursion(start, step):
    """start, then step(k, previous) for k = 1, 2, ..."""
    return np.fromiter(islice(accumulate(count(1), lambda value, k: step(k, value), initial=start), K.size), float)


def restarts(steps, multiplier, decay):
    """T_cur and T_i of Loshchilov & Hutter, counted up one step at a time."""
    position, length, height = 0, steps, 1.0
    for _ in K:
        yield height * (0.5 + 0.5 * math.cos(math.pi * position / length))
        position += 1
        if position >= length:
            position, length, height = position - length, length * multiplier, height * decay


def triangle(up, down):
    """Straight lines through the corners of the zigzag."""
    corners = np.arange(0, K.size + up + down, up + down)
    x = np.stack([corners, corners + up], axis=1).ravel()
    return np.interp(K, x, np.tile([0.0, 1.0], corners.size))


def one_cycle(peak, start, end, steps, rise, middle=(), shape=lambda u: (1 - np.cos(np.pi * u)) / 2):
    """The corners joined in time, each stretch bent by `shape`."""
    at = np.array([0, rise * steps - 1, *(2 * rise * steps - 2 for _ in middle), steps - 1])
    values = np.array([start, peak, *middle, end])
    x = np.interp(K, at, np.arange(at.size))
    i = np.minimum(x.astype(int), at.size - 2)
    return values[i] + (values[i + 1] - values[i]) * shape(x - i)


LINE = np.interp(K, [0, 60], [0.3, 0.1])
CLOSED_FORMS = [
    (Constant(0.3), np.full(200, 0.3)),
    (InverseSqrt(0.3), 0.3 * (K + 1.0) ** -0.5),
    (Linear(0.3, 0.1, 60), LINE),
    (Cosine(0.3, 0.1, 60), 0.1 + 0.2 * np.sin(np.pi / 2 * np.maximum(60 - K, 0) / 60) ** 2),
    (Polynomial(0.3, 0.1, 60), LINE),
    (Polynomial(0.3, 0.1, 60, power=2), 0.1 + (LINE - 0.1) ** 2 / 0.2),
    (Polynomial(0.3, 0.0, 60, power=0.5), np.sqrt(0.3 * np.interp(K, [0, 60], [0.3, 0.0]))),
    (Exponential(0.3, 0.9), recursion(0.3, lambda k, value: value * 0.9)),
    (Exponential(0.3, 0.5, steps=7), recursion(0.3, lambda k, value: value * 0.5 ** (1 / 7))),
    (Exponential(0.3, 0.5, 7, staircase=True), recursion(0.3, lambda k, value: value / 2 if k % 7 == 0 else value)),
    (Exponential(1, 2), np.ldexp(1.0, K)),
    (InverseTime(0.3, 0.5), [float(Fraction(0.3) / (1 + Fraction(k, 2))) for k in K.tolist()]),
    (InverseTime(0.3, 0.5, 7), [float(Fraction(0.3) / (1 + Fraction(k, 14))) for k in K.tolist()]),
    (InverseTime(0.3, 0.5, 7, True), np.repeat(0.3 / (1 + 0.5 * np.arange(40)), 7)[:200]),
    (Step(0.3, 0.1, 30), recursion(0.3, lambda k, value: value * 0.1 if k % 30 == 0 else value)),
    (MultiStep(0.3, 0.1, [3, 6, 100]), recursion(0.3, lambda k, value: value * 0.1 if k in (3, 6, 100) else value)),
    (MultiStep(0.3, 0.1, []), np.full(200, 0.3)),
    (Piecewise([0.3, 0.1, 0.2], [3, 6]), np.repeat([0.3, 0.1, 0.2], [3, 3, 194])),
    (Piecewise([0.3], []), np.full(200, 0.3)),
    (CosineRestarts(0.3, 0.1, 20), 0.1 + 0.2 * np.fromiter(restarts(20, 1, 1.0), float)),
    (CosineRestarts(0.3, 0.1, 10, multiplier=2), 0.1 + 0.2 * np.fromiter(restarts(10, 2, 1.0), float)),
    (CosineRestarts(0.3, 0.1, 3, 3, decay=0.7), 0.1 + 0.2 * np.fromiter(restarts(3, 3, 0.7), float)),
    (CosineRestarts(0.3, 0.1, 8, 1.5), 0.1 + 0.2 * np.fromiter(restarts(8, 1.5, 1.0), float)),
    (CosineWave(0.3, 0.1, 40), 0.1 + 0.2 * np.cos(np.pi / 40 * K) ** 2),
    (CosineWave(0.3, 0.1, 0.3), 0.1 + 0.2 * np.cos(np.pi / 0.3 * (K % 3)) ** 2),
    (CosineWave(0.3, 0.1, 10 * np.pi), 0.1 + 0.2 * np.cos(K / 10) ** 2),
    (PerEpoch(Linear(0.3, 0.1, 60), 3), np.repeat(LINE, 3)[:200]),
    (OneCycle(0.3, 150), one_cycle(0.3, 0.012, 1.2e-6, 150, 0.3)),
    (OneCycle(0.3, 77, 0.1, 0.2, 0.45, "linear"), one_cycle(0.3, 0.1, 0.2, 77, 0.45, shape=lambda u: u)),
    (OneCycle(0.3, 150, 0.1, 0, 0.41, phases=3), one_cycle(0.3, 0.1, 0, 150, 0.41, [0.1])),
    (OneCycle(0.85, 50, 0.95, 0.95), one_cycle(0.85, 0.95, 0.95, 50, 0.3)),
    (Cyclic(0.1, 0.3, 5, 15), 0.1 + 0.2 * triangle(5, 15)),
    (Cyclic(0.1, 0.3, 10), 0.1 + 0.2 * triangle(10, 10)),
    (Cyclic(0.1, 0.3, 5, 15, "triangular2"), 0.1 + 0.2 * triangle(5, 15) / 2.0 ** (K // 20)),
    (Cyclic(0.1, 0.3, 1, 1, "exp_range", 0.9), 0.1 + 0.2 * triangle(1, 1) * recursion(1, lambda k, value: value * 0.9)),
]


@pytest.mark.parametrize(("s", "expected"), CLOSED_FORMS, ids=lambda value: repr(value) if callable(value) else "")
def test_closed_form(s, expected):
    np.testing.assert_allclose(s(K), expected, rtol=1e-13, atol=1e-16)


RAMPS = [Linear, Cosine, Polynomial]


@pytest.mark.parametrize("ramp", RAMPS)
@pytest.mark.parametrize("ends", [(0, 1e-3), (1e-3, 0), (0.1, 0.3), (0.3, 0.1), (-0.7, 0.1), (0.1, 0.1)])
@pytest.mark.parametrize("steps", [1, 3, 49, 100, 1000])
def test_a_ramp_is_exact_at_both_ends_and_stays_between_them(ramp, ends, steps):
    s = ramp(*ends, steps)
    assert (s(0), s(steps)) == ends
    assert {s(steps + 1), *map(s, FAR)} == {ends[1]}
    assert np.ptp(np.sign(np.diff(s(np.arange(steps + 2))))) <= 1
    assert s.horizon == steps


@pytest.mark.parametrize("ramp", RAMPS)
def test_a_ramp_of_no_steps_is_already_at_the_end(ramp):
    s = ramp(0.3, 0.1, 0)
    assert s(np.arange(3)).tolist() == [0.1, 0.1, 0.1]
    assert s.horizon == 0
    assert (s >> Constant(0.7))(0) == 0.7


@pytest.mark.parametrize("ends", [(1, 0), (0.3, 0.1)])
def test_a_cosine_is_symmetric_about_its_middle(ends):
    s = Cosine(*ends, 12)
    np.testing.assert_allclose(s(np.arange(13)) + s(np.arange(13)[::-1]), sum(ends), rtol=1e-15)
    np.testing.assert_allclose(s(np.array([4, 6, 8])), np.interp([0.25, 0.5, 0.75], [0, 1], ends), rtol=1e-15)


def test_a_wave_is_exact_at_every_turn():
    s = CosineWave(0.3, 0.1, 14)
    for turn in (0, 7, 700, 7 * 10**13):
        assert (s(2 * turn), s(2 * turn + 7)) == (0.3, 0.1)


@pytest.mark.parametrize("shape", ["cosine", "linear"])
@pytest.mark.parametrize("phases", [2, 3])
@pytest.mark.parametrize("steps", [10, 20, 1000])
def test_one_cycle_is_exact_at_its_corners_and_holds(shape, phases, steps):
    s = OneCycle(0.3, steps, 0.1, 0.01, 0.3, shape, phases)
    corners = [0, 3 * steps // 10 - 1, *[6 * steps // 10 - 2] * (phases - 2), steps - 1, steps, 10**9]
    assert [s(k) for k in corners] == [0.1, 0.3, *[0.1] * (phases - 2), 0.01, 0.01, 0.01]
    assert s.horizon == steps


ONE_CYCLE = [
    (OneCycle(1, 1), [4e-6]),  # one update: the end
    (OneCycle(1, 1, rise=1), [1]),  # nothing but rise: the peak is the end
    (OneCycle(1, 10, rise=0.1), [1]),  # the rise is over at k = 0
    (OneCycle(1, 2, 0, 0, 0.5, "linear"), [1, 0]),
    (OneCycle(1, 3, 0, 0, 0, "linear"), [2 / 3, 1 / 3, 0]),  # the peak is a step before the first update
    (OneCycle(1, 4, 0, 0.5, 1, "linear"), [0, 1 / 3, 2 / 3, 1, 1]),
]


@pytest.mark.parametrize(("s", "first"), ONE_CYCLE, ids=repr)
def test_one_cycle_with_phases_of_no_length(s, first):
    np.testing.assert_allclose(s(np.arange(len(first))), first, rtol=1e-15)


@pytest.mark.parametrize("steps", [1, 2, 7])
@pytest.mark.parametrize("multiplier", range(2, 11))
def test_every_restart_falls_on_its_integer(steps, multiplier):
    # A cycle index from a floating-point logarithm is one off at 24 of such boundaries, k=121 of (1, 3) among them.
    s = CosineRestarts(0.3, 0.1, steps, multiplier)
    start, length = 0, steps
    while start < 2**62:
        assert s(start) == 0.3
        assert start == 0 or s(start - 1) < 0.3 or length // multiplier == 1 or length > 2**24
        assert s.cycle(start + length - 1)[0] + 1 == s.cycle(start + length)[0]
        start, length = start + length, length * multiplier


def test_a_one_step_cycle_starts_again_at_every_step():
    assert CosineRestarts(0.3, 0.1, 1)(np.arange(3)).tolist() == [0.3, 0.3, 0.3]


@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
def test_a_cycle_touches_low_and_high_exactly(mode):
    s = Cyclic(0.1, 0.3, 7, 3, mode)
    assert (s(0), s(7), s(10)) == (0.1, 0.3, 0.1)


positives, rates, spans = st.floats(1e-6, 10), st.floats(0, 1), st.integers(1, 50)
DECAYS = (
    st.builds(Exponential, positives, rates, spans, st.booleans())
    | st.builds(InverseTime, positives, st.floats(0, 10), spans, st.booleans())
    | st.builds(Step, positives, rates, spans)
    | st.builds(MultiStep, positives, rates, st.sets(st.integers(1, 99)).map(sorted))
    | st.builds(InverseSqrt, positives)
    | st.builds(Linear, positives, st.just(0.0), spans)
    | st.builds(Cosine, positives, st.just(0.0), spans)
    | st.builds(Polynomial, positives, st.just(0.0), spans, st.floats(0.1, 3))
)


@given(DECAYS, DECAYS, st.floats(0.1, 3), st.integers(0, 50), st.integers(1, 5))
def test_a_decay_never_rises_nor_does_what_is_made_of_decays(s, other, power, n, every):
    made = [s, s + other, s * other, s**power, s.clip(0.1, 1), s[n::every], s[:n], PerEpoch(s, every), s[:n] >> s[n:]]
    for decay in made:
        values = decay(K)
        assert np.all(values >= 0)
        assert np.all(np.diff(values) <= 1e-15 * values[:-1])


INTEGERS = [
    (Linear(0, 1, 10), 5, 0.5),
    (Cosine(1, 0, 3), 2, 0.25),
    (Polynomial(1, 0, 4, power=2), 1, 0.5625),
    (Exponential(1, 10, steps=2), 1, math.sqrt(10)),
    (InverseTime(1, 1), 1, 0.5),
    (InverseSqrt(1), 3, 0.5),
    (Step(1, 2, every=3), 6, 4.0),
    (MultiStep(np.int64(3), np.float32(0.5), np.array([1, 2])), 2, 0.75),
    (Cyclic(0, 1, 4), 1, 0.25),
    (Linear(0, 1, 10) * 1, 5, 0.5),
    (CosineWave(1, 0, 4), 1, 0.5),
    (OneCycle(2, 11, 0, 0, 0.5, "linear"), 1, 2 / 4.5),
    (Linear(0, 1, 10) + 1, 5, 1.5),
    (Constant(4) ** -1, 5, 0.25),
    (Constant(4).clip(0, 1), 5, 1.0),
]


@pytest.mark.parametrize(("s", "k", "expected"), INTEGERS, ids=lambda value: repr(value))
def test_integer_hyperparameters_never_truncate(s, k, expected):
    assert s(k) == pytest.approx(expected, rel=1e-15)


LIMITS = [
    (Exponential(0.3, 0.9), 0.0),
    (Exponential(0.3, 1), 0.3),
    (Exponential(0.3, 0), 0.0),
    (Exponential(0.3, 10), math.inf),
    (Exponential(-0.3, 10), -math.inf),
    (Exponential(0, 10), 0.0),
    (Step(0.3, 0.1, 30), 0.0),
    (MultiStep(0.3, 0.1, [3]), 0.3 * 0.1),
    (Piecewise([0.3, 0.2], [3]), 0.2),
    (Cyclic(0.1, 0.3, 5, mode="triangular2"), 0.1),
    (Cyclic(0.1, 0.3, 5, mode="exp_range", gamma=0.9), 0.1),
]


@pytest.mark.parametrize(("s", "limit"), LIMITS, ids=lambda value: repr(value))
@pytest.mark.parametrize("k", FAR)
def test_far_away_a_schedule_is_at_its_limit(s, limit, k):
    assert s(k) == limit


@pytest.mark.parametrize("s", [InverseTime(0.3, 0.9), InverseSqrt(0.3)], ids=repr)
def test_far_away_a_slow_decay_still_falls(s):
    assert 0 < s(2**62) < s(2**61) < s(10**9) < s(10**6)
