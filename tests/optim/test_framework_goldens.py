"""The formulas of frameworks against trajectories of their frameworks; every wrong rule is caught."""

import json
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from mutation import agrees, called, compiled, mutants, source_of

from ravine import optim, schedules
from ravine.optim.rules import frameworks

HERE = Path(__file__).parent
MODULES = [getattr(frameworks, name) for name in frameworks.__all__]
CLASSES = [getattr(module, name) for module in MODULES for name in module.__all__]


NAMES = {name: getattr(module, name) for module in (optim, schedules) for name in module.__all__}
NAMES |= {cls.__name__: cls for cls in CLASSES}


def read():
    """All records, each with what it starts from and is given."""
    for name in ("keras_jax", "keras_tensorflow", "tf1", "torch_optax"):
        head, *records = map(json.loads, (HERE.parent / "goldens" / f"{name}.jsonl").read_text().splitlines())
        NAMES.update({n: eval(source, NAMES) for n, source in head["schedules"].items()})
        for record in records:
            given = {n: np.array(values) for n, values in head["inputs"][record["input"]].items()}
            yield record | given | {"spec": eval(record["optimizer"], NAMES)}


RECORDS = list(read())


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: f"{record['input']}-{record['optimizer']}")
def test_trajectory_and_state(record):
    x = record["x0"].copy()
    optimizer = record["spec"].bind([x])
    for k, g in enumerate(record["gradients"]):
        optimizer.step([g])
        np.testing.assert_allclose(x, record["x"][k], rtol=1e-12, atol=1e-15)
        state = optimizer.state_dict()["state"]["0"]
        for slot, values in record["state"].items():
            np.testing.assert_allclose(state[slot], values[k], rtol=1e-12, atol=1e-15)


def alike(source):
    """The source without differences that make none: x.ndim is g.ndim, and the mean of the rows that of the columns."""
    return re.sub(r"\w+\.(ndim|shape)", r"x.\1", source).replace("np.mean(c, axis=-1)[", "np.mean(r, axis=-1)[")


def passes(rule, record):
    """Whether a rule gives the numbers of a record."""
    spec, x = record["spec"], record["x0"]
    kept = {slot: spec.starts.get(slot, 0.0) if slot in spec.scalars else spec.start(slot, x) for slot in spec.state}
    for k, g in enumerate(record["gradients"]):
        numbers = {n: v(k) if isinstance(v, schedules.Schedule) else v for n, v in vars(spec).items()}
        try:
            results = called(rule, {**numbers, "t": k + 1.0, "g": g, "x": x, **kept})
        except (AttributeError, IndexError, RuntimeWarning):  # a mutant may take a number, or nothing, for an array
            return False
        expected = [record["x"][k], *(record["state"].get(slot, [None] * (k + 1))[k] for slot in spec.state)]
        if len(results) != len(expected) or not all(map(partial(agrees, atol=1e-15), results, expected)):
            return False
        x, kept = results[0], dict(zip(spec.state, results[1:], strict=True))
    return True


@pytest.mark.slow
@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_goldens_catch_every_single_change(cls):
    records = [record for record in RECORDS if type(record["spec"]) is cls]

    def lives(source):
        return all(map(partial(passes, compiled(source, cls)), records))

    source = source_of(cls.rule)
    assert lives(source)
    wrong = [mutant for mutant in mutants(source) if alike(mutant) != alike(source)]
    alive = list(filter(lives, wrong))
    assert not alive, f"{len(alive)} of {len(wrong)} mutants live, the first:\n{alive[0]}"
