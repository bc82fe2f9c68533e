"""What check_rule says of every rule of the registry, and of rules that break a law."""

import numpy as np
import pytest

from ravine.optim import (
    ASGD,
    LBFGS,
    SGD,
    Adafactor,
    Adam,
    AdamW,
    Adan,
    BoundOptimizer,
    Fraction,
    Ftrl,
    Muon,
    NAdam,
    NonNegative,
    Optimizer,
    Prodigy,
    RMSprop,
    ScheduleFreeAdamW,
    check_rule,
)
from ravine.schedules import Cosine, Lambda, Linear

falling = lambda k: 0.1 / (k + 1)  # noqa: E731 - a function that has no name to write
SPECS = [
    *(cls(lr=0.05) for cls in Optimizer.registry.values()),
    RMSprop(lr=0.05, momentum=Linear(0.5, 0.9, 10), centered=True, eps=1e-3),
    NAdam(lr=Cosine(0.1, 0.0, 20), momentum_decay=1.0),
    Adan(lr=0.05, weight_decay=Linear(0.0, 0.5, 30)),
    Ftrl(lr=Linear(0.01, 0.1, 10), l1=0.5, l2=0.1),
    ASGD(lr=0.05, lambd=0.1, t0=4),
    ScheduleFreeAdamW(lr=Linear(0.0, 0.1, 10), weight_decay=0.1),
    Adam(lr=Linear(0.0, 0.1, 10) >> Cosine(0.1, 0.0, 90), clip_norm=1.0, missing="zero", accumulate=3),
    Adam(lr=Lambda(falling), nonfinite="raise", clip_each_norm=0.4, clip_adaptive=0.3),
    AdamW(lr=0.05, weight_decay=Linear(0.0, 0.5, 30), clip_value=0.4, maximize=True, ema=0.9),
    SGD(lr=0.1, lookahead=5, lookahead_alpha=0.8, swa=10, swa_every=2, maximize=True),
    Muon(nesterov=False, adjust_lr="match_rms_adamw", lookahead=2, clip_norm=1.0),
    Adafactor(lr=Linear(0.1, 0.01, 9), ema=0.9, decoupled_weight_decay=0.1),
    Prodigy(lr=1.0, maximize=True, swa=2, nonfinite="skip"),
    LBFGS(lr=0.5, max_iter=3, history_size=2, line_search="strong_wolfe", ema=0.9, weight_decay=0.01),
]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: repr(spec).replace(repr(falling), "falling"))
def test_every_rule_keeps_the_laws(spec):
    check_rule(spec)


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(Optimizer, "registry", dict(Optimizer.registry))


def unused():
    class Unused(Optimizer):
        lr: NonNegative = 0.1
        beta: Fraction = 0.9

        def rule(x, g, m, lr):
            m = 0.9 * m + g
            x = x - lr * m
            return x, m

    return Unused


def misnamed():
    class Adam(Optimizer):
        lr: NonNegative = 0.1

        def rule(x, g, lr):
            x = x - lr * g
            return x

    return Adam


def branching():
    class Branching(Optimizer):
        lr: NonNegative = 0.1

        def rule(x, g, lr):
            if g > 0:
                x = x - lr
            return x

    return Branching


def in_place():
    class InPlace(Optimizer):
        granularity = "per-tensor"
        lr: NonNegative = 0.1

        def rule(x, g, lr):
            g *= lr
            return x - g

    return InPlace


def wide():
    class Wide(Optimizer):
        lr: NonNegative = 0.1

        def rule(x, g, lr):
            x = x - np.sqrt(2.0) * lr * g
            return x

    return Wide


def normalized():
    class Normalized(Optimizer):
        granularity = "per-tensor"
        lr: NonNegative = 0.1

        def rule(x, g, lr):
            return x - lr * g / np.linalg.norm(g)

    return Normalized


