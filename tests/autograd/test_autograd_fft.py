"""Fourier transforms: NumPy's values for every form of the arguments, and the laws of the transform for derivatives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.autograd import Tensor, check_grads, grad, jvp, vjp

ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
SEVERAL = ["fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"]
OF_REALS = {"rfft", "ihfft", "rfft2", "rfftn"}
NORMS = [None, "backward", "ortho", "forward"]


def signal(name, shape, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape)
    return x.astype(dtype) if name in OF_REALS else (x + 1j * rng.normal(size=shape)).astype(np.result_type(dtype, 1j))


def agrees(f, x, order=2):
    """The value is NumPy's, of its type; the derivative is that of differences."""
    y, expected = f(Tensor(x, requires_grad=True)), f(x)
    assert y.requires_grad
    assert y.dtype == expected.dtype
    np.testing.assert_allclose(y.data, expected, rtol=1e-12, atol=1e-13)
    check_grads(f, x, order=order)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("n", "axis"), [(None, -1), (None, 0), (4, 0), (3, 1), (7, 1), (8, 0), (1, -2), (2, 0)])
@pytest.mark.parametrize("name", ONE)
def test_along_one_axis(name, n, axis, norm):
    f = getattr(np.fft, name)
    agrees(lambda x: f(x, n, axis, norm), signal(name, (5, 6)), order=1)
    agrees(lambda x: f(x, n=n, axis=axis, norm=norm), np.random.default_rng(1).normal(size=(6, 5)), order=1)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(
    ("s", "axes"),
    [
        (None, None),
        (None, (0,)),
        (None, (2, 0)),
        ((3, 5), (0, 2)),
        ((5, 3), (2, 1)),
        ((-1, 4), (0, 1)),
        ((3, -1), (0, 1)),
        ((2, 3, 4), (0, 1, 2)),
        ((3, 4), (1, 1)),
    ],
)
@pytest.mark.parametrize("name", SEVERAL)
def test_along_several_axes(name, s, axes, norm):
    f = getattr(np.fft, name)
    keywords = {"norm": norm} | ({} if s is None else {"s": s}) | ({} if axes is None else {"axes": axes})
    agrees(lambda x: f(x, **keywords), signal(name, (3, 4, 3)), order=1)


@pytest.mark.parametrize("name", ONE + SEVERAL)
def test_second_derivatives_and_entries(name):
    f = getattr(np.fft, name)
    agrees(lambda x: np.abs(f(x)[..., 1]) ** 2 + np.real(f(x * x)[0, 0]), signal(name, (3, 3)))


@pytest.mark.parametrize("name", ONE + SEVERAL)
def test_float32_is_computed_and_differentiated_in_its_precision(name):
    f, x = getattr(np.fft, name), Tensor(signal(name, (4, 4), dtype=np.float32), requires_grad=True)
    y = f(x)
    assert y.dtype in (np.float32, np.complex64)
    np.sum(np.abs(y) ** 2).backward()
    assert x.grad.dtype == x.dtype
    agrees(f, x.data, order=1)


@pytest.mark.parametrize("shift", [np.fft.fftshift, np.fft.ifftshift])
@pytest.mark.parametrize("axes", [None, 0, -1, (0, 1), [1]])
@pytest.mark.parametrize("shape", [(5, 4), (1, 3)])
def test_shifts(shift, axes, shape):
    for x in (signal("rfft", shape), signal("fft", shape)):
        agrees(lambda x: shift(x, axes) ** 2, x)


def test_frequencies_are_plain():
    assert isinstance(np.fft.fftfreq(5), np.ndarray)
    x = Tensor(np.arange(4.0), requires_grad=True)
    check_grads(lambda x: np.fft.ifft(np.fft.fft(x) * (2j * np.pi * np.fft.fftfreq(4))).real, x.data)


# Laws


signals = st.integers(1, 9).flatmap(
    lambda n: st.tuples(st.integers(0, 2**32 - 1), st.just(n), st.sampled_from(NORMS), st.integers(1, 11))
)


@given(signals)
def test_a_complex_transform_is_its_own_transpose(drawn):
    """u . fft(x) = fft(u) . x without conjugation, so that the gradient of the left side is fft(u)."""
    seed, n, norm, _ = drawn
    x, u = signal("fft", n, seed), signal("fft", n, seed + 1)
    for f in (np.fft.fft, np.fft.ifft):
        np.testing.assert_allclose(vjp(lambda x: f(x, norm=norm), x)[1](u)[0], f(u, norm=norm), atol=1e-13)  # noqa: B023
        np.testing.assert_allclose(jvp(lambda x: f(x, norm=norm), x, u)[1], f(u, norm=norm), atol=1e-13)  # noqa: B023


@given(signals)
def test_there_and_back(drawn):
    """The transform and its inverse change nothing, gradients included."""
    seed, n, norm, _ = drawn
    pairs = [("fft", "ifft"), ("ifft", "fft"), ("rfft", "irfft"), ("ihfft", "hfft")]
    for there, back in pairs:
        x = signal(there, n, seed)
        keywords = {"n": n} if there in OF_REALS else {}

        def f(x):
            y = getattr(np.fft, there)(x, norm=norm)  # noqa: B023
            return getattr(np.fft, back)(y, norm=norm, **keywords)  # noqa: B023

        value, pullback = vjp(f, x)
        np.testing.assert_allclose(value, x, atol=1e-13)
        np.testing.assert_allclose(pullback(x)[0], x, atol=1e-13)


