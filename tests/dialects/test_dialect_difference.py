"""Where two dialects disagree: against the table of first steps in `optimizers.md`, section 2.17."""

import numpy as np
import pytest

from ravine.dialects import Dialect, difference, keras, optax, table, tf1, torch
from ravine.optim import LBFGS, SGD, Adam, AdamW

# |dx| / lr at g = 1, 1e-2, 1e-4, 1e-6, 1e-8, measured with the frameworks.
FIRST_STEPS = [
    (torch.Adam, [1, 1, 0.9999, 0.9901, 0.5]),
    (optax.adam, [1, 1, 0.9999, 0.9901, 0.5]),
    (tf1.AdamOptimizer, [1, 1, 0.9968, 0.7597, 0.03065]),
    (keras.Adam, [1, 0.9997, 0.9693, 0.2403, 0.003152]),
    (torch.Adamax, [1, 1, 0.9999, 0.9901, 0.5]),
    (keras.Adamax, [1, 1, 0.999, 0.9091, 0.09091]),
    (torch.NAdam, [1.056, 1.056, 1.056, 1.046, 0.5282]),
    (keras.Nadam, [1.063, 1.063, 1.062, 0.9662, 0.09662]),
    (optax.nadam, [1.474, 1.474, 1.474, 1.459, 0.7368]),
    (torch.RAdam, [1, 0.01, 0.0001, 1e-06, 1e-08]),
    (optax.radam, [1, 0.01, 0.0001, 1e-06, 1e-08]),
    (torch.RMSprop, [10, 10, 9.99, 9.091, 0.9091]),
    (keras.RMSprop, [3.162, 3.147, 0.3147, 0.003162, 3.162e-05]),
    (tf1.RMSPropOptimizer, [1, 0.01054, 0.0001054, 1.054e-06, 1.054e-08]),
    (optax.rmsprop, [3.162, 3.161, 0.9535, 0.01, 0.0001]),
    (torch.Adagrad, [1, 1, 1, 0.9999, 0.9901]),
    (keras.Adagrad, [0.9535, 0.03161, 0.0003162, 3.162e-06, 3.162e-08]),
    (optax.adagrad, [0.9535, 0.03161, 0.0003162, 3.162e-06, 3.162e-08]),
    (tf1.AdagradOptimizer, [0.9535, 0.03161, 0.0003162, 3.162e-06, 3.162e-08]),
    (torch.Adadelta, [0.003162, 0.003015, 9.995e-05, 1e-06, 1e-08]),
    (keras.Adadelta, [0.001414, 0.0014, 9.975e-05, 1e-06, 1e-08]),
    (tf1.AdadeltaOptimizer, [0.0004472, 0.0004468, 9.759e-05, 1e-06, 1e-08]),
]


@pytest.mark.parametrize(("optimizer", "expected"), FIRST_STEPS, ids=[kind.title() for kind, _ in FIRST_STEPS])
def test_first_steps(optimizer, expected):
    found = difference(optimizer, torch.SGD).first_steps
    assert [float(f"{step:.4g}") for step, _ in found.values()] == expected
    assert [other for _, other in found.values()] == pytest.approx(list(found))  # g itself


def test_what_it_says():
    found = difference(torch.Adam, keras.Adam)
    assert found.names == ("torch.Adam", "keras.Adam")
    assert found.hyperparameters == {"eps": (1e-8, 1e-7)}
    text = str(found)
    assert "root = sqrt(1 - beta2 ** t)" in text
    assert "eps         1e-08" in text
    assert "0.003152" in text
    assert f"After update {found.parted} they are more than 1e-06 apart." in text
    assert "<code>0.003152</code>" in found._repr_html_()


def test_when_they_part():
    gradients = np.full((40, 2), 0.5)
    # rho is above 4 from the 5th update on, and above 5 from the 6th.
    assert difference(torch.RAdam(lr=0.1), optax.radam(0.1, threshold=4.0), gradients=gradients).parted == 5
    assert difference(torch.RAdam(lr=0.1), optax.radam(0.1), gradients=gradients).parted is None
    # By the velocity at a change of lr: PyTorch scales all of it, Keras keeps what it has.
    rate = optax.piecewise_constant_schedule(0.1, {7: 0.1})
    assert difference(torch.SGD(lr=rate, momentum=0.9), keras.SGD(rate, momentum=0.9), gradients=gradients).parted == 8
    assert difference(torch.SGD(lr=0.1), Adam(lr=0.1), threshold=np.inf).parted is None


def test_the_same():
    found = difference(torch.AdamW, AdamW)
    assert found.parted is None
    assert found.hyperparameters == {}
    assert "the same" in str(found)
    assert "never more than 1e-06 apart in 1000 updates" in str(found)


def test_an_lr_that_only_one_has_holds_for_both():
    assert difference(SGD, torch.SGD).parted is None
    assert difference(torch.SGD, optax.sgd).parted is None
    assert difference(optax.sgd, SGD).specs == (SGD(lr=0.01), SGD(lr=0.01))


def test_a_rule_that_needs_a_loss():
    found = difference(LBFGS, torch.LBFGS)
    assert found.parted is None
    assert "needs a loss" in str(found)


def test_what_is_refused():
    with pytest.raises(TypeError, match="difference takes optimizers"):
        difference(torch.Adam, 3)
    with pytest.raises(ValueError, match="threshold must be >= 0"):
        difference(torch.Adam, keras.Adam, threshold=-1)


def test_every_dialects_optimizer_is_in_the_table_and_can_be_compared():
    text = table()
    for name, kind in Dialect.registry.items():
        assert f"`{name}(" in text
        assert name in str(difference(kind, kind, gradients=np.ones((2, 2, 2))))
