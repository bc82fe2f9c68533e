"""Each composition against the formula of the framework it stands for, written out step by step in plain Python."""

import math
from bisect import bisect_right
from itertools import pairwise

import numpy as np
import pytest

from ravine.dialects import papers, schedule_table, schedules, tf1
from ravine.schedules import Cosine, Exponential, Linear, Noise, Schedule, Step

LR = 0.3
K = range(60)


def cos(u):
    return (1 + math.cos(math.pi * u)) / 2


def warmed(w, after, start=0.0, peak=LR):
    """k / w of the way from start to peak for k < w, then after(k)."""
    return lambda k: start + (peak - start) * k / w if k < w else after(k)


def cycle(t, length, mul):
    """The cycle that t is in, counted up; the position in it, and its length."""
    i = 0
    while t >= length:
        i, t, length = i + 1, t - length, length * mul
    return i, t, length


def one_cycle(peak, n, pct, shape, low, end, three):
    corners = [(0, low), (pct * n - 1, peak), *([(2 * pct * n - 2, low)] if three else []), (n - 1, end)]

    def value(k):
        for (a, start), (b, stop) in pairwise(corners):
            if k <= b:
                return start + (stop - start) * shape((k - a) / (b - a))
        return end

    return value


def polynomial_cycle(k):
    n = 10 * max(1, math.ceil(k / 10))
    return 0.2 * (1 - k / n) ** 2 + 0.1


def recursion(k):
    return LR if k == 0 else recursion(k - 1) * factor(k)


def factor(k):
    return 1 - 1 / (k + 2)


def shrink(i):
    return 0.9**i


def noisy(k):
    k = min(k, 40)
    noise = Noise(0)(k) * math.sqrt(0.5 / (1 + k) ** 0.6)
    return LR * ((0.1 + (40 - k) / 40 + noise) * cos(2 * 1.5 * k / 40) + 0.01)


def lagged(boundaries, values):
    return lambda k: next((v for b, v in zip(boundaries, values, strict=False) if k <= b), values[-1])


