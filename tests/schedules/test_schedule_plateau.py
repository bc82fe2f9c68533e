"""ReduceOnPlateau: what counts as better, when it reduces, its state; and the frameworks' variations on it."""

import copy
import itertools
import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.dialects.compositions import keras, optax, timm, torch
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


def drops(controller, observed):
    """The indices of the metrics that made a reduction."""
    return [i for i, metric in enumerate(observed) if controller.observe(metric)]


# Where a flat metric makes a reduction, as measured in the three frameworks; (patience, cooldown).
FLAT = [
    (torch.ReduceLROnPlateau(0.1, patience=2), [3, 6, 9]),
    (torch.ReduceLROnPlateau(0.1, patience=2, cooldown=2), [3, 8]),
    (torch.ReduceLROnPlateau(0.1, patience=0), list(range(1, 12))),
    (keras.ReduceLROnPlateau(0.1, patience=2), [2, 4, 6, 8, 10]),
    (keras.ReduceLROnPlateau(0.1, patience=2, cooldown=2), [2, 5, 8, 11]),
    (keras.ReduceLROnPlateau(0.1, patience=0), list(range(1, 12))),
    (keras.ReduceLROnPlateau(0.1, patience=1), list(range(1, 12))),
    (optax.reduce_on_plateau(patience=2), [2, 4, 6, 8, 10]),
    (optax.reduce_on_plateau(patience=2, cooldown=2), [2, 6, 10]),
    (timm.PlateauLRScheduler(0.1, patience_t=2, cooldown_t=2), [3, 8]),
]


@pytest.mark.parametrize(("controller", "expected"), FLAT, ids=lambda value: repr(value))
def test_a_flat_metric(controller, expected):
    controller = controller.fresh()
    assert drops(controller, [1.0] * 12) == expected
    assert controller.state["scale"] == pytest.approx(controller.factor ** len(expected), rel=1e-14)


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
        controller = ReduceOnPlateau(0.1, mode=mode, threshold=threshold, threshold_mode=by)
        controller.observe(best)
        controller.observe(metric)
        assert controller.state["best"] == (metric if better else best)
        assert controller.state["bad"] == (0 if better else 1)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("first", [math.nan, math.inf, -math.inf])
def test_a_first_metric_that_is_not_finite_is_no_best(first, mode):
    controller = ReduceOnPlateau(0.1, patience=1, mode=mode)
    assert not controller.observe(first)
    assert controller.state["best"] is None
    assert controller.observe(first)  # but it counts: a run that stays there is reduced
    assert not controller.observe(5.0)
    assert controller.state["best"] == 5.0


@given(options, st.lists(st.floats(-3, 3)))
def test_maximizing_is_minimizing_the_negative(config, observed):
    up = ReduceOnPlateau(0.1, **config | {"mode": "max"})
    down = ReduceOnPlateau(0.1, **config | {"mode": "min"})
    assert drops(up, observed) == drops(down, [-metric for metric in observed])


@given(options, metrics)
def test_the_value_is_the_start_reduced_no_lower_than_the_minimum(config, observed):
    controller = ReduceOnPlateau(Linear(0, 1, 5) >> Cosine(1, 0, 20), **config)
    count, k = len(drops(controller, observed)), np.arange(40)
    start = controller.start(k)
    expected = np.minimum(start, np.maximum(start * config["factor"] ** count, config["minimum"]))
    np.testing.assert_allclose(controller(k), expected, rtol=1e-12)
    assert controller.horizon == 25


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
    controller = ReduceOnPlateau(0.1)
    state = controller.state_dict()
    assert state == {"class": "ReduceOnPlateau", "best": None, "bad": 0, "cooling": 0, "scale": 1.0}
    controller.observe(1.0)
    assert state["best"] is None
    controller.load_state_dict(state)
    state["best"] = 7.0
    assert controller.state["best"] is None


WHOLE = ReduceOnPlateau(0.1).state_dict()
STATES = [
    (None, "a state must be what its state_dict"),
    ([], "a state must be what its state_dict"),
    (WHOLE | {"class": "Cosine"}, "a state must be what its state_dict"),
    ({k: v for k, v in WHOLE.items() if k != "bad"}, "must have best, bad, cooling, scale. Received: class, best"),
    (WHOLE | {"wait": 0}, "must have best, bad, cooling, scale"),
    (WHOLE | {"best": math.nan}, "in a state, best must be a finite number"),
    (WHOLE | {"bad": -1}, "in a state, bad must be an integer >= 0"),
    (WHOLE | {"cooling": 1.0}, "in a state, cooling must be an integer >= 0"),
    (WHOLE | {"scale": 2.0}, r"in a state, scale must be a number in \[0, 1\]"),
]


@pytest.mark.parametrize(("state", "message"), STATES)
def test_a_state_is_refused_and_nothing_changes(state, message):
    controller = ReduceOnPlateau(0.1, patience=0)
    drops(controller, [1.0, 1.0])
    before = controller.state_dict()
    with pytest.raises((TypeError, ValueError), match="^ReduceOnPlateau: .*" + message):
        controller.load_state_dict(state)
    assert controller.state_dict() == before


@pytest.mark.parametrize("metric", [None, "0.5", b"1", True, [1.0], 1j, np.zeros(2)], ids=repr)
def test_what_is_no_metric_is_refused_and_nothing_changes(metric):
    controller = ReduceOnPlateau(0.1, patience=0)
    before = controller.state_dict()
    with pytest.raises(TypeError, match=r"^observe: metric must be a number. Received: metric=.* Pass one"):
        controller.observe(metric)
    assert controller.state_dict() == before


@pytest.mark.parametrize("metric", [1, np.float32(1), np.int64(1), np.array(1.0)], ids=repr)
def test_what_is_a_metric(metric):
    controller = ReduceOnPlateau(0.1)
    controller.observe(metric)
    assert controller.state["best"] == 1.0
    assert type(controller.state["best"]) is float


def test_as_a_value_it_is_its_configuration():
    controller, other = ReduceOnPlateau(0.1, patience=0), ReduceOnPlateau(0.1, patience=0)
    drops(controller, [1.0, 1.0])
    assert controller == other
    assert hash(controller) == hash(other)
    assert repr(controller) == "ReduceOnPlateau(0.1, patience=0)"
    assert (controller(0), other(0)) == (0.1 * 0.1, 0.1)
    for again in (eval(repr(controller)), Schedule.from_json(controller.to_json()), controller.fresh()):
        assert again == controller
        assert again(0) == 0.1


def test_inside_a_composition_it_is_found_and_asked():
    controller = ReduceOnPlateau(0.1, patience=0)
    s = Linear(0, 1, 10) * controller
    assert isinstance(s, Product)
    assert [found is controller for found in s.controllers] == [True]
    before = s(5)
    drops(controller, [1.0, 1.0])
    assert s(5) == pytest.approx(before / 10, rel=1e-14)
    assert s.fresh()(5) == before
    assert s.fresh().controllers[0] is not controller


def test_each_controller_is_found_once_although_they_are_equal():
    a, b = ReduceOnPlateau(0.1), ReduceOnPlateau(0.1)
    c = ReduceOnPlateau(b)
    found = ((a * b + a)[:3] >> c).controllers
    assert list(map(id, found)) == [id(a), id(b), id(c)]
