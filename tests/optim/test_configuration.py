"""What describes no optimizer. That each comes back from its description is a law of check_rule."""

import pytest

from ravine.optim import SGD, Adam, Optimizer


@pytest.mark.parametrize(
    ("config", "error", "words"),
    [
        (5, TypeError, "must be a dict. Received: 5"),
        ({}, ValueError, "class must be one of SGD, .*Received: class=None"),
        ({"class": "Adamant"}, ValueError, "Received: class='Adamant'"),
        ({"class": "Adam", "learning_rate": 1}, TypeError, "Adam has no hyperparameter 'learning_rate'"),
        ({"class": "Adam", "lr": -1.0}, ValueError, "lr must be a finite number >= 0"),
        ({"class": "Adam", "lr": {"class": "Sine"}}, ValueError, "class must be one of"),
    ],
)
def test_what_describes_no_optimizer(config, error, words):
    with pytest.raises(error, match=words):
        Optimizer.from_config(config)


def test_another_class_is_refused():
    with pytest.raises(ValueError, match="SGD: class must be one of SGD"):
        SGD.from_config(Adam().to_config())
