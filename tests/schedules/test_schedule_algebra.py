"""The laws of `>>`, `*` and `[:n]`."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glissade.schedules import Constant, Cosine, Exponential, Linear, Product, Scaled, Step, Then, Truncated

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
    (lambda: A[3], TypeError, r"slice \[:n\] only. Received: 3. Write s\[:n\], or call s\(k\)"),
    (lambda: A[1:3], TypeError, r"slice \[:n\] only"),
    (lambda: A[0:3], TypeError, r"slice \[:n\] only"),
    (lambda: A[:3:1], TypeError, r"slice \[:n\] only"),
    (lambda: A[:], TypeError, r"slice \[:n\] only"),
    (lambda: A[:-1], ValueError, "Truncated: steps must be an integer >= 0. Received: steps=-1"),
    (lambda: A[:2.0], TypeError, "Truncated: steps must be an integer"),
    (lambda: list(A), TypeError, r"slice \[:n\] only"),
    (lambda: Truncated(1, 2), TypeError, "Truncated: inner must be a schedule. Received: inner=1"),
    (lambda: A + 1, TypeError, "unsupported operand"),
]


@pytest.mark.parametrize(("act", "error", "message"), REFUSED, ids=[message for _, _, message in REFUSED])
def test_refused(act, error, message):
    with pytest.raises(error, match=message):
        act()
