"""Every row of the op table, on its own samples: derivatives, dtypes, laws. A new row is tested by existing."""

import itertools

import numpy as np
import pytest

from ravine.autograd import Tensor, check_grads, nn
from ravine.autograd.op import CONSTANT, TABLE, Composite

ROWS = list(dict.fromkeys(TABLE.values()))
CASES = [pytest.param(row, case, id=f"{row.name}-{i}") for row in ROWS for i, case in enumerate(row.samples)]
SEVERAL = {"eigh", "svd", "qr", "slogdet", "lstsq", "modf", "divmod", "meshgrid", "broadcast_arrays"}
SEVERAL |= {"split", "array_split", "hsplit", "vsplit", "dsplit", "unstack"}
WIDE_ON_PURPOSE = {"float_power"}  # NumPy computes it in float64


def call(row, case):
    """The row as users call it: through NumPy where it is NumPy's."""
    f = row.func if (getattr(row.func, "__module__", None) or "numpy").startswith("numpy") else row
    return lambda *arrays: case.call(f, arrays)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_every_row_has_samples_except_changes_of_type_and_several_results():
    """Several results: see test_autograd_ops_several. The parts of a decomposition have rows with samples."""
    assert {row.name for row in ROWS if not row.samples} == {"astype"} | SEVERAL
    assert len(ROWS) > 250


@pytest.mark.parametrize(("row", "case"), CASES)
def test_value_is_numpys(row, case, rng):
    arrays = case.draw(rng)
    expected = case.call(row.func, arrays)
    for got in (call(row, case)(*map(Tensor, arrays)), case.call(row, [Tensor(a, requires_grad=True) for a in arrays])):
        assert isinstance(got, Tensor)
        np.testing.assert_allclose(got.data, expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(("row", "case"), CASES)
def test_first_and_second_derivative(row, case, rng):
    check_grads(call(row, case), *case.draw(rng), order=2)


@pytest.mark.parametrize(("row", "case"), CASES)
def test_float32_stays_float32(row, case, rng):
    leaves = [Tensor(a, requires_grad=True) for a in case.draw(rng, np.float32)]
    y = call(row, case)(*leaves)
    assert y.data.real.dtype == (np.float64 if row.name in WIDE_ON_PURPOSE else np.float32)
    y.backward(np.ones(y.shape))
    assert all(x.grad.dtype == x.dtype for x in leaves if x.grad is not None)
    assert {x.data.real.dtype for x in leaves} == {np.dtype(np.float32)}


@pytest.mark.parametrize(("row", "case"), [p for p in CASES if isinstance(p.values[0].name, str)])
def test_derivatives_themselves_stay_float32(row, case, rng):
    """What the row returns, before the walk casts it: a float64 there is hidden double work."""
    if isinstance(row, Composite) or row.name in WIDE_ON_PURPOSE:
        return
    leaves = [Tensor(a, requires_grad=True) for a in case.draw(rng, np.float32)]
    y = call(row, case)(*leaves)
    g = np.ones(y.shape, y.dtype)[()]
    for t, d in zip(y.inputs, y.op.derivatives, strict=False):
        if t is not None:
            c = d(y.data, *y.args) * g if row.is_elementwise else d(g, y.data, *y.args, **y.kwargs)
            assert c.real.dtype == np.float32


@pytest.mark.parametrize(("row", "case"), CASES)
def test_float32_derivatives_are_those_of_float64(row, case, rng):
    check_grads(call(row, case), *case.draw(rng, np.float32), order=1)


@pytest.mark.parametrize(("row", "case"), CASES)
def test_inputs_and_gradient_are_not_changed(row, case, rng):
    arrays = case.draw(rng)
    copies = [a.copy() for a in arrays]
    y = call(row, case)(*(Tensor(a, requires_grad=True) for a in arrays))
    g = np.ones(y.shape)
    value = y.data.copy()
    y.backward(g, retain_graph=True)
    y.backward(g)
    np.testing.assert_array_equal(g, 1)
    np.testing.assert_array_equal(y.data, value)
    for a, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(a, copy)


@pytest.mark.parametrize(("row", "case"), CASES)
def test_read_only_inputs_are_enough(row, case, rng):
    arrays = case.draw(rng)
    for a in arrays:
        a.setflags(write=False)
    leaves = [Tensor(a, requires_grad=True) for a in arrays]
    y = call(row, case)(*leaves)
    y.backward(np.ones(y.shape))
    assert all(x.grad is None or x.grad.shape == x.shape for x in leaves)


@pytest.mark.parametrize(("row", "case"), [p for p in CASES if p.values[0].is_linear])
def test_linear_rows_are_linear(row, case, rng):
    f = call(row, case)
    a, b = (list(map(Tensor, case.draw(rng))) for _ in range(2))
    both = f(*(2 * x + 3 * y for x, y in zip(a, b, strict=True)))
    np.testing.assert_allclose(both.data, 2 * f(*a).data + 3 * f(*b).data, atol=1e-13)


@pytest.mark.parametrize(
    ("row", "shapes"),
    [
        pytest.param(row, shapes, id=f"{row.name}-{shapes}")
        for row in ROWS
        if row.is_elementwise and len(row.derivatives) == 2
        for shapes in [((3,), ()), ((2, 1, 2), (3, 1)), ((1,), (2, 3)), ((0,), (1,))]
    ],
)
def test_broadcasting_is_undone(row, shapes, rng):
    domains = [s.domain for s in row.samples[0].args]
    arrays = [d.sample(rng, shape) for d, shape in zip(domains, shapes, strict=True)]
    leaves = [Tensor(a, requires_grad=True) for a in arrays]
    np.sum(row(*leaves)).backward()
    tiled = [Tensor(np.array(a), requires_grad=True) for a in np.broadcast_arrays(*arrays)]
    np.sum(row(*tiled)).backward()
    for x, wide in zip(leaves, tiled, strict=True):
        if wide.grad is not None:
            extra = tuple(range(wide.ndim - x.ndim))
            grown = tuple(i + len(extra) for i, n in enumerate(x.shape) if n == 1 and wide.shape[i + len(extra)] != 1)
            expected = wide.grad.sum(axis=extra + grown).reshape(x.shape)
            np.testing.assert_allclose(x.grad, expected, rtol=1e-12, atol=1e-14)


SPECIAL_CALLS = {
    "searchsorted": lambda f, t: f(np.array([0.0, 1.0]), t[0]),
    "digitize": lambda f, t: f(t, np.array([0.0, 1.0])),
    "can_cast": lambda f, t: f(t.dtype, np.float64),
    "argpartition": lambda f, t: f(t, 1),
    "diag_indices_from": lambda f, t: f(t[:, :2]),
    "einsum_path": lambda f, t: f("ij,ij", t, t)[0],
    "empty_like": lambda f, t: f(t).shape,
}


@pytest.mark.parametrize("func", sorted(CONSTANT, key=lambda f: f.__name__), ids=lambda f: f.__name__)
def test_constant_functions_see_arrays(func):
    x = np.array([[1.0, -2.0, 0.4], [0.5, 3.0, 7.0]])
    name = func.__name__
    two = getattr(func, "nin", 1) == 2 or "close" in name or "share" in name or "array_equ" in name or name == "isin"
    call = SPECIAL_CALLS.get(name, (lambda f, t: f(t, x)) if two else (lambda f, t: f(t)))
    got = call(func, Tensor(x, requires_grad=True))
    assert not isinstance(got, Tensor)
    np.testing.assert_equal(got, call(func, x))


def test_astype():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x.astype(np.float32)
    assert y.dtype == np.float32
    np.sum(y * y).backward()
    assert x.grad.dtype == np.float64
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])
    assert not x.astype(int).requires_grad


