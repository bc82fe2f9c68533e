"""What users of other libraries reach for: hints, added parameters, scaled schedules, foreign gradients."""

import copy
import pickle

import numpy as np
import pytest

from ravine.autograd import Parameter
from ravine.optim import SGD, Adam, AdamW, Momentum, RMSprop, decay_matrices, minimize
from ravine.schedules import Exponential, Schedule

HINTS = [
    (lambda: SGD(lr=0.1, momentum=0.9), r"Say Momentum\(lr=\.\.\., momentum=\.\.\.\)"),
    (lambda: SGD(lr=0.1, nesterov=True), r"Say NAG\("),
    (lambda: Adam(betas=(0.9, 0.99)), r"Say beta1=\.\.\., beta2=\.\.\.$"),
    (lambda: Adam(learning_rate=0.1), r"Say lr=\.\.\.$"),
    (lambda: Adam(epsilon=0.1), r"Say eps=\.\.\.$"),
    (lambda: RMSprop(alpha=0.9), r"Say rho=\.\.\.$"),
    (lambda: SGD(lr=lambda k: 0.1), r"lr=Lambda\(function\)"),
    (lambda: SGD([np.ones(1)], lr=0.1).add_param_group, r"Say opt\.add\(params"),
    (lambda: SGD([np.ones(1)], lr=0.1).param_groups, r"Say opt\.groups"),
    (lambda: setattr(SGD([np.ones(1)], lr=0.1), "learning_rate", 1.0), r"Say opt\.lr"),
]


@pytest.mark.parametrize(("call", "hint"), HINTS, ids=range(len(HINTS)))
def test_a_word_of_another_library_is_answered_with_ours(call, hint):
    with pytest.raises((TypeError, AttributeError), match=hint):
        call()


def test_a_scheduled_value_is_scaled_with_its_schedule():
    opt = SGD([np.ones(2)], lr=Exponential(0.5, 0.5))
    opt.lr *= 0.1
    assert opt.lr == 0.05
    opt.step([np.ones(2)])
    assert opt.lr == 0.025
    opt.lr /= 2
    assert opt.lr == 0.0125
    assert type(pickle.loads(pickle.dumps(opt.lr))) is type(copy.deepcopy(opt.lr)) is float
    opt.lr = 0.1
    assert not isinstance(opt.groups[0].spec.lr, Schedule)


@pytest.mark.parametrize("options", [{}, {"accumulate": 2}, {"clip_norm": 1.0}], ids=str)
def test_added_parameters_move_as_if_they_had_been_bound_alone(options):
    first, second, alone = (np.ones(3) for _ in range(3))
    opt, other = Adam([first], lr=0.1, **options), Adam([alone], lr=0.5, **options)
    for _ in range(2):
        opt.step([np.full(3, 2.0)])
    opt.add([second], lr=0.5)
    for g in (0.25, -0.5):
        opt.step([np.zeros(3), np.full(3, g)])
        other.step([np.full(3, g)])
    np.testing.assert_array_equal(second, alone)
    assert list(opt.state_dict()["state"]) == ["0", "1"]
    assert [group.spec.lr for group in opt.groups] == [0.1, 0.5]


def test_parameters_that_are_there_cannot_be_added():
    x = np.ones(4)
    opt = SGD([x], lr=0.1)
    for bad in ([x], [x[1:]], [], x):
        with pytest.raises((TypeError, ValueError)):
            opt.add(bad)
    with pytest.raises(ValueError, match="accumulate"):
        opt.add([np.ones(1)], accumulate=3)
    assert len(opt.groups) == len(opt.parameters) == 1
    named = SGD([Parameter(np.ones(1), name="a")], lr=0.1)
    with pytest.raises(ValueError, match="name"):
        named.add([Parameter(np.ones(1), name="a")])


def test_a_step_without_any_gradient_warns_once():
    opt = SGD([Parameter(np.ones(2))], lr=0.1)
    with pytest.warns(RuntimeWarning, match=r"no parameter has a gradient.* loss\.backward"):
        opt.step()
    opt.step()
    assert opt.t == 0


def foreign_arrays():
    return [
        lambda: pytest.importorskip("torch").ones(2),
        lambda: pytest.importorskip("jax.numpy").ones(2, "float32"),
    ]


@pytest.mark.parametrize("make", foreign_arrays(), ids=["torch", "jax"])
def test_gradients_of_other_libraries(make):
    x = np.ones(2, np.float32)
    opt = SGD([x], lr=0.5)
    opt.step([make()])
    assert x.tolist() == [0.5, 0.5]
    with pytest.raises(TypeError, match="must be float64"):
        SGD([np.ones(2)], lr=0.5).step([make()])
    with pytest.raises(ValueError, match="must have shape"):
        SGD([np.ones(3, np.float32)], lr=0.5).step([make()])


def test_a_partial_state():
    a, b = (Momentum([(name, np.ones(2)) for name in names], lr=0.1) for names in (["w", "head"], ["w", "new"]))
    a.step([np.ones(2), np.ones(2)])
    with pytest.raises(ValueError, match="parameters"):
        b.load_state_dict(a.state_dict())
    b.load_state_dict(a.state_dict(), partial=True)
    state = b.state_dict()["state"]
    assert (b.t, state["w"]["t"], state["new"]["t"]) == (1, 1, 0)
    assert state["w"]["v"].tolist() == [1.0, 1.0]
    other = Momentum([("c", np.ones(2))], lr=0.1)
    with pytest.raises(ValueError, match="one of the parameters"):
        other.load_state_dict(a.state_dict(), partial=True)
    with pytest.raises(TypeError, match="state_dict"):
        other.load_state_dict({}, partial=True)


@pytest.mark.parametrize("option", ["weight_decay", "decoupled_weight_decay"])
def test_only_matrices_decay(option):
    weight, bias = np.ones((2, 2)), np.ones(2)
    opt = AdamW(decay_matrices({"weight": weight, "bias": bias}), lr=0.1, **{"weight_decay": 0.0, option: 0.5})
    opt.step([np.zeros((2, 2)), np.zeros(2)])
    assert (weight < 1).all()
    assert (bias == 1).all()
    assert list(opt.state_dict()["state"]) == ["weight", "bias"]


def test_minimize_takes_and_gives_what_scipy_does():
    points = []
    found = minimize(
        lambda z, a, b: np.sum((z - a) ** b), [0.0], SGD(lr=0.25), 3, args=(2.0, 2), callback=points.append
    )
    np.testing.assert_array_equal(points, found.trajectory[1:])
    assert (found.nit, found.nfev, found.success, found.message) == (3, 4, True, "All steps were taken.")

    def stop(x):
        raise StopIteration

    found = minimize(np.sum, [0.0], SGD(lr=0.25), 3, callback=stop)
    assert (found.nit, found.status, found.success) == (1, "stopped", False)
    found = minimize(lambda z: z[0] * np.inf, [1.0], SGD(lr=0.25), 3)
    assert (found.success, found.status) == (False, "diverged")
