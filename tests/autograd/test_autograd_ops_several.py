"""Functions with several results: values, types, derivatives of every part."""

import numpy as np
import pytest

from ravine.autograd import Tensor, check_grads, grad
from ravine.autograd.op import TABLE

RNG = np.random.default_rng(0)
LADDER = np.diag([1.0, 2.0, 3.0]) + RNG.uniform(-0.2, 0.2, (2, 3, 3))
LADDER = (LADDER + LADDER.swapaxes(-1, -2)) / 2
SQUARE, TALL, WIDE = RNG.normal(size=(3, 3)), RNG.normal(size=(4, 2)), RNG.normal(size=(2, 4))
A, B, CUBE = RNG.normal(size=(2, 3)), RNG.normal(size=(1, 3)), RNG.normal(size=(3, 2, 4))

CALLS = [
    (np.linalg.eigh, (LADDER,), {}),
    (np.linalg.eigh, (LADDER,), {"UPLO": "U"}),
    (np.linalg.svd, (SQUARE,), {}),
    (np.linalg.svd, (TALL,), {"full_matrices": False}),
    (np.linalg.svd, (WIDE,), {"full_matrices": False}),
    (np.linalg.qr, (SQUARE,), {}),
    (np.linalg.qr, (TALL,), {}),
    (np.linalg.qr, (WIDE,), {}),
    (np.linalg.qr, (WIDE,), {"mode": "complete"}),
    (np.linalg.slogdet, (SQUARE,), {}),
    (np.linalg.slogdet, (LADDER - 1.5 * np.eye(3),), {}),
    (np.linalg.lstsq, (TALL, RNG.normal(size=4)), {}),
    (np.linalg.lstsq, (TALL, RNG.normal(size=(4, 3))), {}),
    (np.linalg.lstsq, (WIDE, RNG.normal(size=2)), {"rcond": None}),
    (np.modf, (A * 3,), {}),
    (np.divmod, (A, B + 4), {}),
    (np.meshgrid, (A[0], B[0], A[1, :2]), {}),
    (np.meshgrid, (A[0], B[0, :2]), {"indexing": "ij", "sparse": True}),
    (np.meshgrid, (A[0],), {}),
    (np.broadcast_arrays, (A, B, RNG.normal(size=(2, 1))), {}),
    (np.split, (CUBE, 2, -1), {}),
    (np.split, (CUBE, [1, 1, 3]), {"axis": 2}),
    (np.array_split, (CUBE, 2), {}),
    (np.array_split, (CUBE, 5), {}),
    (np.hsplit, (A, 3), {}),
    (np.hsplit, (A[0], [1]), {}),
    (np.vsplit, (A, 2), {}),
    (np.dsplit, (CUBE, 2), {}),
    (np.gradient, (CUBE, 1.0, 0.5, np.array([0.0, 1.0, 3.0, 3.5])), {}),
    (np.gradient, (A, 2.0), {"axis": (1, 0)}),
    (np.linspace, (A[0], B[0], 4), {"retstep": True}),
    (np.average, (A,), {"axis": 0, "weights": [1.0, 2.0], "returned": True}),
]
if hasattr(np, "unstack"):
    CALLS.append((np.unstack, (CUBE,), {"axis": 1}))
IDS = [f"{func.__name__}-{i}" for i, (func, _, _) in enumerate(CALLS)]


def flat(parts):
    """All parts as one vector."""
    return np.concatenate([np.ravel(part) for part in parts])


@pytest.mark.parametrize(("func", "args", "kwargs"), CALLS, ids=IDS)
def test_values_and_types_are_numpys(func, args, kwargs):
    got = func(*(Tensor(a, requires_grad=True) if isinstance(a, np.ndarray) else a for a in args), **kwargs)
    expected = func(*args, **kwargs)
    assert type(got) is type(expected)
    assert len(got) == len(expected)
    for ours, numpys in zip(got, expected, strict=True):
        ours = ours.data if isinstance(ours, Tensor) else ours
        assert np.shape(ours) == np.shape(numpys)
        np.testing.assert_allclose(ours, numpys, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("func", "args", "kwargs"), CALLS, ids=IDS)
