"""Rules over whole arrays: what no element can compute, with everything around it."""

import numpy as np
import pytest

from ravine.autograd import Parameter
from ravine.optim import LAMB, LARS, LBFGS, Adafactor, Adam, Muon, Optimizer, Prodigy, SparseAdam
from ravine.schedules import Linear

SPECS = [
    *(cls(lr=0.05) for cls in Optimizer.registry.values() if cls.granularity != "elementwise"),
    LBFGS(lr=0.5, max_iter=3, history_size=2, line_search="strong_wolfe", ema=0.9, weight_decay=0.01),
    Muon(nesterov=False, adjust_lr="match_rms_adamw", lookahead=2, clip_norm=1.0, accumulate=2),
    Adafactor(lr=Linear(0.1, 0.01, 9), ema=0.9, clip_each_norm=0.5, decoupled_weight_decay=0.1),
    Prodigy(lr=1.0, maximize=True, swa=2, nonfinite="skip", clip_value=0.3),
]
SPEC = pytest.mark.parametrize("spec", SPECS, ids=repr)
SHAPES = {"w": (4, 3), "u": (2, 5), "b": (3,), "s": ()}


def parameters(spec, dtype=np.float64):
    rng = np.random.default_rng(0)
    names = [name for name, shape in SHAPES.items() if spec.refusal(np.zeros(shape)) is None]
    return [Parameter(np.asarray(rng.normal(size=SHAPES[name]), dtype), name=name) for name in names]


def closure_for(optimizer, params, k):
    """A bowl whose middle moves with k, as a closure that fills the gradients."""

    def closure():
        loss = 0.0
        for p in params:
            away = p.data - np.asarray(np.cos(np.arange(p.data.size) + k).reshape(p.data.shape), p.data.dtype)
            p.grad = 2 * away * np.asarray(1 + np.arange(p.data.size).reshape(p.data.shape), p.data.dtype)
            loss += float(np.sum(away * p.grad)) / 2
        return loss

    return closure


def train(optimizer, params, start, stop):
    for k in range(start, stop):
        optimizer.step(closure_for(optimizer, params, k))
    return [p.data.copy() for p in params]


# --------------------------------------------------------------------------------------------------------------- state
@SPEC
@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_resumption_at_every_step(spec, suffix, tmp_path):
    if suffix == "safetensors":
        pytest.importorskip("safetensors")
    params = parameters(spec)
    optimizer = spec.bind(params)
    points = [[p.data.copy() for p in params]]
    for k in range(6):
        optimizer.save(tmp_path / f"{k}.{suffix}")
        points.append(train(optimizer, params, k, k + 1))
    for k in range(6):
        resumed = parameters(spec)
        other = spec.bind(resumed)
        for p, data in zip(resumed, points[k], strict=True):
            p.data = data
        other.load(tmp_path / f"{k}.{suffix}")
        for mine, expected in zip(train(other, resumed, k, 6), points[-1], strict=True):
            np.testing.assert_array_equal(mine, expected)


@SPEC
def test_float32_stays_float32(spec):
    params = parameters(spec, np.float32)
    optimizer = spec.bind(params)
    wide = parameters(spec)
    for p, data in zip(params, train(optimizer, params, 0, 4), strict=True):
        assert data.dtype == np.float32
        for slot in optimizer.state_dict()["state"][p.name].values():
            assert not isinstance(slot, np.ndarray) or slot.dtype == np.float32
    for mine, exact in zip([p.data for p in params], train(spec.bind(wide), wide, 0, 4), strict=True):
        np.testing.assert_allclose(mine, exact, rtol=2e-3, atol=2e-4)


@SPEC
def test_plain_arrays_move_as_parameters_do(spec):
    params = parameters(spec)
    arrays = [p.data.copy() for p in params]
    optimizer, other = spec.bind(params), spec.bind(arrays)
    for k in range(4):
        optimizer.step(closure_for(optimizer, params, k))
        twins = [Parameter(a) for a in arrays]

        def closure(twins=twins, k=k):
            for twin, array in zip(twins, arrays, strict=True):
                twin.data = array
            return closure_for(None, twins, k)(), [twin.grad for twin in twins]

        other.step(closure)
    for p, array in zip(params, arrays, strict=True):
        np.testing.assert_array_equal(p.data, array)


def test_parameters_of_one_vector_have_one_clock():
    optimizer = Prodigy(parameters(Prodigy()))
    train(optimizer, optimizer.parameters, 0, 2)
    for name, value in (("t", 1), ("d", 0.5)):
        state = optimizer.state_dict()
        state["state"]["u"][name] = value
        with pytest.raises(ValueError, match=f"state's {name} must be the same for all parameters of Prodigy"):
            optimizer.load_state_dict(state)
    assert optimizer.t == 2


def test_the_size_of_a_state_is_settled_at_binding():
    optimizer = LBFGS([np.zeros(2)], history_size=3)
    optimizer.lr = 0.5
    with pytest.raises(ValueError, match="would change which states are kept"):
        optimizer.set(history_size=4)


# ------------------------------------------------------------------------------------------------------ groups, policy
@pytest.mark.parametrize("cls", [LARS, LAMB, Adafactor, SparseAdam])
def test_groups_are_parameters_apart(cls):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(3, 2)), rng.normal(size=4)
    c, d = a.copy(), b.copy()
    both = cls([{"params": [a], "lr": 0.1}, {"params": [b]}], lr=0.01)
    one, two = cls([c], lr=0.1), cls([d], lr=0.01)
    for _ in range(4):
        g, h = rng.normal(size=(3, 2)), rng.normal(size=4)
        both.step([g, h])
        one.step([g])
        two.step([h])
    np.testing.assert_array_equal(a, c)
    np.testing.assert_array_equal(b, d)


