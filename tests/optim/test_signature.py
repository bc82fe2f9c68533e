"""What an editor or `help` shows of optimizers, and what `isinstance` says of them."""

import inspect
from dataclasses import MISSING, fields

import numpy as np
import pytest

from ravine.optim import SGD, Adam, AdamW, BoundOptimizer, Optimizer, Options


@pytest.mark.parametrize("cls", Optimizer.registry.values(), ids=lambda cls: cls.__name__)
def test_parameters_come_first_then_hyperparameters_then_options(cls):
    defaults = {f.name for f in fields(cls) if f.default is not MISSING}
    first, *others = inspect.signature(cls).parameters.values()
    assert (first.name, first.kind) == ("params", inspect.Parameter.POSITIONAL_ONLY)
    assert {p.kind for p in others} == {inspect.Parameter.KEYWORD_ONLY}
    names = [p.name for p in others]
    assert sorted(names) == sorted(cls.checks)
    own = [name for name in names if name not in Options.checks or name in inspect.signature(cls.rule).parameters]
    assert names[: len(own)] == own
    assert {p.name: p.default for p in others if p.default is not p.empty} == {
        name: getattr(cls, name) for name in names if name in defaults
    }


def test_the_signature_of_adamw():
    text = str(inspect.signature(AdamW))
    assert text.startswith("(params=<unbound>, /, *, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0.01, ")
    assert inspect.signature(SGD).parameters["lr"].default is inspect.Parameter.empty


def test_a_bound_optimizer_is_no_configuration_but_has_one():
    optimizer = Adam([np.zeros(2)], lr=0.1)
    assert isinstance(optimizer, BoundOptimizer)
    assert not isinstance(optimizer, Optimizer)
    assert isinstance(optimizer.spec, Adam)
    assert isinstance(optimizer.groups[0].spec, Adam)


def test_completion_offers_hyperparameters_and_no_internals():
    optimizer = Adam([np.zeros(2)], lr=0.1)
    public = {name for name in dir(optimizer) if not name.startswith("_")}
    assert {"lr", "beta1", "weight_decay", "step", "zero_grad", "t", "spec"} <= public
    assert not {"places", "owners", "controllers", "see"} & public
    assert all(hasattr(optimizer, name) for name in public - {"record"})