ROWS = [
    ("papers.constant_warmup", (0.01, 5), {}, lambda k: 0.01),
    ("papers.linear_warmup", (LR, 7), {"start": 0.1}, warmed(7, lambda k: LR, 0.1)),
    ("papers.cosine_warmup", (LR, 7), {}, lambda k: LR * (1 - cos(min(k / 7, 1)))),
    ("papers.exponential_warmup", (LR, 7, 0.003), {}, lambda k: 0.003 * 100 ** min(k / 7, 1)),
    ("papers.exponential_warmup", (LR, 0, 0.003), {}, lambda k: LR),
    ("papers.sqrt_warmup", (LR, 7), {}, lambda k: LR * (1 - math.sqrt(1 - min(k / 7, 1)))),
    (
        "papers.warmup_stable_decay",
        (LR, 9, 20, 11),
        {"end": 0.1},
        lambda k: np.interp(k, [0, 9, 29, 40], [0, LR, LR, 0.1]),
    ),
    ("papers.noam", (512, 20), {}, lambda k: 512**-0.5 * min((k + 1) ** -0.5, (k + 1) * 20**-1.5)),
    ("papers.noam", (64, 1), {"factor": 2}, lambda k: 2 * 64**-0.5 * (k + 1) ** -0.5),
    ("papers.rex", (LR, 40), {}, lambda k: LR * (1 - min(k / 40, 1)) / (0.5 + 0.5 * (1 - min(k / 40, 1)))),
    ("papers.tanh", (LR, 0.1, 40), {}, lambda k: 0.1 + 0.2 * (1 - math.tanh(-7 + 10 * min(k / 40, 1))) / 2),
    ("papers.slanted_triangular", (LR, 50), {}, lambda k: np.interp(k, [0, 5, 50], [LR / 32, LR, LR / 32])),
    ("torch.ConstantLR", (LR,), {}, lambda k: LR / 3 if k < 5 else LR),
    ("torch.ConstantLR", (LR,), {"total_iters": 0}, lambda k: LR / 3),
    ("torch.LinearLR", (LR, 0.1, 0.5, 30), {}, lambda k: LR * (0.1 + 0.4 * min(k, 30) / 30)),
    ("torch.LinearLR", (LR,), {"total_iters": 0}, lambda k: LR / 3),
    ("torch.PolynomialLR", (LR, 30, 2), {}, lambda k: LR * (1 - min(k, 30) / 30) ** 2),
    ("torch.StepLR", (LR, 7), {}, lambda k: LR * 0.1 ** (k // 7)),
    ("torch.MultiStepLR", (LR, [30, 10, 10, 0]), {}, lambda k: LR * 0.1 ** bisect_right([0, 10, 10, 30], k)),
    ("torch.ExponentialLR", (LR, 0.9), {}, lambda k: LR * 0.9**k),
    ("torch.CosineAnnealingLR", (LR, 25, 0.1), {}, lambda k: 0.1 + 0.2 * cos(k / 25)),
    (
        "torch.CosineAnnealingWarmRestarts",
        (LR, 3, 3, 0.1),
        {},
        lambda k: 0.1 + 0.2 * cos(cycle(k, 3, 3)[1] / cycle(k, 3, 3)[2]),
    ),
    ("torch.LambdaLR", (LR, factor), {}, lambda k: LR * factor(k)),
    ("torch.MultiplicativeLR", (LR, factor), {}, recursion),
    ("torch.CyclicLR", (0.1, LR, 4, 6), {}, lambda k: np.interp(k % 10, [0, 4, 10], [0.1, LR, 0.1])),
    (
        "torch.CyclicLR",
        (0.1, LR, 4, 6),
        {"scale_fn": shrink},
        lambda k: 0.1 + np.interp(k % 10, [0, 4, 10], [0, 0.2, 0]) * 0.9 ** (1 + k // 10),
    ),
    (
        "torch.CyclicLR",
        (0.1, LR, 4),
        {"scale_fn": shrink, "scale_mode": "iterations"},
        lambda k: 0.1 + np.interp(k % 8, [0, 4, 8], [0, 0.2, 0]) * 0.9**k,
    ),
    ("torch.CyclicLR", (0.95, 0.85, 4), {}, lambda k: np.interp(k % 8, [0, 4, 8], [0.95, 0.85, 0.95])),
    ("torch.OneCycleLR", (LR, 47), {}, one_cycle(LR, 47, 0.3, lambda u: 1 - cos(u), LR / 25, LR / 25e4, False)),
    (
        "torch.OneCycleLR",
        (LR, 47, 0.4, "linear", 10, 100, True),
        {},
        one_cycle(LR, 47, 0.4, lambda u: u, LR / 10, LR / 1000, True),
    ),
    ("torch.SWALR", (LR, 0.1), {}, lambda k: 0.1 + 0.2 * cos(min(k / 10, 1))),
    ("torch.SWALR", (LR, 0.1, 0), {}, lambda k: 0.1),
    ("torch.SWALR", (LR, 0.1, 20, "linear"), {}, lambda k: 0.1 + 0.2 * (1 - min(k / 20, 1))),
    (
        "torch.SequentialLR",
        ([Linear(0, LR, 20), Step(LR, 0.1, 3), Exponential(0.1, 0.9)], [10, 30]),
        {},
        lambda k: LR * k / 20 if k < 10 else LR * 0.1 ** ((k - 10) // 3) if k < 30 else 0.1 * 0.9 ** (k - 30),
    ),
    (
        "torch.ChainedScheduler",
        (LR, [Step(LR, 0.1, 7), Exponential(LR, 0.9), Cosine(LR, 0, 60)]),
        {},
        lambda k: LR * 0.1 ** (k // 7) * 0.9**k * cos(k / 60),
    ),
    ("keras.ExponentialDecay", (LR, 7, 0.5), {}, lambda k: LR * 0.5 ** (k / 7)),
    ("keras.ExponentialDecay", (LR, 7, 0.5, True), {}, lambda k: LR * 0.5 ** (k // 7)),
    ("keras.InverseTimeDecay", (LR, 7, 0.5), {}, lambda k: LR / (1 + 0.5 * k / 7)),
    ("keras.PiecewiseConstantDecay", ([0, 20, 40], [3, 2, 1, 0]), {}, lagged([0, 20, 40], [3, 2, 1, 0])),
    ("keras.PolynomialDecay", (LR, 30), {}, lambda k: (LR - 1e-4) * (1 - min(k, 30) / 30) + 1e-4),
    ("keras.PolynomialDecay", (LR, 10, 0.1, 2.0, True), {}, polynomial_cycle),
    ("keras.CosineDecay", (LR, 40, 0.2), {}, lambda k: LR * (0.8 * cos(min(k / 40, 1)) + 0.2)),
    (
        "keras.CosineDecay",
        (0.01, 40, 0.2),
        {"warmup_target": LR, "warmup_steps": 10},
        warmed(10, lambda k: LR * (0.8 * cos(min((k - 10) / 40, 1)) + 0.2), 0.01),
    ),
    (
        "keras.CosineDecayRestarts",
        (LR, 8, 1.5, 0.7, 0.1),
        {},
        lambda k: LR * (0.9 * 0.7 ** cycle(k, 8, 1.5)[0] * cos(cycle(k, 8, 1.5)[1] / cycle(k, 8, 1.5)[2]) + 0.1),
    ),
    ("tf1.exponential_decay", (0.15, 1, 0.9999), {}, lambda k: 0.15 * 0.9999**k),
    ("tf1.natural_exp_decay", (LR, 7, 0.5), {}, lambda k: LR * math.exp(-0.5 * k / 7)),
    ("tf1.natural_exp_decay", (LR, 7, 0.5, True), {}, lambda k: LR * math.exp(-0.5 * (k // 7))),
    ("tf1.inverse_time_decay", (LR, 7, 0.5, True), {}, lambda k: LR / (1 + 0.5 * (k // 7))),
    ("tf1.piecewise_constant", ([20, 40], [3, 2, 1]), {}, lagged([20, 40], [3, 2, 1])),
    ("tf1.polynomial_decay", (LR, 10, 0.1, 2.0, True), {}, polynomial_cycle),
    ("tf1.cosine_decay", (LR, 40, 0.2), {}, lambda k: LR * (0.8 * cos(min(k / 40, 1)) + 0.2)),
    ("tf1.cosine_decay_restarts", (LR, 60), {}, lambda k: LR * cos(k / 60)),
    (
        "tf1.linear_cosine_decay",
        (LR, 40, 1.7, 0.1, 0.01),
        {},
        lambda k: LR * ((0.1 + (40 - min(k, 40)) / 40) * cos(2 * 1.7 * min(k, 40) / 40) + 0.01),
    ),
    ("tf1.noisy_linear_cosine_decay", (LR, 40, 0.5, 0.6, 1.5, 0.1, 0.01), {}, noisy),
    ("optax.constant_schedule", (LR,), {}, lambda k: LR),
    ("optax.linear_schedule", (0.1, LR, 20, 5), {}, lambda k: 0.1 + 0.2 * min(max(k - 5, 0), 20) / 20),
    ("optax.linear_schedule", (0.1, LR, 0), {}, lambda k: 0.1),
    (
        "optax.polynomial_schedule",
        (LR, 0.1, 2, 20, 5),
        {},
        lambda k: 0.1 + 0.2 * (1 - min(max(k - 5, 0), 20) / 20) ** 2,
    ),
    (
        "optax.piecewise_constant_schedule",
        (LR, {40: 0.5, 20: 0.1}),
        {},
        lambda k: LR * (0.1 if k >= 20 else 1) * (0.5 if k >= 40 else 1),
    ),
    ("optax.piecewise_constant_schedule", (LR,), {}, lambda k: LR),
    (
        "optax.piecewise_interpolate_schedule",
        ("linear", LR, {40: 0.5, 20: 0.1}),
        {},
        lambda k: np.interp(k, [0, 20, 40], [LR, LR * 0.1, LR * 0.05]),
    ),
    (
        "optax.piecewise_interpolate_schedule",
        ("cosine", LR, {20: 0.1}),
        {},
        lambda k: LR * (0.1 + 0.9 * cos(min(k / 20, 1))),
    ),
    ("optax.piecewise_interpolate_schedule", ("cosine", LR), {}, lambda k: LR),
    ("optax.exponential_decay", (LR, 7, 0.5, 3, False, 0.1), {}, lambda k: max(LR * 0.5 ** (max(k - 3, 0) / 7), 0.1)),
    ("optax.exponential_decay", (LR, 7, 1.5, 3, True, 1.0), {}, lambda k: min(LR * 1.5 ** (max(k - 3, 0) // 7), 1.0)),
    ("optax.exponential_decay", (LR, 7, 0), {}, lambda k: LR),
    ("optax.cosine_decay_schedule", (LR, 40, 0.2, 1.5), {}, lambda k: LR * (0.8 * cos(min(k / 40, 1)) ** 1.5 + 0.2)),
    (
        "optax.linear_onecycle_schedule",
        (50, LR),
        {},
        lambda k: np.interp(k, [0, 15, 42, 50], [LR / 25, LR, LR / 25, LR / 25e4]),
    ),
    (
        "optax.cosine_onecycle_schedule",
        (51, LR),
        {},
        lambda k: (
            LR * (1 / 25 + 24 / 25 * (1 - cos(k / 15)))
            if k < 15
            else LR * (4e-6 + (1 - 4e-6) * cos(min((k - 15) / 36, 1)))
        ),
    ),
    ("optax.warmup_constant_schedule", (0.1, LR, 20), {}, lambda k: 0.1 + 0.2 * min(k, 20) / 20),
    (
        "optax.warmup_cosine_decay_schedule",
        (0.1, LR, 10, 50, 0.03, 2.0),
        {},
        warmed(10, lambda k: LR * (0.9 * cos(min((k - 10) / 40, 1)) ** 2 + 0.1), 0.1),
    ),
    (
        "optax.warmup_exponential_decay_schedule",
        (0.1, LR, 10, 7, 0.5),
        {"transition_begin": 3},
        warmed(10, lambda k: LR * 0.5 ** (max(k - 13, 0) / 7), 0.1),
    ),
    (
        "optax.sgdr_schedule",
        ([{"init_value": 0, "peak_value": LR, "warmup_steps": 5, "decay_steps": 30}] * 2,),
        {},
        lambda k: warmed(5, lambda k: LR * cos((k - 5) / 25))(k % 30),
    ),
    (
        "optax.join_schedules",
        ([Linear(0, LR, 20), Cosine(LR, 0, 40)], [20]),
        {},
        warmed(20, lambda k: LR * cos((k - 20) / 40)),
    ),
]
CONTROLLERS = {
    *("torch.ReduceLROnPlateau", "keras.ReduceLROnPlateau", "optax.reduce_on_plateau")
}  # test_schedule_plateau has these


def title(row):
    """The call, functions by their names."""
    name, arguments, options, _ = row
    shown = [getattr(value, "__name__", repr(value)) for value in (*arguments, *options.values())]
    return f"{name}({', '.join(shown)})"


def made(name, arguments, options):
    """The schedule; a decay of TensorFlow 1 counts in a variable, its second argument or, of one, its first."""
    if name.startswith("tf1."):
        place = 0 if name == "tf1.piecewise_constant" else 1
        arguments = (*arguments[:place], tf1.Variable(0, trainable=False), *arguments[place:])
    return schedules()[name](*arguments, **options)


@pytest.mark.parametrize(("name", "arguments", "options", "formula"), ROWS, ids=map(title, ROWS))
def test_the_schedule_is_the_formula(name, arguments, options, formula):
    s = made(name, arguments, options)
    np.testing.assert_allclose(s(np.array(K)), [formula(k) for k in K], rtol=1e-12, atol=1e-14)


def test_every_schedule_has_a_row():
    assert {row[0] for row in ROWS} | CONTROLLERS == set(schedules())


@pytest.mark.parametrize(
    "row", [row for row in ROWS if "Lambda" not in row[0] and "Multiplicative" not in row[0]], ids=title
)
def test_a_schedule_is_written_and_read(row):
    s = made(*row[:3])
    assert Schedule.from_json(s.to_json()) == s


def test_the_table_has_a_line_for_each():
    lines = schedule_table().splitlines()
    assert len(lines) == 2 + len(schedules())
    assert all(line.startswith("| `") and line.endswith(" |") for line in lines[2:])
    made = "`Exponential(initial_learning_rate, decay_rate, decay_steps, staircase)`"
    assert any(line.startswith("| `keras.ExponentialDecay(") and made in line for line in lines)


DEGENERATE = [
    (papers.warmup_stable_decay(LR, 0, 0, 0), [0, 0]),
    (papers.warmup_stable_decay(LR, 0, 1, 0), [LR, 0]),
    (papers.rex(LR, 0), [0, 0]),
    (papers.rex(LR, 1), [LR, 0]),
    (papers.linear_warmup(LR, 0), [LR, LR]),
    (schedules()["keras.CosineDecay"](0, 10, warmup_target=1, warmup_steps=0), [1, 0.5 + math.cos(math.pi / 10) / 2]),
    (schedules()["optax.warmup_constant_schedule"](0.1, LR, 0), [0.1, 0.1]),
    (schedules()["optax.warmup_cosine_decay_schedule"](0.1, LR, 0, 2), [LR, LR / 2]),
]


@pytest.mark.parametrize(("s", "first"), DEGENERATE, ids=repr)
def test_without_steps(s, first):
    np.testing.assert_allclose(s(np.arange(2)), first, rtol=1e-15, atol=1e-16)


WORDS = [
    ("torch.OneCycleLR", (0.1, 9, 2.0), "OneCycleLR: pct_start must be"),
    ("torch.StepLR", (0.1, 2.5), "StepLR: step_size must be an integer"),
    ("torch.ExponentialLR", (0.1, -1), "ExponentialLR: gamma must be"),
    ("torch.MultiStepLR", (0.1, [-1, 3]), "MultiStepLR: milestones must be"),
    ("keras.PiecewiseConstantDecay", ([3, 2], [1, 2, 3]), "PiecewiseConstantDecay: boundaries must be strictly"),
    ("keras.PiecewiseConstantDecay", ([2, 3], [1, 2]), "PiecewiseConstantDecay: values must be 3 numbers"),
    ("tf1.natural_exp_decay", (LR, 0, 0.5), "natural_exp_decay: decay_steps must be"),
    ("tf1.linear_cosine_decay", (LR, 0), "linear_cosine_decay: decay_steps must be"),
    ("optax.polynomial_schedule", (LR, 0.1, -1, 5), "polynomial_schedule: power must be"),
    ("optax.exponential_decay", (LR, 5, -0.5), "exponential_decay: decay_rate must be"),
]


@pytest.mark.parametrize(("name", "arguments", "message"), WORDS, ids=str)
def test_errors_name_the_arguments_of_the_framework(name, arguments, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        made(name, arguments, {})
