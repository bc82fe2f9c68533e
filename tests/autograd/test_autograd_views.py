"""Writes to Tensors, through views and aliases too, against the same programs on arrays."""

import numpy as np
import pytest

from ravine.autograd import check_grads, grad, hessian, jvp

X = np.array([[1.0, 2.0, 3.0], [-0.5, 0.25, 4.0]])


def chained_index(x):
    y = x * 2
    y[0][1] = x[1, 1] ** 3
    return np.sum(y**2)


def rows(x):
    a = np.exp(x / 4)
    for row in a:
        row /= row.sum()
    return np.sum(a**3)


def center(h):
    h -= h.mean()


def alias(x):
    h = x * 2
    center(h)
    return np.sum(h**3)


def kept_slice(x):
    y = x * 1.0
    left = y[:, :2]
    before = np.sum(left**2)
    y *= 2
    between = np.sum(left**2)
    left[1] = np.sin(x[0, :2])
    return before + between + np.sum(y**2) * np.sum(left)


def reshaped(x):
    y = x + 1
    flat, turned = y.reshape(-1), y.T
    flat[::2] *= x[0, 0]
    turned[1] += turned[0] * flat[1]
    return np.sum(y**2) + np.sum(flat[1:3]) * np.sum(turned**2)


def axes(x):
    y = np.expand_dims(x * 2, 0)
    np.squeeze(y)[0] -= x[1]
    np.swapaxes(y, 1, 2)[0, 0] *= 3
    np.moveaxis(y, 2, 0)[1, 0] = x[:, 0]
    return np.sum(y[0, ::-1] ** 2 * x)


def parts(x):
    y = x * 1.0
    a, b, c = np.split(y, 3, axis=1)
    a += b
    c *= a
    first, second = y
    first[...] = second * first
    return np.sum(y**2)


def diagonal(x):
    y = x[:, :2] @ x[:, 1:]
    d = np.diagonal(y)
    e = np.einsum("ii->i", y)
    e *= x[0, :2]
    y[0] = y[0] ** 2
    return np.sum(d**2) + np.sum(y) * np.sum(e)


def strided_diagonal(x):
    y = x[:, :2] * 1.0
    y.reshape(-1)[::3] = x[1, 1:]
    return np.sum(y**3)


def copies(x):
    y = x * 1.0
    flat, some, turned = y.flatten(), y[[0, 1]], y.T.reshape(-1)
    again, repeated = y.copy(), np.tile(y, 1)
    for copy in (flat, some, turned, again, repeated):
        copy *= 2
    y += 1
    return sum(np.sum(c**2) for c in (flat, some, turned, again, repeated, y))


def own_argument(x):
    x -= x[0]
    x[0][0] = 2.0
    return np.sum(x**3)


def constant_with_views(x):
    y = np.zeros_like(x)
    top = y[0]
    y[1] = x[0] * 2
    top[1:] = x[1, :2]
    return np.sum(y**3) + np.sum(top**2)


def overlapping(x):
    y = x * 1.0
    y[:, 1:] = y[:, :-1]
    y[0] += y[1]
    y += y[::-1]
    return np.sum(y**2)


def powers(x):
    y = x * 1.0
    y **= 2
    y /= 3
    y[0] %= 0.7
    z = y[:, :2]
    z @= np.array([[1.0, 2.0], [3.0, 4.0]])
    return np.sum(y**2)


PROGRAMS = [
    *(chained_index, rows, alias, kept_slice, reshaped, axes, parts, diagonal, strided_diagonal, copies),
    *(own_argument, constant_with_views, overlapping, powers),
]


@pytest.mark.parametrize("f", PROGRAMS)
def test_a_program_means_what_it_means_in_numpy(f):
    check_grads(f, X.copy())
    direction = np.cos(X)
    g, moved = grad(f)(X), jvp(f, X, direction)[1]
    np.testing.assert_allclose(moved, np.sum(g * direction), rtol=1e-12)
    h = hessian(f)(X)
    np.testing.assert_allclose(h, h.transpose(2, 3, 0, 1), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(jvp(grad(f), X, direction)[1], np.tensordot(h, direction, 2), rtol=1e-10, atol=1e-12)
