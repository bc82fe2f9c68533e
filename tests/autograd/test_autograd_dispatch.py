"""NumPy's functions, operators and methods on Tensors, in every calling convention; and what is refused."""

import subprocess
import sys

import numpy as np
import pytest

from ravine.autograd import Domain, Tensor, check_grads, elementwise, grad, primitive
from ravine.autograd.op import TABLE


def leaf(*values):
    return Tensor(np.array(values), requires_grad=True)


X = np.array([[0.5, 1.5, -1.0], [2.0, -0.3, 0.8]])


@pytest.mark.parametrize(
    ("ours", "numpys"),
    [
        (lambda t: np.ones(3) + t, lambda a: 1 + a),
        (lambda t: np.ones(3) - t, lambda a: 1 - a),
        (lambda t: np.float64(2) * t, lambda a: 2 * a),
        (lambda t: 2 / t, lambda a: 2 / a),
        (lambda t: [1.0, 2.0, 3.0] * t, lambda a: [1.0, 2.0, 3.0] * a),
        (lambda t: t * [1.0, 2.0, 3.0], lambda a: [1.0, 2.0, 3.0] * a),
        (lambda t: np.ones((2, 2)) @ t, lambda a: np.ones((2, 2)) @ a),
        (lambda t: t @ t.T, lambda a: a @ a.T),
        (lambda t: abs(-t) + +t, lambda a: abs(-a) + a),
        (lambda t: 2.0**t, lambda a: 2.0**a),
        (lambda t: (t**2) ** 0.5, lambda a: (a**2) ** 0.5),
        (lambda t: t % 0.7, lambda a: a % 0.7),
        (lambda t: 7.0 % t, lambda a: 7.0 % a),
        (lambda t: np.sum(a=t), np.sum),
        (lambda t: np.sum(t, 0), lambda a: np.sum(a, 0)),
        (lambda t: np.sum(t, axis=-1, keepdims=True), lambda a: np.sum(a, -1, keepdims=True)),
        (lambda t: np.sum(t, 0, None, None, True), lambda a: np.sum(a, 0, keepdims=True)),
        (lambda t: np.sum(t, out=None), np.sum),
        (lambda t: np.add.reduce(t), np.add.reduce),
        (lambda t: np.add.reduce(t, 1), lambda a: a.sum(1)),
        (lambda t: np.multiply.reduce(t, axis=None, keepdims=True), lambda a: a.prod(keepdims=True)),
        (lambda t: np.maximum.reduce(t, axis=1), lambda a: a.max(1)),
        (lambda t: np.minimum.reduce(t), lambda a: a.min(0)),
        (lambda t: np.clip(t, a_min=-t, a_max=1.0), lambda a: np.clip(a, -a, 1.0)),
        (lambda t: np.clip(X, a_min=0.1, a_max=t * 0 + 1), lambda a: np.clip(a, 0.1, 1)),
        (lambda t: np.concatenate([X, t], axis=1), lambda a: np.concatenate([a, a], axis=1)),
        (lambda t: np.concatenate((t, t, X)), lambda a: np.concatenate((a, a, a))),
        (lambda t: np.stack(arrays=[t, X]), lambda a: np.stack([a, a])),
        (lambda t: np.stack(list(t)), lambda a: a),
        (lambda t: np.vstack([t[0], t]), lambda a: np.vstack([a[0], a])),
        (lambda t: np.einsum("ij,kj->ik", X, t), lambda a: np.einsum("ij,kj->ik", a, a)),
        (lambda t: np.einsum(t, [0, 1], [1, 0]), lambda a: a.T),
        (lambda t: np.einsum("ij,j", t, [1, 2, 3]), lambda a: a @ [1, 2, 3]),
        (lambda t: np.einsum("j,j", [1, 2, 3], t[0]), lambda a: a[0] @ [1, 2, 3]),
        (lambda t: np.where(t > 0, t, 0.0), lambda a: np.where(a > 0, a, 0.0)),
        (lambda t: np.where(Tensor(X > 0), X, t * 2), lambda a: np.where(a > 0, a, a * 2)),
        (lambda t: np.reshape(t, shape=(3, 2)), lambda a: a.reshape(3, 2)),
        (lambda t: np.take(t, indices=Tensor([2, 0]), axis=1), lambda a: a[:, [2, 0]]),
        (lambda t: t[Tensor(1)], lambda a: a[1]),
        (lambda t: t[t > 0], lambda a: a[a > 0]),
        (lambda t: t[:, [0, 0, 2]], lambda a: a[:, [0, 0, 2]]),
        (lambda t: np.linalg.norm(t, axis=1), lambda a: np.linalg.norm(a, axis=1)),
        (lambda t: np.dot(X.T, t), lambda a: a.T @ a),
        (lambda t: np.tensordot(X, t, axes=(1, 1)), lambda a: a @ a.T),
        (lambda t: np.multiply(X, t), lambda a: a * a),
        (lambda t: np.full_like(t, t[0, 0]), lambda a: np.full_like(a, a[0, 0])),
        (lambda t: np.sum(t, where=np.array([True, False, True])), lambda a: a[:, ::2].sum()),
        (lambda t: np.sum(t, axis=0, initial=t[0, 0]), lambda a: a.sum(0) + a[0, 0]),
        (lambda t: np.add.reduce(t, 0, None, None, False, 5.0), lambda a: a.sum(0) + 5),
        (lambda t: np.add.reduce(t, axis=(0, 1), dtype=float), lambda a: a.sum()),
        (lambda t: np.max(t, initial=0.9, where=t < 1), lambda a: 0.9 + 0 * a[0, 0]),
        (lambda t: np.subtract.reduce(t), lambda a: a[0] - a[1]),
        (lambda t: np.logaddexp.reduce(t, axis=1, keepdims=True), lambda a: np.log(np.exp(a).sum(1, keepdims=True))),
        (lambda t: np.add.accumulate(t, axis=1), lambda a: a.cumsum(1)),
        (lambda t: np.multiply.accumulate(t), lambda a: a.cumprod(0)),
        (lambda t: np.maximum.accumulate(t, 1), lambda a: np.maximum.accumulate(a, 1)),
        (lambda t: np.divide.accumulate(t, 1), lambda a: np.divide.accumulate(a, 1)),
        (lambda t: np.multiply.outer(t, X[0]), lambda a: a[:, :, None] * a[0]),
        (lambda t: np.subtract.outer(X[0], t), lambda a: a[0][:, None, None] - a),
        (lambda t: np.maximum.outer(t[0], t[1]), lambda a: np.maximum(a[0][:, None], a[1])),
        (lambda t: np.log(t, where=t > 0), lambda a: np.log(np.where(a > 0, a, np.nan))),
        (lambda t: np.divide(1.0, t, where=[True, False, True]), lambda a: 1 / np.where([1, 0, 1], a, np.nan)),
        (lambda t: np.add(t, 1, where=True), lambda a: a + 1),
        (lambda t: np.astype(t, np.float64), lambda a: a),
        (lambda t: np.copy(t), lambda a: a),
        (lambda t: np.append(t, [t[0], [1.0, 2.0, t[0, 0]]], 0), lambda a: np.append(a, [a[0], [1, 2, a[0, 0]]], 0)),
        (lambda t: np.where(X > 0, [1.0, t[0, 0], 2.0], t), lambda a: np.where(a > 0, [1.0, a[0, 0], 2.0], a)),
        (lambda t: np.concatenate([t, [[t[0, 0], 1, 2]]]), lambda a: np.concatenate([a, [[a[0, 0], 1, 2]]])),
        (lambda t: np.lib.stride_tricks.sliding_window_view(t, 2, 1).sum(-1), lambda a: a[:, 1:] + a[:, :-1]),
        (lambda t: np.fft.fftshift(t), np.fft.fftshift),
        (lambda t: np.trace(t, 0, 0, 1, np.float64), np.trace),
    ],
)
def test_calling_conventions(ours, numpys):
    t = Tensor(X, requires_grad=True)
    with np.errstate(invalid="ignore"):
        y = ours(t)
        expected = numpys(X)
    assert isinstance(y, Tensor)
    assert y.requires_grad
    np.testing.assert_allclose(y.data, expected)
    np.sum(y).backward()
    assert t.grad.shape == X.shape


