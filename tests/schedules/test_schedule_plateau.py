"""ReduceOnPlateau: which metric is better, when it reduces, its state; and those of the frameworks."""

import copy
import itertools
import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.dialects import keras, optax, torch
from ravine.schedules import Cosine, Linear, Product, ReduceOnPlateau, Schedule

metrics = st.lists(st.floats(-3, 3) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1.0]), max_size=40)
options = st.fixed_dictionaries(
    {
        "factor": st.sampled_from([0.0, 0.1, 0.5]),
        "patience": st.integers(0, 4),
        "mode": st.sampled_from(["min", "max"]),
        "threshold": st.sampled_from([0.0, 1e-4, 0.1]),
        "cooldown": st.integers(0, 4),
        "minimum": st.sampled_from([0.0, 1e-3]),
        "threshold_mode": st.sampled_from(["rel", "abs"]),
    }
)


def drops(plateau, observed):
    """The indices of the metrics that made a reduction."""
    return [i for i, metric in enumerate(observed) if plateau.observe(metric)]


# Where a flat metric makes a reduction, as measured in the three frameworks; (patience, cooldown).
FLAT = [
    (torch.lr_scheduler.ReduceLROnPlateau.schedule(0.1, patience=2), [3, 6, 9]),
    (torch.lr_scheduler.ReduceLROnPlateau.schedule(0.1, patience=2, cooldown=2), [3, 8]),
    (torch.lr_scheduler.ReduceLROnPlateau.schedule(0.1, patience=0), list(range(1, 12))),
    (keras.callbacks.ReduceLROnPlateau.schedule(0.1, patience=2), [2, 4, 6, 8, 10]),
    (keras.callbacks.ReduceLROnPlateau.schedule(0.1, patience=2, cooldown=2), [2, 5, 8, 11]),
    (keras.callbacks.ReduceLROnPlateau.schedule(0.1, patience=0), list(range(1, 12))),
    (keras.callbacks.ReduceLROnPlateau.schedule(0.1, patience=1), list(range(1, 12))),
    (optax.schedules.reduce_on_plateau(patience=2), [2, 4, 6, 8, 10]),
    (optax.schedules.reduce_on_plateau(patience=2, cooldown=2), [2, 6, 10]),
    (ReduceOnPlateau(0.1, patience=2, mode="max", cooldown=2), [3, 8]),
]


@pytest.mark.parametrize(("plateau", "expected"), FLAT, ids=lambda value: repr(value))
def test_a_flat_metric(plateau, expected):
    plateau = plateau.clone()
    assert drops(plateau, [1.0] * 12) == expected
    assert plateau.state.scale == pytest.approx(plateau.factor ** len(expected), rel=1e-14)


BETTER = [  # best so far, metric, threshold, then whether it is better: min rel, min abs, max rel, max abs
    (1.0, 0.89, 0.1, (True, True, False, False)),
    (1.0, 0.9, 0.1, (False, False, False, False)),
    (1.0, 1.11, 0.1, (False, False, True, True)),
    (2.0, 1.85, 0.1, (False, True, False, False)),
    (-1.0, -1.11, 0.1, (True, True, False, False)),
    (-1.0, -0.95, 0.1, (False, False, False, False)),  # worse by 5 %, or better by less than 10 %
    (-1.0, -0.89, 0.1, (False, False, True, True)),
    (-2.0, -1.85, 0.1, (False, False, False, True)),
    (0.0, -0.05, 0.1, (True, False, False, False)),
    (0.0, 0.0, 0.0, (False, False, False, False)),
    (1.0, math.nan, 0.1, (False, False, False, False)),
    (1.0, math.inf, 0.1, (False, False, False, False)),
    (1.0, -math.inf, 0.1, (False, False, False, False)),
]


@pytest.mark.parametrize(("best", "metric", "threshold", "expected"), BETTER)
def test_what_is_better(best, metric, threshold, expected):
    for (mode, by), better in zip(itertools.product(["min", "max"], ["rel", "abs"]), expected, strict=True):
        plateau = ReduceOnPlateau(0.1, mode=mode, threshold=threshold, threshold_mode=by)
        plateau.observe(best)
        plateau.observe(metric)
        assert plateau.state.best == (metric if better else best)
        assert plateau.state.bad == (0 if better else 1)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("first", [math.nan, math.inf, -math.inf])
def test_a_first_metric_that_is_not_finite_is_no_best(first, mode):
    plateau = ReduceOnPlateau(0.1, patience=1, mode=mode)
    assert not plateau.observe(first)
    assert plateau.state.best is None
    assert plateau.observe(first)  # but it counts: a run that stays there is reduced
    assert not plateau.observe(5.0)
    assert plateau.state.best == 5.0


@given(options, st.lists(st.floats(-3, 3)))
def test_maximizing_is_minimizing_the_negative(config, observed):
    up = ReduceOnPlateau(0.1, **config | {"mode": "max"})
    down = ReduceOnPlateau(0.1, **config | {"mode": "min"})
    assert drops(up, observed) == drops(down, [-metric for metric in observed])


