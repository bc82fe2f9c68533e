"""What theory says of the optimizers, whatever their code."""

import ast
import inspect
import textwrap
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravine.optim import (
    ADOPT,
    ASGD,
    NAG,
    SGD,
    AdaBelief,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Adan,
    AMSGrad,
    Ftrl,
    Lion,
    Momentum,
    NAdam,
    Optimizer,
    RAdam,
    RMSprop,
    Rprop,
    ScheduleFreeAdamW,
    SignSGD,
    Signum,
)
from ravine.schedules import Constant, Piecewise

CLASSES = [cls for cls in Optimizer.registry.values() if not cls.needs_closure]
OPTIMIZERS = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
ELEMENTWISE = pytest.mark.parametrize(
    "cls", [cls for cls in CLASSES if cls.granularity == "elementwise"], ids=lambda cls: cls.__name__
)


def run(spec, steps=25, size=(3, 2), seed=0, scale=1.0, gradient=None):
    """Points of a trajectory under gradients that do not depend on x, or under `gradient(x)`."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=size)
    optimizer = spec.bind([x])
    points = []
    for _ in range(steps):
        g = scale * rng.normal(size=size) if gradient is None else gradient(x)
        optimizer.step([g])
        points.append(x.copy())
    return np.array(points)


SAME = [
    (Momentum(lr=0.1, momentum=0.0), SGD(lr=0.1)),
    (NAG(lr=0.1, momentum=0.0), SGD(lr=0.1)),
    (AdamW(lr=0.1, weight_decay=0.0), Adam(lr=0.1)),
    (RMSprop(lr=0.1, momentum=0.0), RMSprop(lr=0.1)),
    (Signum(lr=0.1, momentum=0.0), SignSGD(lr=0.1)),
    (Lion(lr=0.1, beta1=0.7, beta2=0.7), Signum(lr=0.1, momentum=0.7)),
    (ASGD(lr=0.1, lambd=0.0), SGD(lr=0.1)),
]


@pytest.mark.parametrize(("general", "special"), SAME, ids=repr)
def test_special_cases(general, special):
    np.testing.assert_allclose(run(general), run(special), rtol=1e-14)


def test_adan_that_follows_no_change_is_adam():
    adan = run(Adan(lr=0.1, beta1=0.8, beta2=0.0, beta3=0.9))
    np.testing.assert_allclose(adan, run(Adam(lr=0.1, beta1=0.8, beta2=0.9)), rtol=1e-12)


def test_ftrl_without_penalties_is_adagrad_from_the_origin():
    # McMahan 2011: then the minimum over all gradients so far is one step from the last one, beta in the place of eps.
    gradients = np.random.default_rng(3).normal(size=(20, 4))
    x, y = np.zeros(4), np.zeros(4)
    ftrl, adagrad = Ftrl([x], lr=0.3, beta=0.7), Adagrad([y], lr=0.3, eps=0.7)
    for g in gradients:
        ftrl.step([g])
        adagrad.step([g])
        np.testing.assert_allclose(x, y, rtol=1e-11)


def test_the_first_update_of_adopt_only_starts_v():
    start, *others = run(ADOPT(lr=0.1), steps=3)
    np.testing.assert_array_equal(start, np.random.default_rng(0).normal(size=(3, 2)))
    assert all((point != start).all() for point in others)


def test_amsgrad_never_forgets_how_large_a_gradient_was():
    x, y = np.zeros(1), np.zeros(1)
    amsgrad, adam = AMSGrad([x], lr=0.1, beta1=0.0, beta2=0.5), Adam([y], lr=0.1, beta1=0.0, beta2=0.5)
    for g in [100.0, *[1.0] * 40]:
        before = x.copy(), y.copy()
        amsgrad.step([np.array([g])])
        adam.step([np.array([g])])
    np.testing.assert_allclose(x - before[0], -0.1 / np.sqrt(0.5 * 100.0**2), rtol=1e-9)
    np.testing.assert_allclose(y - before[1], -0.1, rtol=1e-6)


def test_adam_without_mean_is_rmsprop_with_correction():
    # v_hat = v / (1 - rho**t) turns RMSprop's step into Adam's: lr and eps scaled by its root do the same.
    rho, lr, eps = 0.9, 0.01, 1e-3
    root = Piecewise([np.sqrt(1 - rho**t).item() for t in range(1, 26)], list(range(1, 25)))
    adam = run(Adam(lr=lr, beta1=0.0, beta2=rho, eps=eps))
    np.testing.assert_allclose(run(RMSprop(lr=root * lr, rho=rho, eps=root * eps)), adam, rtol=1e-12)


def test_radam_is_momentum_with_bias_correction_where_the_variance_has_no_bound():
    # beta2 <= 0.6 keeps rho below 4 for good.
    g = np.ones(3)
    x = np.zeros(3)
    optimizer = RAdam([x], lr=0.1, beta2=0.5)
    for _ in range(7):
        optimizer.step([g])
    np.testing.assert_allclose(x, -0.7, rtol=1e-14)  # the corrected mean of ones is one


def test_first_rectified_update_of_radam():
    x, y = np.zeros(1), np.zeros(1)
    radam, adam = RAdam([x], lr=1.0, eps=0.0), Adam([y], lr=1.0, eps=0.0)
    moves = []
    for _ in range(6):
        before = x.copy(), y.copy()
        radam.step([np.full(1, 50.0)])
        adam.step([np.full(1, 50.0)])
        moves.append((float((x - before[0])[0]), float((y - before[1])[0])))
    assert [round(m[0]) for m in moves[:4]] == [-50] * 4  # lr times the mean gradient
    # From t = 5 on r times Adam's step; r by the paper's formula.
    np.testing.assert_allclose([moves[4][0], moves[5][0]], [-0.017312, -0.025821], rtol=5e-5)
    np.testing.assert_allclose([m[1] for m in moves], -1.0, rtol=1e-12)


@pytest.mark.parametrize(("beta1", "beta2"), [(0.0, 0.99), (0.9, 0.999), (0.5, 0.9999)])
def test_first_step_of_adam_is_lr_long(beta1, beta2):
    x = np.zeros(3)
    Adam([x], lr=0.3, beta1=beta1, beta2=beta2, eps=0.0).step([np.array([1e-6, -2.0, 1e6])])
    np.testing.assert_allclose(x, [-0.3, 0.3, -0.3], rtol=1e-12)


SCALE_FREE = [
    SignSGD(lr=0.1),
    Signum(lr=0.1),
    Lion(lr=0.1),
    Rprop(lr=0.1),
    RMSprop(lr=0.1, eps=0.0),
    RMSprop(lr=0.1, eps=0.0, momentum=0.5),
    *(cls(lr=0.1, eps=0.0) for cls in (Adam, AMSGrad, Adamax, NAdam, AdaBelief, Adan, ScheduleFreeAdamW)),
]


@given(scale=st.floats(1e-3, 1e3))
@settings(max_examples=25, deadline=None)
def test_adaptive_rules_do_not_feel_the_scale_of_gradients(scale):
    for spec in SCALE_FREE:
        np.testing.assert_allclose(run(spec, scale=scale), run(spec), rtol=1e-9, atol=1e-12)


def test_rprop_takes_lr_for_its_first_steps_alone():
    falling = run(Rprop(lr=Piecewise([0.05, 0.0], [1])))
    np.testing.assert_array_equal(falling, run(Rprop(lr=0.05)))
    assert np.ptp(run(Rprop(lr=0.0)), axis=0).min() >= 1e-6  # no step is shorter than min_step


@OPTIMIZERS
def test_a_decay_that_a_schedule_keeps_at_zero_is_none(cls):
    none = {name: Constant(0.0) for name in ("weight_decay", "decoupled_weight_decay")}
    np.testing.assert_array_equal(run(cls(lr=0.05, **none)), run(cls(lr=0.05, weight_decay=0.0)))


# Ftrl has lr in a denominator; Rprop takes it for its first steps alone.
SCALED_BY_LR = [cls for cls in CLASSES if 0.0 in cls.checks["lr"] and "lr" in inspect.signature(cls.rule).parameters]


@pytest.mark.parametrize("cls", SCALED_BY_LR, ids=lambda cls: cls.__name__)
def test_zero_lr_and_no_decay_stay(cls):
    points = run(cls(lr=0.0))
    np.testing.assert_array_equal(points, np.broadcast_to(points[0], points.shape))


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_momentum_on_a_quadratic_has_the_closed_form(momentum):
    # x and v follow a linear recursion; its matrix power is the answer (Goh 2017).
    curvature, lr = 2.0, 0.1
    points = run(Momentum(lr=lr, momentum=momentum), steps=30, size=1, gradient=lambda x: curvature * x)
    start = np.random.default_rng(0).normal(size=1)[0]
    matrix = np.array([[1 - lr * curvature, -lr * momentum], [curvature, momentum]])
    for k, point in enumerate(points[:, 0], 1):
        expected = np.linalg.matrix_power(matrix, k) @ [start, 0.0]
        np.testing.assert_allclose(point, expected[0], rtol=1e-10, atol=1e-13)


def test_adadelta_first_step():
    x = np.zeros(1)
    Adadelta([x], lr=1.0, rho=0.9, eps=1e-6).step([np.array([1.0])])
    np.testing.assert_allclose(x, -np.sqrt(1e-6) / np.sqrt(0.1 + 1e-6), rtol=1e-14)


class Exact(ast.NodeTransformer):
    """Makes Decimals of the numbers with a point that a rule has."""

    def visit_Constant(self, node):
        return ast.parse(f"Decimal({node.value!r})", mode="eval").body if isinstance(node.value, float) else node


def exact_rule(cls):
    tree = Exact().visit(ast.parse(textwrap.dedent(inspect.getsource(cls.rule))))
    tree.body[0].decorator_list = []
    namespace = {**cls.rule.__globals__, "Decimal": Decimal}
    exec(ast.unparse(tree), namespace)
    return namespace["rule"]


@ELEMENTWISE
def test_forty_digits(cls):
    """The same rule on Decimals, where rounding can't hide anything."""
    with localcontext() as context:
        context.prec = 40
        compare_with_decimals(cls(lr=0.05), exact_rule(cls))


def compare_with_decimals(spec, rule):
    x = np.array([1.5])
    optimizer = spec.bind([x])
    starts = {s: spec.starts.get(s, 0.0) if s in spec.scalars else spec.start(s, x).item() for s in spec.state}
    states = {slot: Decimal(start) for slot, start in starts.items()}
    exact = Decimal("1.5")
    numbers = {n: Decimal(v) for n in spec.checks if type(v := getattr(spec, n)) in (int, float)}
    for t in range(1, 15):
        g = np.array([np.sin(t) * 3])
        optimizer.step([g])
        switches = {n: v for n in spec.checks if type(v := getattr(spec, n)) is bool}
        given = {"x": exact, "g": Decimal(g[0]), "t": t, **switches, **states, **numbers}
        result = rule(*(given[name] for name in inspect.signature(spec.rule).parameters))
        result = result if isinstance(result, tuple) else (result,)
        exact, states = result[0], dict(zip(spec.state, result[1:], strict=True))
        np.testing.assert_allclose(x[0], float(exact), rtol=1e-13)
