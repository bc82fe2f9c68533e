"""A kernel computes what Python would: the rule's code, globals and closures as they are, or an error says why not."""

import functools
import importlib
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.kernels import Kernel, RuleError, clip
from ravine.optim import Optimizer, RMSprop, unroll
from ravine.optim.hyper import NonNegative
from ravine.schedules import Piecewise

SCALE = 0.5
EPS = np.finfo(float).eps


def run(kernel, x, g, numbers):
    arrays = {"x": np.array(x), "g": np.array(g)}
    kernel([arrays[name] for name in kernel.arrays], [numbers[name] for name in kernel.parameters])
    return arrays["x"]


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module with a rule and imports it."""
    monkeypatch.syspath_prepend(tmp_path)

    def written(text, *, imported=True):
        (tmp_path / "edited_rule.py").write_text(text)
        importlib.invalidate_caches()
        return importlib.import_module("edited_rule") if imported else None

    yield written
    sys.modules.pop("edited_rule", None)


TEXT = "def rule(x, g, lr):\n    return x - lr * g\n"


def test_file_saved_after_import(module):
    rule = module(TEXT).rule
    module(TEXT.replace("lr *", "1000 * lr *"), imported=False)
    with pytest.raises(RuleError, match="Import it again"):
        Kernel(rule, ["x"])


def test_rule_moved_in_its_file_after_import(module):
    rule = module(TEXT).rule
    module("def other(x, g, lr):\n    return x - 3 * lr * g\n\n\n" + TEXT, imported=False)
    assert run(Kernel(rule, ["x"]), [1.0], [1.0], {"lr": 0.25}) == [0.75]


def test_comment_at_the_left_margin(module):
    rule = module("class A:\n    def rule(x, g, lr):\n# left\n        return x - lr * g\n").A.rule
    assert run(Kernel(rule, ["x"]), [1.0], [1.0], {"lr": 0.25}) == [0.75]


def test_text_that_is_no_python_after_import(module):
    rule = module(TEXT).rule
    module(TEXT + "def (", imported=False)
    with pytest.raises(RuleError, match="Import it again"):
        Kernel(rule, ["x"])


def test_two_rules_of_one_name():
    def rule(x, g, lr):
        return x - lr * g

    first = rule

    def rule(x, g, lr):
        return x - 2 * lr * g

    for function, expected in ((first, 0.75), (rule, 0.5)):
        assert run(Kernel(function, ["x"]), [1.0], [1.0], {"lr": 0.25}) == [expected]


def doubled(function):
    @functools.wraps(function)
    def wrapper(x, g, lr):
        return function(x, 2 * g, lr)

    return wrapper


@doubled
def decorated(x, g, lr):
    return x - lr * g


def test_decorated_rule():
    with pytest.raises(RuleError, match=r"decorator|may call"):
        Kernel(decorated, ["x"])


def with_global(x, g, lr):
    return x - SCALE * lr * g - EPS


@pytest.mark.parametrize("scale", [0.5, 5.0, 3, True, np.float64(0.25), float("inf")])
def test_globals_are_read_at_each_call(scale, monkeypatch):
    kernel = Kernel(with_global, ["x"])
    for value in (1.0, scale):
        monkeypatch.setitem(globals(), "SCALE", value)
        expected = with_global(np.ones(3), np.ones(3), 0.5)
        np.testing.assert_array_equal(run(kernel, np.ones(3), np.ones(3), {"lr": 0.5}), expected)


@pytest.mark.parametrize("scale", [None, np.float32(0.5), np.ones(2), "1"], ids=repr)
def test_global_that_is_no_number_any_more(scale, monkeypatch):
    kernel = Kernel(with_global, ["x"])
    monkeypatch.setitem(globals(), "SCALE", scale)
    with pytest.raises(RuleError, match="`SCALE` is no number"):
        run(kernel, np.ones(3), np.ones(3), {"lr": 0.5})


def test_float64_global_on_float32_arrays():
    with pytest.raises(RuleError, match="Make it a Python float"):
        run(Kernel(with_global, ["x"]), np.ones(3, "f"), np.ones(3, "f"), {"lr": 0.5})


def numpy_on_numbers(x, g, t):
    return x - np.sqrt(t) * g


def test_numpy_function_of_numbers():
    kernel = Kernel(numpy_on_numbers, ["x"])
    assert run(kernel, [3.0], [1.0], {"t": 4.0}) == [1.0]
    with pytest.raises(RuleError, match=r"from ravine\.kernels"):
        run(kernel, np.ones(3, "f"), np.ones(3, "f"), {"t": 4.0})


@given(st.floats(-10, 10), st.floats(-10, 10))
def test_closures_are_read_at_each_call(first, second):
    scale = first

    def rule(x, g, lr):
        return x - scale * (lr * g)

    kernel = Kernel(rule, ["x"])
    for value in (first, second):
        scale = value
        np.testing.assert_array_equal(run(kernel, [1.0], [3.0], {"lr": 0.5}), rule(np.ones(1), np.full(1, 3.0), 0.5))


class CallsAGlobal(Optimizer, abstract=True):
    lr: NonNegative = 1.0

    @staticmethod
    def rule(x, g, lr):
        return x - lr * SHAPE(g)


SHAPE = np.sqrt


def test_a_new_binding_takes_the_functions_of_now(monkeypatch):
    for function in (np.sqrt, np.square):
        monkeypatch.setitem(globals(), "SHAPE", function)
        x = np.array([20.0])
        CallsAGlobal([x]).step([np.array([4.0])])
        assert x == 20.0 - function(4.0)


class Branches(Optimizer, abstract=True):
    lr: NonNegative = 1.0
    boost: NonNegative = 1.0

    @staticmethod
    def rule(x, g, m, lr, boost):
        if boost:
            m = boost * m + g
        else:
            m = m - g
        x = x - lr * m
        return x, m


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=2, max_size=5))
def test_a_branch_is_taken_at_each_step(values):
    spec = Branches(boost=Piecewise(values, range(1, len(values))))
    x, m = np.ones(1), np.zeros(1)
    opt = spec.bind([x])
    expected = np.ones(1)
    for value in values:
        opt.step([np.ones(1)])
        expected, m = Branches.rule(expected, np.ones(1), m, 1.0, value)
        np.testing.assert_array_equal(x, expected)


def test_rmsprop_with_scheduled_momentum():
    spec = RMSprop(lr=0.1, momentum=Piecewise([0.9, 0.0, 0.5], [3, 6]))
    x = np.array([1.0])
    opt = spec.bind([x])
    slopes = [np.array([float(g)]) for g in range(1, 10)]
    for g in slopes:
        opt.step([g])
    assert x == [step.x for step in unroll(spec, slopes, np.array([1.0]), steps=9)][-1]
    assert x == pytest.approx(-10.8019, abs=1e-4)


class Reassigns(Optimizer, abstract=True):
    lr: NonNegative = 1.0

    @staticmethod
    def rule(x, g, t, lr):
        lr = 0 * lr
        if lr:
            x = x - g
        t = t + 10
        return x - g / t


def test_reassigned_names():
    x = np.ones(1)
    opt = Reassigns([x], ema=0.5)
    opt.step([np.full(1, 11.0)])
    assert (x[0], opt.state_dict()["state"]["0"]["x_ema"][0]) == (0.0, 0.0)  # the average starts at t = 1


class NamedLikeAnAverage(Optimizer, abstract=True):
    lr: NonNegative = 1.0

    @staticmethod
    def rule(x, g, lr):
        x_ema = lr * g
        return x - x_ema


def test_a_name_of_the_rule_that_is_a_state_of_an_option():
    with pytest.raises(RuleError, match="x_ema"):
        NamedLikeAnAverage([np.ones(1)], ema=0.5)


def untouched(x, g, m, lr):
    return x, m + g


def test_a_rule_may_leave_x_alone():
    x, m = np.ones(2), np.zeros(2)
    Kernel(untouched, ["x", "m"])([x, np.ones(2), m], [0.5])
    np.testing.assert_array_equal([x, m], [[1, 1], [1, 1]])


def clipped(x, g, low, high):
    return clip(g, low, high)


def clipped_by_arrays(x, g, low, high):
    return np.clip(g, np.minimum(x, low), np.maximum(x, high))


BOUNDS = st.sampled_from([-0.0, 0.0, 1.0, -1.0, float("nan"), float("inf")])


@pytest.mark.parametrize("rule", [clipped_by_arrays, clipped], ids=lambda rule: rule.__name__)
@given(low=BOUNDS, high=BOUNDS)
def test_clip_has_numpy_s_signs_of_zero(rule, low, high):
    g = np.array([-0.0, 0.0, 1.0, -1.0, np.nan, 2.0])
    x = np.zeros(6)
    with np.errstate(invalid="ignore"):
        expected = rule(x, g, low, high)
    new = run(Kernel(rule, ["x"]), x, g, {"low": low, "high": high})
    np.testing.assert_array_equal(new, expected)
    kept = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(new[kept]), np.signbit(expected[kept]))
