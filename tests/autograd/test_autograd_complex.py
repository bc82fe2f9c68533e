"""Complex numbers: every row that takes them is right, every other one refuses them, and nothing is lost on the way."""

import copy
import pickle

import numpy as np
import pytest

from ravine.autograd import (
    Parameter,
    Tensor,
    check_grads,
    check_row,
    checkpoint,
    draw,
    elementwise,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    steps,
    strict_dtype,
    strong_zero,
    table,
    takes_complex,
    trace_nan,
    value_and_grad,
    vjp,
)
from ravine.autograd.containers import leaves
from ravine.autograd.domain import REAL
from ravine.autograd.op import CONSTANT, TABLE, Primitive
from ravine.autograd.ops.complex import COMPLEX, REAL_ONLY

RNG = np.random.default_rng(7)
Z = RNG.normal(size=(2, 3)) + 1j * RNG.normal(size=(2, 3))
X = RNG.normal(size=(2, 3))

ROWS = list(dict.fromkeys(TABLE.values()))
NUMPYS = [row for row in ROWS if (getattr(row.func, "__module__", None) or "numpy").startswith("numpy")]
OWN = [row for row in dict.fromkeys(COMPLEX.values()) if row.samples and TABLE.get(row.func) is not row]
OF_REALS = {"rfft"}  # in the table, for it is the derivative of a row with a real result
NOT_THE_TWIN = {  # calls that are another thing, or none, where all arrays are complex
    ("norm", 13), ("norm", 14), ("norm", 17), ("norm", 18), ("matrix_norm", 1),  # singular values
    ("pad", 8), ("pad", 9), ("pad", 10),  # the largest, the smallest, the middle
    ("cov", 5),  # complex weights
    ("euclidean_norm", 0), ("euclidean_norm", 1),  # has a row of its own
}  # fmt: skip
TWINS = [
    pytest.param(row, case, id=f"{row.name}-{i}")
    for row in dict.fromkeys(COMPLEX.values())
    for i, case in enumerate(row.samples)
    if row.name not in OF_REALS and (row.name, i) not in NOT_THE_TWIN
]


def call(row, case):
    """The row as users call it: through NumPy where it is NumPy's."""
    return lambda *arrays: case.call(row.func if row in NUMPYS or row in OWN else row, arrays)


def twin(case, dtype=np.float64):
    """The arrays of a case with an imaginary part."""
    rng = np.random.default_rng(3)
    drawn = [np.asarray(x) for x in case.draw(rng, dtype)]
    more = [rng.uniform(-1, 1, x.shape).astype(dtype) * np.asarray(1j, np.result_type(dtype, 1j)) for x in drawn]
    return [x if np.iscomplexobj(x) else np.asarray(x + y) for x, y in zip(drawn, more, strict=True)]


@pytest.fixture(autouse=True)
def _tables():
    before = dict(TABLE), dict(COMPLEX)
    yield
    for rows, kept in zip((TABLE, COMPLEX), before, strict=True):
        rows.clear()
        rows.update(kept)


@pytest.mark.parametrize("row", OWN, ids=lambda row: row.name)
def test_rows_of_complex_numbers_pass(row):
    check_row(row)


@pytest.mark.parametrize(("row", "case"), TWINS)
def test_rows_hold_for_complex_numbers(row, case):
    arrays = twin(case)
    expected = case.call(row.func, arrays)
    got = call(row, case)(*(Tensor(a, requires_grad=True) for a in arrays))
    for y, e in zip(leaves(got), leaves(expected), strict=True):
        assert y.dtype == e.dtype
        np.testing.assert_allclose(y.data, e, rtol=1e-12, atol=1e-13)
    for k in range(len(leaves(expected))):
        check_grads(lambda *xs, k=k: leaves(call(row, case)(*xs))[k], *arrays, order=1 if row.samples[3:] else 2)


