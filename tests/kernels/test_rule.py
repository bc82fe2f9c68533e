"""A rule is a value: equal rules are compiled once. An array rule takes the same arguments as a kernel."""

import numpy as np
import pytest

from ravine.kernels import ArrayRule, Kernel
from ravine.optim import Adam, Muon


def momentum(x, g, m, nesterov, lr, beta):
    m = beta * m + g
    step = g + beta * m if nesterov else m
    return x - lr * step, m


def decay(g, x, strength):
    return g + strength * x


def follow(x_slow, x):
    return x_slow + 0.5 * (x - x_slow)


def counted(x, g, count, lr):
    return x - lr * g / (count + 1), count + 1


@pytest.mark.parametrize("kind", [Kernel, ArrayRule])
def test_a_rule_is_a_value(kind):
    rule = kind(momentum, ["x", "m"], before=[decay], options={"nesterov": True})
    assert rule == kind(momentum, ("x", "m"), before=(decay,), options={"nesterov": True})
    assert hash(rule) == hash(kind(momentum, ("x", "m"), before=(decay,), options={"nesterov": True}))
    assert rule != kind(momentum, ("x", "m"), before=(decay,), options={"nesterov": False})
    assert rule != kind(momentum, ("x", "m"), options={"nesterov": True})
    other = ArrayRule if kind is Kernel else Kernel
    assert rule != other(momentum, ("x", "m"), before=(decay,), options={"nesterov": True})


@pytest.mark.parametrize("cls", [Adam, Muon])
def test_equal_rules_are_compiled_once(cls):
    assert cls(lr=0.1).kernel is cls(lr=0.2).kernel
    assert cls(lr=0.1).kernel is not cls(lr=0.1, clip_value=1.0).kernel


def test_an_array_rule_gives_the_bits_of_the_kernel():
    rules = [
        kind(momentum, ("x", "m"), before=(decay,), after=(follow,), options={"nesterov": True})
        for kind in (Kernel, ArrayRule)
    ]
    results = []
    for rule in rules:
        assert rule.arrays == ("x", "g", "m", "x_slow")
        numbers = {"strength": 0.1, "nesterov": 1.0, "lr": 0.2, "beta": 0.9}
        arrays = [np.linspace(-1, 1, 5, dtype=np.float32) * scale for scale in (1, 2, 3, 4)]
        for _ in range(3):
            assert list(rule(arrays, [numbers[name] for name in rule.parameters])) == []
        results.append(arrays)
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][2:], results[1][2:])


@pytest.mark.parametrize("kind", [Kernel, ArrayRule])
def test_scalars_are_returned(kind):
    rule, x = kind(counted, ("x", "count"), scalars=("count",)), np.ones(2)
    assert (rule.arrays, rule.scalars) == (("x", "g"), ("count",))
    numbers = {"count": 1.0, "lr": 1.0}
    assert list(rule([x, np.ones(2)], [numbers[name] for name in rule.parameters])) == [2.0]
    assert x.tolist() == [0.5, 0.5]


def test_an_array_rule_keeps_the_dtype():
    def wide(x, g):
        return x - np.ones(x.shape)

    x = np.zeros(2, np.float32)
    with pytest.raises(TypeError, match=r"keep x in float32. Received: float64.*dtype=x.dtype"):
        ArrayRule(wide, ["x"])([x, np.ones(2, np.float32)], [])
    assert x.tolist() == [0.0, 0.0]
