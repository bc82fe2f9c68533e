"""Wrong input of every kind: a clear error at the door."""

import copy
import pickle

import numpy as np
import pytest

from ravine.autograd import Parameter, Tensor
from ravine.optim import (
    ASGD,
    SGD,
    Adagrad,
    Adam,
    Ftrl,
    Hyper,
    Momentum,
    Optimizer,
    RMSprop,
    Rprop,
    ScheduleFreeSGD,
)
from ravine.schedules import Constant, Exponential, Linear

A = np.zeros(3)
P = Parameter(np.zeros(3))
READ_ONLY = np.zeros(3)
READ_ONLY.flags.writeable = False

BAD_VALUES = [
    (lambda: Adam(lr=-1e-3), ValueError, "lr must be a finite number >= 0. Received: lr=-0.001"),
    (lambda: Adam(lr=float("nan")), ValueError, "lr must be"),
    (lambda: Adam(lr=float("inf")), ValueError, "lr must be"),
    (lambda: Adam(lr="0.1"), TypeError, "of type str"),
    (lambda: SGD(lr="0.1"), TypeError, r"of type str\.$"),
    (lambda: SGD(lr=Constant(-1.0)), ValueError, r"at k=0\.$"),
    (lambda: Adam(lr=None), TypeError, "of type NoneType"),
    (lambda: Adam(lr=True), TypeError, "of type bool"),
    (lambda: Adam(lr=np.ones(3)), TypeError, "of type ndarray"),
    (lambda: Adam(lr=1j), TypeError, "of type complex"),
    (
        lambda: Adam(beta1=1.0),
        ValueError,
        r"beta1 must be a number in \[0, 1\). Received: beta1=1.0. The default is 0.9.",
    ),
    (lambda: Adam(beta2=-0.1), ValueError, "beta2 must be"),
    (lambda: Adam(eps=-1e-8), ValueError, "eps must be"),
    (lambda: Adam(beta1=Linear(0.9, 1.5, 10)), ValueError, "at k="),
    (lambda: Adam(lr=Linear(0.1, -0.1, 1000)), ValueError, "at k="),
    (lambda: Adam(lr=Constant(-1.0)), ValueError, "at k=0"),
    (lambda: Momentum(lr=0.1, dampening=1.1), ValueError, r"dampening must be a number in \[0, 1\]"),
    (lambda: RMSprop(centered=1), TypeError, "True or False"),
    (lambda: RMSprop(momentum=1.0), ValueError, "momentum must be"),
    (lambda: Adagrad(initial_accumulator=-1), ValueError, "initial_accumulator must be"),
    (lambda: Rprop(eta_plus=1.0), ValueError, "eta_plus must be a finite number > 1"),
    (lambda: Rprop(min_step=2.0, max_step=1.0), ValueError, "min_step must be at most max_step"),
    (lambda: Ftrl(lr=0.0), ValueError, "lr must be a finite number > 0"),
    (lambda: ScheduleFreeSGD(beta=0.0), ValueError, r"beta must be a number in \(0, 1\]"),
    (lambda: ASGD(t0=1.5), ValueError, "t0 must be an integer >= 0"),
    (lambda: Adam(clip_norm=0.0), ValueError, "clip_norm must be a finite number > 0"),
    (lambda: Adam(weight_decay=-1.0), ValueError, "weight_decay must be"),
    (lambda: Adam(learning_rate=0.1), TypeError, "no hyperparameter 'learning_rate'. It has: lr, beta1"),
    (lambda: Adam([A], betas=(0.9, 0.99)), TypeError, "no hyperparameter 'betas'"),
    (lambda: SGD(), TypeError, "SGD needs lr"),
    (lambda: Adam(0.1), TypeError, r"Say Adam\(lr=0.1\)"),
    (lambda: Adam([A], 0.1), TypeError, r"Say Adam\(lr=0.1\), or Adam\(params, lr=0.1\)"),
    (lambda: Adam(params=[A]), TypeError, r"without a name.* Received: params=\.\.\."),
    (lambda: Adam([A], [A]), TypeError, "Received: 2 values"),
    (lambda: Adam(None), TypeError, "a list of parameters or groups. Received: NoneType"),
    (lambda: Adam(lr=10**400), ValueError, "lr must be a finite number"),
    (lambda: Optimizer(), TypeError, "Choose one: SGD, "),
]