@pytest.mark.parametrize(("row", "case"), TWINS)
def test_complex64_stays_complex64(row, case):
    xs = [Tensor(a, requires_grad=True) for a in twin(case, np.float32)]
    for y in leaves(call(row, case)(*xs)):
        assert y.dtype in (np.complex64, np.float32)
        y.backward(np.ones(y.shape), retain_graph=True)
    assert all(x.grad.dtype == np.complex64 for x in xs if x.grad is not None)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "f",
    [
        lambda x, z: x * z,
        lambda x, z: z / x,
        lambda x, z: x @ z.T,
        lambda x, z: np.where(X > 0, x, z),
        lambda x, z: np.concatenate([x, z]),
        lambda x, z: np.abs(x) ** z,
        lambda x, z: np.einsum("ij,kj->ik", z, x),
        lambda x, z: np.fft.fft(x) * z,
        lambda x, z: np.cov(x, z),
        lambda x, z: np.vdot(z, x) + np.vdot(x, z),
    ],
)
def test_a_real_argument_gets_a_real_gradient_of_its_own_type(f, dtype):
    x = Tensor(X.astype(dtype), requires_grad=True)
    z = Tensor(Z.astype(np.result_type(dtype, np.complex64)), requires_grad=True)
    np.sum(np.abs(f(x, z))).backward()
    assert (x.grad.dtype, z.grad.dtype) == (dtype, z.dtype)
    check_grads(f, x.data, z.data)


@pytest.mark.parametrize("row", [r for r in NUMPYS if r.samples and r.func not in COMPLEX], ids=lambda row: row.name)
def test_every_other_function_refuses_them(row):
    arrays = twin(row.samples[0])
    with pytest.raises(TypeError, match=rf"{row.name} does not take complex numbers. Received: complex128"):
        call(row, row.samples[0])(*map(Tensor, arrays))


@pytest.mark.parametrize(
    "row", [r for r in ROWS if isinstance(r, Primitive) and r.func not in COMPLEX], ids=lambda r: r.name
)
def test_every_other_row_refuses_them(row):
    for case in row.samples[:1]:
        with pytest.raises(TypeError):
            call(row, case)(*(Tensor(a, requires_grad=True) for a in twin(case)))


@pytest.mark.parametrize("func", sorted(REAL_ONLY, key=lambda f: f.__name__), ids=lambda f: f.__name__)
def test_functions_without_derivative_that_need_reals(func):
    for keywords in ({}, {"where": True}):
        with pytest.raises(TypeError, match=rf"np.{func.__name__} does not take complex numbers"):
            func(*[Tensor(Z)] * func.nin, **keywords)


@pytest.mark.parametrize("f", [np.isnan, np.iscomplex, np.iscomplexobj, np.shape, np.round, np.nonzero])
def test_functions_without_derivative_see_arrays(f):
    assert f in CONSTANT
    got = f(Tensor(Z, requires_grad=True))
    assert not isinstance(got, Tensor)
    np.testing.assert_array_equal(got, f(Z))


# The convention: dL/da - i dL/db


def test_the_gradient_is_the_conjugate_of_the_steepest_ascent():
    np.testing.assert_allclose(grad(lambda z: np.sum(np.abs(z) ** 2))(Z), 2 * np.conj(Z))
    np.testing.assert_allclose(grad(lambda z: np.real(z[0, 0] * (2 - 3j)))(Z)[0, 0], 2 - 3j)
    z, target = Z, 1 - 2j
    for _ in range(100):
        z = z - 0.1 * np.conj(grad(lambda z: np.sum(np.abs(z - target) ** 2))(z))
    np.testing.assert_allclose(z, target)


@pytest.mark.parametrize("f", [np.exp, np.sin, np.sqrt, lambda z: z**3, lambda z: 1 / z, np.arccosh])
def test_of_a_complex_derivative_it_is_that_derivative(f):
    slope = (f(Z + 1e-6) - f(Z - 1e-6)) / 2e-6
    np.testing.assert_allclose(vjp(f, Z)[1](np.ones_like(Z))[0], slope, rtol=1e-8)
    np.testing.assert_allclose(jvp(f, Z, 1j * np.ones_like(Z))[1], 1j * slope, rtol=1e-8)


