"""Every op of the table on its own sample inputs, by `check_row`: a new op is tested by existing."""

import itertools

import numpy as np
import pytest

from ravine.autograd import Primitive, Tensor, check_row, nn
from ravine.autograd.containers import leaves
from ravine.autograd.op import CONSTANT, TABLE, ForEach

OPS = list(dict.fromkeys(TABLE.values()))
TESTED = [op for op in OPS if op.samples]
SEVERAL = {"eigh", "svd", "qr", "slogdet", "lstsq", "modf", "divmod", "meshgrid", "broadcast_arrays"}
SEVERAL |= {"split", "array_split", "hsplit", "vsplit", "dsplit", "unstack"}
NEW = {"zeros_like", "ones_like", "empty_like"}  # constants


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_every_op_has_samples_except_changes_of_type_and_several_results():
    """Several results: see test_autograd_ops_several. The parts of a decomposition are ops with samples."""
    assert {op.name for op in OPS if not op.samples} == {"astype"} | NEW | SEVERAL
    assert len(OPS) > 250


@pytest.mark.parametrize("op", TESTED, ids=lambda op: op.name)
def test_every_op_has_the_properties_of_an_op(op):
    check_row(op)


def test_only_float_power_widens():
    """NumPy computes it in float64. check_row allows whatever the function itself does."""
    wide = set()
    for op in TESTED:
        for sample in op.samples:
            xs = [Tensor(a, requires_grad=True) for a in sample.draw(np.random.default_rng(0), np.float32)]
            if any(y.data.real.dtype != np.float32 for y in leaves(sample.call(op, xs))):
                wide.add(op.name)
    assert wide == {"float_power"}


# check_row finds what is wrong: each derivative of each primitive, changed in one of these ways


def scaled(d):
    return lambda *args, **kwargs: 1.001 * d(*args, **kwargs)


def negated(d):
    return lambda *args, **kwargs: -1 * d(*args, **kwargs)


def widened(d):
    return lambda *args, **kwargs: np.float64(1) * d(*args, **kwargs)


def writing(d):
    """It writes into its first argument: the result or, in a VJP, the gradient for it."""

    def write(y, *args, **kwargs):
        if isinstance(y, np.ndarray):
            y *= 1.5
        return d(y, *args, **kwargs)

    return write


def unlike(d):
    """It has one axis too many, which the sum over broadcast axes hides unless it is repeated."""
    return lambda *args, **kwargs: np.stack([d(*args, **kwargs)] * 2)


PRIMITIVES = [op for op in TESTED if isinstance(op, Primitive) and not isinstance(op.derivatives, ForEach)]
PLACES = [(op, i) for op in PRIMITIVES for i, d in enumerate(op.derivatives) if d is not None]
CHANGES = [scaled, negated, widened, writing, unlike]  # in turn: all five for all places, 1165, take half a minute
ZERO = {("fmod", 1), ("copysign", 1), ("heaviside", 0)}  # derivatives that are 0 on the samples
UNUSED = {("nan_to_num", 2), ("nan_to_num", 3), ("nan_to_num", 4)}  # see test_autograd_ops_nans
MUTANTS = [
    pytest.param(op, i, change, id=f"{op.name}-{i}-{change.__name__}")
    for (op, i), change in zip(PLACES, itertools.cycle(CHANGES), strict=False)
    if (op.name, i) not in ZERO | UNUSED and (op.name, change) != ("float_power", widened)
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("op", "i", "change"), MUTANTS)
def test_mutants_are_found(op, i, change, monkeypatch):
    derivatives = list(op.derivatives)
    derivatives[i] = change(derivatives[i])
    monkeypatch.setattr(op, "derivatives", derivatives)
    with pytest.raises(AssertionError, match="check_row: "):
        check_row(op)


SPECIAL_CALLS = {
    "searchsorted": lambda f, t: f(np.array([0.0, 1.0]), t[0]),
    "digitize": lambda f, t: f(t, np.array([0.0, 1.0])),
    "can_cast": lambda f, t: f(t.dtype, np.float64),
    "argpartition": lambda f, t: f(t, 1),
    "diag_indices_from": lambda f, t: f(t[:, :2]),
    "einsum_path": lambda f, t: f("ij,ij", t, t)[0],
    "empty_like": lambda f, t: f(t).shape,
}


@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated")  # from NumPy 2.5 on
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