METHODS = [
    ("sum", ()),
    ("sum", (0,)),
    ("mean", (1, True)),
    ("prod", (0,)),
    ("max", (1,)),
    ("min", ()),
    ("var", (0,)),
    ("std", ()),
    ("cumsum", (1,)),
    ("cumprod", (1,)),
    ("copy", ()),
    ("conj", ()),
    ("conjugate", ()),
    ("trace", ()),
    ("reshape", (3, 2)),
    ("reshape", ((6,),)),
    ("reshape", (-1,)),
    ("transpose", ()),
    ("transpose", (1, 0)),
    ("transpose", ((1, 0),)),
    ("ravel", ()),
    ("flatten", ("F",)),
    ("squeeze", ()),
    ("swapaxes", (0, 1)),
    ("diagonal", (1,)),
    ("repeat", (2, 0)),
    ("take", ([1, 0], 1)),
    ("compress", ([True, False, True], 1)),
    ("dot", (np.ones((3, 2)),)),
    ("clip", (0.0, 1.0)),
    ("astype", (np.float32,)),
    ("round", (1,)),
    ("argmax", (0,)),
    ("argmin", ()),
    ("argsort", ()),
    ("all", (0,)),
    ("any", ()),
    ("tolist", ()),
    ("argpartition", (1, 0)),
    ("nonzero", ()),
    ("searchsorted", ([0.4, 1.7],)),
]


