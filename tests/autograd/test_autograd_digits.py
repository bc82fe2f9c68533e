"""Derivatives keep their digits where a naive formula loses them: in tails, and near and at singular matrices."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

from ravine.autograd import Tensor, check_grads, elementwise_grad, grad, hessian, nn, vjp

# The logistic function and its relatives, exactly
POINTS = [0.0, 1e-9, 0.3, 1.0, 5.0, 17.0, 20.0, 36.9, 40.0, 87.0, 103.0, 300.0, 700.0, 720.0, 740.0]
POINTS += [-x for x in POINTS[1:]]


def exact(f, x):
    with localcontext() as context:
        context.prec = 400
        return float(f(Decimal(float(x))))


def sigmoid(x):
    return 1 / (1 + (-x).exp())


def slope(x):
    return sigmoid(x) * sigmoid(-x)


def softplus(x):
    return (1 + x.exp()).ln()


FUNCTIONS = {
    "sigmoid": (nn.sigmoid, sigmoid),
    "slope of sigmoid": (elementwise_grad(nn.sigmoid), slope),
    "silu": (nn.silu, lambda x: x * sigmoid(x)),
    "slope of silu": (elementwise_grad(nn.silu), lambda x: sigmoid(x) + x * slope(x)),
    "softplus": (nn.softplus, softplus),
    "slope of softplus": (elementwise_grad(nn.softplus), sigmoid),
    "second slope of softplus": (elementwise_grad(elementwise_grad(nn.softplus)), slope),
    **{
        f"{name}cross entropy with target {t}": (function, of_x)
        for t in (0, 1)
        for name, function, of_x in [
            (
                "",
                lambda x, t=t: nn.binary_cross_entropy_with_logits(x, np.full(x.shape, t), "none"),
                lambda x, t=t: softplus(-x if t else x),
            ),
            (
                "slope of ",
                elementwise_grad(lambda x, t=t: nn.binary_cross_entropy_with_logits(x, np.full(x.shape, t), "none")),
                lambda x, t=t: -sigmoid(-x) if t else sigmoid(x),
            ),
        ]
    },
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_logistic_functions_are_right_to_a_few_ulp(name, dtype):
    ours, of_decimal = FUNCTIONS[name]
    x = np.array(POINTS, dtype)
    expected = np.array([exact(of_decimal, v) for v in x]).astype(dtype)
    got = ours(x)
    assert got.dtype == dtype
    allowed = 5 * np.spacing(np.abs(expected))
    if "silu" in name:  # a product with x: of the rounding of 1 + x sigmoid(-x), or of a subnormal
        allowed = allowed * (1 + np.abs(x) * nn.sigmoid(-x)) + np.abs(x) * np.finfo(dtype).smallest_subnormal
    np.testing.assert_array_less(np.abs(got - expected), allowed)


def test_infinities_and_nan_go_through_the_logistic_function():
    x = np.array([-np.inf, np.inf, np.nan])
    np.testing.assert_array_equal(nn.sigmoid(x), [0, 1, np.nan])
    np.testing.assert_array_equal(elementwise_grad(nn.sigmoid)(x), [0, 0, np.nan])
    assert nn.sigmoid(np.float32(0.5)).dtype == np.float32


# The determinant
def cofactors(a):
    """By the definition, in integers."""
    n = len(a)
    minors = [[np.delete(np.delete(a, i, 0), j, 1) for j in range(n)] for i in range(n)]
    return np.array([[(-1) ** (i + j) * whole_determinant(minors[i][j]) for j in range(n)] for i in range(n)], float)


def whole_determinant(a):
    if not len(a):
        return 1
    return sum((-1) ** j * int(a[0, j]) * whole_determinant(np.delete(a[1:], j, 1)) for j in range(len(a)))


def of_rank(n, rank, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(-3, 4, (n, rank)) @ rng.integers(-3, 4, (rank, n))


@pytest.mark.parametrize(("n", "rank"), [(n, rank) for n in (1, 2, 3, 4, 5, 6) for rank in range(n + 1)])
def test_the_gradient_of_the_determinant_is_the_matrix_of_cofactors(n, rank):
    a = of_rank(n, rank)
    scale = max(1.0, np.linalg.norm(a, 2) ** (n - 1))
    np.testing.assert_allclose(grad(np.linalg.det)(a.astype(float)), cofactors(a), rtol=0, atol=1e-13 * scale)
    found = grad(np.linalg.det)(a.astype(np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, cofactors(a), rtol=0, atol=1e-5 * scale)


def test_singular_and_regular_matrices_in_one_stack():
    a = np.stack([of_rank(5, rank, seed) for seed, rank in enumerate((5, 4, 0, 3, 1))])
    expected = np.stack(list(map(cofactors, a)))
    got = vjp(np.linalg.det, a.astype(float))[1](np.ones(5))[0]
    np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("defect", [0, 1, 2])
def test_higher_derivatives_of_the_determinant_at_singular_matrices(n, defect):
    a = of_rank(n, max(n - defect, 0)) / 3
    check_grads(np.linalg.det, a, order=2)
    check_grads(lambda x: grad(lambda z: np.linalg.det(z) ** 2 + np.linalg.det(z))(x)[0], a, order=1)


def test_third_derivatives_at_a_singular_matrix():
    """Of det(diag(x, y, z)) = xyz at 0: the third derivative by x, y, z is 1."""

    def by_all(x):
        return grad(lambda y: grad(lambda z: grad(lambda d: np.linalg.det(np.diag(d)))(z)[0])(y)[1])(x)

    np.testing.assert_allclose(by_all(np.zeros(3)), [0, 0, 1])
    np.testing.assert_allclose(hessian(lambda d: np.linalg.det(np.diag(d)))(np.array([0.0, 2.0, 0.0]))[0, 2], 2)


@pytest.mark.parametrize("n", [3, 7])
@pytest.mark.parametrize("small", [1e-4, 1e-8, 1e-12])
def test_digits_near_a_singular_matrix(n, small):
    """The cofactors of U diag(s) V' are U diag(products of the others) V', up to the sign of det U V."""
    rng = np.random.default_rng(n)
    u, v = (np.linalg.qr(rng.normal(size=(n, n)))[0] for _ in range(2))
    s = np.concatenate([rng.uniform(1, 2, n - 1), [small]])
    others = [np.prod(np.delete(s, i)) for i in range(n)]
    sign = round(np.linalg.det(u) * np.linalg.det(v))
    got = grad(np.linalg.det)((u * s) @ v.T)
    np.testing.assert_allclose(got, sign * (u * others) @ v.T, rtol=0, atol=1e-13 * max(others))


def test_complex_singular_matrices():
    rng = np.random.default_rng(0)
    for n in (2, 3, 5, 6):
        b, c = (rng.normal(size=s) + 1j * rng.normal(size=s) for s in ((n, n - 1), (n - 1, n)))
        check_grads(np.linalg.det, b @ c, order=2)


def test_large_regular_matrices_have_second_derivatives():
    a = np.random.default_rng(0).normal(size=(30, 30)) / 5
    x = Tensor(a, requires_grad=True)
    np.sum(np.diagonal(grad(np.linalg.det)(x))).backward()
    inverse = np.linalg.inv(a)
    expected = np.linalg.det(a) * (np.trace(inverse) * inverse.T - (inverse @ inverse).T)
    np.testing.assert_allclose(x.grad, expected, rtol=1e-9, atol=1e-9)
