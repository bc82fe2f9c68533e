"""What a notebook shows of optimizers."""

import numpy as np
import pytest

from ravine.optim import Adam, Optimizer, minimize, rules
from ravine.optim.formula import table
from ravine.schedules import Linear

RULES = [cls for cls in Optimizer.registry.values() if cls.__name__ in rules.__all__]


@pytest.mark.parametrize("cls", RULES, ids=lambda cls: cls.__name__)
def test_a_value_shows_its_formula_and_every_hyperparameter(cls):
    spec = cls(lr=0.1)
    shown = spec._repr_markdown_()
    assert f"$$\n{spec.explain().latex}\n$$" in shown
    assert cls.__doc__.splitlines()[0] in shown
    assert all(f"`{name}`" in shown for name in (*spec.state, "lr"))


def test_options_are_shown_where_they_are_on():
    assert "clip_norm" not in Adam()._repr_markdown_()
    assert "| `clip_norm` | `2.0` | None or a finite number > 0 |" in Adam(clip_norm=2)._repr_markdown_()
    assert "| `lr` | `Linear(0.0, 1.0, 5)` |" in Adam(lr=Linear(0, 1, 5))._repr_markdown_()


def test_a_bound_optimizer_shows_its_parameters_and_states():
    x = np.zeros((2, 2), np.float32)
    opt = Adam([x], lr=0.5)
    opt.step([np.full((2, 2), 4, np.float32)])
    last = opt._repr_markdown_().splitlines()[-1]
    assert last == "| 0 | (2, 2) float32 | 0.5 | 0.4 | 0.016 |"


def test_a_table_keeps_bars_apart():
    assert table(["a", "b"], [["x|y", None]]) == "| a | b |\n| --- | --- |\n| x\\|y |  |"


def test_the_result_of_minimize_is_a_line():
    found = minimize(lambda x: np.sum(x**2), np.ones(2), Adam(lr=0.1), steps=3)
    assert repr(found).startswith("<Result: finished after 3 steps, fun = ")
    assert "\n" not in repr(found)