BAD_PARAMETERS = [
    ([], ValueError, "empty list"),
    (A, TypeError, "put it in a list"),
    (P, TypeError, "put it in a list"),
    (3, TypeError, "Say Adam"),
    ("weights", TypeError, "a list of parameters"),
    ({"params": [A]}, TypeError, "put it in a list"),
    ([A, A], ValueError, "comes twice, first as parameter 0"),
    ([P, P], ValueError, "comes twice"),
    ([{"params": [P]}, {"params": [P]}], ValueError, "comes twice"),
    ([A, A[1:]], ValueError, "share memory"),
    ([np.zeros(3, int)], TypeError, "float32 or float64. Received: int64"),
    ([np.zeros(3, np.float16)], TypeError, "Received: float16"),
    ([np.zeros(3, complex)], TypeError, "Received: complex128"),
    ([READ_ONLY], ValueError, "read-only"),
    ([[1.0, 2.0]], TypeError, "must be a Parameter or an array. Received: list"),
    ([None], TypeError, "Received: NoneType"),
    ([np.ma.masked_array([1.0])], TypeError, "Received: MaskedArray"),
    ([{"lr": 0.1}], TypeError, "a group is a dict"),
    ([{"params": []}], ValueError, "empty list"),
    ([{"params": [A]}, P], TypeError, "not mixed"),
    ([{"params": [A], "lr": -1}], ValueError, "lr must be"),
    ([{"params": [A], "rate": 1}], TypeError, "no hyperparameter 'rate'"),
    ([Parameter(np.zeros(2)) * 2.0], ValueError, "result of an operation"),
]

BAD_GRADIENTS = [
    (None, TypeError, "Hand gradients over"),
    (np.zeros((1, 3)), TypeError, "a list of gradients, .* Received: ndarray"),
    (lambda: 0.0, TypeError, "carries no gradient"),
    ([], ValueError, "one gradient per parameter, 1. Received: 0"),
    ([A, A], ValueError, "Received: 2"),
    ([np.zeros(4)], ValueError, r"must have shape \(3,\), as its parameter has. Received: \(4,\)"),
    ([np.zeros((3, 1))], ValueError, "must have shape"),
    ([np.zeros(3, np.float32)], TypeError, "must be float64, as its parameter is. Received: float32"),
    ([np.zeros(3, int)], TypeError, "Received: int64"),
    ([[0.0, 0.0, 0.0]], TypeError, "must be a NumPy array. Received: list"),
]


