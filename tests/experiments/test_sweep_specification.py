"""A sweep is a value: TOML, JSON and Python say the same, its repr is its source, an impossible one can't be made."""

import inspect
import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.experiments import PROBLEMS, UsageError, sweep
from ravine.experiments.sweep import (
    Better,
    Choice,
    Diverging,
    Grid,
    Halton,
    LogUniform,
    Median,
    OptimizerConfig,
    Points,
    ProblemConfig,
    Seeding,
    Sobol,
    Sweep,
    Uniform,
    load,
    read,
    write,
)
from ravine.experiments.trial import Seeds
from ravine.optim import Adam, Optimizer
from ravine.schedules import Cosine, Linear

TEXT = """
name = "everything"
measures = ["gradient_norm", "update_ratio"]

[problems.booth]
epochs = 3

[problems.noisy]
problem = "iris"
hidden = [8, 4]
dropout = 0.2

[optimizers.adam]
lr = { log = [1e-4, 1e-1], points = 4 }
beta1 = { choice = [0.8, 0.9] }
weight_decay = { uniform = [0.0, 0.1] }
beta2 = { class = "Linear", start = 0.9, end = 0.99, steps = "50%" }

[optimizers.fixed]
optimizer = "sgd"
lr = 0.01

[schedules]
constant = {}
warm = { class = "Then", parts = [
    { class = "Linear", start = 0.1, end = 1.0, steps = "10%" },
    { class = "Cosine", start = 1.0, end = 0.0, steps = "90%" },
] }

[tuning]
search = "grid"
points = 3
extend = 2

[seeds]
tuning = 1
final = 6
fixed = { data = 0, order = 42 }
reshuffled = false

[[claims]]
better = "adam warm"
than = "fixed constant"
on = "noisy"
test = "wilcoxon"

[[claims]]
median = "fixed constant"
on = "booth"
below = 1.0
quantity = "test_loss"

[[claims]]
diverging = "adam constant"
on = "noisy"
at_most = 1
"""
CONFIG = tomllib.loads(TEXT)
PARTS = (Sweep, ProblemConfig, OptimizerConfig, LogUniform, Uniform, Choice, Points, Grid, Halton, Sobol, Seeding)
PARTS += (Better, Median, Diverging)
NAMES = {cls.__name__: cls for cls in (*PROBLEMS.values(), *PARTS)}


def test_a_sweep_is_its_repr_its_json_and_its_toml(tmp_path: Path) -> None:
    value = read(CONFIG)
    assert eval(repr(value), NAMES) == value
    assert read(json.loads(json.dumps(write(value)))) == value
    (tmp_path / "named.toml").write_text(TEXT.replace('name = "everything"', ""))
    assert write(load(tmp_path / "named.toml")) == {**write(value), "name": "named"}


def test_the_documented_file_is_a_sweep() -> None:
    documented = read({"name": "warmup", **tomllib.loads(inspect.cleandoc(sweep.__doc__).partition("are needed.")[2])})
    assert [c.name for c in documented.configs] == [
        "momentum constant", "momentum cosine", "adamw constant", "adamw cosine"
    ]  # fmt: skip
    assert list(map(type, documented.claims)) == [Better, Median, Diverging]


def test_a_schedule_may_be_written_as_a_value() -> None:
    shape = Linear(0.0, 1.0, 5) >> Cosine(1.0, 0.0, 10)
    config = OptimizerConfig("a", "adam", {"lr": shape})
    assert eval(repr(config), NAMES) == config
    assert config.build((), steps=100) == Adam(lr=shape)


def test_shares_of_the_run_become_its_steps() -> None:
    value = read(CONFIG)
    booth, warm = value.problems[0], next(c for c in value.configs if c.name == "adam warm")
    assert booth.steps == 300
    built = warm.build((("lr", 0.1), ("beta1", 0.8), ("weight_decay", 0.0)), booth.steps)
    beta2 = Linear(0.9, 0.99, 150)
    assert built == Adam(lr=(Linear(0.1, 1.0, 30) >> Cosine(1.0, 0.0, 270)) * 0.1, beta1=0.8, beta2=beta2)
    whole = {"class": "Cosine", "start": 1.0, "end": 0.0, "steps": "100%"}
    third = OptimizerConfig("a", "sgd", {"lr": 1.0, "accumulate": 3}, whole)  # an update every three steps
    assert third.build((), 300).lr == Cosine(1.0, 0.0, 100) * 1.0


def test_the_configs_are_optimizers_times_schedules() -> None:
    assert [c.name for c in read(CONFIG).configs] == ["adam constant", "adam warm", "fixed constant", "fixed warm"]
    assert [c.name for c in read({**CONFIG, "schedules": {}, "claims": []}).configs] == ["adam", "fixed"]


