"""Quantiles, paired tests and ranks, against SciPy, closed forms and published tables."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ravine.experiments.statistics import (
    average_ranks,
    costs,
    critical_difference,
    diverged,
    friedman,
    holm,
    indistinguishable,
    quantiles,
    sign_test,
    wilcoxon,
)

stats = pytest.importorskip("scipy.stats")

NAN, INF = math.nan, math.inf
FINITE = st.floats(-1e6, 1e6)
OUTCOMES = FINITE | st.sampled_from([NAN, INF, -INF])

# Demsar 2006, table 6: area under the curve of four variants of C4.5 on 14 data sets. One tie of the printed digits is
# none in the printed ranks.
AUC = np.array([
    [0.763, 0.768, 0.771, 0.798], [0.599, 0.591, 0.590, 0.569], [0.954, 0.971, 0.968, 0.967],
    [0.628, 0.661, 0.654, 0.657], [0.882, 0.888, 0.886, 0.898], [0.936, 0.931, 0.916, 0.931],
    [0.661, 0.668, 0.609, 0.685], [0.583, 0.583, 0.563, 0.625], [0.775, 0.838, 0.866, 0.875],
    [1.000, 1.000, 1.000, 1.000], [0.940, 0.962, 0.965, 0.962], [0.619, 0.666, 0.614, 0.669],
    [0.972, 0.981, 0.97501, 0.975], [0.957, 0.978, 0.946, 0.970],
])  # fmt: skip


# -- order ------------------------------------------------------------------------------------------------------------


@given(arrays(float, st.integers(1, 20), elements=FINITE), st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_quantiles_of_numbers_are_those_of_numpy(values, shares):
    np.testing.assert_allclose(quantiles(values, shares), np.quantile(values, shares), rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize(
    ("values", "higher", "expected"),
    [
        ([1, 2, NAN], False, [1.5, 2, INF]),
        ([1, 2, NAN], True, [-INF, 1, 1.5]),
        ([1, NAN, INF], False, [INF, INF, INF]),
        ([1, 2, 3, 4, NAN], False, [2, 3, 4]),
        ([3, -INF, 1, 4, 2], False, [2, 3, 4]),
        ([7], True, [7, 7, 7]),
        ([NAN], True, [-INF, -INF, -INF]),
    ],
)
def test_divergence_is_the_worst_value_of_quantiles(values, higher, expected):
    assert quantiles(values, higher_is_better=higher).tolist() == expected


def test_quantiles_go_along_an_axis():
    values = np.arange(24.0).reshape(2, 3, 4)
    for axis in (0, 1, 2, -1):
        np.testing.assert_allclose(quantiles(values, axis=axis), np.quantile(values, (0.25, 0.5, 0.75), axis=axis))


def test_costs_and_divergence():
    assert costs([1, NAN, -INF], higher_is_better=True).tolist() == [-1, INF, INF]
    assert diverged([1, NAN, -INF, INF]) == 3


# -- paired -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(1, 12))
def test_sign_test_is_the_binomial_test(n):
    for wins in range(n + 1):
        found = sign_test(np.zeros(n + 2), [1] * wins + [-1] * (n - wins) + [0, 0])
        assert (found.wins, found.losses, found.ties) == (wins, n - wins, 2)
        assert found.p == pytest.approx(stats.binomtest(wins, n).pvalue)
        assert found.effect == pytest.approx((2 * wins - n) / n)
    assert sign_test(np.zeros(n), np.ones(n)).p == pytest.approx(min(1, 2 / 2**n))


def exact_wilcoxon(differences):
    """By going through all signs."""
    ranks = stats.rankdata(np.abs(differences))
    observed = abs(np.sum(np.sign(differences) * ranks))
    sums = [abs(np.dot(signs, ranks)) for signs in itertools.product((-1, 1), repeat=len(ranks))]
    return np.mean(np.array(sums) >= observed - 1e-9)


@pytest.mark.slow
@given(st.lists(st.integers(-6, 6).filter(bool), min_size=1, max_size=9))
def test_wilcoxon_is_exact_with_and_without_ties(differences):
    found = wilcoxon(np.zeros(len(differences)), differences)
    assert found.p == pytest.approx(exact_wilcoxon(differences))


def test_wilcoxon_is_scipy_s_on_many_pairs():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 40))
    assert wilcoxon(a, b).p == pytest.approx(stats.wilcoxon(a, b).pvalue)
    a, b = rng.normal(size=(2, 80))
    assert wilcoxon(a, b).p == pytest.approx(stats.wilcoxon(a, b).pvalue)


def test_wilcoxon_on_demsar_s_example():
    """C4.5+m against C4.5: rank sums 93 and 12 with two ties that share ranks 1 and 2; without them 71.5 and 6.5."""
    thousandths = (1000 * AUC).round()
    found = wilcoxon(thousandths[:, 1], thousandths[:, 0], higher_is_better=True)
    assert (found.wins, found.losses, found.ties) == (10, 2, 2)
    assert found.effect == pytest.approx((71.5 - 6.5) / 78)


@pytest.mark.parametrize("test", [sign_test, wilcoxon])
@pytest.mark.parametrize(
    ("a", "b", "counts"),
    [
        ([1, NAN], [NAN, NAN], (1, 0, 1)),
        ([NAN, NAN], [NAN, INF], (0, 0, 2)),
        ([1, 2, NAN], [2, 3, 1], (2, 1, 0)),
        ([NAN], [1e300], (0, 1, 0)),
    ],
)
def test_divergence_loses_a_pair(test, a, b, counts):
    found = test(a, b)
    assert (found.wins, found.losses, found.ties) == counts
    assert 0 < found.p <= 1


def test_a_difference_with_divergence_ranks_above_all_numbers():
    assert wilcoxon([0, 0, NAN], [1e9, 1, 5]).effect == 0  # 1 + 2 for, 3 against


@given(st.integers(1, 10).flatmap(lambda n: st.tuples(*[arrays(float, n, elements=OUTCOMES)] * 2)), st.booleans())
def test_to_exchange_the_sides_is_to_turn_the_effect(pair, higher):
    for test in (sign_test, wilcoxon):
        ab, ba = (test(x, y, higher_is_better=higher) for x, y in (pair, pair[::-1]))
        assert (ab.wins, ab.losses, ab.ties) == (ba.losses, ba.wins, ba.ties)
        assert (ab.effect, ab.p) == pytest.approx((-ba.effect, ba.p))
        assert -1 <= ab.effect <= 1


@pytest.mark.parametrize(
    ("p", "adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.5, 0.5], [1, 1]),
        ([0.02], [0.02]),
        ([], []),
    ],
)
def test_holm(p, adjusted):
    assert holm(p).tolist() == pytest.approx(adjusted)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.001, 0.2))
def test_holm_rejects_what_its_procedure_rejects(p, level):
    """Step by step, from the smallest p on: stop at the first that is above level / (how many are left)."""
    rejected = set()
    for done, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        if p[i] * (len(p) - done) > level:
            break
        rejected.add(i)
    assert {i for i, adjusted in enumerate(holm(p)) if adjusted <= level} == rejected


# -- ranks ------------------------------------------------------------------------------------------------------------


def test_ranks_and_tests_of_demsar_2006():
    assert average_ranks(AUC, higher_is_better=True).tolist() == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    found = friedman(AUC, higher_is_better=True)
    assert (found.chi_square, found.f) == pytest.approx((9.28, 3.69), abs=5e-3)
    assert critical_difference(14, 4) == pytest.approx(1.25, abs=5e-3)
    assert critical_difference(14, 4, level=0.1) == pytest.approx(1.12, abs=5e-3)


@pytest.mark.parametrize(
    ("level", "table"),
    [
        (0.05, [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]),
        (0.10, [1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920]),
    ],
)
def test_critical_values_are_those_of_demsar_s_table_5(level, table):
    for methods, q in enumerate(table, 2):
        assert critical_difference(1, methods, level) / math.sqrt(methods * (methods + 1) / 6) == pytest.approx(
            q, abs=1e-3
        )


@given(arrays(float, st.tuples(st.integers(2, 8), st.integers(3, 6)), elements=st.floats(0, 1), unique=True))
def test_friedman_without_ties_is_scipy_s(values):
    expected = stats.friedmanchisquare(*values.T)
    found = friedman(values)
    assert (found.chi_square, found.p_chi_square) == pytest.approx((expected.statistic, expected.pvalue), abs=1e-9)


def test_friedman_at_the_ends():
    alike = friedman(np.tile([1.0, 2.0, 3.0], (5, 1)))
    assert (alike.chi_square, alike.f, alike.p_f) == (pytest.approx(10), INF, 0)
    none = friedman(np.ones((4, 3)))
    assert (none.chi_square, none.p_chi_square, none.f, none.p_f) == (0, 1, 0, 1)


@given(arrays(float, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=OUTCOMES), st.booleans())
def test_divergence_is_last_in_ranks(values, higher):
    ranks = average_ranks(values, higher_is_better=higher)
    assert ranks.sum() == pytest.approx(ranks.size * (ranks.size + 1) / 2)
    first = values[:1]
    places = average_ranks(first, higher_is_better=higher)
    bad = ~np.isfinite(first[0])
    if 0 < bad.sum() < bad.size:
        assert places[bad].min() > places[~bad].max()
        assert len(set(places[bad])) == 1


@pytest.mark.parametrize(
    ("ranks", "difference", "groups"),
    [
        ([1, 2, 3, 4], 1.5, [(0, 1), (1, 2), (2, 3)]),
        ([4, 3, 2, 1], 1.5, [(3, 2), (2, 1), (1, 0)]),
        ([1, 1.2, 3], 1, [(0, 1)]),
        ([1, 2], 1, []),
        ([1, 2, 2.5, 2.6], 9, [(0, 1, 2, 3)]),
        ([1, 2, 3], 0, []),
        ([1, 1, 4], 0.5, [(0, 1)]),
    ],
)
def test_groups_of_indistinguishable_methods(ranks, difference, groups):
    assert indistinguishable(ranks, difference) == groups


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: quantiles([]), "there are no values"),
        (lambda: quantiles([1], [1.5]), r"levels must be in \[0, 1\]"),
        (lambda: sign_test([1], [1, 2]), "pairs are needed"),
        (lambda: wilcoxon([], []), "pairs are needed"),
        (lambda: holm([0.5, 2]), r"must be in \[0, 1\]"),
        (lambda: holm([NAN]), r"must be in \[0, 1\]"),
        (lambda: average_ranks([1, 2]), "a table of results is needed"),
        (lambda: friedman([[1], [2]]), "two methods or more"),
        (lambda: critical_difference(0, 3), "one problem and two methods"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
