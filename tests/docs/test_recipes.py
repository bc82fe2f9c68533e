"""The schedules of timm and transformers, as the page gives them, against the libraries' formulas in plain Python."""

import math
import re
from bisect import bisect_right
from pathlib import Path

import numpy as np
import pytest

from ravine import schedules

PAGE = Path(__file__).resolve().parents[2] / "docs" / "from" / "timm-transformers.md"
ROWS = re.findall(
    r"^\| (?!-|timm \||transformers \||part)(.+?) \| `(.+?)`.* \|$", PAGE.read_text(encoding="utf-8"), re.M
)
NAMES = {name: getattr(schedules, name) for name in schedules.__all__}
FUNCTIONS = {name: getattr(math, name) for name in ("cos", "exp", "pi")}
LR = 0.3
K = range(60)


def cos(u):
    return (1 + math.cos(math.pi * u)) / 2


def warmed(w, after, start=0.0, peak=LR):
    """k / w of the way from start to peak for k < w, then after(k)."""
    return lambda k: start + (peak - start) * k / w if k < w else after(k)


def one_minus_sqrt(k, n):
    return 1 - math.sqrt(1 - min(k / n, 1))


# The values of the variables, and the formula.
TRANSFORMERS = {
    "`constant`": ({}, lambda k: LR),
    "`constant_with_warmup`": ({"w": 10}, warmed(10, lambda k: LR)),
    "`linear`": ({"w": 10, "T": 50}, warmed(10, lambda k: LR * max(0, (50 - k) / 40))),
    "`cosine`": ({"w": 10, "T": 41, "n": 0.7}, warmed(10, lambda k: LR * cos(2 * 0.7 * (k - 10) / 31))),
    "`cosine_with_min_lr`": (
        {"w": 10, "T": 50, "n": 0.5, "min_lr": 0.03},
        warmed(10, lambda k: LR * (0.9 * cos((k - 10) / 40) + 0.1)),
    ),
    "`cosine_warmup_with_min_lr`": (
        {"w": 10, "T": 50, "n": 0.5, "min_lr": 0.03},
        lambda k: LR * (k + 1) / 10 if k < 10 else LR * (0.9 * cos((k - 9) / 40) + 0.1),
    ),
    "`cosine_warmup_with_min_lr`, with `warmup_lr_rate` r": (
        {"w": 10, "T": 50, "n": 0.5, "min_lr": 0.03, "r": 0.1},
        lambda k: LR * (0.1 + 0.9 * k / 9) if k < 10 else LR * (0.9 * cos((k - 9) / 40) + 0.1),
    ),
    "`cosine_with_restarts`": (
        {"w": 10, "T": 51, "n": 3},
        warmed(10, lambda k: LR * cos(3 * (k - 10) % 41 / 41) if k < 51 else 0),
    ),
    "`polynomial`": (
        {"w": 10, "T": 50, "lr_end": 0.1, "power": 2},
        warmed(10, lambda k: 0.1 + 0.2 * (1 - min((k - 10) / 40, 1)) ** 2),
    ),
    "`inverse_sqrt`": ({"w": 10, "timescale": 90}, warmed(10, lambda k: LR / math.sqrt((k + 80) / 90))),
    'warm-up, "linear"': ({"w": 10, "low": 0.1}, warmed(10, lambda k: LR, 0.1)),
    'warm-up, "cosine"': ({"w": 10, "low": 0.1}, lambda k: 0.1 + 0.2 * (1 - cos(min(k / 10, 1)))),
    'warm-up, "1-sqrt"': ({"w": 10, "low": 0.1}, lambda k: 0.1 + 0.2 * one_minus_sqrt(k, 10)),
    "stable": ({"num_stable_steps": 20}, lambda k: LR),
    'decay, "linear"': ({"d": 20, "low": 0.1}, lambda k: 0.3 - 0.2 * min(k / 20, 1)),
    'decay, "cosine"': ({"d": 20, "low": 0.1, "n": 0.5}, lambda k: 0.1 + 0.2 * cos(min(k / 20, 1))),
    'decay, "1-sqrt"': ({"d": 20, "low": 0.1}, lambda k: 0.1 + 0.2 * (1 - math.sqrt(min(k / 20, 1)))),
}
CYCLES = {"lr_min": 0.01, "t": 20, "cycle_mul": 2, "cycle_decay": 0.5}
TIMM = {
    "`StepLRScheduler`": ({"decay_rate": 0.5, "decay_t": 7}, lambda k: LR * 0.5 ** (k // 7)),
    "`MultiStepLRScheduler`": (
        {"decay_rate": 0.5, "decay_t": [10, 30]},
        lambda k: LR * 0.5 ** bisect_right([10, 30], k + 1),
    ),
    "`CosineLRScheduler`": ({"lr_min": 0.01, "t": 20}, lambda k: 0.01 + 0.29 * cos(min(k / 20, 1))),
    "`CosineLRScheduler`, with `k_decay`": (
        {"lr_min": 0.01, "t": 20, "k_decay": 1.5},
        lambda k: 0.01 + 0.29 * cos(min(k / 20, 1) ** 1.5),
    ),
    "`TanhLRScheduler`": (
        {"lr_min": 0.01, "t": 20, "lb": -6, "ub": 4},
        lambda k: 0.01 + 0.29 * (1 - math.tanh(-6 * (1 - k / 20) + 4 * k / 20)) / 2 if k < 20 else 0.01,
    ),
    "`PolyLRScheduler`": (
        {"lr_min": 0.01, "t": 20, "power": 0.7},
        lambda k: 0.01 + 0.29 * (1 - min(k / 20, 1)) ** 0.7,
    ),
    "`PolyLRScheduler`, with `k_decay`": (
        {"lr_min": 0.01, "t": 20, "power": 0.7, "k_decay": 1.5},
        lambda k: 0.01 + 0.29 * (1 - min(k / 20, 1) ** 1.5) ** 0.7,
    ),
    "`warmup_t`, `warmup_lr_init`": (
        {"warmup_lr_init": 0.1, "warmup_t": 4, "s": schedules.Cosine(LR, 0, 50)},
        warmed(4, lambda k: LR * cos(min(k / 50, 1)), 0.1),
    ),
    "the same with `warmup_prefix=True`": (
        {"warmup_lr_init": 0.1, "warmup_t": 4, "s": schedules.Step(LR, 0.5, 7)},
        warmed(4, lambda k: LR * 0.5 ** ((k - 4) // 7), 0.1),
    ),
    "`cycle_limit=2`, `cycle_mul`, `cycle_decay`": (
        CYCLES,
        lambda k: 0.01 + (0.29 * cos(k / 20) if k < 20 else 0.14 * cos((k - 20) / 40)),
    ),
    "`noise_range_t`, `noise_std`": (
        {"s": schedules.Constant(LR), "seed": 3, "noise_std": 0.5},
        lambda k: LR * (1 + 0.5 * schedules.Noise(3)(k)),
    ),
}
PLATEAUS = {
    "`reduce_lr_on_plateau`": ({}, schedules.ReduceOnPlateau(LR)),
    "`PlateauLRScheduler`": (
        {"decay_rate": 0.5, "patience_t": 2, "threshold": 0.1, "cooldown_t": 3, "lr_min": 0.01},
        schedules.ReduceOnPlateau(LR, 0.5, 2, "max", 0.1, 3, 0.01),
    ),
}


def recipe(name, values):
    """The schedule that the page gives for this name."""
    return eval(dict(ROWS)[name], {**NAMES, **FUNCTIONS, "lr": LR, **values})


@pytest.mark.parametrize(
    ("name", "case"), [*TRANSFORMERS.items(), *TIMM.items()], ids=lambda x: str(x) * (type(x) is str)
)
def test_the_recipe_is_the_formula(name, case):
    values, formula = case
    np.testing.assert_allclose(recipe(name, values)(np.array(K)), [formula(k) for k in K], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", PLATEAUS)
def test_the_recipe_reacts_to_a_metric(name):
    values, expected = PLATEAUS[name]
    assert recipe(name, values) == expected


def test_every_recipe_is_tested():
    assert [name for name, _ in ROWS] == list(dict(ROWS))
    assert {name for name, _ in ROWS} == {*TRANSFORMERS, *TIMM, *PLATEAUS}
