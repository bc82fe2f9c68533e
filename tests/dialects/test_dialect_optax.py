"""The optax dialect without optax: purity, trees, state, what is refused and how."""

import copy

import numpy as np
import pytest

from ravine.dialects import optax
from ravine.optim import Adam
from ravine.schedules import Cosine

NAMES = [name for name in optax.optimizers.__all__]


def params():
    rng = np.random.default_rng(0)
    return {"b": [rng.normal(size=3), None], "a": (rng.normal(size=(2, 2)),)}


@pytest.mark.parametrize("name", NAMES)
def test_pure_and_the_same_as_bound(name):
    transformation = getattr(optax, name)(learning_rate=0.01)
    rng = np.random.default_rng(1)
    here = params()
    bound = [here["a"][0].copy(), here["b"][0].copy()]
    optimizer = transformation.bind(bound)
    state = transformation.init(here)
    for _ in range(4):
        gradients = {"b": [rng.normal(size=3), None], "a": (rng.normal(size=(2, 2)),)}
        before = copy.deepcopy((here, gradients, state))
        updates, new = transformation.update(gradients, state, here)
        after = optax.apply_updates(here, updates)
        assert repr((here, gradients, state)) == repr(before)
        here, state = after, new
        optimizer.step([gradients["a"][0], gradients["b"][0]])
        assert list(here) == ["b", "a"]
        assert here["b"][1] is None
    np.testing.assert_allclose(here["a"][0], bound[0], rtol=1e-13)
    np.testing.assert_allclose(here["b"][0], bound[1], rtol=1e-13)


def test_a_single_array_and_float32():
    transformation = optax.adam(0.1)
    x = np.ones(3, np.float32)
    updates, _ = transformation.update(x, transformation.init(x))
    assert updates.dtype == np.float32
    assert optax.apply_updates(x, updates).dtype == np.float32
    assert optax.apply_updates(x, updates.astype(np.float64)).dtype == np.float32


def test_learning_rates():
    assert optax.adam(0.1).spec == Adam(lr=0.1)
    assert optax.adam(Cosine(0.1, 0, 5)).spec == Adam(lr=Cosine(0.1, 0, 5))
    assert optax.adam(lambda count: 1 / (1 + count)).spec.lr(3) == 0.25
    assert optax.adam(optax.constant_schedule(0.1)).spec.lr(7) == 0.1


def test_chains_are_optimizers_with_options():
    chain = optax.chain(
        optax.clip_by_global_norm(2.0),
        optax.clip(0.5),
        optax.add_decayed_weights(0.1),
        optax.scale_by_adam(b1=0.8),
        optax.add_decayed_weights(0.2),
        optax.scale(-0.1),
    )
    assert chain.spec == Adam(
        lr=0.1, beta1=0.8, clip_norm=2.0, clip_value=0.5, weight_decay=0.1, decoupled_weight_decay=0.2
    )
    assert repr(optax.chain(optax.clip(1.0), optax.sgd(0.1))).startswith("optax.chain(clip, optax.sgd(")