@pytest.mark.parametrize(("make", "error", "words"), BAD_VALUES)
def test_hyperparameters(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(("params", "error", "words"), BAD_PARAMETERS)
def test_parameters(params, error, words):
    with pytest.raises(error, match=words):
        Adam(params, lr=0.1)


@pytest.mark.parametrize(("gradients", "error", "words"), BAD_GRADIENTS)
def test_gradients(gradients, error, words):
    x = np.ones(3)
    optimizer = Adam([x], lr=0.1)
    with pytest.raises(error, match=words):
        optimizer.step(gradients)
    np.testing.assert_array_equal(x, 1.0)
    assert optimizer.t == 0


def test_module_instead_of_its_parameters():
    from ravine.autograd import nn

    with pytest.raises(TypeError, match=r"say \.parameters\(\)"):
        Adam(nn.Linear(2, 3, rng=0), lr=0.1)


def test_a_schedule_that_leaves_the_domain_stops_before_anything_changes():
    x = np.ones(2)
    optimizer = Adam([x], beta1=Exponential(0.9, 1.05))
    for _ in range(3):
        optimizer.step([np.ones(2)])
    before = x.copy()
    with pytest.raises(ValueError, match=r"beta1 must be a number in \[0, 1\).* at k=3"):
        optimizer.step([np.ones(2)])
    np.testing.assert_array_equal(x, before)
    assert optimizer.t == 3


def test_a_tensor_that_is_a_leaf_is_a_parameter():
    t = Tensor(np.ones(2), requires_grad=True)
    optimizer = SGD([t], lr=0.5)
    (t * t).sum().backward()
    optimizer.step()
    np.testing.assert_array_equal(t.data, 0.0)


# ------------------------------------------------------------------------------------------------------ values
@pytest.mark.parametrize("cls", Optimizer.registry.values(), ids=lambda cls: cls.__name__)
def test_a_value(cls):
    names = {"Linear": Linear, "Constant": Constant} | {c.__name__: c for c in Optimizer.registry.values()}
    for spec in (
        cls(lr=1),
        cls(lr=np.float32(0.5)),
        cls(lr=Linear(0.01, 0.1, 5) >> Constant(0.1), maximize=True, **({} if cls.needs_closure else {"clip_norm": 2})),
    ):
        assert eval(repr(spec), names) == spec
        assert hash(eval(repr(spec), names)) == hash(spec)
        assert pickle.loads(pickle.dumps(spec)) == spec
        assert copy.deepcopy(spec) == spec
        assert spec != spec.replace(weight_decay=0.3)
    assert type(cls(lr=1).lr) is float
    with pytest.raises(AttributeError):
        cls(lr=0.1).lr = 0.2


def test_a_rule_without_a_kernel_is_refused_at_binding():
    class Importing(Optimizer):
        """Sign of the momentum."""

        lr: float = 0.1
        beta: float = 0.9

        @staticmethod
        def rule(x, g, m, lr, beta):
            from numpy import sign

            m = beta * m + (1 - beta) * g
            return x - lr * sign(m), m

    try:
        x = np.zeros(3)
        with pytest.raises(TypeError, match="name = expression"):
            Importing([x])
    finally:
        del Optimizer.registry["importing"]


def test_a_rule_without_decorator():
    class Plain(Optimizer):
        """As papers have it."""

        lr: Hyper = 0.5

        def rule(x, g, m, lr):
            m = m + g
            return x - lr * m, m

    try:
        x = np.zeros(2)
        optimizer = Plain([x], lr=Constant(0.25))
        optimizer.step([np.ones(2)])
        optimizer.step([np.ones(2)])
        np.testing.assert_array_equal(x, -0.75)
        assert Plain(lr=1).rule(0.0, 1.0, 0.0, 1.0) == Plain.rule(0.0, 1.0, 0.0, 1.0) == (-1.0, 1.0)
        with pytest.raises(ValueError, match="lr must be a finite number"):
            Plain(lr=np.inf)
    finally:
        del Optimizer.registry["plain"]


def test_a_lesson_s_own_adam_does_not_replace_the_registered_one():
    class Adam(Optimizer):
        """A simpler one."""

        lr: float = 0.1

        @staticmethod
        def rule(x, g, lr):
            return x - lr * g

    assert Optimizer.registry["adam"] is not Adam
    assert Adam(lr=-0.5).lr == -0.5
    x = np.zeros(2)
    Adam([x]).step([np.ones(2)])
    np.testing.assert_array_equal(x, -0.1)


def test_a_class_that_is_no_optimizer():
    with pytest.raises(TypeError, match=r"Ruleless has no rule\. Define one: def rule"):
        type("Ruleless", (Optimizer,), {"__module__": __name__, "__annotations__": {}})

    with pytest.raises(TypeError, match=r"Bare: lr has no annotation\. Say lr: Hyper = 0\.1"):

        class Bare(Optimizer):
            lr = 0.1

            def rule(x, g, lr):
                return x - lr * g


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_bound_optimizer_is_not_copied(copied):
    with pytest.raises(TypeError, match=r"load opt\.state_dict\(\)"):
        copied(Adam([np.zeros(2)]))