def keeps_gradients():
    last = {}

    class Keeps(Optimizer):
        granularity = "per-tensor"
        lr: NonNegative = 0.1

        def rule(x, g, t, lr):
            before = 0 * g if t == 1 else last[g.shape]
            last[g.shape] = g
            return x - lr * (g + before)

    return Keeps


def shrinking():
    class Shrinking(Optimizer):
        granularity = "per-tensor"
        lr: NonNegative = 0.1

        def rule(x, g, size, lr):
            return x - lr * g, np.sum(g * g) + size.flat[0]

    return Shrinking


def starting_from_a_number():
    class StartingFromANumber(Optimizer):
        granularity = "per-tensor"
        lr: NonNegative = 0.1

        def start(self, slot, x):
            return np.full_like(x, self.lr)

        def rule(x, g, m, lr):
            return x - m * g, m

    return StartingFromANumber


def upward():
    class Upward(Optimizer):
        lr: NonNegative = 0.1

        def rule(x, g, lr, maximize):
            x = x - lr * g
            return x

    return Upward


def forgetful():
    count = [0]

    class Forgetful(Optimizer):
        granularity = "flat-vector"
        lr: NonNegative = 0.1

        def rule(x, g, t, lr, closure):
            count[0] = 1 if t == 1 else count[0] + 1
            return x - lr / count[0] * closure()[1]

    return Forgetful


BROKEN = [
    (unused, "every hyperparameter has a use. .* Received: beta, unused"),
    (misnamed, "a value comes back .* Its name must be its own. Received: Adam, another's"),
    (branching, "the rule runs on float32 .* can't become a kernel"),
    (in_place, "the rule runs on float32 .* read-only"),
    (wide, r"the rule runs on float32 .* from ravine\.kernels"),
    (normalized, "zeros for gradients lead to finite numbers. x must be finite. Received: nan"),
    (keeps_gradients, "gradients handed over stay the caller's. x must be .* Keep no g beyond the update"),
    (shrinking, r"the kernel has the bits of the rule on arrays. size must stay .* of shape \(4, 3\)"),
    (starting_from_a_number, "a constant schedule is as good as its number. setting an array element"),
    (upward, "to maximize is to minimize the negative. x must be .* Leave the sign of g to the option"),
    (forgetful, "a run that is saved and resumed has the same bits. .* Remember nothing but in states"),
]


@pytest.mark.parametrize(("broken", "law"), BROKEN, ids=lambda case: getattr(case, "__name__", ""))
def test_a_rule_that_breaks_a_law_is_told_which(broken, law, registry):
    with pytest.raises(AssertionError, match=rf"(?s)^check_rule: .* breaks the law that {law}"):
        check_rule(broken()(lr=0.05))


def test_a_kernel_that_looks_aside_is_found(monkeypatch):
    """No rule for one element can look at others; a kernel with such a mistake could."""
    step = BoundOptimizer.step

    def of_neighbours(self, gradients):
        step(self, lambda: (0.0, [g + g.mean() for g in gradients()[1]]))

    monkeypatch.setattr("ravine.optim.checking._bits", lambda spec: None)
    monkeypatch.setattr("ravine.optim.checking._gradients", lambda spec: None)
    monkeypatch.setattr(BoundOptimizer, "step", of_neighbours)
    with pytest.raises(AssertionError, match="parameters of a rule for one element can be cut and joined"):
        check_rule(SGD(lr=0.1))


@pytest.mark.parametrize("wrong", [SGD, 0.1, SGD([np.zeros(2)], lr=0.1)], ids=["class", "number", "bound"])
def test_what_is_no_value_is_refused(wrong):
    with pytest.raises(TypeError, match=r"check_rule: needs an unbound optimizer\. Received: "):
        check_rule(wrong)


def test_a_rule_that_takes_nothing_is_refused(registry):
    class Shy(SGD):
        def refusal(self, x):
            return "Not this one."

    with pytest.raises(ValueError, match="refuses parameters of the shapes"):
        check_rule(Shy(lr=0.1))