def test_a_missing_gradient_of_one_vector_is_zeros_where_another_is_there():
    a, b, c, d = (np.ones(2) for _ in range(4))
    some, zeros = Prodigy([a, b], d0=0.1), Prodigy([c, d], d0=0.1)
    some.step([np.ones(2), np.ones(2)])
    zeros.step([np.ones(2), np.ones(2)])
    some.step([np.ones(2), None])
    zeros.step([np.ones(2), np.zeros(2)])
    np.testing.assert_array_equal((a, b), (c, d))
    assert (b < 0.99).all()
    some.step([None, None])
    np.testing.assert_array_equal((a, b), (c, d))
    assert some.t == 2


def test_one_vector_has_one_dtype():
    with pytest.raises(TypeError, match="as one vector: they must be of one kind and dtype"):
        Prodigy([np.zeros(2), np.zeros(2, np.float32)])


def test_muon_refuses_what_is_no_matrix():
    with pytest.raises(ValueError, match=r"bias must be a matrix\. Received: shape \(3,\)\. Give it to another"):
        Muon([Parameter(np.zeros((3, 2)), name="weight"), Parameter(np.zeros(3), name="bias")])


# ------------------------------------------------------------------------------------------------------------ theorems
def test_muon_makes_steps_orthogonal():
    rng = np.random.default_rng(3)
    for shape in [(6, 4), (4, 6), (5, 5)]:
        x = np.zeros(shape)
        Muon([x], lr=1.0, weight_decay=0.0, ns_steps=30, a=1.5, b=-0.5, c=0.0).step([rng.normal(size=shape)])
        sizes = np.linalg.svd(x, compute_uv=False)
        np.testing.assert_allclose(sizes, np.sqrt(max(1, shape[0] / shape[1])), rtol=1e-8)


@pytest.mark.parametrize("cls", [LARS, LAMB])
def test_steps_are_shares_of_the_size_of_x(cls):
    x = np.full((3, 4), 2.0)
    before = x.copy()
    share = {"trust_coefficient": 1.0} if cls is LARS else {}
    cls([x], lr=0.01, **share).step([np.random.default_rng(0).normal(size=(3, 4)) * 1e6])
    np.testing.assert_allclose(np.linalg.norm(x - before), 0.01 * np.linalg.norm(before), rtol=1e-12)


def test_adafactor_keeps_rows_and_columns():
    optimizer = Adafactor([np.zeros((5, 7)), np.zeros((2, 3, 4)), np.zeros(6), np.zeros(())])
    shapes = [
        tuple(array.shape for array in list(slots.values())[1:]) for slots in optimizer.state_dict()["state"].values()
    ]
    assert shapes == [
        ((5, 1), (1, 7), (0,)), ((2, 3, 1), (2, 1, 4), (0,)), ((0,), (0,), (6,)), ((0,), (0,), ()),
    ]  # fmt: skip


def test_adafactor_on_a_product_is_exact():
    # Where g**2 is of rank one, rows and columns tell all of it: the first step is sign(g) times its length.
    x = np.full((3, 4), 2.0)
    g = np.outer([1.0, -2.0, 3.0], [0.5, 1.0, -4.0, 2.0])
    Adafactor([x], lr=0.01).step([g])
    np.testing.assert_allclose(x, 2.0 - 0.01 * 2.0 * np.sign(g), rtol=1e-12)


def test_rows_without_a_gradient_stay():
    table, dense = np.ones((5, 3)), np.ones((5, 3))
    lazy, adam = SparseAdam([table], lr=0.1, eps=0.0), Adam([dense], lr=0.1, eps=0.0)
    g = np.zeros((5, 3))
    g[[1, 3]] = np.random.default_rng(0).normal(size=(2, 3))
    for gradient in (g, np.zeros((5, 3)), g):
        lazy.step([gradient])
    np.testing.assert_array_equal(table[[0, 2, 4]], 1.0)
    state = lazy.state_dict()["state"]["0"]
    assert not state["m"][[0, 2, 4]].any()
    assert state["t"] == 3
    first = np.ones((5, 3))
    SparseAdam([first], lr=0.1, eps=0.0).step([g])
    adam.step([g + (g == 0)])
    np.testing.assert_allclose(first[[1, 3]], dense[[1, 3]], rtol=1e-14)


def test_prodigy_finds_the_distance():
    x = np.full(10, 3.0)
    optimizer = Prodigy([x])
    for _ in range(400):
        optimizer.step([np.sign(x)])
    d = optimizer.state_dict()["state"]["0"]["d"]
    assert 0.1 < d <= 3.0  # never more than the distance in the largest norm, for a convex loss
    assert np.abs(x).max() < 1.0


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec.granularity != "flat-vector"], ids=repr)
def test_an_empty_parameter(spec):
    empty, x = Parameter(np.zeros((0, 3)), name="none"), Parameter(np.ones((2, 3)), name="x")
    optimizer = spec.bind([empty, x])
    for _ in range(4):
        empty.grad, x.grad = np.zeros((0, 3)), np.ones((2, 3))
        optimizer.step()
    assert (x.data != 1.0).all()
