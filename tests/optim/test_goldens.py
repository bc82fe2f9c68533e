"""Every rule against trajectories made by other frameworks, and every wrong rule caught by them."""

import json
import runpy
from functools import cache, partial
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from mutation import agrees, called, compiled, mutants, names_of, source_of

from ravine import optim, schedules

GOLDENS = Path(__file__).parents[1] / "goldens"
HEAD, *RECORDS = map(json.loads, (GOLDENS / "trajectories.jsonl").read_text().splitlines())
GRADIENTS = np.array(HEAD["gradients"])
STEPS = range(len(GRADIENTS))
NAMES = {name: getattr(module, name) for module in (optim, schedules) for name in module.__all__}
NAMES |= {name: eval(source, NAMES) for name, source in HEAD["schedules"].items()}
RULES = [cls for cls in vars(optim.rules).values() if isinstance(cls, type) and cls.granularity == "elementwise"]


@cache
def evaluated(source):
    return eval(source, NAMES)


def spec_of(record):
    return evaluated(record["optimizer"])


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["optimizer"])
def test_trajectory_and_state(record):
    x = np.array(HEAD["x0"])
    optimizer = spec_of(record).bind([x])
    for k, g in enumerate(GRADIENTS):
        optimizer.step([g])
        np.testing.assert_allclose(x, record["x"][k], rtol=1e-12, atol=0)
        state = optimizer.state_dict()["state"]["0"]
        assert state.keys() - {"t"} == record["state"].keys()
        for slot, values in record["state"].items():
            np.testing.assert_allclose(state[slot], values[k], rtol=1e-12, atol=0)
        if "average" in record:
            with optimizer.averaged():
                np.testing.assert_allclose(x, record["average"][k], rtol=1e-12, atol=0)


def test_without_other_frameworks_records_are_made_from_papers_and_the_rest_is_kept(monkeypatch):
    monkeypatch.syspath_prepend(GOLDENS)
    monkeypatch.setattr(metadata, "version", missing)
    records = runpy.run_path(str(GOLDENS / "make.py"))["records"]
    made = list(records(RECORDS))
    assert json.loads(json.dumps(made)) == RECORDS
    with pytest.raises(SystemExit, match=r"no record of SGD.lr=LR. yet, and torch is not installed"):
        list(records(RECORDS[1:]))


def missing(name):
    raise metadata.PackageNotFoundError(name)


def test_every_optimizer_has_a_record():
    assert {type(spec_of(record)) for record in RECORDS} == set(RULES)


@cache
def replayed(spec):
    """What is given to the rule at each update besides x and the states."""
    numbers = [{n: v(k) if isinstance(v, schedules.Schedule) else v for n, v in vars(spec).items()} for k in STEPS]
    return [{"g": -g if spec.maximize else g, "t": k + 1.0, **numbers[k]} for k, g in enumerate(GRADIENTS)]


def survives(rule, record):
    """Whether a rule passes a golden record."""
    spec = spec_of(record)
    x = np.array(HEAD["x0"])
    kept = {slot: spec.starts.get(slot, 0.0) if slot in spec.scalars else spec.start(slot, x) for slot in spec.state}
    for k, given in enumerate(replayed(spec)):
        decay = 0.0 if "weight_decay" in names_of(spec.rule) else spec.weight_decay
        results = called(rule, {**given, "x": x, "g": given["g"] + decay * x, **kept})
        expected = [record["x"][k], *(record["state"].get(slot, [None] * (k + 1))[k] for slot in spec.state)]
        if len(results) != len(expected) or not all(map(agrees, results, expected)):
            return False
        x, kept = results[0], dict(zip(spec.state, results[1:], strict=True))
    return True


def averages(average, record):
    """Whether a function gives the averages of a record."""
    spec = spec_of(record)
    for k, given in enumerate(replayed(spec)):
        states = {slot: np.array(values[k]) for slot, values in record["state"].items()}
        result = called(average, {"x": np.array(record["x"][k]), **given, **states})
        if not result or not agrees(*result, record["average"][k]):
            return False
    return True


FUNCTIONS = [(cls, cls.rule, survives) for cls in RULES]
FUNCTIONS += [(cls, cls.average, averages) for cls in RULES if cls.average]


@pytest.mark.slow
@pytest.mark.parametrize(("cls", "function", "passes"), FUNCTIONS, ids=lambda value: value.__name__)
def test_goldens_catch_every_single_change(cls, function, passes):
    records = [record for record in RECORDS if type(spec_of(record)) is cls]

    def lives(source):
        return all(map(partial(passes, compiled(source, cls)), records))

    source = source_of(function)
    assert lives(source)
    wrong = list(mutants(source))
    alive = list(filter(lives, wrong))
    assert not alive, f"{len(alive)} of {len(wrong)} mutants live, the first:\n{alive[0]}"