@pytest.mark.parametrize(
    ("f", "z", "expected"),
    [
        (np.real, 3j, 1),
        (np.imag, 3j, -1j),
        (np.abs, 3 + 4j, 0.6 - 0.8j),
        (np.abs, 0j, 0),
        (np.angle, 2j, -0.5),
        (np.angle, 0j, 0),
        (lambda z: np.real(np.conj(z) * 1j), 1j, -1j),
        (lambda z: np.linalg.norm(z), 0j * Z[0], [0, 0, 0]),
        (np.std, np.full(3, 1j), [0, 0, 0]),
        (lambda z: np.real(z) + 0 * np.imag(z), 2.0, 1.0),
        (lambda x: np.imag(np.exp(1j * x)), 0.0, 1.0),
        (lambda x: np.angle(x) + x, 2.0, 1.0),
        (lambda x: np.angle(x + 0j) + x, -2.0, 1.0),
        (lambda x: np.abs(np.power(-2.0, 1j * x)), 1.0, -np.pi * np.exp(-np.pi)),
    ],
)
def test_known_gradients(f, z, expected):
    found = grad(f)(z)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert np.iscomplexobj(found) == np.iscomplexobj(z)


# Derivatives of functions that pass through complex numbers


def power_spectrum(x):
    return np.sum(np.abs(np.fft.fft(x)) ** 4)


def test_higher_order():
    x, v = X[0], X[1]
    check_grads(power_spectrum, x, order=3)
    h = hessian(power_spectrum)(x)
    np.testing.assert_allclose(h, h.T)
    np.testing.assert_allclose(hvp(power_spectrum, x, v), h @ v)
    np.testing.assert_allclose(jvp(grad(power_spectrum), x, v)[1], h @ v)
    for mode in ("reverse", "forward"):
        np.testing.assert_allclose(jacobian(lambda x: np.abs(np.fft.rfft(x)), mode=mode)(x), magnitudes(x), rtol=1e-7)
    np.testing.assert_allclose(elementwise_grad(lambda x: np.abs(np.exp((1 + 2j) * x)))(x), np.exp(x))


def magnitudes(x, h=1e-6):
    return np.stack([(np.abs(np.fft.rfft(x + h * e)) - np.abs(np.fft.rfft(x - h * e))) / (2 * h) for e in np.eye(3)], 1)


def test_the_hessian_along_complex_directions():
    """hvp is the derivative of the gradient along z + t v, which is real-linear in v."""
    f = lambda z: np.sum(np.abs(z) ** 4)  # noqa: E731
    v, h = 1j * Z[::-1], 1e-6
    expected = (grad(f)(Z + h * v) - grad(f)(Z - h * v)) / (2 * h)
    np.testing.assert_allclose(hvp(f, Z, v), expected, rtol=1e-8)
    check_grads(f, Z, order=3)


def test_value_and_grad_and_vjp():
    value, gradient = value_and_grad(lambda z: np.real(np.sum(z * z)))(Z)
    assert value == np.real(np.sum(Z * Z))
    np.testing.assert_allclose(gradient, 2 * Z)
    np.testing.assert_allclose(vjp(lambda z: 2.0 * z, Z)[1](X)[0], 2 * X)