def test_mixed_types_follow_numpy_and_gradients_follow_their_tensor():
    a, b = Tensor(np.ones(2, np.float32), requires_grad=True), Tensor(np.ones(2), requires_grad=True)
    y = a * b
    assert y.dtype == np.float64
    np.sum(y).backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)


SCALARS = [2, 2.5, -1, 0, 0.0, 1e-3, 0.5, True, 3]


@pytest.mark.parametrize("scalar", SCALARS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**", "%"])
def test_operators_with_python_numbers_are_numpys(symbol, dtype, scalar):
    x = np.array([0.3, 1.7, 2.0], dtype)
    for text in (f"x {symbol} s", f"s {symbol} x"):
        with np.errstate(all="ignore"):
            for value in (x, x[1]):
                expected = eval(text, {"x": value, "s": scalar})
                got = eval(text, {"x": Tensor(value, requires_grad=True) * 1, "s": scalar})
                assert got.dtype == expected.dtype
                np.testing.assert_array_equal(got.data, expected)


def test_negative_zero_is_not_taken_for_zero():
    x = Tensor(np.array([1.0, 2.0]))
    assert np.signbit((x * -0.0).data).all()
    assert not np.signbit((x * 0.0).data).any()
    assert np.signbit((x * -0.0).data).all()


@pytest.mark.parametrize(("m", "n", "k"), list(itertools.product((1, 3), (1, 2), (1, 4))))
def test_network_rows_against_composition(m, n, k, rng):
    x, w, b = rng.normal(size=(m, n)), rng.normal(size=(n, k)), rng.normal(size=k)
    np.testing.assert_allclose(nn.linear(x, w, b), x @ w + b)
    np.testing.assert_allclose(nn.softmax(x), np.exp(x) / np.exp(x).sum(-1, keepdims=True))
    np.testing.assert_allclose(nn.log_softmax(x), np.log(nn.softmax(x)), atol=1e-14)
    np.testing.assert_allclose(nn.logsumexp(x), np.log(np.exp(x).sum(-1)))
    np.testing.assert_allclose(nn.sigmoid(x), 1 / (1 + np.exp(-x)))