@given(signals)
def test_parseval(drawn):
    """The energy of a spectrum is that of its signal: its gradient is twice the conjugate signal."""
    seed, n, _, _ = drawn
    energy = lambda x: np.sum(np.abs(np.fft.fft(x, norm="ortho")) ** 2)  # noqa: E731
    for x in (signal("fft", n, seed), signal("rfft", n, seed)):
        np.testing.assert_allclose(grad(energy)(x), 2 * np.conj(x), atol=1e-12)


@given(signals)
def test_half_a_spectrum_is_the_half_of_the_whole(drawn):
    seed, n, norm, m = drawn
    x = signal("rfft", n, seed)
    weights = signal("fft", m // 2 + 1, seed)
    half = grad(lambda x: np.real(np.sum(weights * np.fft.rfft(x, m, norm=norm))))(x)
    whole = grad(lambda x: np.real(np.sum(weights * np.fft.fft(x, m, norm=norm)[: m // 2 + 1])))(x)
    assert half.dtype == whole.dtype == np.float64
    np.testing.assert_allclose(half, whole, atol=1e-13)


@given(signals)
def test_what_a_real_inverse_ignores_gets_no_gradient(drawn):
    """The imaginary parts of the zero and of the highest even frequency."""
    seed, n, norm, m = drawn
    z = signal("irfft", n, seed)
    g = grad(lambda z: np.sum(np.sin(np.fft.irfft(z, m, norm=norm))))(z)
    assert g[0].imag == 0
    if m % 2 == 0 and n > m // 2:
        np.testing.assert_allclose(g[m // 2].imag, 0, atol=1e-14)
    np.testing.assert_array_equal(g[m // 2 + 1 :], 0)


def test_convolution_theorem():
    """A product of spectra is a convolution: both sides have one derivative."""
    a, b, u = (signal("rfft", n, n) for n in (5, 4, 8))
    for f in (np.convolve, lambda a, b: np.fft.irfft(np.fft.rfft(a, 8) * np.fft.rfft(b, 8), 8)):
        value, pullback = vjp(f, a, b)
        np.testing.assert_allclose(value, np.convolve(a, b), atol=1e-14)
        for got, expected in zip(pullback(u), vjp(np.convolve, a, b)[1](u), strict=True):
            np.testing.assert_allclose(got, expected, atol=1e-14)


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (lambda x: np.fft.fft(x, 0), ValueError, ["at least one point", "n=0"]),
        (lambda x: np.fft.irfft(x, -3), ValueError, ["at least one point"]),
        (lambda x: np.fft.fft(x, norm="half"), ValueError, ["ortho", "norm='half'"]),
        (lambda x: np.fft.hfft(x, norm="half"), ValueError, ["ortho", "norm='half'"]),
        (lambda x: np.fft.fft(x, axis=2), np.exceptions.AxisError, ["axis 2"]),
        (lambda x: np.fft.fftn(x, (2, 2), (0,)), ValueError, ["one length in s per axis"]),
        (lambda x: np.fft.fft(x, out=np.ones((2, 3), complex)), TypeError, ["out="]),
        (lambda x: np.fft.rfft(1j * x), TypeError, ["np.fft.rfft", "complex128"]),
        (lambda x: np.fft.ihfft(1j * x), TypeError, ["np.fft.ihfft", "complex128"]),
    ],
)
def test_refused_with_a_clear_error(run, error, words):
    with pytest.raises(error) as found:
        run(Tensor(np.ones((2, 3)), requires_grad=True))
    assert all(word in str(found.value) for word in words), str(found.value)


def test_scipys_own_transforms_lose_nothing_silently():
    fft = pytest.importorskip("scipy.fft")
    with pytest.raises(TypeError, match=r"scipy.fft.rfft is a Python function .* Use np.fft.rfft"):
        fft.rfft(Tensor(np.ones(3), requires_grad=True))
    with pytest.raises(TypeError, match=r"scipy.fft.dct is a Python function .* Apply it to .data"):
        fft.dct(Tensor(np.ones(3), requires_grad=True))


# Live comparisons


@pytest.mark.peers
@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
@pytest.mark.parametrize("name", ONE + SEVERAL)
def test_against_jax(name, norm):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    x = signal(name, (4, 6))
    for keywords in ({}, {"n": 5, "axis": 0}, {"n": 8}) if name in ONE else ({}, {"s": (3, 8), "axes": (1, 0)}):
        f = lambda fft, np_, x: np_.sum(np_.abs(getattr(fft, name)(x, norm=norm, **keywords)) ** 3)  # noqa: B023, E731
        expected = jax.grad(lambda x: f(jax.numpy.fft, jax.numpy, x))(x)  # noqa: B023
        np.testing.assert_allclose(grad(lambda x: f(np.fft, np, x))(x), expected, rtol=1e-10, atol=1e-12)  # noqa: B023


@pytest.mark.peers
@pytest.mark.parametrize("name", [name for name in ONE + SEVERAL if name[-4:] != "hfft" and name != "ihfft"])
def test_against_hips_autograd(name):
    hips = pytest.importorskip("autograd")
    hips_numpy = pytest.importorskip("autograd.numpy")
    x = signal(name, (4, 6))
    f = lambda np_, x: np_.sum(np_.abs(getattr(np_.fft, name)(x)) ** 3)  # noqa: E731
    expected = hips.grad(lambda x: f(hips_numpy, x))(x)
    np.testing.assert_allclose(grad(lambda x: f(np, x))(x), expected, rtol=1e-10, atol=1e-12)