def test_checkpoint():
    def both(x, z):
        return np.exp(z) * x, np.abs(z) + x

    def f(x, z):
        (a, b), (c, d) = both(x, z), checkpoint(both)(x, z)
        np.testing.assert_array_equal(a.data, c.data)
        assert (b.dtype, d.dtype) == (x.dtype, x.dtype)
        return np.abs(c) ** 2 * d

    check_grads(f, X, Z)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (lambda: grad(np.sin)(1j), ["grad", "real number", "complex128", "np.real, np.imag or np.abs"]),
        (lambda: grad(lambda x: 1j * x)(1.0), ["grad", "real number", "complex128"]),
        (lambda: elementwise_grad(np.exp)(Z), ["elementwise_grad", "real"]),
        (lambda: jacobian(np.fft.fft)(X[0]), ["jacobian", "real", "vjp"]),
        (lambda: hessian(lambda z: np.sum(np.abs(z)))(Z), ["jacobian", "real"]),
        (lambda: vjp(np.sin, 1.0)[1](1j), ["cotangent", "real, float64", "complex128"]),
        (lambda: jvp(np.sin, 1.0, 1j), ["tangent", "real, float64", "complex128"]),
        (lambda: Tensor(1j, requires_grad=True).backward(), ["backward", "real", "complex128", "gradient="]),
        (lambda: Parameter(Z), ["Parameter", "complex128", "a + 1j * b"]),
        (lambda: Tensor(X) * np.array([1j, None, 2]), ["real or complex", "object"]),
        (lambda: np.maximum(Tensor(X), 1j), ["np.maximum", "Received: complex"]),
        (lambda: np.maximum(Parameter(X), Tensor(Z)), ["np.maximum", "complex128"]),
        (lambda: Tensor(X) % 1j, ["np.remainder", "complex"]),
        (lambda: np.linalg.lstsq(Tensor(X), Z[:, 0]), ["np.linalg.lstsq", "complex"]),
        (lambda: Tensor(Z).max(), ["np.max", "complex128"]),
        (lambda: np.nanvar(Tensor(Z)), ["complex"]),
        (lambda: np.add(Tensor(Z, requires_grad=True), 1, out=np.ones((2, 3), complex)), ["out="]),
        (lambda: float(Tensor(1j, requires_grad=True)), ["float()", ".item()"]),
        (lambda: complex(Tensor(1j, requires_grad=True)), ["complex()", ".item()"]),
        (lambda: np.array(Tensor(Z, requires_grad=True)), [".detach()"]),
    ],
)
def test_refused_with_a_clear_error(run, words):
    with pytest.raises(TypeError) as error:
        run()
    assert all(word in str(error.value) for word in words), str(error.value)


def test_backward_of_complex_results_takes_a_gradient():
    z = Tensor(Z, requires_grad=True)
    (z * z).backward(Z)
    np.testing.assert_allclose(z.grad, 2 * Z * Z)


# What operators and types do


@pytest.mark.parametrize("other", [1j, np.complex64(1j), np.complex128(2j), Z, Z.astype(np.complex64), Z.tolist()])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [Tensor, Parameter, lambda x: 1 * Tensor(x, requires_grad=True)])
def test_operators_with_complex_operands_are_numpys(kind, dtype, other):
    x = np.abs(X).astype(dtype)
    t = kind(x)
    for f in (np.add, np.subtract, np.multiply, np.divide, np.power):
        symbol = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**"}[f.__name__]
        for text, a, b in ((f"t {symbol} o", x, other), (f"o {symbol} t", other, x)):
            expected = f(a, b)
            tensors = [Tensor(other)] if isinstance(other, np.ndarray) else []
            for o in (other, *tensors):
                got = eval(text, {"t": t, "o": o})
                assert isinstance(got, Tensor)
                assert got.dtype == expected.dtype
                np.testing.assert_allclose(got.data, expected, rtol=1e-6 if dtype == np.float32 else 1e-14)


def test_matrix_products_with_complex_operands():
    for kind in (Tensor, Parameter):
        np.testing.assert_allclose((kind(X) @ Z.T).data, X @ Z.T)
        np.testing.assert_allclose((Z @ kind(X.T)).data, Z @ X.T)
        np.testing.assert_allclose((kind(X) @ Tensor(Z.T)).data, X @ Z.T)
        for f in (np.vdot, np.vecdot, np.inner, np.outer, np.dot, np.kron):
            for a, b in ((Z[0], X[0]), (X[0], Z[0])):
                for args in ((kind(a) if a is X[0] else Tensor(a), b), (a, Tensor(b)), (Tensor(a), Tensor(b))):
                    np.testing.assert_allclose(f(*args).data, f(a, b), atol=1e-15)
        np.testing.assert_allclose(np.correlate(kind(X[0]), Z[0], "full").data, np.correlate(X[0], Z[0], "full"))
        np.testing.assert_allclose(np.cov(kind(X), Z).data, np.cov(X, Z))


def test_unary_operators_and_comparisons():
    z = Tensor(Z)
    for got, expected in ((-z, -Z), (+z, Z), (abs(z), abs(Z)), (z**2, Z**2), (z**0.5, Z**0.5), (z**-1, Z**-1.0)):
        np.testing.assert_allclose(got.data, expected, rtol=1e-14)
    np.testing.assert_array_equal(z == Z, True)
    np.testing.assert_array_equal(z != Tensor(Z), False)
    np.testing.assert_array_equal(Tensor(X) == z, False)


