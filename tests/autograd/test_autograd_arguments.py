"""Arguments beside the array: a Tensor in their place counts or is refused, and NumPy's own defaults are accepted."""

import inspect

import numpy as np
import pytest

from ravine.autograd import Tensor, check_grads, grad, nn
from ravine.autograd.containers import leaves, rebuild
from ravine.autograd.domain import RandomArray, SampleInput
from ravine.autograd.keywords import default_keywords
from ravine.autograd.op import TABLE

ROWS = list(dict.fromkeys(TABLE.values()))
CASES = [(row, case) for row in ROWS for case in row.samples]
NUMPYS = {"norm", "vector_norm"}  # of an array NumPy's own code compares ord with 1 and 2, and no Tensor is asked


def call(row):
    return row.func if (getattr(row.func, "__module__", None) or "numpy").startswith("numpy") else row


def is_number(x):
    return isinstance(x, (int, float, np.integer, np.floating)) and not isinstance(x, bool)


def parameters_of(func):
    """The parameters of a function by name. Compiled functions of NumPy before 2.4 tell none."""
    try:
        return inspect.signature(func).parameters
    except ValueError:
        assert np.lib.NumpyVersion(np.__version__) < "2.4.0"
        return {}


def numbers_in_place(kind):
    """Every call of every row in which one number may be a Tensor: (row, function of that number, its value, name).

    Where a parameter is None or not given, 0.77 stands for it. kind: what the arrays are, np.asarray or Tensor.
    """
    rng = np.random.default_rng(0)
    for row, case in CASES:
        arrays = map(kind, case.draw(rng))
        parts = [next(arrays) if isinstance(x, RandomArray) else x for x in leaves([case.args, case.kwargs])]
        for i, part in enumerate(parts):
            if is_number(part):

                def moved(x, i=i, parts=parts, row=row, case=case):
                    args, kwargs = rebuild([case.args, case.kwargs], [*parts[:i], x, *parts[i + 1 :]])
                    return call(row)(*args, **kwargs)

                yield row, moved, float(part), f"number {i}"
        args, kwargs = rebuild([case.args, case.kwargs], parts)
        known = list(parameters_of(row.func).values())
        for name in [p.name for p in known[len(args) :] if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]:
            value = kwargs.get(name, parameters_of(row.func)[name].default)
            if name != "out" and not isinstance(value, (str, bool)) and not np.ndim(value):

                def given(x, name=name, args=args, kwargs=kwargs, row=row):
                    return call(row)(*args, **(kwargs | {name: x}))

                yield row, given, float(value) if is_number(value) else 0.77, name


def flat(y):
    parts = [np.reshape(part if isinstance(part, Tensor) else np.asarray(part), -1) for part in leaves(y)]
    return np.concatenate(parts)


def value(f, x):
    y = f(x)
    return np.concatenate([np.ravel(part.data if isinstance(part, Tensor) else part) for part in leaves(y)])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [np.asarray, Tensor])
def test_no_tensor_is_silently_taken_for_a_number(kind):
    """In every call either an error is raised, or the derivative by the number is that of differences."""
    refused, differentiated, silent = 0, 0, []
    for row, f, x, name in numbers_in_place(kind):
        t = Tensor(x, requires_grad=True)
        try:
            y = f(t)
        except Exception:
            refused += 1
            continue
        try:
            moves = (value(f, x + 1e-6) - value(f, x - 1e-6)) / 2e-6
        except Exception:  # no number of this kind is accepted, a Tensor is: it must not be the result's business
            moves = np.zeros(1)
        moves = np.where(np.isfinite(moves), moves, 0)
        if not np.any(moves) or (kind is not Tensor and row.name in NUMPYS):
            continue
        total = np.sum(flat(y))
        got = 0.0
        if isinstance(total, Tensor) and total.requires_grad:
            total.backward()
            got = 0.0 if t.grad is None else t.grad
        if not np.isnan(got) and not np.isclose(got, np.sum(moves), rtol=1e-4, atol=1e-6):
            silent.append((row.name, name, x, float(got), float(np.sum(moves))))
        differentiated += 1
    assert not silent
    assert refused > 200
    assert differentiated > 50


X = np.array([[0.3, -1.2, 0.8], [1.5, 0.1, -0.4]])


def of(run):
    """The function of a number, differentiated by it."""
    return lambda t: np.sum(run(t) * np.arange(1.0, 1 + np.size(run(t).data)).reshape(run(t).shape))