METHODS = [(name, args, {}) for name, args in METHODS] + [
    (name, (), {"axis": 1, **keywords})
    for name, keywords in [
        ("sum", {"dtype": np.float32}),
        ("sum", {"where": X > 0, "initial": 2.0, "keepdims": True}),
        ("mean", {"where": X > 0, "dtype": np.float32}),
        ("prod", {"initial": 2.0, "out": None}),
        ("max", {"initial": 1.0, "where": X < 1}),
        ("min", {"initial": 1.0}),
        ("var", {"ddof": 1, "dtype": np.float32}),
        ("std", {"correction": 1}),
        ("std", {"mean": X.mean(1, keepdims=True), "where": X > -2}),
        ("cumsum", {"dtype": np.float32}),
        ("cumprod", {"dtype": np.float32}),
        ("argmax", {"keepdims": True}),
        ("argmin", {"keepdims": True}),
        ("argsort", {"kind": "stable"}),
        ("all", {"keepdims": True}),
        ("any", {"where": X > 1}),
    ]
]


@pytest.mark.parametrize(("name", "args", "keywords"), METHODS)
def test_methods_are_numpys(name, args, keywords):
    x = np.sort(X, axis=None) if name == "searchsorted" else X
    if keywords:  # methods of arrays know fewer than functions
        expected = getattr(np, name)(x, **keywords)
    else:
        expected = x.mean(args[0], keepdims=args[1]) if name == "mean" else getattr(x, name)(*args)
    got = getattr(Tensor(x, requires_grad=True), name)(*args, **keywords)
    np.testing.assert_allclose(got.data if isinstance(got, Tensor) else got, expected)
    assert getattr(got, "dtype", None) == getattr(expected, "dtype", None)


def test_attributes_are_numpys():
    t = Tensor(np.stack([X, X]))
    np.testing.assert_array_equal(t.mT.data, t.data.mT)
    assert t.nbytes == t.data.nbytes