def test_methods_and_attributes():
    z = Tensor(Z, requires_grad=True)
    for got, expected in (
        (z.real, Z.real), (z.imag, Z.imag), (z.conj(), Z.conj()), (z.T, Z.T), (z.sum(0), Z.sum(0)), (z.std(), Z.std()),
        (z[0], Z[0]), (z.reshape(3, 2), Z.reshape(3, 2)), (z.mean(), Z.mean()), (z.var(axis=1), Z.var(axis=1)),
        (z.astype(np.complex64), Z.astype(np.complex64)), (z.dot(Z.T), Z @ Z.T), (z.copy(), Z), (z.prod(), Z.prod()),
    ):  # fmt: skip
        assert got.requires_grad
        np.testing.assert_allclose(got.data, expected, rtol=1e-14)
    assert Tensor(X).real.data is not None
    assert Tensor(2j).item() == complex(Tensor(2j)) == 2j
    np.testing.assert_array_equal(Tensor(X, requires_grad=True).imag, 0)
    assert not z.detach().requires_grad
    assert z.detach().data is Z
    assert "complex128" in repr(z)
    assert [row.shape for row in z] == [(3,), (3,)]


def test_copies_and_pickles():
    z = Tensor(Z, requires_grad=True, name="z")
    for again in (copy.deepcopy(z), pickle.loads(pickle.dumps(z))):
        np.testing.assert_array_equal(again.data, Z)
        assert (again.name, again.requires_grad, type(again)) == ("z", True, type(z))


def test_no_grad_and_constants():
    z = Tensor(Z, requires_grad=True)
    with no_grad():
        assert not (z * z).requires_grad
        assert not np.fft.fft(Tensor(X, requires_grad=True)).requires_grad
    assert not (Tensor(Z) * 2).requires_grad


def test_items_of_complex_tensors_can_be_assigned():
    def f(z):
        y = np.conj(z) * 2
        y[0] = z[1] * 1j
        y[:, 1] = y[:, 0] ** 2
        return np.abs(y) ** 2

    check_grads(f, Z)


def test_real_and_imaginary_parts_make_a_number():
    check_grads(lambda a, b: np.exp(a + 1j * b), X, X[::-1])
    z = Parameter(X) + 1j * Parameter(X)
    np.testing.assert_array_equal(z.data, X + 1j * X)


def test_reductions_with_where_and_ufunc_methods():
    mask = X > 0
    z = Tensor(Z)
    np.testing.assert_allclose(np.sum(z, where=mask).data, np.sum(Z, where=mask))
    np.testing.assert_allclose(np.mean(z, axis=0, where=np.array([[True], [True]])).data, Z.mean(0))
    np.testing.assert_allclose(np.add.reduce(z, axis=1).data, Z.sum(1))
    np.testing.assert_allclose(np.multiply.accumulate(z, axis=1).data, Z.cumprod(1))
    np.testing.assert_allclose(np.multiply.outer(z, z).data, np.multiply.outer(Z, Z))
    with pytest.raises(TypeError, match=r"np.maximum"):
        np.maximum.reduce(z)


# Tools


def test_check_grads_says_in_which_part_the_error_is():
    def half_conjugate(z):
        return np.real(z) ** 2 + np.imag(z) ** 2

    wrong = elementwise(half_conjugate, REAL, lambda y, z: 2 * z)  # without the conjugate
    takes_complex(wrong)
    with pytest.raises(AssertionError, match=r"argument 1 \(imaginary part\) is wrong at index \(1,\)"):
        check_grads(lambda x, z: x * wrong(z), 2.0, np.array([1.0 + 0j, 2 + 1j]))


def test_check_grads_of_complex_functions():
    assert check_grads(np.exp, Z).entries == 24
    assert "kink" in repr(check_grads(np.abs, np.array([0j, 1 + 1j])))
    check_grads(lambda z: z * np.conj(z), Z.astype(np.complex64))


