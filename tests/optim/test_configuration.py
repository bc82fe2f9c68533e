"""An optimizer as a value: through JSON, through its repr, and what describes none."""

import json

import pytest

from glissade import schedules
from glissade.optim import SGD, Adam, Optimizer
from glissade.schedules import Cosine, Linear

NAMES = {name: getattr(schedules, name) for name in schedules.__all__}
NAMES |= {cls.__name__: cls for cls in Optimizer.registry.values()}
SPECS = [
    *(cls(lr=0.05) for cls in Optimizer.registry.values()),
    Adam(lr=Linear(0.0, 0.1, 10) >> Cosine(0.1, 0.0, 90), clip_norm=1.0, missing="zero", accumulate=3),
    SGD(lr=0.1, lookahead=5, lookahead_alpha=0.8, swa=10, swa_every=2, maximize=True),
]


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_round_trips(spec):
    assert Optimizer.from_json(spec.to_json()) == spec
    assert type(spec).from_config(json.loads(json.dumps(spec.to_config()))) == spec
    assert eval(repr(spec), NAMES) == spec
    assert hash(Optimizer.from_config(spec.to_config())) == hash(spec)


@pytest.mark.parametrize(
    ("config", "error", "words"),
    [
        (5, TypeError, "must be a dict. Received: 5"),
        ({}, ValueError, "class must be one of SGD, .*Received: class=None"),
        ({"class": "Adamant"}, ValueError, "Received: class='Adamant'"),
        ({"class": "Adam", "learning_rate": 1}, TypeError, "Adam has no hyperparameter 'learning_rate'"),
        ({"class": "Adam", "lr": -1.0}, ValueError, "lr must be finite and >= 0"),
        ({"class": "Adam", "lr": {"class": "Sine"}}, ValueError, "class must be one of"),
    ],
)
def test_what_describes_no_optimizer(config, error, words):
    with pytest.raises(error, match=words):
        Optimizer.from_config(config)


def test_another_class_is_refused():
    with pytest.raises(ValueError, match="SGD: class must be one of SGD"):
        SGD.from_config(Adam().to_config())
