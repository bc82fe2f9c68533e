"""What every optimizer takes besides its rule: policies, accumulation, clipping, decay, averages; and their order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ravine.autograd import Parameter
from ravine.optim import SGD, Adam, AdamW, Momentum
from ravine.schedules import Linear, Piecewise

RNG = np.random.default_rng(5)
G = RNG.normal(size=(12, 3, 2))


def run(spec, gradients=G, x0=None):
    """The points of one array under these gradients."""
    x = np.array(x0 if x0 is not None else np.ones(np.shape(gradients[0])))
    optimizer = spec.bind([x])
    points = []
    for g in gradients:
        optimizer.step([g if g is None else np.array(g)])
        points.append(x.copy())
    return np.array(points)


# ------------------------------------------------------------------------------------------------------------ policies
def test_missing_gradients_are_skipped_zero_or_an_error():
    gradients = [G[0], None, G[2]]
    skipped = run(Momentum(lr=0.1), [G[0], G[2]])
    np.testing.assert_array_equal(run(Momentum(lr=0.1), gradients)[[0, 2]], skipped)
    zero = run(Momentum(lr=0.1), [G[0], np.zeros_like(G[0]), G[2]])
    np.testing.assert_array_equal(run(Momentum(lr=0.1, missing="zero"), gradients), zero)
    with pytest.raises(ValueError, match=r"Parameter 0 has no gradient\. Received: None, and missing='error'"):
        run(Momentum(lr=0.1, missing="error"), gradients)


@pytest.mark.parametrize("missing", ["skip", "zero", "error"])
def test_missing_among_others(missing):
    a, b = Parameter(np.ones(3), name="a"), Parameter(np.ones(2), name="b")
    optimizer = Momentum([a, b], lr=0.1, missing=missing)
    a.grad, b.grad = np.ones(3), np.ones(2)
    optimizer.step()
    b.grad = None
    before = a.data.copy(), b.data.copy()
    if missing == "error":
        with pytest.raises(ValueError, match="Parameter b has no gradient"):
            optimizer.step()
        np.testing.assert_array_equal(a.data, before[0])
        assert optimizer.t == 1
    else:
        optimizer.step()
        assert b.grad is None
        assert (b.data != before[1]).all() == (missing == "zero")
        assert optimizer.state_dict()["state"]["b"]["t"] == (2 if missing == "zero" else 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_gradients_that_are_not_finite(bad):
    spoiled = G.copy()
    spoiled[4, 1, 0] = bad
    assert not np.isfinite(run(Adam(lr=0.1), spoiled)[4]).all()
    x = np.ones((3, 2))
    optimizer = Adam([x], lr=0.1, nonfinite="skip")
    for g in spoiled:
        optimizer.step([g])
    np.testing.assert_array_equal(x, run(Adam(lr=0.1), np.delete(G, 4, axis=0))[-1])
    assert (optimizer.t, optimizer.nonfinite) == (11, 1)
    strict = Adam([Parameter(np.ones((3, 2)), name="w")], lr=0.1, nonfinite="raise")
    with pytest.raises(FloatingPointError, match="infinity for w"):
        strict.step([spoiled[4]])
    assert (strict.t, strict.nonfinite, strict.state_dict()["nonfinite"]) == (0, 1, 1)


def test_a_huge_but_finite_gradient_is_finite():
    x = np.ones(2)
    optimizer = SGD([x], lr=1e-300, nonfinite="raise")
    optimizer.step([np.array([1e300, 1e300])])
    np.testing.assert_array_equal(x, 0)


# -------------------------------------------------------------------------------------------------------- accumulation
@pytest.mark.parametrize("calls", [2, 3, 4])
def test_accumulation_is_the_step_of_the_mean(calls):
    means = G.reshape(-1, calls, 3, 2).mean(axis=1)
    points = run(Adam(lr=0.1, accumulate=calls))
    np.testing.assert_allclose(points[calls - 1 :: calls], run(Adam(lr=0.1), means), rtol=1e-13)
    np.testing.assert_array_equal(points[calls : 2 * calls - 1], np.broadcast_to(points[calls - 1], (calls - 1, 3, 2)))


def test_accumulation_counts_updates_and_asks_schedules_once_each():
    x = np.zeros(1)
    optimizer = SGD([x], lr=Piecewise([1.0, 10.0], [1]), accumulate=2)
    for g in (1.0, 3.0, 1.0, 1.0):
        optimizer.step([np.array([g])])
    assert (optimizer.t, x[0]) == (2, -2.0 - 10.0)


def test_accumulation_with_parameters_takes_missing_ones_for_zeros():
    a, b = Parameter(np.zeros(2), name="a"), Parameter(np.zeros(1), name="b")
    optimizer = SGD([a, b], lr=1.0, accumulate=2)
    a.grad, b.grad = np.ones(2), np.ones(1)
    optimizer.step()
    optimizer.zero_grad()
    a.grad = np.full(2, 3.0)
    optimizer.step()
    np.testing.assert_array_equal(a.data, -2.0)
    np.testing.assert_array_equal(b.data, -0.5)
    np.testing.assert_array_equal(a.grad, 3.0)  # the caller's gradient is not touched


def test_options_of_the_step_are_not_a_groups():
    with pytest.raises(ValueError, match=r"accumulate concerns all parameters .* Received: accumulate=2 in a group"):
        SGD([{"params": [np.zeros(1)], "accumulate": 2}], lr=0.1)
    with pytest.raises(ValueError, match="nonfinite is chosen at binding"):
        SGD([np.zeros(1)], lr=0.1).set(nonfinite="skip")


# ------------------------------------------------------------------------------------------------------------ clipping
@given(hnp.arrays(np.float64, (3, 2), elements=st.floats(-1e3, 1e3)), st.floats(1e-3, 1e3))
def test_each_norm_is_clipped_exactly(g, limit):
    x, y = np.zeros((3, 2)), np.zeros(2)
    SGD([x, y], lr=1.0, clip_each_norm=limit).step([g, np.array([3.0, 4.0])])
    norm = np.linalg.norm(g)
    np.testing.assert_allclose(-x, g if norm <= limit else g * (limit / norm), rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(np.linalg.norm(y), min(5.0, limit), rtol=1e-13)


def test_a_norm_of_two_clipped_to_one_is_one():
    for option in ("clip_norm", "clip_each_norm"):
        x = np.zeros(4)
        SGD([x], lr=1.0, **{option: 1.0}).step([np.ones(4)])
        assert np.linalg.norm(x) == 1.0


def test_clipping_leaves_the_callers_gradient():
    p = Parameter(np.ones((2, 2)))
    p.grad = np.full((2, 2), 9.0)
    SGD([p], lr=1.0, clip_each_norm=1.0, clip_adaptive=0.1, clip_norm=0.5).step()
    np.testing.assert_array_equal(p.grad, 9.0)


@pytest.mark.parametrize(("shape", "axes"), [((), None), ((5,), None), ((4, 3), (0,)), ((2, 3, 2, 2), (1, 2, 3))])
def test_adaptive_clipping_by_units(shape, axes):
    x, g = RNG.normal(size=(2, *shape))
    g = np.asarray(g * 10)
    axes = tuple(range(len(shape))) if axes is None else axes
    size_x = np.maximum(np.sqrt(np.sum(x**2, axis=axes, keepdims=True)), 1e-3)
    size_g = np.sqrt(np.sum(g**2, axis=axes, keepdims=True))
    expected = np.where(size_g > 0.5 * size_x, g * 0.5 * size_x / size_g, g)
    new = np.array(x)
    SGD([new], lr=1.0, clip_adaptive=0.5).step([g])
    np.testing.assert_allclose(x - new, expected, rtol=1e-12)


@pytest.mark.peers
@pytest.mark.parametrize("shape", [(6,), (4, 3)])
def test_adaptive_clipping_is_optaxs(shape):
    optax = pytest.importorskip("optax")
    import jax

    jax.config.update("jax_enable_x64", True)
    x, g = RNG.normal(size=(2, *shape))
    clip = optax.adaptive_grad_clip(0.2)
    expected, _ = clip.update(jax.numpy.array(g), clip.init(x), jax.numpy.array(x))
    new = x.copy()
    SGD([new], lr=1.0, clip_adaptive=0.2).step([g])
    np.testing.assert_allclose(x - new, expected, rtol=1e-12)


# --------------------------------------------------------------------------------------------------------------- decay
def test_decoupled_decay_is_adamws():
    np.testing.assert_array_equal(run(Adam(lr=0.1, decoupled_weight_decay=0.3)), run(AdamW(lr=0.1, weight_decay=0.3)))


def test_both_kinds_of_decay_take_schedules():
    zero = np.zeros((4, 1))
    expected = 1 - 0.5 * np.array([0.0, 0.1, 0.2, 0.3])
    for option in ("weight_decay", "decoupled_weight_decay"):
        points = run(SGD(lr=0.5, **{option: Linear(0.0, 0.4, 4)}), zero)
        np.testing.assert_allclose(points[:, 0], np.cumprod(expected), rtol=1e-15)


# ------------------------------------------------------------------------------------------------------------ averages
def test_lookahead_every_third_step():
    x, slow, points = np.ones((3, 2)), np.ones((3, 2)), []
    for t, g in enumerate(G, 1):
        x = x - 0.1 * g
        if t % 3 == 0:
            slow = slow + 0.25 * (x - slow)
            x = slow
        points.append(x)
    np.testing.assert_allclose(run(SGD(lr=0.1, lookahead=3, lookahead_alpha=0.25)), points, rtol=1e-13)


def test_lookahead_starts_where_the_parameter_is_at_its_first_update():
    p = Parameter(np.zeros(1))
    optimizer = SGD([p], lr=1.0, lookahead=1)
    p.data = np.array([10.0])
    p.grad = np.array([2.0])
    optimizer.step()
    assert p.data[0] == 9.0


def test_ema_and_swa_are_the_means_they_say():
    points = run(SGD(lr=0.1))
    shares = np.array([0.9**11, *(0.1 * 0.9 ** (11 - i) for i in range(1, 12))])
    for option, expected in (
        ({"ema": 0.9}, np.tensordot(shares, points, 1)),
        ({"swa": 4}, points[3:].mean(axis=0)),
        ({"swa": 4, "swa_every": 3}, points[3::3].mean(axis=0)),
    ):
        x = np.ones((3, 2))
        optimizer = SGD([x], lr=0.1, **option)
        for g in G:
            optimizer.step([g])
        np.testing.assert_array_equal(x, points[-1])
        with optimizer.averaged():
            np.testing.assert_allclose(x, expected, rtol=1e-12)
            with pytest.raises(RuntimeError, match="Leave the block first"):
                optimizer.step([G[0]])
        np.testing.assert_array_equal(x, points[-1])


def test_averages_that_are_not_there():
    p = Parameter(np.ones(2))
    with pytest.raises(ValueError, match=r"keeps none\. Bind it with ema"), SGD([p], lr=0.1).averaged():
        pass
    with pytest.raises(ValueError, match="ema and swa"), SGD([p], lr=0.1, ema=0.9, swa=3).averaged():
        pass
    with SGD([p], lr=0.1, swa=3).averaged():  # none yet: the parameter itself
        np.testing.assert_array_equal(p.data, 1.0)


@pytest.mark.parametrize("option", [{"lookahead_alpha": 0.3}, {"swa_every": 2}])
def test_an_option_that_could_have_no_effect_is_refused(option):
    with pytest.raises(ValueError, match=r"has no effect without .* Received"):
        SGD(lr=0.1, **option)


# ------------------------------------------------------------------------------------------------ all of them, in order
def test_the_order_of_operations():
    spec = Momentum(
        lr=0.1, momentum=0.5, accumulate=2, maximize=True, clip_norm=2.0, clip_each_norm=1.5, clip_adaptive=0.9,
        clip_value=0.8, weight_decay=0.1, decoupled_weight_decay=0.2, lookahead=2, ema=0.5,
    )  # fmt: skip
    x, v, slow, mean, points = np.ones((3, 2)), np.zeros((3, 2)), np.ones((3, 2)), None, []
    for t in range(1, 7):
        g = -(10 * G[2 * t - 2] + 10 * G[2 * t - 1]) / 2
        g = g * min(1.0, 2.0 / np.linalg.norm(g))
        g = g * min(1.0, 1.5 / np.linalg.norm(g))
        limit = 0.9 * np.maximum(np.linalg.norm(x, axis=0), 1e-3)
        g = g * np.minimum(1.0, limit / np.linalg.norm(g, axis=0))
        g = np.clip(g, -0.8, 0.8) + 0.1 * x
        x = (1 - 0.1 * 0.2) * x
        v = g if t == 1 else 0.5 * v + g
        x = x - 0.1 * v
        if t % 2 == 0:
            x = slow = slow + 0.5 * (x - slow)
        mean = x if mean is None else 0.5 * mean + 0.5 * x
        points.append(x)
    np.testing.assert_allclose(run(spec, 10 * G)[1::2], points, rtol=1e-12)


# --------------------------------------------------------------------------------------------------------- live changes
def test_hyperparameters_change_live():
    x = np.zeros(1)
    optimizer = Momentum([x], lr=1.0, momentum=0.5)
    optimizer.step([np.ones(1)])
    optimizer.lr = 0.0
    optimizer.step([np.ones(1)])
    assert x[0] == -1.0
    optimizer.set(lr=1.0, momentum=0.0)
    optimizer.step([np.ones(1)])
    assert x[0] == -2.0
    with pytest.raises(ValueError, match=r"would change which states are kept\. Received: {'ema': 0.9}"):
        optimizer.ema = 0.9
    with pytest.raises(ValueError, match="momentum must be a number in"):
        optimizer.momentum = 2.0
    assert optimizer.momentum == 0.0


def test_one_groups_hyperparameters_change():
    a, b = np.zeros(1), np.zeros(1)
    optimizer = SGD([{"params": [a], "lr": 1.0}, {"params": [b], "lr": 2.0}], lr=0.1)
    optimizer.groups[1].set(lr=5.0)
    optimizer.step([np.ones(1), np.ones(1)])
    assert (a[0], b[0]) == (-1.0, -5.0)


def test_names_may_be_given():
    a, b = np.zeros(1), np.ones((2, 2))
    for params in ({"first": a, "second": b}, [("first", a), ("second", b)], [{"params": {"first": a, "second": b}}]):
        assert list(SGD(params, lr=0.1).state_dict()["state"]) == ["first", "second"]


def test_a_step_with_a_closure_gives_the_loss():
    p = Parameter(np.array([2.0]))
    optimizer = SGD([p], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    assert float(optimizer.step(closure).data) == 4.0
    assert p.data[0] == 1.0
    x = np.array([2.0])
    assert SGD([x], lr=0.25).step(lambda: (x @ x, [2 * x])) == 4.0
    assert x[0] == 1.0


# ---------------------------------------------------------------------------------------- what a check has found
@pytest.mark.parametrize(("option", "expected"), [("clip_norm", [0.4, 0.2]), ("clip_each_norm", [0.4, 0.2])])
def test_an_option_switched_on_in_a_group_counts(option, expected):
    x = np.ones(2)
    optimizer = SGD([x], lr=1.0)
    optimizer.groups[0].set(**{option: 1.0})
    optimizer.step([np.array([3.0, 4.0])])
    np.testing.assert_allclose(x, expected)
    for name, value in (("accumulate", 2), ("nonfinite", "skip")):
        with pytest.raises(ValueError, match=f"{name} is chosen at binding"):
            optimizer.groups[0].set(**{name: value})
        with pytest.raises(ValueError, match=f"{name} is chosen at binding"):
            setattr(optimizer, name, value)
    with pytest.raises(ValueError, match="t counts the updates"):
        optimizer.t = -5


def test_the_joint_norm_does_not_depend_on_the_order_of_parameters():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        g = {name: rng.normal(size=3) for name in "abc"}
        points = {}
        for order in ("abc", "cab"):
            x = {name: np.ones(3) for name in order}
            SGD([(name, x[name]) for name in order], lr=0.1, clip_norm=1.0).step([g[name] for name in order])
            points[order] = x
        for name in "abc":
            np.testing.assert_array_equal(points["abc"][name], points["cab"][name])


def test_averages_start_at_what_the_caller_has_assigned():
    a, p = np.ones(3), Parameter(np.ones(3))
    plain, packed = SGD([a, np.ones(2)], lr=0.1, ema=0.5), SGD([p], lr=0.1, swa=5)
    a[:] = 7
    p.data = np.full(3, 7.0)
    with plain.averaged(), packed.averaged():
        np.testing.assert_array_equal(a, 7.0)
        np.testing.assert_array_equal(p.data, 7.0)


def test_averages_are_put_in_place_once():
    optimizer = SGD([np.ones(1)], lr=1.0, ema=0.5)
    with optimizer.averaged():
        with pytest.raises(RuntimeError, match="in place already"), optimizer.averaged():
            pass
        with pytest.raises(RuntimeError, match="Leave the block"):
            optimizer.step([np.ones(1)])


def test_adaptive_clipping_of_large_float32_gradients():
    x = np.ones(2, np.float32)
    SGD([x], lr=1.0, clip_adaptive=0.01).step([np.full(2, 3e19, np.float32)])
    np.testing.assert_allclose(1 - x, 0.01, rtol=1e-4)
    assert x.dtype == np.float32


def test_only_parameters_with_a_gradient_are_named():
    p, q = Parameter(np.ones(2), name="p"), Parameter(np.ones(2), name="q")
    optimizer = SGD([p, q], lr=1.0, nonfinite="raise")
    p.grad, q.grad = np.array([np.nan, 1.0]), np.ones(2)
    with pytest.raises(FloatingPointError, match="for p, and"):
        optimizer.step()
    p.grad, q.grad = None, np.array([np.inf, 1.0])
    with pytest.raises(FloatingPointError, match="for q, and"):
        optimizer.step()


@pytest.mark.parametrize("policy", ["skip", "raise"])
def test_a_gradient_that_is_not_finite_is_left_out_of_the_mean(policy):
    x = np.zeros(1)
    optimizer = SGD([x], lr=1.0, nonfinite=policy, accumulate=2)
    optimizer.step([np.ones(1)])
    if policy == "raise":
        with pytest.raises(FloatingPointError):
            optimizer.step([np.array([np.nan])])
    else:
        optimizer.step([np.array([np.nan])])
    assert x[0] == 0
    optimizer.step([np.array([3.0])])
    assert x[0] == -2.0


def test_names_that_are_written_twice_are_refused():
    with pytest.raises(ValueError, match="Received: 'w' twice"):
        Adam([("w", np.ones(1)), ("w", np.ones(1))])