def test_a_row_of_yours_refuses_complex_numbers_until_it_is_declared():
    def cube(x):
        return x * x * x

    cubed = elementwise(cube, REAL, lambda y, x: 3 * x * x)
    with pytest.raises(TypeError, match="cube does not take complex numbers"):
        cubed(Tensor(Z))
    takes_complex(cubed)
    check_grads(cubed, Z)
    check_row(cubed)


def test_explanations_take_complex_numbers():
    x = Tensor(X.astype(np.float32), requires_grad=True)
    with strict_dtype(np.float32):
        y = np.sum(np.abs(np.fft.fft(x)))
    with strict_dtype(np.float32), pytest.raises(TypeError, match="complex128"):
        x * np.array([1j])
    assert "svg" in draw(y)._repr_svg_()
    names = [str(step) for step in steps(y)]
    assert len(names) > 2
    with strong_zero():
        g = grad(lambda x: np.sum(np.where(x > 0, np.abs(np.sqrt(x + 0j)), 0)))(np.array([0.0, 4.0]))
    np.testing.assert_allclose(g, [0, 0.25])
    with np.errstate(divide="ignore", invalid="ignore"):
        failure = trace_nan(lambda x: np.sum(np.abs(np.log(x * 1j))), np.array([1.0, 0.0]))
    assert (failure.op, failure.index) == ("np.log", (1,))


def test_the_table_says_what_takes_complex_numbers():
    takes = {entry.name: entry.takes_complex for entry in table()}
    assert all(takes[name] for name in ("np.exp", "np.fft.fft", "np.linalg.solve", "np.angle", "np.isnan"))
    assert not any(takes[name] for name in ("np.max", "np.sort", "np.sign", "np.fft.rfft", "np.linalg.svd"))


# Live comparisons: the same convention in JAX and HIPS autograd, the conjugate in PyTorch

A = RNG.normal(size=(3, 3)) + 1j * RNG.normal(size=(3, 3)) + 3 * np.eye(3)
PROGRAMS = [
    lambda np, z, x: np.sum(np.abs(z @ np.conj(z).T) ** 2) * x[0],
    lambda np, z, x: np.real(np.sum(np.exp(1j * z) * x) / np.sum(z)),
    lambda np, z, x: np.imag(np.einsum("ij,ij,j->", z, np.conj(z) * 1j, x)),
    lambda np, z, x: np.sum(np.angle(np.sqrt(z)) * x),
    lambda np, z, x: np.real(np.linalg.det(z) / np.trace(np.linalg.inv(z))) + np.sum(x),
    lambda np, z, x: np.sum(np.abs(np.linalg.solve(z, x + 0j))),
    lambda np, z, x: np.sum(np.abs(np.tanh(z) / np.cosh(z * x))),
    lambda np, z, x: np.std(z) * np.var(z * x),
]


@pytest.mark.peers
@pytest.mark.parametrize("f", PROGRAMS)
def test_against_jax(f):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    expected = jax.grad(lambda z, x: f(jax.numpy, z, x), (0, 1))(A, X[0])
    for got, e in zip(grad(lambda z, x: f(np, z, x), (0, 1))(A, X[0]), expected, strict=True):
        assert got.dtype == e.dtype
        np.testing.assert_allclose(got, e, rtol=1e-10, atol=1e-12)


@pytest.mark.peers
@pytest.mark.parametrize("f", [f for f in PROGRAMS if f not in (PROGRAMS[4], PROGRAMS[5])])  # its linalg is for reals
def test_against_hips_autograd(f):
    hips = pytest.importorskip("autograd")
    hips_numpy = pytest.importorskip("autograd.numpy")
    for argnum in (0, 1):
        expected = hips.grad(lambda z, x: f(hips_numpy, z, x), argnum)(A, X[0])
        got = grad(lambda z, x: f(np, z, x), argnum)(A, X[0])
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.peers
def test_torch_gives_the_conjugate():
    torch = pytest.importorskip("torch")
    z = torch.tensor(A, requires_grad=True)
    (torch.exp(z) * z.conj()).abs().sum().backward()
    got = grad(lambda z: np.sum(np.abs(np.exp(z) * np.conj(z))))(A)
    np.testing.assert_allclose(got, np.conj(z.grad.numpy()), rtol=1e-12)
