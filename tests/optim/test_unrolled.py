"""A rule step by step: its entries, derivatives, digits. That it has the bits of the kernel: see test_check_rule."""

from decimal import Decimal

import numpy as np
import pytest

from ravine.autograd import check_grads, grad
from ravine.optim import LBFGS, SGD, Adam, Momentum, unroll
from ravine.schedules import Linear


def test_a_schedule_and_a_list_are_one_entry_an_update():
    schedule = Linear(0.1, 0.4, 3)
    by_schedule, by_list = (
        [step.x for step in unroll(spec, lambda x: 2 * x, 1.0, steps=3, **more)]
        for spec, more in ((SGD(lr=schedule), {}), (SGD(lr=1), {"lr": [0.1, 0.2, 0.3]}))
    )
    assert by_schedule == pytest.approx(by_list, rel=1e-15)
    assert by_list == pytest.approx([0.8, 0.48, 0.192])


def test_the_gradient_by_every_rate_and_by_the_start():
    def last(x0, lr, momentum):
        *_, end = unroll(Momentum(lr=1), lambda x: 2 * x, x0, steps=3, lr=lr, momentum=momentum)
        return np.sum(end.x)

    check_grads(last, np.array([1.0, -2.0]), np.array([0.1, 0.2, 0.05]), 0.9)
    by_start = grad(last)(np.array([1.0, -2.0]), np.array([0.1, 0.2, 0.05]), 0.0)
    np.testing.assert_allclose(by_start, 0.8 * 0.6 * 0.9, rtol=1e-14)


def test_decimals_stay_decimals():
    hyper = {"lr": "0.1", "beta1": "0.9", "beta2": "0.999", "eps": "0"}
    steps = unroll(Adam(), lambda x: 2 * x, Decimal(1), 1, **{name: Decimal(text) for name, text in hyper.items()})
    (first,) = steps
    assert abs(first.x - Decimal("0.9")) < Decimal("1e-25")


@pytest.mark.parametrize(
    ("spec", "more", "error", "words"),
    [
        (Adam(clip_norm=1.0), {}, ValueError, "a rule alone has no options. Received: Adam"),
        (LBFGS(lr=1), {}, TypeError, "evaluates the loss"),
        (Adam(), {"rate": 1}, TypeError, "has no hyperparameter 'rate'. It has: "),
        (Adam(), {"lr": [0.1]}, ValueError, "an entry for each of 2 updates. Received: 1"),
    ],
    ids=["options", "searches", "unknown", "few"],
)
def test_what_it_refuses(spec, more, error, words):
    with pytest.raises(error, match=words):
        next(unroll(spec, lambda x: x, 1.0, 2, **more))


def test_gradients_that_are_given():
    *_, last = unroll(SGD(lr=0.5), [1.0, 3.0], 1.0, steps=2)
    assert last.x == -1.0
    with pytest.raises(ValueError, match="a gradient for each of 3 updates"):
        next(unroll(SGD(lr=0.5), [1.0, 3.0], 1.0, steps=3))