def test_quotient_and_remainder():
    t = Tensor(X, requires_grad=True)
    for ours, numpys in ((divmod(t, 0.7), divmod(X, 0.7)), (divmod(7.0, t), divmod(7.0, X))):
        np.testing.assert_array_equal(ours[0], numpys[0])
        np.testing.assert_array_equal(ours[1].data, numpys[1])
    np.sum(divmod(t, 0.7)[1]).backward()
    np.testing.assert_array_equal(t.grad, np.ones_like(X))


def test_every_public_method_is_tested():
    from ravine.autograd.methods import Methods

    own = {name for name, value in vars(Methods).items() if not name.startswith("_") and callable(value)}
    assert own == {name for name, _, _ in METHODS} | {"numpy", "item", "sort", "fill"}


REFUSED = [
    (lambda t: np.add(t, t, out=np.ones(2)), ["out=", "array = array + tensor"]),
    (lambda t: np.ones(2).__iadd__(t), ["out=", "array = array + tensor"]),
    (lambda t: np.add.reduce(t, out=np.ones(())), ["out="]),
    (lambda t: np.subtract.reduce(t.reshape(1, 2), axis=(0, 1)), ["np.subtract.reduce", "axis"]),
    (lambda t: np.sum(t, out=np.ones(())), ["out="]),
    (lambda t: np.concatenate([t, t], out=np.ones(4)), ["out="]),
    (lambda t: np.ravel(t, out=1), ["out"]),
    (lambda t: np.clip(t, 0, 1, dtype=np.float32), ["dtype="]),
    (lambda t: np.multiply(t, t, dtype=np.float32), ["dtype="]),
    (lambda t: np.pad(t, 1, mode="empty"), ["empty", "constant", "reflect"]),
    (lambda t: np.add.at(np.ones(2), [0, 1], t), ["np.add.at"]),
    (lambda t: np.add.reduceat(t, [0]), ["np.add.reduceat"]),
    (lambda t: np.quantile([1.0, 2.0], t), ["np.quantile", "q", ".data"]),
    (lambda t: np.quantile(t, 0.5, weights=t), ["weights="]),
    (lambda t: np.polyfit([0.0, 1.0], t, 1), ["np.polyfit", "elementwise(", "primitive("]),
    (lambda t: np.spacing(t), ["np.spacing", "elementwise(np.spacing"]),
    (lambda t: np.var(t, ddof=t[0]), ["var", "ddof", ".data"]),
    (lambda t: np.std(t, 0, None, None, t[0]), ["std", "ddof", ".data"]),
    (lambda t: np.linalg.pinv(np.outer(t, t), rtol=t[0]), ["pinv", "rtol", ".data"]),
    (lambda t: t.sort(), ["in place", "np.sort"]),
    (lambda t: np.copyto(np.ones(2), t), ["np.copyto", "np.where"]),
    (lambda t: np.full_like(np.ones(2), t[0]), ["np.copyto", "np.full_like", "np.where"]),
    (lambda t: np.nan_to_num(np.array([np.nan]), nan=t[0]), ["np.nan_to_num", "np.where", "Tensor(array)"]),
    (lambda t: np.array([t, t]), ["np.stack"]),
    (lambda t: np.bincount([0, 1], weights=t), ["bincount"]),
    (lambda t: np.array([t, None]) * t, []),
    (lambda t: t * np.array([1, None]), ["real", "object"]),
    (lambda t: t + "a", []),
    (lambda t: t * None, []),
]


@pytest.mark.parametrize(("run", "words"), REFUSED)
def test_refused_with_a_clear_error(run, words):
    with pytest.raises(TypeError) as error:
        run(leaf(1.0, 2.0))
    assert all(word in str(error.value) for word in words), str(error.value)


WRITTEN = {
    "item": lambda b, t: b.__setitem__(0, t[0]),
    "fill": lambda b, t: b.fill(t[0]),
    "initial": lambda b, t: np.sum(b, initial=t[0]),
}