def test_streams_of_seeds_are_paired_or_fixed() -> None:
    seeding = read(CONFIG).seeding
    tuning, final = ([seeding.seeds(number) for number in seeding.numbers(phase)] for phase in ("tuning", "final"))
    assert tuning == [Seeds(data=0, initial=0, order=42, noise=0)]
    assert [seeds.noise for seeds in final] == [1, 2, 3, 4, 5, 6]
    assert {(seeds.data, seeds.order) for seeds in final} == {(0, 42)}
    assert Seeding(fixed={}).seeds(3) == Seeds(3, 3, 3, 3)


def changed(path: str, value: object) -> dict[str, object]:
    """The configuration with one entry replaced: "problems.booth.epochs"."""
    config = json.loads(json.dumps(CONFIG))
    *parents, last = path.split(".")
    place = config
    for parent in parents:
        place = place[int(parent) if parent.isdigit() else parent]
    place[last] = value
    return config


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("problem", {}, "Unknown part of a sweep: 'problem'. Did you mean 'problems'"),
        ("problems", {}, "problems: at least one is needed"),
        ("problems", 3, r"problems must be a table, \[problems\]. Received: 3"),
        ("problems.boot", {}, "Unknown problem: 'boot'. Did you mean 'booth'"),
        ("problems.booth.epochs", 0, "problems.booth: epochs must be an integer >= 1. Received: epochs=0"),
        ("problems.booth.width", 3, "Unknown entry of problems.booth: 'width'"),
        ("optimizers", {}, "optimizers: at least one is needed"),
        ("optimizers.fixed.optimizer", "sdg", "Unknown optimizer: 'sdg'. Did you mean 'sgd'"),
        ("optimizers.fixed.rate", 1.0, "optimizers.fixed.*: SGD has no hyperparameter 'rate'"),
        ("optimizers.adam.beta1", {"log": [0.1, 1.0]}, r"optimizers.adam.*: Adam: beta1 must be a number in \[0, 1\)"),
        ("optimizers.adam.lr", {"log": [0.0, 1.0]}, "optimizers.adam.lr: LogUniform: low must be > 0"),
        ("optimizers.adam.lr", {"log": [1.0, 0.1]}, "optimizers.adam.lr: LogUniform: high must be above low"),
        ("optimizers.adam.lr", {"log": [0.1]}, "A search space is"),
        ("optimizers.adam.lr", {"log": [0.1, 1.0], "pts": 3}, "A search space is"),
        ("optimizers.adam.lr", {"log": [0.1, 1.0], "points": 1}, "points must be an integer >= 2"),
        ("optimizers.adam.lr", {"choice": []}, "at least one value"),
        ("optimizers.adam.lr", {"points": [0.1, 0.01]}, "optimizers.adam.lr: Points: values must increase"),
        ("optimizers.adam.lr", {"points": ["a"]}, "optimizers.adam.lr: Points: values must be finite numbers"),
        ("optimizers.adam.lr", {"class": "Cosin"}, "Schedule: class must be one of"),
        ("schedules.warm", {"class": "Cosine", "start": 1.0, "end": 0.0, "steps": "x%"}, "written as in '50%'"),
        ("tuning.search", "random", "Unknown search: 'random'"),
        ("tuning.points", 1, "tuning: Grid: points must be an integer >= 2"),
        ("tuning.budgets", [3], "Unknown entry of tuning: 'budgets'"),
        ("tuning", {"search": "halton", "budgets": [3, 2]}, "tuning: Halton: budgets must be strictly increasing"),
        ("tuning", {"search": "sobol", "extend": 1}, "Unknown entry of tuning: 'extend'"),
        ("seeds.final", 0, "seeds: final must be an integer >= 1"),
        ("seeds.fixed", {"dropout": 3}, "Unknown stream of random numbers: 'dropout'"),
        ("seeds.fixed", {"noise": -1}, "seeds.fixed: noise must be an integer >= 0"),
        ("measures", ["grad"], "Unknown measure: 'grad'"),
        ("claims.0.than", "nobody", "Unknown optimizer of a claim: 'nobody'"),
        ("claims.0.on", "nowhere", "Unknown problem of a claim: 'nowhere'"),
        ("claims.0.test", "t", "claim 1: Better: test must be 'sign' or 'wilcoxon'"),
        ("claims.0.p", 0.01, "with seeds.final = 6, p is at least 0.031. Take more seeds"),
        ("claims.1.quantity", "speed", "claim 2: Median: quantity must be 'test_metric' or 'test_loss' or"),
        ("claims.1.under", 3, "Unknown entry of claim 2: 'under'"),
        ("claims", [{"median": "fixed warm", "on": "booth"}], "say below = number"),
        ("claims", [{"best": "fixed warm"}], "claim 1 must say one of better, median, diverging"),
        ("claims", {"median": "fixed warm", "on": "booth"}, r"tables in a list, each under \[\[claims\]\]"),
        ("claims.1.on", "both", r"claim 2: Unknown problem of a claim: 'both'. Did you mean 'booth'"),
        ("claims.1.below", "1", r"claim 2: Median: below must be a finite number. Received: below='1'"),
        ("claims.1.above", 2.0, "claim 2: Median: below must be greater than above"),
        ("claims.2.at_most", -1, "claim 3: Diverging: at_most must be an integer >= 0"),
        ("claims.0.p", "low", "claim 1: Better: p must be a number in"),
        ("claims.0.p", 2.0, r"claim 1: Better: p must be a number in \(0, 1\)"),
        ("claims.0.than", "adam warm", "claim 1: 'adam warm' can't be better than itself"),
        ("name", "../elsewhere", "write a name without slashes"),
        ("name", 3, "write a name without slashes"),
        ("problems.a/b", {"problem": "booth"}, "write a name without slashes. Received: 'a/b'"),
        ("problems.noisy.problem", "irs", "problems.noisy: Unknown problem: 'irs'. Did you mean 'iris'"),
        ("problems.noisy.hidden", "8", "problems.noisy: Iris: hidden must be a sequence, each element an integer >= 1"),
        ("problems.noisy.hidden", [0], r"problems.noisy: Iris: hidden\[0\] must be an integer >= 1"),
        ("problems.noisy.dropout", 2.0, r"problems.noisy: Iris: dropout must be a number in \[0, 1\)"),
        ("problems.noisy.dropout", True, r"problems.noisy: Iris: dropout must be a number in \[0, 1\)."),
        ("problems.noisy.batch_size", 0, "problems.noisy: Iris: batch_size must be an integer >= 1"),
        ("problems.noisy.batch_size", -1, "problems.noisy: Iris: batch_size must be an integer >= 1"),
        ("optimizers.adam.lr", {"lgo": [0.1, 1.0]}, "optimizers.adam.lr: A search space is"),
        ("optimizers.adam.lr", {"log": [0.1, 1.0], "points": "3"}, "optimizers.adam.lr: .*points must be an integer"),
        ("optimizers.adam.lr", {"log": [0.1, 1.0], "points": 2.5}, "optimizers.adam.lr: .*points must be an integer"),
        ("optimizers.adam.lr", {"choice": [0.1, 0.1]}, "optimizers.adam.lr: Choice: values must differ"),
        ("schedules.warm", 3, r"schedules.warm must be a table, \[schedules.warm\]. Received: 3"),
        ("schedules.constant", False, r"schedules.constant must be a table, \[schedules.constant\]. Received: False"),
        ("schedules.warm", {"class": "Cosin"}, "schedules.warm: Schedule: class must be one of"),
        ("schedules.warm", {"class": "Cosine", "start": 1.0, "end": 0.0, "steps": "-5%"}, "schedules.warm: A fraction"),
        ("schedules.warm", {"class": "Cosine", "start": 1.0, "end": 0.0, "steps": "inf%"}, "warm: A fraction"),
        ("tuning", {"search": "halton", "budgets": 3}, "tuning: Halton: budgets must be a sequence"),
        ("tuning", {"search": "halton", "budgets": [1, "b"]}, r"tuning: Halton: budgets\[1\] must be an integer"),
        ("seeds.fixed", 3, r"seeds.fixed must be a table, \[seeds.fixed\]. Received: 3"),
        ("seeds.reshuffled", "no", "seeds: reshuffled must be True or False. Received: reshuffled='no'"),
        ("measures", "gradient_norm", "measures must be a sequence, each element a str."),
        ("measures", ["gradient_norm", "gradient_norm"], "measures: each must be listed once"),
    ],
)
def test_what_cannot_be_run_is_refused(path: str, value: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(changed(path, value))


@pytest.mark.parametrize(
    ("content", "message"), [(None, "Can't read"), (b"[", "is not TOML"), (b"\xff", "is not TOML")]
)
def test_a_file_that_is_none_is_refused(content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "spec.toml").write_bytes(content)
    with pytest.raises(UsageError, match=message):
        load(tmp_path / "spec.toml")


def test_every_optimizer_can_take_part() -> None:
    for name, cls in Optimizer.registry.items():
        config = OptimizerConfig(name, name, {"lr": LogUniform(1e-3, 1e-1)})
        assert type(config.build((("lr", 0.01),), steps=10)) is cls


# -- search -----------------------------------------------------------------------------------------------------------

positive = st.floats(1e-12, 1e12)


@given(positive, st.floats(1.01, 1e9), st.integers(2, 40))
def test_a_logarithmic_grid_has_its_ends_and_one_ratio(low: float, ratio: float, points: int) -> None:
    space = LogUniform(low, low * ratio)
    grid = space.grid(points)
    assert (grid[0], grid[-1], len(grid)) == (low, low * ratio, points)
    for i, value in enumerate(grid):
        assert value == pytest.approx(low * ratio ** (i / (points - 1)), rel=1e-5)
    assert space.beyond(points, points) == pytest.approx(low * ratio ** (points / (points - 1)), rel=1e-5)


def test_a_uniform_grid_and_a_choice() -> None:
    assert Uniform(0.0, 1.0).grid(5) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert Uniform(-1, 1, points=3).grid(5) == [-1.0, 0.0, 1.0]
    assert Choice(("a", "b")).grid(5) == ["a", "b"]
    assert Points((0.1, 3)).grid(5) == [0.1, 3]
    assert [Choice((1, 2, 3)).at(u) for u in (0.0, 0.33, 0.34, 0.67, 1.0)] == [1, 1, 2, 3, 3]


def test_a_grid_is_every_combination() -> None:
    config = OptimizerConfig("a", "adam", {"lr": LogUniform(0.01, 1.0), "beta1": Choice((0.8, 0.9)), "eps": 1e-6})
    grid = Grid(points=3)
    assert grid.settings(config, grid.axes(config)) == [
        (("lr", lr), ("beta1", beta1)) for lr in (0.01, 0.1, 1.0) for beta1 in (0.8, 0.9)
    ]


def test_a_grid_grows_at_the_end_that_wins_up_to_a_bound() -> None:
    config = OptimizerConfig("a", "adam", {"lr": LogUniform(0.01, 1.0), "beta1": Uniform(0.0, 0.9)})
    grid = Grid(points=3, extend=2)
    axes = grid.axes(config)
    inside = (("lr", 0.1), ("beta1", 0.45))
    assert grid.grown(config, axes, inside, 10) == axes
    wider = grid.grown(config, axes, (("lr", 1.0), ("beta1", 0.45)), 10)
    assert wider == {"lr": (0, 3), "beta1": (0, 2)}
    assert {dict(setting)["lr"] for setting in grid.settings(config, wider)} == {0.01, 0.1, 1.0, 10.0}
    assert set(grid.settings(config, axes)) < set(grid.settings(config, wider))
    furthest = grid.grown(config, wider, (("lr", 10.0), ("beta1", 0.45)), 10)
    assert grid.grown(config, furthest, (("lr", 100.0), ("beta1", 0.45)), 10) == furthest
    assert grid.edges(config, furthest, (("lr", 100.0), ("beta1", 0.45))) == {"lr": "high"}
    listed = OptimizerConfig("a", "adam", {"lr": Points((0.01, 0.1, 1.0))})
    at_end = (("lr", 1.0),)
    assert grid.edges(listed, grid.axes(listed), at_end) == {"lr": "high"}  # points written out don't grow
    assert grid.grown(listed, grid.axes(listed), at_end, 10) == grid.axes(listed) == {}
    # beta1 = 1.35 and -0.45 are outside Adam's domain: those ends are real ones.
    for beta1 in (0.0, 0.9):
        assert grid.grown(config, axes, (("lr", 0.1), ("beta1", beta1)), 10) == axes


@pytest.mark.parametrize("search", [Halton, Sobol])
def test_a_sequence_is_seeded_and_its_budgets_are_its_beginnings(search: type[Halton]) -> None:
    config = OptimizerConfig("a", "adam", {"lr": LogUniform(1e-4, 1.0), "beta1": Uniform(0.8, 0.9)})
    settings = search((4, 64), seed=3).settings(config, {})
    assert len(settings) == 64
    assert settings == search((4, 64), seed=3).settings(config, {})
    assert settings != search((4, 64), seed=4).settings(config, {})
    assert settings[:8] == search((8,), seed=3).settings(config, {})
    # Low discrepancy: every sixteenth of the logarithm gets its share, which 64 random numbers rarely manage.
    counts = [sum(10 ** (-4 + i / 4) <= dict(s)["lr"] < 10 ** (-4 + (i + 1) / 4) for s in settings) for i in range(16)]
    assert all(2 <= count <= 6 for count in counts)
    assert search((1,)).settings(OptimizerConfig("a", "adam", {"lr": 0.1}), {}) == [()]


def test_a_sequence_reports_its_edges() -> None:
    config = OptimizerConfig("a", "sgd", {"lr": LogUniform(1e-2, 1.0)})
    halton = Halton((9,))
    edges = [halton.edges(config, {}, (("lr", lr),)) for lr in (0.011, 0.1, 0.99)]
    assert edges == [{"lr": "low"}, {}, {"lr": "high"}]
