"""The properties of the operators."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.schedules import (
    Clipped,
    Constant,
    Cosine,
    Cyclic,
    Exponential,
    InverseSqrt,
    Linear,
    Offset,
    Power,
    Product,
    Repeat,
    Scaled,
    Step,
    Strided,
    Sum,
    Then,
    Truncated,
)

K = np.arange(60)
reals = st.floats(-10, 10)
counts = st.integers(0, 20)
endless = st.builds(Exponential, reals, st.floats(0.5, 1)) | st.builds(Step, reals, st.floats(0, 1), st.integers(1, 9))
ending = (
    st.builds(Linear, reals, reals, counts)
    | st.builds(Cosine, reals, reals, counts)
    | st.builds(lambda s, n: s[:n], endless, counts)
)
any_schedule = endless | ending


def same(a, b):
    """The same function, bit for bit."""
    return a(K).tobytes() == b(K).tobytes()


@given(ending, any_schedule, st.integers(0, 60))
def test_then(a, b, k):
    assert (a >> b)(k) == (a(k) if k < a.horizon else b(k - a.horizon))
    assert (a >> b).horizon == a.horizon + b.horizon


@given(ending, ending, any_schedule)
def test_then_is_associative(a, b, c):
    assert (a >> b) >> c == a >> (b >> c) == Then([a, b, c]) == Then([Then([a, b]), c])
    assert repr(a >> (b >> c)) == f"{a!r} >> {b!r} >> {c!r}"


@given(any_schedule, any_schedule, reals)
def test_product(a, b, factor):
    assert (a * b)(K).tobytes() == (a(K) * b(K)).tobytes()
    assert (a * factor)(K).tobytes() == (a(K) * factor).tobytes()
    assert factor * a == a * factor == np.float64(factor) * a == a * np.float64(factor)
    assert same(a * b, b * a)
    assert same(a * 1, a)
    assert same(a * Constant(factor), a * factor)
    assert (a * factor).horizon == a.horizon
    assert (a * b).horizon == max(a.horizon, b.horizon)


@given(any_schedule, any_schedule, reals)
def test_sum(a, b, amount):
    assert (a + b)(K).tobytes() == (a(K) + b(K)).tobytes()
    assert (a + amount)(K).tobytes() == (a(K) + amount).tobytes()
    assert amount + a == a + amount == np.float64(amount) + a == a + np.float64(amount)
    assert same(a + b, b + a)
    assert same(a - b, a + b * -1)
    assert same(amount - a, -a + amount)
    assert a - amount == a + -amount
    assert (a + amount).horizon == a.horizon
    assert (a + b).horizon == max(a.horizon, b.horizon)


@given(any_schedule, st.sampled_from([-2, -1, -0.5, 0, 0.5, 1, 2, 3]))
def test_power(a, exponent):
    with np.errstate(all="ignore"):
        np.testing.assert_allclose((a**exponent)(K), a(K) ** exponent, rtol=1e-14)
    assert (a**exponent).horizon == a.horizon
    assert same(a**1, a)


def test_a_power_beyond_the_reals_is_infinite_or_nan():
    assert (Constant(0) ** -1)(0) == math.inf
    assert (Constant(10) ** 400)(0) == math.inf
    assert (Constant(-10) ** 401)(0) == -math.inf
    assert math.isnan((Constant(-1) ** 0.5)(0))


@given(any_schedule, reals, reals)
def test_clip(a, c, d):
    low, high = min(c, d), max(c, d)
    assert a.clip(low, high)(K).tobytes() == np.clip(a(K), low, high).tobytes()
    assert same(a.clip(low).clip(high=high), a.clip(low, high))
    assert a.clip(low).horizon == a.horizon


@given(any_schedule, counts, st.integers(1, 7), counts)
def test_strides(s, start, every, stop):
    assert s[start:](K).tobytes() == s(K + start).tobytes()
    assert s[::every](K).tobytes() == s(K * every).tobytes()
    assert same(s[start:][stop:], s[start + stop :])
    assert same(s[start::every], s[start:][::every])
    part = s[start:stop:every]
    steps = range(start, stop, every)
    assert part.horizon == len(steps)
    assert part(K[: len(steps)]).tolist() == [s(k) for k in steps]


@given(ending, any_schedule)
def test_what_follows_is_what_is_left_after_the_first_part(a, b):
    assert same((a >> b)[a.horizon :], b)
    if b.horizon < math.inf:
        assert (a >> b)[a.horizon :].horizon == b.horizon


@given(any_schedule, counts)
def test_a_schedule_cut_in_two_is_whole_again(s, n):
    assert same(s[:n] >> s[n:], s)


@given(ending.filter(lambda s: s.horizon > 0), st.integers(1, 5))
def test_repetition(s, times):
    once = s(np.arange(s.horizon))
    assert Repeat(s)(np.arange(times * s.horizon)).tobytes() == np.tile(once, times).tobytes()
    assert same(Repeat(s), s[: s.horizon] >> Repeat(s))
    assert same(Repeat(s >> s), Repeat(s))
    assert Repeat(s).horizon == math.inf


def test_a_zigzag_repeated_is_cyclic():
    np.testing.assert_allclose(Repeat(Linear(0, 1, 4) >> Linear(1, 0, 6))(K), Cyclic(0, 1, 4, 6)(K), rtol=1e-15)


@given(any_schedule, counts, counts)
def test_truncation(s, n, m):
    assert s[:n].horizon == n
    assert s[:n](K).tobytes() == s(np.minimum(K, n)).tobytes()
    assert same(s[:n][:m], s[: min(n, m)])


@given(ending)
def test_a_schedule_truncated_at_its_own_end_is_unchanged(s):
    assert same(s[: s.horizon], s)


@given(any_schedule, ending, any_schedule, reals, counts)
def test_a_product_distributes_over_the_others(s, a, b, factor, n):
    assert same(s[:n] * factor, (s * factor)[:n])
    assert same((a >> b) * factor, a * factor >> b * factor)
    assert same((s * b)[:n], s[:n] * b[:n])
    assert same((s + b)[:n], s[:n] + b[:n])
    assert same((s + b)[n:], s[n:] + b[n:])
    assert same((a >> b).clip(0, 1), a.clip(0, 1) >> b.clip(0, 1))


@given(any_schedule, any_schedule, counts)
def test_a_truncated_schedule_leaves_for_the_next_one(s, b, n):
    np.testing.assert_array_equal((s[:n] >> b)(K), np.concatenate([s(K[:n]), b(K[: K.size - n])]))


def test_a_warm_up_and_a_decay():
    s = Linear(0.0, 1e-3, 100) >> Cosine(1e-3, 0.0, 900)
    assert (s(0), s(50), s(100), s(550), s(1000), s(10**9)) == (0.0, 5e-4, 1e-3, pytest.approx(5e-4), 0.0, 0.0)
    assert s.horizon == 1000
    assert s.switches == (100,)


@pytest.mark.parametrize(
    "source",
    [
        "Linear(0.0, 1.0, 3) >> Cosine(1.0, 0.0, 5) >> Constant(0.0)",
        "Linear(0.0, 1.0, 3) * 0.5 >> Constant(0.5)",
        "(Linear(0.0, 1.0, 3) >> Constant(1.0)) * 0.5",
        "Constant(1.0) * Constant(2.0) * 3.0 * Constant(4.0)",
        "Constant(1.0) * (Constant(2.0) * 3.0)",
        "Constant(1.0) * (Constant(2.0) * Constant(3.0))",
        "Constant(1.0) * (Linear(0.0, 1.0, 3) >> Constant(1.0)) * -2.0",
        "Constant(1.0)[:3] >> Constant(2.0)[:4][:7]",
        "(Linear(0.0, 1.0, 3) >> Constant(1.0))[:9] * 2.0",
        "(Constant(1.0) * 2.0)[:3] >> (Constant(1.0) * Constant(2.0))[:4]",
        "Linear(0.0, 1.0, 3) + 2.0 >> Constant(1.0)",
        "Constant(1.0)[:3] - 0.5 >> Constant(1.0) + Constant(2.0) - 3.0 + Constant(4.0)",
        "Constant(1.0) + (Constant(2.0) + Constant(3.0))",
        "Constant(1.0) + (Constant(2.0) + 3.0)",
        "Constant(1.0) * 2.0 + Constant(3.0) * Constant(4.0)",
        "(Constant(1.0) + 2.0) * (Constant(3.0) + Constant(4.0))",
        "Constant(1.0) ** 2.0 * 3.0 + Constant(4.0) ** -0.5",
        "(Constant(1.0) * 3.0) ** 2.0 * Constant(1.0) ** 2.0",
        "(Constant(1.0) ** 2.0) ** 3.0",
        "(Constant(1.0) ** 2.0)[3:] ** 3.0",
        "Constant(1.0)[3:]",
        "Constant(1.0)[0:]",
        "Constant(1.0)[:9][3::2]",
        "Constant(1.0)[0::2].clip(low=0.5)[:3]",
        "(Constant(1.0) + 1.0).clip(low=-0.5, high=0.5)",
        "Repeat(Constant(1.0)[:3] >> Constant(2.0)[:3])",
    ],
)
def test_the_repr_is_the_expression_as_written(source):
    assert repr(eval(source)) == source


def test_what_each_operator_makes():
    a, b = Linear(0, 1, 3), Constant(2)
    assert a >> b == Then((a, b))
    assert a * 2 == Scaled(a, 2)
    assert a * b == Product(a, b) != b * a
    assert a[:2] == Truncated(a, 2)
    assert a + 2 == Offset(a, 2)
    assert a + b == Sum(a, b) != b + a
    assert -a == Scaled(a, -1)
    assert a - b == Sum(a, Scaled(b, -1))
    assert a**2 == Power(a, 2)
    assert a[2:] == Strided(a, 2)
    assert a[::2] == Strided(a, 0, 2)
    assert a[1:9:2] == Strided(Truncated(a, 9), 1, 2)
    assert a.clip(0, 1) == Clipped(a, 0, 1)


@pytest.mark.parametrize("endless", [Constant(0.1), Step(1, 0.1, 3) * 2, Linear(0, 1, 3) >> Constant(1)], ids=repr)
def test_nothing_follows_a_schedule_without_end(endless):
    assert endless.horizon == math.inf
    with pytest.raises(ValueError, match=r"must end. Received: .*, which never does. Say how long .*\[:n\] >>"):
        endless >> Constant(1)
    assert (endless[:4] >> Constant(7))(4) == 7


A = Linear(0, 1, 3)
REFUSED = [
    (lambda: A >> 0.1, TypeError, r"Then: parts\[1\] must be a schedule.*=0.1. Write a number as Constant\(number\)"),
    (lambda: Then([A]), ValueError, "Then: parts must be at least two schedules"),
    (lambda: Then(A), TypeError, "Then: parts must be a sequence"),
    (lambda: A * "2", TypeError, "Scaled: factor must be a finite number. Received: factor='2'"),
    (lambda: A * True, TypeError, "Scaled: factor"),
    (lambda: A * math.nan, ValueError, "Scaled: factor"),
    (lambda: np.array([1.0, 2.0]) * A, TypeError, "Scaled: factor"),
    (lambda: A[3], TypeError, r"slices \[:n\], \[n:\] and \[::n\]. Received: 3. Write s\[:n\], or call s\(k\)"),
    (lambda: A[:], TypeError, r"slices \[:n\], .* Received: slice\(None, None, None\)"),
    (lambda: A[-1:], ValueError, "Strided: start must be an integer >= 0. Received: start=-1"),
    (lambda: A[::0], ValueError, "Strided: every must be an integer >= 1. Received: every=0"),
    (lambda: A[::-1], ValueError, "Strided: every must be an integer >= 1. Received: every=-1"),
    (lambda: A[0.5:], TypeError, "Strided: start must be an integer"),
    (lambda: A[:-1], ValueError, "Truncated: steps must be an integer >= 0. Received: steps=-1"),
    (lambda: A[:2.0], TypeError, "Truncated: steps must be an integer"),
    (lambda: list(A), TypeError, r"slices \[:n\], "),
    (lambda: Truncated(1, 2), TypeError, "Truncated: inner must be a schedule. Received: inner=1"),
    (lambda: A + "1", TypeError, "Offset: amount must be a finite number. Received: amount='1'"),
    (lambda: A + math.inf, ValueError, "Offset: amount must be a finite number"),
    (lambda: np.array([1.0, 2.0]) + A, TypeError, "Offset: amount"),
    (lambda: A**A, TypeError, "Power: exponent must be a finite number"),
    (lambda: A**math.nan, ValueError, "Power: exponent must be a finite number"),
    (lambda: A / 2, TypeError, "unsupported operand"),
    (lambda: A.clip(), ValueError, "Clipped: low must be given, or high"),
    (lambda: A.clip(2, 1), ValueError, "Clipped: low must be <= high=1.0. Received: low=2.0"),
    (lambda: A.clip("0"), TypeError, "Clipped: low must be a finite number"),
    (lambda: Repeat(InverseSqrt(1)), ValueError, "Repeat: inner must be of 1 or more steps, and end"),
    (lambda: Repeat(Linear(0, 1, 0)), ValueError, "Repeat: inner must be of 1 or more steps, and end"),
    (lambda: Repeat(0.1), TypeError, "Repeat: inner must be a schedule"),
]


@pytest.mark.parametrize(("act", "error", "message"), REFUSED, ids=[message for _, _, message in REFUSED])
def test_refused(act, error, message):
    with pytest.raises(error, match=message):
        act()
