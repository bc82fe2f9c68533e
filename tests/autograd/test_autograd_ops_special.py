"""scipy.special on Tensors: found by itself, right at known points, and clear about what it does not do."""

import subprocess
import sys

import numpy as np
import pytest

import ravine.autograd
from ravine.autograd import Tensor, check_grads, grad

sp = pytest.importorskip("scipy.special")
special = pytest.importorskip("ravine.autograd.ops.special")


def test_rows_are_found_when_the_first_function_meets_a_tensor():
    code = """
import sys
from ravine.autograd import grad
assert "ravine.autograd.ops.special" not in sys.modules
import scipy.special
assert abs(grad(scipy.special.erf)(0.0) - 1.1283791670955126) < 1e-15
assert abs(grad(grad(scipy.special.gammaln))(1.0) - 1.6449340668482264) < 1e-14
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("f", "at", "expected"),
    [
        (sp.gamma, 1.0, -np.euler_gamma),
        (sp.psi, 1.0, np.pi**2 / 6),
        (lambda x: sp.psi(x) ** 2, 1.0, -2 * np.euler_gamma * np.pi**2 / 6),
        (sp.expit, 0.0, 0.25),
        (sp.expit, 800.0, 0.0),
        (sp.log_expit, -800.0, 1.0),
        (sp.erfinv, 0.0, np.sqrt(np.pi) / 2),
        (sp.ndtr, 0.0, 1 / np.sqrt(2 * np.pi)),
        (sp.log_ndtr, -30.0, 30.033259667433677),
        (sp.j1, 0.0, 0.5),
        (sp.i1, 0.0, 0.5),
        (lambda x: sp.gammainc(1.0, x), 2.0, np.exp(-2.0)),
        (lambda x: sp.xlogy(0.0, x), 2.0, 0.0),
        (lambda x: sp.beta(x, 1.0), 2.0, -0.25),
    ],
)
def test_known_derivatives(f, at, expected):
    np.testing.assert_allclose(grad(f)(at), expected, rtol=1e-13, atol=1e-300)


def test_no_derivative_by_an_order_is_an_error():
    order = Tensor(1.5, requires_grad=True)
    with pytest.raises(TypeError, match="no derivative by "):
        sp.jv(order, 2.0).backward()


def test_a_function_outside_the_table_is_refused():
    with pytest.raises(TypeError, match="zetac is not in the table of ops"):
        sp.zetac(Tensor(2.5, requires_grad=True))


@pytest.mark.parametrize(
    ("name", "args", "remedy"),
    [
        ("logsumexp", (), "Use ravine.autograd.nn.logsumexp"),
        ("softmax", (), "Use ravine.autograd.nn.softmax"),
        ("log_softmax", (), "Use ravine.autograd.nn.log_softmax"),
        ("polygamma", (1,), "Use ravine.autograd.ops.special.polygamma"),
        ("multigammaln", (2,), "Use ravine.autograd.ops.special.multigammaln"),
        ("factorial", (), "Apply it to .data"),
    ],
)
def test_python_functions_of_scipy_say_what_to_use(name, args, remedy):
    x = Tensor([2.0, 3.0], requires_grad=True)
    with pytest.raises(TypeError, match=rf"scipy.special.{name} is a Python function .* {remedy}"):
        getattr(sp, name)(*((*args, x) if name == "polygamma" else (x, *args)))
    if remedy.startswith("Use"):
        assert callable(eval(remedy.split()[1], {"ravine": ravine}))


@pytest.mark.parametrize("name", ["exp2", "expm1", "log1p", "cbrt"])
def test_functions_that_numpy_has_too(name):
    x = np.array([0.3, 1.7])
    check_grads(getattr(sp, name), x)
    t = Tensor(x, requires_grad=True)
    np.testing.assert_array_equal(getattr(sp, name)(t).data, getattr(np, name)(x))


def test_multigammaln_is_scipys():
    x = np.array([1.3, 2.7])
    np.testing.assert_allclose(special.multigammaln(x, 3), sp.multigammaln(x, 3))
    check_grads(lambda a: special.multigammaln(a, 3), x)


def test_a_function_of_scipy_is_refused_under_its_name():
    with pytest.raises(TypeError, match=r"elementwise\(scipy\.special\.wofz"):
        sp.wofz(Tensor(2.5, requires_grad=True))


# Points where the formula of a derivative is 0 / 0 or 0 * inf, and the derivative exists
REMOVABLE = [
    ("exprel", sp.exprel, 0.0, [1 / 2, 1 / 3, 1 / 4]),
    ("exprel, near", sp.exprel, 1e-15, [1 / 2, 1 / 3, 1 / 4]),
    ("exprel, far", sp.exprel, -700.0, [1 / 700**2, 2 / 700**3, 6 / 700**4]),
    ("gammainc of order 1", lambda x: sp.gammainc(1.0, x), 0.0, [1, -1, 1]),
    ("gammainc of order 2", lambda x: sp.gammainc(2.0, x), 0.0, [0, 1, -2]),
    ("gammaincc of order 1", lambda x: sp.gammaincc(1.0, x), 0.0, [-1, 1, -1]),
    ("betainc(1, b)", lambda x: sp.betainc(1.0, 2.5, x), 0.0, [2.5, -2.5 * 1.5, 2.5 * 1.5 * 0.5]),
    ("betainc(2, 1) is a square", lambda x: sp.betainc(2.0, 1.0, x), 0.0, [0, 2, 0]),
    ("betainc(1, 2) at 1", lambda x: sp.betainc(1.0, 2.0, x), 1.0, [0, -2, 0]),
    ("xlogy with factor 0", lambda x: sp.xlogy(0.0, x), 0.0, [0]),
    ("xlog1py with factor 0", lambda x: sp.xlog1py(0.0, x), -1.0, [0]),
]


@pytest.mark.parametrize(("name", "f", "at", "expected"), REMOVABLE, ids=[case[0] for case in REMOVABLE])
def test_derivatives_at_removable_singularities(name, f, at, expected):
    got = []
    for _ in expected:
        f = grad(f)
        got.append(f(at))
    np.testing.assert_allclose(got, expected, rtol=1e-11)


def test_exprel_against_its_defining_quotient():
    x = np.array([-50.0, -3.0, -0.5, 0.5, 2.0, 40.0])
    exact = (np.exp(x) * (x - 1) + 1) / x**2
    np.testing.assert_allclose(grad(lambda t: np.sum(sp.exprel(t)))(x), exact, rtol=1e-13)
