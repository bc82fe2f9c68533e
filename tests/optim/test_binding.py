"""Parameters in flat buffers: what may be assigned, shared, mixed, left out."""

import numpy as np
import pytest

from ravine.autograd import Parameter
from ravine.optim import SGD, Adam, AdamW, Momentum, Muon, Optimizer

# Those that update every parameter by itself, whatever its shape.
CLASSES = [cls for cls in Optimizer.registry.values() if cls.granularity != "flat-vector" and cls is not Muon]
OPTIMIZERS = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
SHAPES = [(3, 2), (), (5,), (2, 1, 2)]


def parameters(dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return [Parameter(rng.normal(size=shape).astype(dtype), name=f"p{i}") for i, shape in enumerate(SHAPES)]


def give_gradients(params, seed=1):
    rng = np.random.default_rng(seed)
    for p in params:
        p.grad = rng.normal(size=p.data.shape).astype(p.data.dtype)


def values(params):
    return [p.data.copy() for p in params]


def expect(cls, params, seeds, **hyper):
    """What the optimizer makes of copies of the parameters, as plain arrays one by one."""
    arrays = values(params)
    for index, array in enumerate(arrays):
        optimizer = cls([array], **hyper)
        for seed in seeds:
            rng = np.random.default_rng(seed)
            optimizer.step([[rng.normal(size=s).astype(array.dtype) for s in SHAPES][index]])
    return arrays


def assert_same(actual, expected):
    for a, e in zip(actual, expected, strict=True):
        assert a.dtype == e.dtype
        assert a.shape == e.shape
        np.testing.assert_array_equal(a, e)


@OPTIMIZERS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_packed_equals_one_by_one(cls, dtype):
    params = parameters(dtype)
    expected = expect(cls, params, [1, 2, 3], lr=0.1)
    optimizer = cls(params, lr=0.1)
    for seed in (1, 2, 3):
        give_gradients(params, seed)
        optimizer.step()
    assert_same(values(params), expected)
    assert optimizer.t == 3


def test_data_and_gradients_lie_in_two_buffers():
    params = parameters()
    before = values(params)
    give_gradients(params)
    gradients = [p.grad.copy() for p in params]
    SGD(params, lr=0.1)
    assert_same(values(params), before)
    assert_same([p.grad for p in params], gradients)
    for views in ([p.data for p in params], [p.grad for p in params]):
        (base,) = {id(view.base if view.base.base is None else view.base.base) for view in views}
        assert base
        ends = [view.__array_interface__["data"][0] + view.nbytes for view in views]
        assert [view.__array_interface__["data"][0] for view in views[1:]] == ends[:-1]


def test_both_dtypes():
    params = [*parameters(np.float32), *parameters(np.float64, seed=4)]
    expected = [a - (a.dtype.type(0.5) * np.ones_like(a)) for a in values(params)]
    optimizer = SGD(params, lr=0.5)
    for p in params:
        p.grad = np.ones_like(p.data)
    optimizer.step()
    assert_same(values(params), expected)


def test_assigned_data_and_gradients_count():
    params = parameters()
    optimizer = SGD(params, lr=1.0)
    new, gradient = np.full((3, 2), 7.0), np.full((3, 2), 2.0)
    params[0].data, params[0].grad = new, gradient
    optimizer.step()
    np.testing.assert_array_equal(params[0].data, 5.0)
    np.testing.assert_array_equal(params[0].grad, 2.0)
    np.testing.assert_array_equal(new, 7.0)
    params[0].data[...] = 1.0
    params[0].grad[...] = 3.0
    optimizer.step()
    np.testing.assert_array_equal(params[0].data, -2.0)


@pytest.mark.parametrize(
    ("name", "wrong", "error"),
    [
        ("data", np.zeros((2, 3)), ValueError),
        ("data", np.zeros((3, 2), np.float32), TypeError),
        ("data", [[0.0, 0.0]] * 3, TypeError),
        ("grad", np.zeros(6), ValueError),
        ("grad", np.zeros((3, 2), np.float32), TypeError),
        ("grad", np.zeros((3, 2), int), TypeError),
        ("grad", "gradient", TypeError),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_moves(name, wrong, error):
    params = parameters()
    optimizer = Adam(params, lr=1.0)
    give_gradients(params)
    before = values(params)
    setattr(params[0], name, wrong)
    with pytest.raises(error, match=r"of p0 must .* Received: "):
        optimizer.step()
    assert_same(values(params)[1:], before[1:])
    assert optimizer.t == 0
    assert not any(
        flat.any() for slots in optimizer.state_dict()["state"].values() for flat in list(slots.values())[1:]
    )


@OPTIMIZERS
def test_a_parameter_without_gradient_is_skipped(cls):
    """It is neither moved nor decayed, and its bias corrections wait."""
    params, alone = parameters(), parameters()
    optimizer = cls(params, lr=0.1, weight_decay=0.3)
    seeds = {0: [1, 2, 3, 4], 1: [1, 3, 4], 2: [3, 4], 3: [2]}  # who has gradients at which seeds
    for seed in (1, 2, 3, 4):
        optimizer.zero_grad()
        give_gradients(params, seed)
        for index, p in enumerate(params):
            if seed not in seeds[index]:
                p.grad = None
        optimizer.step()
    for index, own in seeds.items():
        expected = expect(cls, alone, own, lr=0.1, weight_decay=0.3)
        np.testing.assert_array_equal(params[index].data, expected[index])
    assert optimizer.t == 4


def test_a_gradient_of_zeros_is_a_gradient():
    p = Parameter(np.ones(2))
    optimizer = AdamW([p], lr=0.1, weight_decay=0.5)
    with pytest.warns(RuntimeWarning, match="no parameter has a gradient"):
        optimizer.step()
    np.testing.assert_array_equal(p.data, 1.0)
    assert optimizer.t == 0
    p.grad = np.zeros(2)
    optimizer.step()
    np.testing.assert_array_equal(p.data, 0.95)
    assert optimizer.t == 1


def test_zero_grad():
    params = parameters()
    optimizer = SGD(params, lr=0.1)
    give_gradients(params)
    optimizer.zero_grad()
    assert all(p.grad is None for p in params)


@OPTIMIZERS
def test_sharing_one_after_the_other(cls):
    params, twin = parameters(), parameters()
    for optimizer in (cls(params, lr=0.1), cls(params, lr=0.1)):
        give_gradients(params)
        optimizer.step()
    one_by_one = values(twin)
    for _ in range(2):
        for array, g in zip(one_by_one, [p.grad for p in params], strict=True):
            cls([array], lr=0.1).step([g.copy()])
    assert_same(values(params), one_by_one)


def test_sharing_at_once():
    params = parameters()
    start = values(params)
    one, two = SGD(params, lr=0.5), Momentum(params[1:], lr=0.25)
    for _ in range(3):
        for p in params:
            p.grad = np.ones_like(p.data)
        one.step()
        for p in params:
            p.grad = np.full_like(p.data, 2.0)
        two.step()
    np.testing.assert_allclose(params[0].data, start[0] - 1.5)
    velocity = [2.0, 3.8, 5.42]
    for p, x in zip(params[1:], start[1:], strict=True):
        np.testing.assert_allclose(p.data, x - 1.5 - 0.25 * sum(velocity), rtol=1e-14)


def test_groups():
    head, body = parameters(seed=1), parameters(seed=2)
    start = values([*head, *body])
    optimizer = SGD([{"params": head, "lr": 0.5}, {"params": body}], lr=0.125)
    for p in (*head, *body):
        p.grad = np.ones_like(p.data)
    optimizer.step()
    assert_same(values(head), [x - 0.5 for x in start[:4]])
    assert_same(values(body), [x - 0.125 for x in start[4:]])
    assert [group.spec for group in optimizer.groups] == [SGD(lr=0.5), SGD(lr=0.125)]


# ------------------------------------------------------------------------------------------------------- plain arrays
def test_plain_arrays_are_updated_where_they_are():
    a, b = np.zeros(5), np.zeros((2, 3), np.float32)
    optimizer = SGD([a, b], lr=0.5)
    optimizer.step([np.ones(5), np.ones((2, 3), np.float32)])
    np.testing.assert_array_equal(a, -0.5)
    np.testing.assert_array_equal(b, np.full((2, 3), -0.5, np.float32))
    optimizer.step([None, np.ones((2, 3), np.float32)])
    np.testing.assert_array_equal(a, -0.5)
    np.testing.assert_array_equal(b, np.full((2, 3), -1.0, np.float32))


@pytest.mark.parametrize("view", [lambda a: a.T, lambda a: a[::2, 1:], lambda a: a[::-1]])
def test_arrays_that_are_not_contiguous(view):
    whole = np.arange(24.0).reshape(4, 6)
    expected = whole.copy()
    optimizer = SGD([view(whole)], lr=1.0)
    for k in range(3):
        g = np.random.default_rng(k).normal(size=view(whole).shape)
        view(expected)[...] -= g
        optimizer.step([np.asfortranarray(g)])
        view(whole)[0] = view(expected)[0] = 3.0  # what the caller writes between steps counts
    np.testing.assert_array_equal(whole, expected)


def test_handed_over_gradients_for_parameters():
    params = parameters()
    optimizer = SGD(params, lr=1.0)
    before = values(params)
    optimizer.step([np.ones(shape) for shape in SHAPES])
    assert_same(values(params), [x - 1 for x in before])


def test_gradients_are_not_written_to():
    a, g = np.zeros(3), np.array([1.0, -2.0, 3.0])
    optimizer = Adam([a], lr=0.1, weight_decay=0.1, clip_norm=0.5, clip_value=0.2, maximize=True)
    optimizer.step([g])
    np.testing.assert_array_equal(g, [1.0, -2.0, 3.0])


# ------------------------------------------------------------------------------------------------------------ clipping
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clip_norm_is_exact_and_joint(dtype):
    params = parameters(dtype)
    before = values(params)
    give_gradients(params)
    norm = np.sqrt(sum(float((p.grad.astype(float) ** 2).sum()) for p in params))
    gradients = [p.grad.copy() for p in params]
    SGD([{"params": params[:2]}, {"params": params[2:]}], lr=1.0, clip_norm=norm / 2).step()
    for p, x, g in zip(params, before, gradients, strict=True):
        np.testing.assert_allclose(x - p.data, g / 2, rtol=1e-5 if dtype == np.float32 else 1e-13)
    x = np.zeros(4)
    SGD([x], lr=1.0, clip_norm=1.0).step([np.ones(4)])
    np.testing.assert_array_equal(x, -0.5)
    SGD([x], lr=1.0, clip_norm=1.0).step([np.full(4, 0.25)])  # below the limit: untouched
    np.testing.assert_array_equal(x, -0.75)


def test_huge_gradients_in_float32_are_clipped_not_lost():
    x = np.zeros(2, np.float32)
    SGD([x], lr=1.0, clip_norm=5.0).step([np.array([3e30, 4e30], np.float32)])
    np.testing.assert_allclose(x, [-3.0, -4.0], rtol=1e-6)


# ----------------------------------------------------------------------------------------------------------- attributes
def test_current_hyperparameters_can_be_read_and_changed():
    from ravine.schedules import Linear

    p = np.zeros(1)
    optimizer = SGD([p], lr=Linear(1.0, 0.0, 4))
    assert optimizer.lr == 1.0
    optimizer.step([np.ones(1)])
    assert optimizer.lr == 0.75
    assert "t=1" in repr(optimizer)
    optimizer.lr = 0.5
    optimizer.step([np.ones(1)])
    assert optimizer.lr == 0.5
    assert p == -1.5
    with pytest.raises(AttributeError, match="no hyperparameter 'momentum' to set"):
        optimizer.momentum = 0.5
    with pytest.raises(AttributeError, match="no attribute or hyperparameter 'learning_rate'"):
        _ = optimizer.learning_rate


def test_backward_writes_into_the_buffer():
    p, q = Parameter(np.ones((2, 2))), Parameter(np.ones(2))
    optimizer = SGD([p, q], lr=0.5)
    buffers = p.grad_buffer, q.grad_buffer
    for step in range(2):
        optimizer.zero_grad()
        (p @ q).sum().backward()
        assert p.grad is buffers[0]
        assert q.grad is buffers[1]
        optimizer.step()
        if step == 0:
            np.testing.assert_array_equal(p.data, 0.5)
            np.testing.assert_array_equal(q.data, 0.0)


def test_gradients_accumulate_over_backward_passes():
    p = Parameter(np.ones(3))
    optimizer = SGD([p], lr=1.0)
    for _ in range(3):
        (p * 2.0).sum().backward()
    optimizer.step()
    np.testing.assert_array_equal(p.data, -5.0)


def read_only(a):
    a.flags.writeable = False
    return a


def unaligned(a):
    raw = np.zeros(a.nbytes + 1, np.uint8)[1:].view(a.dtype)
    raw[...] = a
    return raw


@pytest.mark.parametrize("kind", [read_only, unaligned, lambda a: a[::-1], lambda a: np.broadcast_to(a[0], 4)])
def test_gradients_of_every_kind(kind):
    x, g = np.zeros(4), kind(np.full(4, 2.0))
    SGD([x], lr=0.5).step([g])
    np.testing.assert_array_equal(x, -1.0)


def test_a_scalar_for_a_0d_array():
    x = np.array(1.0)
    SGD([x], lr=0.5).step([np.float64(1.0)])
    assert x == 0.5


def test_memory_mapped_and_unaligned_parameters(tmp_path):
    x = np.memmap(tmp_path / "x", np.float32, "w+", shape=(3,))
    y = unaligned(np.ones(3))
    SGD([x, y], lr=0.5).step([np.ones(3, np.float32), np.ones(3)])
    np.testing.assert_array_equal(x, np.float32(-0.5))
    np.testing.assert_array_equal(y, 0.5)


def test_small_and_large_arrays_together():
    """Small arrays are gathered into a buffer, large ones updated in place: nobody can tell."""
    rng = np.random.default_rng(0)
    shapes = [(3,), (100, 100), (2, 2), (), (30_000,)]
    arrays = [rng.normal(size=shape) for shape in shapes]
    alone = [a.copy() for a in arrays]
    together, apart = Adam(arrays, lr=0.1), [Adam([a], lr=0.1) for a in alone]
    for k in range(6):
        gradients = [None if (k + i) % 4 == 0 else rng.normal(size=shape) for i, shape in enumerate(shapes)]
        together.step([None if g is None else np.asarray(g) for g in gradients])
        for optimizer, g in zip(apart, gradients, strict=True):
            optimizer.step([None if g is None else np.asarray(g)])
        arrays[0][1] = alone[0][1] = 7.0
    assert_same(arrays, alone)


def test_swapped_arrays():
    """What is put in a parameter's place may be another parameter's."""
    p, q = Parameter(np.full(2, 1.0)), Parameter(np.full(2, 2.0))
    optimizer = SGD([p, q], lr=1.0)
    p.grad, q.grad = np.full(2, 10.0), np.full(2, 20.0)
    optimizer.step()
    p.data, q.data = q.data, p.data
    p.grad, q.grad = q.grad, p.grad
    optimizer.step()
    np.testing.assert_array_equal([p.data, q.data], [[-38.0] * 2, [-19.0] * 2])
    optimizer.step([q.grad, p.grad])
    np.testing.assert_array_equal([p.data, q.data], [[-48.0] * 2, [-39.0] * 2])


@pytest.mark.parametrize("size", [3, 5000])
def test_gradients_that_are_the_parameters(size):
    a, b = np.full(size, 1.0), np.full(size, 2.0)
    SGD([a, b], lr=1.0).step([b, a])  # the gradients of a . b
    np.testing.assert_array_equal(a, -1.0)
    np.testing.assert_array_equal(b, 1.0)


def test_clip_norm_of_squares_that_overflow():
    x = np.zeros(2)
    SGD([x], lr=1.0, clip_norm=1.0).step([np.array([3e200, -4e200])])
    np.testing.assert_allclose(x, [-0.6, 0.8], rtol=1e-15)


@pytest.mark.parametrize(("dtype", "value"), [("d", 1e308), ("f", 1e38), ("d", 1e-200)])
@pytest.mark.parametrize("nonfinite", ["propagate", "raise"])
def test_clip_norm_where_the_norm_itself_overflows(dtype, value, nonfinite):
    a, b = np.zeros(5000, dtype), np.zeros(5000, dtype)
    g = [np.full(5000, value, dtype)] * 2
    SGD([a, b], lr=1.0, clip_norm=1.0, nonfinite=nonfinite).step(g)
    np.testing.assert_allclose([a, b], -min(value, 0.01), rtol=1e-6)


def test_clip_adaptive_of_squares_that_overflow():
    x = np.ones(4)
    SGD([x], lr=1.0, clip_adaptive=0.5).step([np.full(4, 1e300)])
    np.testing.assert_allclose(x, 0.5, rtol=1e-15)