COUNTED = {
    "pad, ends of a ramp": lambda t: np.pad(X + 0 * t, 2, "linear_ramp", end_values=t),
    "pad, ends per axis": lambda t: np.pad(X + 0 * t, 2, "linear_ramp", end_values=((0.5, t), (t * t, 1))),
    "pad, a pair": lambda t: np.pad(X + 0 * t, 1, constant_values=(0.0, t)),
    "pad, per axis": lambda t: np.pad(X + 0 * t, (1, 2), constant_values=((t, 2.0), (0, t * t))),
    "unwrap": lambda t: np.unwrap(np.array([0.0, 3.0, 7.0, 1.0]) + 0 * t, period=t),
    "nan_to_num": lambda t: np.nan_to_num(
        np.array([np.nan, 1, np.inf, -np.inf]) + Tensor(0.0), nan=t, posinf=t * t, neginf=-t
    ),
    "full_like": lambda t: np.full_like(X + 0 * t, t, shape=(2, 2)),
    "logsumexp": lambda t: nn.logsumexp(X + 0 * t, axis=(0, 1), b=np.stack([t, t * t, t + 1]), keepdims=True),
    "norm": lambda t: np.linalg.norm(X + 0 * t, t, axis=1),
}


@pytest.mark.parametrize("name", COUNTED)
def test_derivatives_by_numbers(name):
    check_grads(COUNTED[name], 2.0 if name != "unwrap" else 3.5)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_keyword_with_the_value_it_has_anyway_is_accepted(row):
    for case in row.samples:
        known = list(parameters_of(row.func).values())
        taken = {p.name for p in known[: len(case.args)]} | {p.name for p in known if p.kind is p.POSITIONAL_ONLY}
        extra = {name: x for name, x in default_keywords(row.func).items() if name not in taken | {"out", "newshape"}}
        full = SampleInput(case.args, extra | case.kwargs)
        arrays = case.draw(np.random.default_rng(0))
        try:
            expected = full.call(row.func, arrays)
        except (TypeError, ValueError):  # NumPy itself refuses some of its defaults beside other arguments
            continue
        got = full.call(call(row), [Tensor(x, requires_grad=True) for x in arrays])
        for a, b in zip(leaves(got), leaves(expected), strict=True):
            np.testing.assert_allclose(getattr(a, "data", a), b, rtol=1e-14, atol=1e-15)


T = Tensor(X, requires_grad=True)


@pytest.mark.parametrize(
    "run",
    [
        lambda: np.vstack([T, T], dtype=None, casting="same_kind"),
        lambda: np.concatenate([T, T], dtype=None),
        lambda: np.stack([T, T], 0, dtype=None, casting="same_kind"),
        lambda: np.quantile(T, 0.5, weights=None),
        lambda: np.nanquantile(T, 0.5, method="linear", weights=None),
        lambda: np.reshape(T, -1, copy=None),
        lambda: np.linalg.pinv(T, hermitian=False),
        lambda: np.full_like(T, 2.0 * T[0, 0], dtype=None, order="K", subok=True, shape=None),
        lambda: np.full_like(T, T[0, 0], dtype=np.float32, shape=4),
        lambda: np.einsum("ij->i", T, dtype=None, order="K", casting="safe"),
        lambda: np.multiply(T, T, dtype=None, casting="same_kind", order="K", subok=True, where=True),
        lambda: np.sum(T, initial=np._NoValue, where=np._NoValue),
    ],
)
def test_defaults_are_accepted(run):
    assert run().requires_grad


@pytest.mark.parametrize(
    "run",
    [
        lambda: np.concatenate([T, T], dtype=np.float32),
        lambda: np.reshape(T, -1, copy=False),
        lambda: np.linalg.pinv(T @ T.T, hermitian=True),
        lambda: np.nanquantile(T, 0.5, method="lower"),
        lambda: np.einsum("ij->i", T, dtype=np.float32),
        lambda: np.multiply(T, T, casting="unsafe"),
    ],
)
def test_other_values_are_refused(run):
    with pytest.raises(TypeError, match=r"is not supported on Tensors. Received: \w+="):
        run()


@pytest.mark.parametrize(("mode", "n"), [(mode, n) for mode in ("reflect", "symmetric") for n in (1, 2, 3, 5)])
def test_odd_borders_are_numpys(mode, n):
    x = np.random.default_rng(n).normal(size=(2, n))
    for widths in ((0, 0), (1, 0), (0, 2), (3, 4), (11, 13)):
        both = ((0, 1), widths)
        got = np.pad(Tensor(x), both, mode, reflect_type="odd").data
        np.testing.assert_allclose(got, np.pad(x, both, mode, reflect_type="odd"), rtol=1e-13, atol=1e-13)


def test_extreme_arguments_keep_their_derivative():
    with np.errstate(all="raise", under="ignore"):
        for x in (1e160, 1e300):
            np.testing.assert_allclose(grad(np.arcsinh)(x), 1 / x)
            np.testing.assert_allclose(grad(np.arcsinh)(-x), 1 / x)
            np.testing.assert_allclose(grad(np.arccosh)(x), 1 / x)
            np.testing.assert_allclose(grad(np.arctan2, (0, 1))(x, x), (0.5 / x, -0.5 / x))
        np.testing.assert_allclose(grad(np.arctan2)(0.0, 1e-200), 1e200)
        np.testing.assert_allclose(grad(np.arcsinh)(np.float32(1e30)), np.float32(1e-30))
