"""The table of conventions is what the rows do, and says what the house decided."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from ravine.autograd import explain, grad
from ravine.autograd.explain.conventions import CASES, _gradient

TABLE = {kink.case: kink for kink in explain.kinks()}


def house():
    """The conventions of the house that concern functions of our table: the function, the point, the gradient."""
    path = Path(__file__).with_name("test_autograd_kinks.py")
    spec = importlib.util.spec_from_file_location("house_conventions", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    ours = {case: f for case, _, f, _ in CASES}
    for name, f, at, expected in module.KINKS:
        if name in ours and same(f, ours[name], np.array(at)):
            yield pytest.param(ours[name], at, expected, id=name)


def same(f, g, x):
    try:
        with np.errstate(all="ignore"):
            return np.array_equal(f(x), g(x), equal_nan=True)
    except ValueError:  # for arrays of another length
        return False


HOUSE = list(house())


@pytest.mark.parametrize(("f", "at", "expected"), HOUSE)
def test_the_table_agrees_with_the_house(f, at, expected):
    np.testing.assert_allclose(_gradient(f, at), expected)


def test_most_are_shared():
    assert len(HOUSE) >= 24
    assert len(TABLE) == len(explain.kinks()) == len(CASES)


@pytest.mark.parametrize(
    ("case", "gradient"),
    [
        ("median of an even number", (0, 0.5, 0.5, 0)),
        ("ptp, ties", (-0.5, -0.5, 1)),
        ("nan_to_num", (0, 0, 1)),
        ("sinc at 0", (0,)),
        ("remainder at a multiple", (1,)),
        ("arccos at 1", (-np.inf,)),
        ("1-norm at 0", (0, 1)),
        ("maximum norm, ties", (0.5, -0.5)),
        ("x**0.5 at 0", (np.inf,)),
    ],
)
def test_more_conventions(case, gradient):
    assert TABLE[case].gradient == gradient


def test_markdown():
    lines = str(explain.kinks()).splitlines()
    assert len(lines) == len(TABLE) + 2
    assert len({line.replace("\\|", "__").count("|") for line in lines}) == 1
    assert len(set(map(len, lines))) == 1
    assert "| abs at 0 " in lines[2]
    assert explain.kinks()._repr_markdown_() == str(explain.kinks())


def test_the_masked_slope_is_nan_by_default_and_0_in_the_mode():
    kink = TABLE["a masked infinite slope (0 under strong_zero)"]
    assert np.isnan(kink.gradient).all()
    with explain.strong_zero():
        g = grad(lambda x: np.where(x > 0, np.sqrt(x), 0.0))(kink.x[0])
    assert g == 0