def test_derivatives(func, args, kwargs):
    places = [i for i, a in enumerate(args) if isinstance(a, np.ndarray)]

    def f(*arrays):
        given = dict(zip(places, arrays, strict=True))
        return flat(func(*(given.get(i, a) for i, a in enumerate(args)), **kwargs))

    check_grads(f, *(args[i] for i in places), order=2)


@pytest.mark.parametrize(("func", "args", "kwargs"), CALLS, ids=IDS)
def test_float32_stays_float32(func, args, kwargs):
    leaves = [Tensor(a.astype(np.float32), requires_grad=True) if isinstance(a, np.ndarray) else a for a in args]
    parts = [part for part in func(*leaves, **kwargs) if isinstance(part, Tensor)]
    assert {part.dtype for part in parts} == {np.dtype(np.float32)}
    np.sum(flat(parts)).backward()
    assert {x.grad.dtype for x in leaves if isinstance(x, Tensor) and x.grad is not None} == {np.dtype(np.float32)}


def test_every_function_with_several_results_is_here():
    tried = {func for func, _, _ in CALLS}
    others = {"astype", "zeros_like", "ones_like", "empty_like"}
    assert {row.name for row in TABLE.values() if not row.samples} == others | {
        func.__name__ for func in tried if not TABLE[func].samples
    }


REFUSED = [
    (lambda t: np.sum(np.linalg.svd(t)[2]).backward(), ["full_matrices=False", "(3, 2)"]),
    (lambda t: np.sum(np.linalg.svd(t.T)[0]).backward(), ["full_matrices=False", "(3, 2)"]),
    (lambda t: np.linalg.qr(t.T, "complete"), ["complete", "reduced"]),
    (lambda t: np.linalg.qr(t, "raw"), ["raw", "reduced"]),
    (lambda t: np.linalg.eig(t @ t.T), ["complex", "eigh"]),
    (lambda t: np.linalg.eigvals(t @ t.T), ["complex", "eigh"]),
    (lambda t: np.roots(t[0]), ["complex"]),
]


@pytest.mark.parametrize(("run", "words"), REFUSED)
def test_refused(run, words):
    with pytest.raises(TypeError) as error:
        run(Tensor(A, requires_grad=True))
    assert all(word in str(error.value) for word in words), str(error.value)


def test_equal_eigenvalues_and_singular_values_have_finite_derivatives():
    one = np.eye(3)
    np.testing.assert_allclose(grad(lambda a: np.sum(np.linalg.eigh(a)[0]))(one), one)
    np.testing.assert_allclose(grad(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2))(one), 2 * one)
    np.testing.assert_allclose(grad(lambda a: np.sum(np.linalg.svd(a)[1]))(one), one)
    np.testing.assert_allclose(grad(lambda a: np.linalg.norm(a, "nuc"))(2 * one), one)


@pytest.mark.parametrize("shape", [(2, 3), (4, 2), (2, 3, 5), (3, 3), (2, 1, 2)])
def test_the_part_of_a_full_svd_that_is_determined_has_its_derivative(shape):
    a = np.random.default_rng(0).normal(size=shape)
    k = min(shape[-2:])
    for ours, numpys in zip(np.linalg.svd(Tensor(a, requires_grad=True)), np.linalg.svd(a), strict=True):
        np.testing.assert_allclose(ours.data, numpys, rtol=1e-12, atol=1e-14)
    check_grads(lambda x: np.linalg.svd(x).S, a)
    check_grads(lambda x: np.linalg.svd(x).U[..., :k], a)
    check_grads(lambda x: np.linalg.svd(x).Vh[..., :k, :], a)
    check_grads(lambda x: np.linalg.svd(x, compute_uv=False), a)


def test_only_the_triangle_that_is_read_gets_a_gradient():
    for func, kwargs in [(np.linalg.eigvalsh, {}), (np.linalg.cholesky, {})]:
        g = grad(lambda a, f=func, k=kwargs: np.sum(f(a, **k) ** 3))(LADDER[0])
        assert np.all(np.triu(g, 1) == 0)
        assert np.all(g[np.tril_indices(3)] != 0)


def test_split_refuses_unequal_parts_as_numpy_does():
    with pytest.raises(ValueError, match="equal division"):
        np.split(Tensor(A, requires_grad=True), 2, axis=1)
