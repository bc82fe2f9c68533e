"""Budgets, sensitivity, targets, profiles and the bootstrap, against enumeration, SciPy and published scores."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ravine.experiments.statistics import (
    algoperf_score,
    bootstrap_interval,
    expected_best,
    expected_best_of_distinct,
    good_interval,
    performance_profile,
    performance_ratios,
    quantiles_of_best,
    steps_to_target,
    time_to_target,
    tuned_time,
)

stats = pytest.importorskip("scipy.stats")

NAN, INF = math.nan, math.inf

# AlgoPerf, leaderboard of the technical report: steps to the target on nine workloads, and the published score.
# mlcommons/submissions_algorithms, artifacts/leaderboard_v2: time_to_targets_steps.csv, scores_steps.csv.
ALGOPERF = {
    "AdEMAMix": ([8371, 10206, 44503, INF, INF, 67706, INF, 27247, 112742], 0.5258136924803595),
    "Cautious NAdamW": ([INF, 7518, 58199, INF, INF, INF, INF, 24948, 112372], 0.31986531986531946),
    "Lion": ([INF, 10645, 59524, INF, INF, INF, INF, 33386, 109080], 0.2732884399551064),
    "Muon (JAX)": ([INF, 8801, 40724, INF, 151926, INF, INF, INF, INF], 0.31986531986531946),
    "Muon (PyTorch)": ([7716, INF, 39220, INF, INF, INF, INF, 7711, 97224], 0.4326599326599318),
    "NAdamW": ([8286, 9924, 58784, INF, 152461, INF, INF, INF, INF], 0.40404040404040326),
    "NAdamW (Baseline v0.5)": ([9145, 6648, 47039, INF, INF, INF, INF, 20879, 118600], 0.45454545454545503),
    "NAdamW (ResNet)": ([INF, 9220, 53029, INF, INF, INF, INF, 32738, INF], 0.19528619528619492),
    "Schedule-Free AdamW": ([10346, 10599, INF, INF, INF, INF, 90588, 15853, 133517], 0.4461279461279469),
    "Schedule-Free AdamW (JAX)": ([INF, 7160, 57242, INF, 175889, INF, INF, 27341, 122198], 0.4090909090909087),
    "Schedule-Free AdamW (JAX v2)": ([9005, 8750, 68640, INF, 164206, INF, INF, 27457, INF], 0.41245791245791213),
    "Schedule-Free AdamW v2": ([7951, 12431, INF, INF, INF, 83184, 78669, 28449, 73222], 0.5252525252525259),
    "DiLoCo (Single Worker)": ([INF, 9342, 61209, INF, INF, INF, INF, INF, INF], 0.18630751964085265),
    "DiLoCo v2 (Single Worker)": ([INF, 10140, 59550, INF, INF, INF, INF, INF, INF], 0.1829405162738493),
}
STEPS = np.array([steps for steps, _ in ALGOPERF.values()]).T
TIMES = arrays(
    float, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=st.floats(0.1, 1e3) | st.sampled_from([NAN, INF])
)


# -- profiles ---------------------------------------------------------------------------------------------------------


def test_algoperf_s_published_scores():
    assert algoperf_score(STEPS).tolist() == pytest.approx([score for _, score in ALGOPERF.values()], rel=1e-12)


def test_a_missing_time_is_a_missed_target():
    assert algoperf_score(np.where(np.isinf(STEPS), NAN, STEPS)).tolist() == algoperf_score(STEPS).tolist()


@given(TIMES)
def test_the_score_is_the_integral(times):
    """Of a step function: each problem gives the part of [1, 4] that lies above its ratio."""
    exact = np.clip((4 - performance_ratios(times)) / 3, 0, 1).mean(axis=0)
    np.testing.assert_allclose(algoperf_score(times, points=3001), exact, atol=1e-3)


@given(TIMES)
def test_laws_of_profiles(times):
    taus = np.linspace(1, 10, 30)
    profile = performance_profile(times, taus)
    assert (np.diff(profile, axis=0) >= 0).all()
    solved = np.isfinite(times)
    assert (profile <= solved.mean(axis=0) + 1e-12).all()
    assert profile[0].sum() >= solved.any(axis=1).mean() - 1e-12  # somebody is best where somebody arrives
    np.testing.assert_array_equal(performance_profile(times * 8, taus), profile)  # whatever the unit


@pytest.mark.parametrize(
    ("times", "ratios"),
    [
        ([[2, 4, INF]], [[1, 2, INF]]),
        ([[NAN, INF]], [[INF, INF]]),
        ([[3, 3, 1e9]], [[1, 1, 1e9 / 3]]),
        ([[0, 0, 5]], [[1, 1, INF]]),
    ],
)
def test_ratios(times, ratios):
    np.testing.assert_array_equal(performance_ratios(times), ratios)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([[5, 3], [4, INF], [9, 9]], 4),
        ([[5, NAN], [INF, NAN], [9, 9]], 9),
        ([[5, 3], [INF, INF], [INF, NAN]], INF),
        ([[5, 3], [4, 8]], 3.5),
        ([[7]], 7),
    ],
)
def test_the_median_study_of_the_best_trial(times, expected):
    assert tuned_time(times) == expected


# -- targets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("curve", "higher", "expected"),
    [
        ([3, 2, 1], False, 1),
        ([3, 2.5, 2.1], False, INF),
        ([0.1, 5, 1], True, 1),
        ([2, 2, 2], False, 0),
        ([3, 1, NAN], False, INF),
        ([3, NAN, 1], False, 2),
        ([NAN], True, INF),
        ([3, 1, INF], True, INF),
    ],
)
def test_steps_to_two(curve, higher, expected):
    assert steps_to_target(curve, 2, higher_is_better=higher) == expected
    times = np.arange(len(curve)) * 0.5 + 1
    time = time_to_target(times, [curve, curve], 2, higher_is_better=higher)
    assert time.tolist() == [expected * 0.5 + 1] * 2


# -- budgets ----------------------------------------------------------------------------------------------------------

SEARCHES = st.lists(st.integers(-9, 9), min_size=1, max_size=5)


@given(SEARCHES, st.integers(1, 4), st.booleans())
def test_the_expected_best_is_the_mean_over_all_draws(values, k, higher):
    pick = max if higher else min
    drawn = np.mean([pick(draw) for draw in itertools.product(values, repeat=k)])
    assert expected_best(values, k, higher_is_better=higher) == pytest.approx(drawn, abs=1e-9)
    if k <= len(values):
        subsets = np.mean([pick(draw) for draw in itertools.combinations(values, k)])
        assert expected_best_of_distinct(values, k, higher_is_better=higher) == pytest.approx(subsets, abs=1e-9)


def test_the_expected_best_of_uniform_numbers():
    """E[max of k] = k / (k + 1)."""
    values = (np.arange(20000) + 0.5) / 20000
    k = np.array([1, 2, 5, 50])
    np.testing.assert_allclose(expected_best(values, k, higher_is_better=True), k / (k + 1), rtol=1e-6)
    np.testing.assert_allclose(expected_best_of_distinct(values, k, higher_is_better=True), k / (k + 1), rtol=1e-4)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30))
def test_more_trials_are_never_worse(values):
    k = np.arange(1, len(values) + 1)
    for estimate in (expected_best, expected_best_of_distinct):
        found = estimate(values, k)
        assert (np.diff(found) <= 1e-6).all()
        assert found[0] == pytest.approx(np.mean(values), abs=1e-6)
    assert expected_best_of_distinct(values, k)[-1] == pytest.approx(min(values), abs=1e-6)


@given(SEARCHES, st.integers(1, 5), st.lists(st.floats(0.01, 1), min_size=1, max_size=3))
def test_quantiles_of_the_best_are_those_of_all_subsets(values, k, shares):
    k = min(k, len(values))
    subsets = [min(draw) for draw in itertools.combinations(values, k)]
    expected = np.quantile(subsets, shares, method="inverted_cdf")
    assert quantiles_of_best(values, k, shares).tolist() == expected.tolist()
    mirrored = quantiles_of_best(np.negative(values), k, shares, higher_is_better=True)
    assert (-mirrored).tolist() == expected.tolist()


def test_divergence_is_an_infinity_in_quantiles_of_the_best():
    found = quantiles_of_best([1, NAN, NAN, NAN], [1, 2, 4], [0.25, 0.5, 1])
    assert found.tolist() == [[1, 1, 1], [INF, 1, 1], [INF, INF, 1]]


def test_a_diverged_trial_counts_as_what_is_said():
    assert expected_best([1, NAN], 1, untrained=3.0) == 2
    assert expected_best_of_distinct([1, INF], [1, 2], untrained=3.0).tolist() == pytest.approx([2, 1])


# -- sensitivity ------------------------------------------------------------------------------------------------------

GRID = [1e-3, 1e-2, 1e-1, 1.0, 10.0]


@pytest.mark.parametrize(
    ("values", "threshold", "expected"),
    [
        ([5, 1, 0, 1, NAN], 2, (1e-2, 1.0, 1e-1, False, False, 2)),
        ([1, 1, 0, 5, 1], 2, (1e-3, 1e-1, 1e-1, True, False, 2)),
        ([5, NAN, 3, 1, 2], 2, (1.0, 10.0, 1.0, False, True, 1)),
        ([1, 5, 0, 5, 1], 2, (1e-1, 1e-1, 1e-1, False, False, 0)),
        ([1, 1, 1, 1, 1], 1, (1e-3, 10.0, 1e-3, True, True, 4)),
    ],
)
def test_the_good_interval(values, threshold, expected):
    found = good_interval(GRID, values, threshold)
    assert (found.low, found.high, found.best, found.low_is_edge, found.high_is_edge) == expected[:5]
    assert found.decades == pytest.approx(expected[5])
    assert good_interval(GRID, np.negative(values), -threshold, higher_is_better=True) == found


@pytest.mark.parametrize("values", [[5, 4, 3, 4, 5], [NAN] * 5])
def test_no_rate_is_good(values):
    assert good_interval(GRID, values, 2) is None


# -- bootstrap --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["BCa", "percentile", "basic"])
@pytest.mark.parametrize("statistic", [np.mean, np.median])
def test_the_bootstrap_is_scipy_s_and_repeats(method, statistic):
    values = np.random.default_rng(1).exponential(size=12)
    expected = stats.bootstrap((values,), statistic, method=method, rng=np.random.default_rng(0)).confidence_interval
    found = bootstrap_interval(values, statistic, method=method)
    assert found == (expected.low, expected.high) == bootstrap_interval(values, statistic, method=method)
    assert found[0] < statistic(values) < found[1]


def test_the_percentile_interval_is_that_of_all_resamples():
    values = np.array([1.0, 2.0, 4.0, 8.0])
    means = [np.mean(draw) for draw in itertools.product(values, repeat=4)]
    found = bootstrap_interval(values, level=0.8, method="percentile", resamples=40000)
    assert found == pytest.approx(np.quantile(means, [0.1, 0.9]), abs=0.26)  # they are multiples of 1/4


def test_an_interval_moves_with_its_values():
    values = np.array([0.1, 0.5, 0.2, 0.9, 0.4])
    low, high = bootstrap_interval(values)
    assert bootstrap_interval(3 * values + 1) == pytest.approx((3 * low + 1, 3 * high + 1))
    assert bootstrap_interval([0.5] * 5) == (0.5, 0.5)


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: performance_ratios([[-1.0, 2.0]]), "times must be >= 0"),
        (lambda: performance_profile([1, 2], [1]), "a table of results is needed"),
        (lambda: algoperf_score([[1, 2]], tau_max=1), "tau_max must be above 1"),
        (lambda: steps_to_target(np.ones((3, 0)), 1), "curves have no values"),
        (lambda: expected_best([], 1), "n >= 1 trials"),
        (lambda: expected_best([1], 0), "integers >= 1"),
        (lambda: expected_best([1], 1.5), "integers >= 1"),
        (lambda: expected_best([1, NAN], 1), "1 of 2 trials diverged"),
        (lambda: expected_best_of_distinct([1, 2], 3), "no 3 different trials among 2"),
        (lambda: quantiles_of_best([1, 2], 3), "no 3 different trials among 2"),
        (lambda: good_interval([1, 2], [1], 0), "a value for each learning rate"),
        (lambda: good_interval([2, 1], [1, 2], 0), "learning rates must be positive and increasing"),
        (lambda: good_interval([0, 1], [1, 2], 0), "learning rates must be positive and increasing"),
        (lambda: bootstrap_interval([1]), "two values or more"),
        (lambda: bootstrap_interval([1, NAN, 3]), "1 of 3 values are not finite"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