@pytest.mark.parametrize("way", WRITTEN)
def test_what_numpy_answers_itself_has_the_cause_and_the_remedy(way):
    """NumPy says that an element is a sequence. What a Tensor has to say is the cause of that error."""
    with pytest.raises((ValueError, TypeError)) as error:
        WRITTEN[way](np.zeros(2), leaf(1.0, 2.0))
    assert all(word in str(error.value.__cause__ or error.value) for word in ("gradient", "np.stack"))


class Foreign:
    """A type with a protocol of its own: it decides."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return f"foreign {ufunc.__name__}"

    def __array_function__(self, func, types, args, kwargs):
        return f"foreign {func.__name__}"

    def __radd__(self, other):
        return "foreign radd"


def test_foreign_types_decide():
    t = leaf(1.0, 2.0)
    assert np.multiply(t, Foreign()) == "foreign multiply"
    assert np.concatenate([t, Foreign()]) == "foreign concatenate"
    assert t + Foreign() == "foreign radd"
    assert np.add(t, Foreign()) == "foreign add"


class OwnArray(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return "own"


def test_array_subclasses_with_a_protocol_decide():
    assert np.add(leaf(1.0), np.ones(1).view(OwnArray)) == "own"


def test_reflected_operators_of_numpy_scalars_keep_strong_types():
    t = Tensor(np.ones(2, np.float32))
    assert (np.float64(2) * t).dtype == np.float64
    assert (t * np.float64(2)).dtype == np.float64
    assert (2.0 * t).dtype == np.float32


def test_integer_tensors_are_constants():
    n = Tensor([1, 2, 3])
    assert not (n * 2.5).requires_grad
    assert (n * 2.5).dtype == np.float64
    x = leaf(1.0, 2.0, 3.0)
    (x * n).sum().backward()
    np.testing.assert_array_equal(x.grad, [1, 2, 3])


def test_indices_may_change_afterwards_for_slices():
    x = leaf(1.0, 2.0, 3.0)
    np.sum(x[1:] * 2).backward()
    np.testing.assert_array_equal(x.grad, [0, 2, 2])


def test_one_row_adds_an_elementwise_function():
    def softplus_(x):
        """log(1 + exp(x))."""
        return np.logaddexp(x, 0)

    op = elementwise(softplus_, Domain(-3, 3), lambda y, x: 1 / (1 + np.exp(-x)))
    try:
        assert op.__doc__ == "log(1 + exp(x))."
        np.testing.assert_allclose(op(np.array([0.0])), np.log(2))
        check_grads(op, np.array([-1.0, 2.0]), order=3)
        np.testing.assert_allclose(grad(op)(0.0), 0.5)
    finally:
        del TABLE[softplus_]


def test_one_row_adds_a_numpy_function():
    primitive(np.trim_zeros, lambda g, y, filt: np.where(filt != 0, g, 0), samples=[])
    try:
        x = leaf(1.0, 4.0, 2.0)
        np.sum(np.trim_zeros(x)).backward()
        np.testing.assert_array_equal(x.grad, [1, 1, 1])
    finally:
        del TABLE[np.trim_zeros]


def test_where_gives_what_is_left_out_no_part_of_the_gradient():
    x = leaf(0.0, 4.0)
    y = np.sqrt(x, where=x.data > 0)
    np.testing.assert_array_equal(y.data, [np.nan, 2])
    np.sum(np.where(x.data > 0, y, 0.0)).backward()
    np.testing.assert_array_equal(x.grad, [0, 0.25])


def test_methods_of_ufuncs_without_derivative_see_arrays():
    t = leaf(1.0, 0.0)
    assert np.logical_or.reduce(t)
    np.testing.assert_array_equal(np.less.outer(t, t), [[False, False], [True, False]])
    assert np.linalg.norm(t, 0) == 1


def test_scipy_is_imported_only_by_users():
    code = "import ravine.autograd, sys; assert not any(name.startswith('scipy') for name in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
