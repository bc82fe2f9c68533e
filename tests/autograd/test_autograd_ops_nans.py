"""Functions that pass over NaN: NumPy's values, and the derivatives of the plain functions of the other entries."""

import warnings

import numpy as np
import pytest

from ravine.autograd import Tensor, grad

NAN = np.nan
X = np.array([[0.5, NAN, -1.0, 2.5], [2.0, -0.3, NAN, NAN], [1.5, 0.2, 0.1, -4.0]])
REDUCTIONS = ["sum", "prod", "max", "min", "mean", "var", "std", "median"]


def quantile(a, **keywords):
    return np.nanquantile(a, 0.3, **keywords)


@pytest.mark.parametrize("name", [*REDUCTIONS, "quantile"])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_values_are_numpys(name, axis, keepdims):
    f = quantile if name == "quantile" else getattr(np, f"nan{name}")
    got = f(Tensor(X, requires_grad=True), axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(got.data, f(X, axis=axis, keepdims=keepdims), rtol=1e-14)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_derivatives_are_those_of_the_other_entries(name):
    got = grad(lambda x: np.sum(getattr(np, f"nan{name}")(x, axis=1)))(X)
    expected = np.zeros(X.shape)
    for row, to in zip(X, expected, strict=True):
        to[~np.isnan(row)] = grad(getattr(np, name))(row[~np.isnan(row)])
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("func", [np.nancumsum, np.nancumprod])
def test_running(func):
    got = func(Tensor(X, requires_grad=True), axis=1)
    np.testing.assert_allclose(got.data, func(X, axis=1))
    assert np.all(grad(lambda x: np.sum(func(x, axis=1)))(X)[np.isnan(X)] == 0)


@pytest.mark.parametrize("func", [np.nanmax, np.nanmin, np.nanmean])
def test_nothing_but_nan(func):
    x = Tensor([NAN, NAN], requires_grad=True)
    with np.errstate(invalid="ignore"):
        assert np.isnan(func(x).data)


@pytest.mark.parametrize("func", [np.median, lambda x, **k: np.quantile(x, 0.3, **k)])
def test_the_others_do_not_pass_over_nan(func):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_allclose(func(Tensor(X), axis=1).data, func(X, axis=1), rtol=1e-14)


@pytest.mark.parametrize("func", [np.median, np.nanmedian, lambda x: np.quantile(x, 0.5)])
def test_integers_have_fractional_medians(func):
    assert func(Tensor([1, 4])).data == 2.5


def test_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="at least one element"):
        np.median(Tensor(np.zeros((0,)), requires_grad=True))