@given(options, metrics)
def test_the_value_is_the_start_reduced_no_lower_than_the_minimum(config, observed):
    plateau = ReduceOnPlateau(Linear(0, 1, 5) >> Cosine(1, 0, 20), **config)
    count, k = len(drops(plateau, observed)), np.arange(40)
    start = plateau.start(k)
    expected = np.minimum(start, np.maximum(start * config["factor"] ** count, config["minimum"]))
    np.testing.assert_allclose(plateau(k), expected, rtol=1e-12)
    assert plateau.horizon == 25


@given(options, metrics)
def test_no_reduction_within_patience_and_cooldown(config, observed):
    at = drops(ReduceOnPlateau(0.1, **config), observed)
    assert all(b - a > config["patience"] + config["cooldown"] for a, b in itertools.pairwise(at))
    assert not at or at[0] >= config["patience"]


@given(options, metrics, metrics)
def test_resuming_is_going_on(config, before, after):
    whole = ReduceOnPlateau(0.1, **config)
    drops(whole, before)
    resumed = ReduceOnPlateau(0.1, **config)
    resumed.load_state_dict(json.loads(json.dumps(whole.state_dict(), allow_nan=False)))
    clones = [resumed, copy.copy(whole), copy.deepcopy(whole), pickle.loads(pickle.dumps(whole))]
    expected = drops(whole, after)
    for clone in clones:
        assert drops(clone, after) == expected
        assert clone.state_dict() == whole.state_dict()
        assert clone(3) == whole(3)


def test_a_state_is_a_copy():
    plateau = ReduceOnPlateau(0.1)
    state = plateau.state_dict()
    assert state == {"class": "ReduceOnPlateau", "best": None, "bad": 0, "cooling": 0, "scale": 1.0}
    plateau.observe(1.0)
    assert state["best"] is None
    plateau.load_state_dict(state)
    state["best"] = 7.0
    assert plateau.state.best is None


WHOLE = ReduceOnPlateau(0.1).state_dict()
STATES = [
    (None, "a state must be what its state_dict"),
    ([], "a state must be what its state_dict"),
    (WHOLE | {"class": "Cosine"}, "a state must be what its state_dict"),
    ({k: v for k, v in WHOLE.items() if k != "bad"}, "must have best, bad, cooling, scale. Received: class, best"),
    (WHOLE | {"wait": 0}, "must have best, bad, cooling, scale"),
    (WHOLE | {"best": math.nan}, "PlateauState: best must be a finite number"),
    (WHOLE | {"bad": -1}, "PlateauState: bad must be an integer >= 0"),
    (WHOLE | {"cooling": 1.0}, "PlateauState: cooling must be an integer >= 0"),
    (WHOLE | {"scale": 2.0}, r"PlateauState: scale must be a number in \[0, 1\]"),
]


@pytest.mark.parametrize(("state", "message"), STATES)
def test_a_state_is_refused_and_nothing_changes(state, message):
    plateau = ReduceOnPlateau(0.1, patience=0)
    drops(plateau, [1.0, 1.0])
    before = plateau.state_dict()
    with pytest.raises((TypeError, ValueError), match=message):
        plateau.load_state_dict(state)
    assert plateau.state_dict() == before


@pytest.mark.parametrize("metric", [None, "0.5", b"1", True, [1.0], 1j, np.zeros(2)], ids=repr)
def test_what_is_no_metric_is_refused_and_nothing_changes(metric):
    plateau = ReduceOnPlateau(0.1, patience=0)
    before = plateau.state_dict()
    with pytest.raises(TypeError, match=r"^observe: metric must be a number. Received: metric=.* Pass one"):
        plateau.observe(metric)
    assert plateau.state_dict() == before


@pytest.mark.parametrize("metric", [1, np.float32(1), np.int64(1), np.array(1.0), np.array([[1.0]])], ids=repr)
def test_what_is_a_metric(metric):
    plateau = ReduceOnPlateau(0.1)
    plateau.observe(metric)
    assert plateau.state.best == 1.0
    assert type(plateau.state.best) is float


def test_as_a_value_it_is_its_configuration():
    plateau, other = ReduceOnPlateau(0.1, patience=0), ReduceOnPlateau(0.1, patience=0)
    drops(plateau, [1.0, 1.0])
    assert plateau == other
    assert hash(plateau) == hash(other)
    assert repr(plateau) == "ReduceOnPlateau(0.1, patience=0)"
    assert (plateau(0), other(0)) == (0.1 * 0.1, 0.1)
    for again in (eval(repr(plateau)), Schedule.from_json(plateau.to_json()), plateau.clone()):
        assert again == plateau
        assert again(0) == 0.1


def test_inside_a_composition_it_is_found_and_asked():
    plateau = ReduceOnPlateau(0.1, patience=0)
    s = Linear(0, 1, 10) * plateau
    assert isinstance(s, Product)
    assert [found is plateau for found in s.plateaus] == [True]
    before = s(5)
    drops(plateau, [1.0, 1.0])
    assert s(5) == pytest.approx(before / 10, rel=1e-14)
    assert s.clone()(5) == before
    assert s.clone().plateaus[0] is not plateau


def test_each_plateau_schedule_is_found_once_although_they_are_equal():
    a, b = ReduceOnPlateau(0.1), ReduceOnPlateau(0.1)
    c = ReduceOnPlateau(b)
    found = ((a * b + a)[:3] >> c).plateaus
    assert list(map(id, found)) == [id(a), id(b), id(c)]