REFUSED = [
    (lambda: optax.adadelta(), TypeError, "leaves out the factor -learning_rate with its sign"),
    (lambda: optax.sgd(None), TypeError, "learning_rate=None"),
    (lambda: optax.adam(), TypeError, "missing a required argument: 'learning_rate'"),
    (lambda: optax.adam(-0.1), ValueError, r"optax\.adam: learning_rate must be a finite number >= 0"),
    (
        lambda: optax.adam(0.1, b1=1.0),
        ValueError,
        r"b1 must be a number in \[0, 1\)\. Received: b1=1\.0\. The default is 0\.9",
    ),
    (lambda: optax.adam(0.1, beta1=0.9), TypeError, "has no argument 'beta1'. It has: learning_rate, b1"),
    (lambda: optax.adam(0.1, mu_dtype="bfloat16"), ValueError, "mu_dtype must be None"),
    (lambda: optax.adamw(0.1, mask={"w": True}), ValueError, "mask must be None"),
    (lambda: optax.lion(0.1, mode="smooth"), ValueError, "mode must be 'hard'"),
    (lambda: optax.sgd(0.1, nesterov=True), ValueError, "no effect without momentum"),
    (lambda: optax.rmsprop(0.1, nesterov=True), ValueError, "no effect without momentum"),
    (lambda: optax.chain(optax.scale_by_adam(), optax.clip(1.0), optax.scale(-0.1)), ValueError, "unsupported place"),
    (lambda: optax.chain(optax.clip(1.0), optax.clip_by_global_norm(1.0), optax.sgd(0.1)), ValueError, "unsupported"),
    (lambda: optax.chain(optax.adam(0.1), optax.adam(0.1)), ValueError, "unsupported place"),
    (lambda: optax.chain(optax.adam(0.1), optax.scale(0.5)), ValueError, "unsupported place"),
    (lambda: optax.chain(optax.clip(1.0)).spec, ValueError, "must have an update rule"),
    (lambda: optax.chain(optax.scale_by_adam()).spec, ValueError, "and after it a factor"),
    (
        lambda: optax.chain(optax.scale_by_adam(), optax.scale(0.1)),
        ValueError,
        "learning_rate must be a finite number >= 0",
    ),
    (lambda: optax.chain(Adam(lr=0.1)), TypeError, "takes transformations of this dialect"),
]


@pytest.mark.parametrize(("make", "error", "message"), REFUSED)
def test_what_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_what_an_update_refuses():
    x = {"a": np.ones(2)}
    decaying, plain = optax.adamw(0.1), optax.adam(0.1)
    with pytest.raises(ValueError, match="depends on the parameters"):
        decaying.update(x, decaying.init(x))
    with pytest.raises(ValueError, match="must be of Adam"):
        plain.update(x, optax.sgd(0.1, momentum=0.9).init(x))
    with pytest.raises(ValueError, match="must have shape"):
        plain.update({"a": np.ones(3)}, plain.init(x))
    with pytest.raises(ValueError, match="at least one parameter"):
        plain.init({})
    with pytest.raises(ValueError, match="a tree like the parameters"):
        optax.apply_updates(x, {"a": np.ones(2), "b": np.ones(2)})


def test_global_norm():
    assert optax.global_norm({"a": np.array([3.0]), "b": [np.array(4.0)]}) == 5.0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"a": np.ones(2), "c": np.ones(2)},
            r"at the top it must be a dict with 'a', 'b'\. Received: a dict with 'a', 'c'",
        ),
        ([np.ones(2), np.ones(2)], r"Received: a list of 2"),
        ({"a": np.ones(2), "b": np.ones(1)}, r"at \['b'\] it must be an array of shape \(2,\)"),
        ({"a": np.ones(2), "b": [np.ones(2)]}, r"at \['b'\] .* Received: a list of 1"),
    ],
)
def test_trees_that_do_not_match_are_refused(wrong, message):
    params = {"a": np.ones(2), "b": np.ones(2)}
    with pytest.raises(ValueError, match=message):
        optax.apply_updates(params, wrong)
    optimizer = optax.sgd(0.1)
    with pytest.raises(ValueError, match=message):
        optimizer.update(wrong, optimizer.init(params), params)


def test_chains_in_a_chain_and_a_factor_alone():
    inner = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam())
    assert optax.chain(inner, optax.scale(-0.1)).spec == Adam(lr=0.1, clip_norm=1.0)
    with pytest.raises(ValueError, match="must have an update rule, and after it a factor"):
        inner.init(np.ones(2))
    x = np.ones(2)
    updates, _ = optax.scale(-0.1).update(x, optax.scale(-0.1).init(x))
    np.testing.assert_array_equal(updates, [-0.1, -0.1])
