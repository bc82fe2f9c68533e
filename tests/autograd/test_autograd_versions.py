"""Writes between forward and backward: the derivative is that of the former values, or an error names the write."""

import numpy as np
import pytest

from ravine.autograd import Parameter, Tensor, checkpoint, grad, jvp, nn, no_grad, steps, vjp
from ravine.optim import SGD, Adam


@no_grad()
def fill(w):
    w[...] = 10.0


@no_grad()
def part(w):
    w[1:] = 10.0


@no_grad()
def operator(w):
    w -= 0.5


@no_grad()
def view(w):
    for row in w.reshape(-1, 1):
        row *= 2


def load(w):
    module = nn.Module()
    module.w = w
    module.load_state_dict({"w": w.data + 1})


def step(w):
    optimizer = SGD([w], lr=0.1)
    np.sum(w**2).backward()
    before = np.sum(w**3)  # of the memory of the optimizer
    optimizer.step()
    optimizer.zero_grad()
    with pytest.raises(RuntimeError, match="changed in place since then, by its optimizer"):
        before.backward()


WRITES = [fill, part, operator, view, load]


@pytest.mark.parametrize("write", WRITES)
def test_a_value_that_is_needed_must_not_have_changed(write):
    w = Parameter([2.0, 3.0], name="weight")
    loss = np.sum(w**3)
    write(w)
    with pytest.raises(RuntimeError, match=r"power needs weight .* changed in place .* compute the result again"):
        loss.backward()
    assert w.grad is None
    np.sum(w**3).backward()  # the loss of the new values
    np.testing.assert_array_equal(w.grad, 3 * w.data**2)


@pytest.mark.parametrize("write", WRITES)
def test_what_needs_no_former_value_is_right(write):
    w = Parameter([2.0, 3.0])
    loss = np.sum(3 * w + 1) + np.sum(np.exp(w)) + np.sum(w.reshape(2, 1).T)
    slope = 4 + np.exp(w.data)
    write(w)
    loss.backward()
    np.testing.assert_array_equal(w.grad, slope)


def test_steps_of_an_optimizer():
    w = Parameter([2.0, 3.0])
    SGD([w], lr=0.1)
    step(w)


def test_a_parameter_that_is_skipped_has_not_changed():
    v, w = Parameter([2.0, 3.0]), Parameter([4.0, 5.0])
    optimizer = Adam([v, w])
    loss = np.sum(v**3)
    np.sum(w**2).backward()
    optimizer.step()
    loss.backward()
    np.testing.assert_array_equal(v.grad, [12.0, 27.0])
    loss = np.sum(w**3)
    optimizer.step()
    with pytest.raises(RuntimeError, match="its optimizer"):
        loss.backward()


def test_averages_in_place():
    w = Parameter([2.0, 3.0])
    optimizer = SGD([w], lr=0.1, ema=0.5)
    np.sum(w**2).backward()
    optimizer.step()
    loss = np.sum(w**3)
    with optimizer.averaged(), pytest.raises(RuntimeError, match="its optimizer"):
        loss.backward()


def test_another_array_as_data_leaves_the_former_one():
    w = Parameter([2.0, 3.0])
    loss = np.sum(w**3)
    w.data = np.zeros(2)
    loss.backward()
    np.testing.assert_array_equal(w.grad, [12.0, 27.0])


def test_constants_results_and_indices():
    w, c, index = Parameter([2.0, 3.0]), Tensor([1.0, 2.0]), Tensor(np.array([0, 1]))
    h = np.exp(w)
    losses = [np.sum(w * c), np.sum(h), np.sum(w[index]), np.sum(np.sin(w) ** 2)]
    with no_grad():
        c *= 2
        index[0] = 1
        h[0] = 0
    for loss in losses[:3]:
        with pytest.raises(RuntimeError, match="changed in place"):
            loss.backward()
    losses[3].backward()


def test_every_kind_of_derivative_notices():
    w = Tensor([2.0, 3.0], requires_grad=True)

    def cube(x):
        return np.sum(x**3)

    pullback = vjp(cube, w)[1]
    repeated = np.sum(checkpoint(np.sin)(w))
    second = np.sum(grad(cube)(w))
    explained = steps(cube(w))
    fill(w)
    for derivative in (lambda: pullback(np.ones(())), repeated.backward, second.backward, lambda: list(explained)):
        with pytest.raises(RuntimeError, match="changed in place"):
            derivative()

    def writes_inside(x):
        y = x * 2
        z = y * y
        fill(y)
        return np.sum(z)

    for derivative in (grad(writes_inside), lambda x: jvp(writes_inside, x, x)):
        with pytest.raises(RuntimeError, match="changed in place"):
            derivative(np.ones(2))


def test_memory_that_is_gone_is_forgotten():
    from ravine.autograd.versions import _ranges

    before = len(_ranges)
    for _ in range(100):
        t = Tensor(np.zeros(100))
        fill(t)
    del t
    assert len(_ranges) <= before


def test_many_ranges_become_one(monkeypatch):
    from ravine.autograd import versions

    monkeypatch.setattr(versions, "MOST_RANGES", 10)
    w = Parameter(np.ones((100, 1)))
    loss = np.sum(w[99] ** 2)
    with no_grad():
        for row in w[:20]:
            row *= 2
    assert len(versions._ranges[id(w.data)][1]) <= 11
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()
