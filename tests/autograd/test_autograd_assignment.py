"""t[i] = v on computed Tensors, and lines named in errors."""

import numpy as np
import pytest

from ravine.autograd import Parameter, Tensor, check_grads, grad, no_grad

X = np.arange(1.0, 5.0)


def fill(x):
    out = Tensor(np.zeros(4))
    for i in range(4):
        out[i] = x[i] * x[i - 1]
    return np.sum(out * out)


def overwrite(x):
    y = x * x
    before = np.sum(y * 3.0)
    y[1:3] = np.sin(x[:2])
    between = np.sum(np.exp(y * 0.1))
    y[0] = y[3] * x[0]
    return before + between + np.sum(y**2)


def mask(x):
    y = x * 1.0
    y[X > 2] = 0.0
    return np.sum(y * x)


def repeated(x):
    y = x * 2.0
    y[np.array([0, 2, 0])] = x[:3] * x[1:]  # the last one written to a place counts
    return np.sum(y**2)


def broadcast(x):
    y = np.outer(x, x)
    y[1:] = x
    y[:, 0] = x[0]
    return np.sum(y**3)


@pytest.mark.parametrize("f", [fill, overwrite, mask, repeated, broadcast])
def test_gradients(f):
    check_grads(f, X, order=2)


def test_what_was_computed_before_keeps_its_gradient():
    x = Parameter(X.copy())
    y = x * 2.0
    z = y * y
    y[0] = 100.0
    assert y.data[0] == 100.0
    np.sum(z).backward(retain_graph=True)
    np.testing.assert_array_equal(x.grad, 8 * X)
    x.grad = None
    np.sum(y).backward()
    np.testing.assert_array_equal(x.grad, [0.0, 2.0, 2.0, 2.0])


def test_a_constant_becomes_a_result():
    array = np.zeros(2)
    t, x = Tensor(array), Parameter(np.array(3.0))
    t[0] = x * 2.0
    assert t.requires_grad
    t.sum().backward()
    assert x.grad == 2.0
    np.testing.assert_array_equal(array, 0.0)


def test_leaves_are_refused():
    x = Parameter(X.copy())
    for write in (lambda: x.__setitem__(0, 1.0), lambda: x.__iadd__(1.0), lambda: x[:2].__setitem__(0, 1.0)):
        with pytest.raises(TypeError, match=r"y = np\.copy\(x\)"):
            write()
    np.testing.assert_array_equal(x.data, X)


def test_under_no_grad_values_are_written():
    x = Parameter(X.copy())
    data = x.data
    with no_grad():
        x[1:] = 0.0
    assert x.data is data
    np.testing.assert_array_equal(data, [1.0, 0.0, 0.0, 0.0])


def test_float32_stays():
    x = Parameter(X.astype(np.float32))
    y = x * 2
    y[0] = np.float64(3.0)
    assert y.dtype == np.float32
    y.sum().backward()
    assert x.grad.dtype == np.float32


def test_the_line_of_the_first_backward_is_named():
    x = Parameter(X.copy())
    loss = (x * x).sum()
    loss.backward()  # the line that the error names
    with pytest.raises(RuntimeError, match=r"by the backward at .*test_autograd_assignment\.py:\d+") as error:
        loss.backward()
    line = int(str(error.value).split("assignment.py:")[1].split(".")[0])
    with open(__file__, encoding="utf-8") as source:
        assert "the line that the error names" in source.read().splitlines()[line - 1]


def test_a_copy_of_a_leaf_takes_assignments():
    x = Parameter(X.copy())
    y = x.copy()
    y[0] = 9.0
    (y * y).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 4.0, 6.0, 8.0])
    np.testing.assert_array_equal(x.data, X)


def test_fmax_and_fmin_pass_nan_by():
    other = np.array([np.nan, 1.0, np.nan, 9.0])
    np.testing.assert_array_equal(grad(lambda x: np.sum(np.fmax(x, other)))(X), [1.0, 1.0, 1.0, 0.0])
    np.testing.assert_array_equal(grad(lambda x: np.sum(np.fmin(other, x)))(X), [1.0, 0.0, 1.0, 1.0])


def test_three_contributions_of_two_kinds():
    c = np.array([1.0, 2.0])

    def f(x):
        return np.sum(x**2) * 1.0 + (np.sum(x * c) + np.sum(x * c))

    np.testing.assert_array_equal(grad(lambda x: np.sum(grad(f)(x)))(c), [2.0, 2.0])
