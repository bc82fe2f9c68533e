"""The compiled optimizers against their rules on NumPy arrays, bit for bit."""

import inspect

import numpy as np
import pytest

from ravine.kernels.threads import PARALLEL_BYTES
from ravine.optim import (
    ASGD,
    Adam,
    AdamW,
    Adan,
    Ftrl,
    Lion,
    NAdam,
    Optimizer,
    RMSprop,
    Rprop,
    ScheduleFreeAdamW,
    ScheduleFreeSGD,
)
from ravine.optim.transforms import BEFORE
from ravine.schedules import Cosine, Linear

ELEMENTWISE = [cls for cls in Optimizer.registry.values() if cls.granularity == "elementwise"]
SPECS = [
    *(cls(lr=0.05) for cls in ELEMENTWISE),
    RMSprop(lr=0.05, momentum=0.9),
    RMSprop(lr=0.05, centered=True, eps=1e-3),
    RMSprop(lr=0.05, momentum=Linear(0.5, 0.9, 10), centered=True, eps=1e-3),
    Lion(lr=0.05, beta1=Linear(0.5, 0.9, 10), weight_decay=0.1),
    Rprop(lr=0.05, min_step=0.04, max_step=0.06),
    NAdam(lr=Cosine(0.1, 0.0, 20), momentum_decay=1.0),
    Adan(lr=0.05, weight_decay=Linear(0.0, 0.5, 30)),
    Ftrl(lr=Linear(0.01, 0.1, 10), l1=0.5, l2=0.1),
    ASGD(lr=0.05, lambd=0.1, t0=4),
    ScheduleFreeSGD(lr=Linear(0.0, 0.1, 10) >> Cosine(0.1, 0.0, 20)),
    ScheduleFreeAdamW(lr=Linear(0.0, 0.1, 10), weight_decay=0.1),
    Adam(lr=Cosine(0.1, 0.0, 20), beta1=Linear(0.8, 0.95, 15)),
    Adam(lr=0.05, weight_decay=0.1, clip_value=0.4, maximize=True),
    AdamW(lr=0.05, weight_decay=Linear(0.0, 0.5, 30), clip_value=Linear(0.2, 0.9, 30)),
]


def value(spec, name, k):
    found = getattr(spec, name)
    return found(k) if callable(found) else found


def reference(spec, x, g, states, t):
    """The rule and what comes before it, on arrays."""
    rule = inspect.signature(spec.rule).parameters
    numbers = {name: value(spec, name, t - 1) for name in spec.checks}
    for name, transform in BEFORE.items():
        if name not in rule and numbers[name] not in (None, False, 0.0):
            taken = {"x": x, "g": g, **numbers}
            g = transform(*(taken[parameter] for parameter in inspect.signature(transform).parameters))
    given = {"x": x, "g": g, "t": t, **states, **numbers}
    results = spec.rule(*(given[name] for name in rule))
    results = results if isinstance(results, tuple) else (results,)
    return results[0], dict(zip(spec.state, results[1:], strict=True))


@pytest.mark.parametrize("size", [1, 1003, PARALLEL_BYTES // 4 + 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_bits(spec, dtype, size):
    rng = np.random.default_rng(1)
    x = rng.normal(size=size).astype(dtype)
    expected = x.copy()
    states = {s: spec.starts.get(s, 0.0) if s in spec.scalars else spec.start(s, x) for s in spec.state}
    optimizer = spec.bind([x])
    for t in range(1, 40 if size < 10_000 else 3):
        g = rng.normal(size=size).astype(dtype)
        expected, states = reference(spec, expected, g, states, t)
        optimizer.step([g])
        assert expected.dtype == dtype
        np.testing.assert_array_equal(x, expected)
        for slot, kept in optimizer.state_dict()["state"]["0"].items():
            if slot != "t":
                np.testing.assert_array_equal(kept, states[slot])


@pytest.mark.parametrize("cls", ELEMENTWISE, ids=lambda cls: cls.__name__)
def test_the_loop_can_be_read(cls):
    assert "for i in range(x_array.size):" in cls.kernel_source
    assert cls.kernel_source == cls(lr=0.1).kernel_source


def test_unused_states_are_not_kept():
    x = np.zeros(3)
    assert RMSprop([x], lr=0.1).state_dict()["state"]["0"].keys() == {"t", "v"}
    assert RMSprop([x], lr=0.1, momentum=0.5).state_dict()["state"]["0"].keys() == {"t", "v", "b"}
