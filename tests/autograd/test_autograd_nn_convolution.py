"""Convolution and pooling: against loops over every place, finite differences, adjointness; and what they refuse."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.autograd import Tensor, check_grads, grad, nn
from ravine.autograd.nn.convolution import convolve, convolve_input, convolve_weight
from ravine.autograd.nn.loops import gather_rows, scatter_rows
from ravine.autograd.nn.windows import Window


def naive_windows(x, kernel, stride, padding, dilation, fill):
    """Every window as an array (n, channels, *kernel), by its place."""
    (top, bottom), (left, right) = padding
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    down, across = ((n - s) // t + 1 for n, s, t in zip(padded.shape[2:], spans, stride, strict=True))
    for i, j in itertools.product(range(down), range(across)):
        h, w = i * stride[0], j * stride[1]
        yield (i, j), padded[:, :, h : h + spans[0] : dilation[0], w : w + spans[1] : dilation[1]]


def naive_conv2d(x, weight, bias, stride=(1, 1), padding=((0, 0), (0, 0)), dilation=(1, 1), groups=1):
    found = {}
    c, o = x.shape[1] // groups, weight.shape[0] // groups
    for place, window in naive_windows(x, weight.shape[2:], stride, padding, dilation, 0):
        found[place] = np.array(
            [
                [np.sum(image[k // o * c : (k // o + 1) * c] * weight[k]) + bias[k] for k in range(len(weight))]
                for image in window
            ]
        )
    down, across = max(found)
    return np.array([[found[i, j] for j in range(across + 1)] for i in range(down + 1)]).transpose(2, 3, 0, 1)


# x, weight, arguments, the same for the loops
CONVOLUTIONS = [
    ((2, 3, 5, 4), (4, 3, 1, 1), {}, {}),
    ((2, 3, 5, 6), (4, 3, 2, 3), {}, {}),
    ((1, 1, 3, 3), (1, 1, 3, 3), {"padding": "valid"}, {}),
    ((2, 2, 5, 4), (3, 2, 3, 3), {"padding": "same"}, {"padding": ((1, 1), (1, 1))}),
    ((2, 2, 5, 4), (3, 2, 2, 4), {"padding": "same"}, {"padding": ((0, 1), (1, 2))}),
    ((2, 2, 5, 5), (3, 2, 3, 2), {"padding": "same", "dilation": 2}, {"padding": ((2, 2), (1, 1)), "dilation": (2, 2)}),
    ((1, 2, 7, 8), (3, 2, 3, 2), {"stride": (2, 3)}, {"stride": (2, 3)}),
    ((1, 2, 6, 6), (2, 2, 3, 3), {"stride": 2, "padding": 1}, {"stride": (2, 2), "padding": ((1, 1), (1, 1))}),
    ((1, 1, 2, 3), (1, 1, 2, 2), {"padding": (3, 2)}, {"padding": ((3, 3), (2, 2))}),  # windows wholly outside
    ((1, 1, 2, 2), (1, 1, 2, 2), {"padding": 4, "stride": 3}, {"padding": ((4, 4), (4, 4)), "stride": (3, 3)}),
    ((1, 2, 7, 9), (2, 2, 2, 3), {"dilation": (3, 2)}, {"dilation": (3, 2)}),
    ((2, 4, 4, 4), (6, 2, 2, 2), {"groups": 2}, {"groups": 2}),
    ((2, 3, 4, 4), (3, 1, 3, 3), {"groups": 3, "padding": 1}, {"groups": 3, "padding": ((1, 1), (1, 1))}),
    (
        (2, 4, 8, 7),
        (2, 2, 2, 3),
        {"groups": 2, "stride": (2, 1), "padding": (0, 1), "dilation": (2, 1)},
        {"groups": 2, "stride": (2, 1), "padding": ((0, 0), (1, 1)), "dilation": (2, 1)},
    ),
]


@pytest.mark.parametrize(("x_shape", "w_shape", "arguments", "plainly"), CONVOLUTIONS)
def test_conv2d_is_the_sum_over_each_window(x_shape, w_shape, arguments, plainly):
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=x_shape), rng.normal(size=w_shape), rng.normal(size=w_shape[0])
    expected = naive_conv2d(x, w, b, **plainly)
    np.testing.assert_allclose(nn.conv2d(x, w, b, **arguments), expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(nn.conv2d(x, w, **arguments), expected - b[:, None, None], rtol=1e-12, atol=1e-13)
    single = nn.conv2d(*(a.astype(np.float32) for a in (x, w, b)), **arguments)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("x_shape", "w_shape", "arguments", "plainly"), CONVOLUTIONS)
def test_conv2d_gradients(x_shape, w_shape, arguments, plainly):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=s) for s in (x_shape, w_shape, w_shape[0])]
    check_grads(lambda *a: nn.conv2d(*a, **arguments), *arrays, order=1)
    leaves = [Tensor(a.astype(np.float32), requires_grad=True) for a in arrays]
    np.sum(nn.conv2d(*leaves, **arguments)).backward()
    assert {t.grad.dtype for t in leaves} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    "arguments",
    [{}, {"stride": 2, "padding": 1}, {"dilation": (1, 2), "padding": "same"}, {"groups": 2}],
)
def test_conv2d_second_derivatives(arguments):
    rng = np.random.default_rng(0)
    x, w, b = (rng.normal(size=s) for s in ((1, 2, 3, 4), (2, 2 // arguments.get("groups", 1), 2, 2), 2))
    check_grads(lambda *a: np.sum(np.tanh(nn.conv2d(*a, **arguments))), x, w, b, order=2)


geometry = st.builds(
    lambda kernel, stride, padding, dilation: Window(kernel, stride, padding, dilation),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * 2),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
)


@given(geometry, st.integers(1, 3), st.integers(0, 3), st.tuples(st.integers(5, 8), st.integers(5, 8)))
def test_the_three_bilinear_functions_are_each_others_adjoints(window, groups, n, size):
    """<conv(x, w), g> = <x, input(g, w)> = <w, weight(x, g)>: one number, computed in three ways."""
    rng = np.random.default_rng(n)
    x, w = rng.normal(size=(n, 2 * groups, *size)), rng.normal(size=(3 * groups, 2, *window.kernel))
    y = convolve(x, w, None, window, groups)
    g = rng.normal(size=y.shape)
    expected = np.sum(y * g)
    np.testing.assert_allclose(np.sum(x * convolve_input(g, w, size, window, groups)), expected, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(np.sum(w * convolve_weight(x, g, window, groups)), expected, rtol=1e-10, atol=1e-11)


def test_many_images_are_convolved_in_parts(monkeypatch):
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(7, 2, 6, 5)), rng.normal(size=(4, 1, 3, 3)), rng.normal(size=4)

    def run():
        leaves = [Tensor(a, requires_grad=True) for a in (x, w, b)]
        y = nn.conv2d(*leaves, padding=1, groups=2)
        np.sum(y * y).backward()
        return [y.data, *(t.grad for t in leaves)]

    whole = run()
    for room in (1, 1000, 1700):
        monkeypatch.setattr("ravine.autograd.nn.convolution.ELEMENTS_AT_A_TIME", room)
        for a, b_ in zip(run(), whole, strict=True):
            np.testing.assert_allclose(a, b_, rtol=1e-12, atol=1e-12)


def test_arrays_of_every_layout_and_mixed_types():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 3, 6, 5)), rng.normal(size=(4, 3, 2, 2))
    expected = nn.conv2d(x, w)
    for a in (np.asfortranarray(x), x[:, :, ::-1][:, :, ::-1], x.astype(">f8")):
        np.testing.assert_array_equal(nn.conv2d(a, w), expected)
        np.testing.assert_array_equal(nn.max_pool2d(a, 2), nn.max_pool2d(x, 2))
        np.testing.assert_array_equal(nn.avg_pool2d(a, 2), nn.avg_pool2d(x, 2))
    assert nn.conv2d(x.astype(np.float32), w).dtype == np.float64  # NumPy's promotion
    assert nn.conv2d(np.ones((1, 3, 4, 4), int), w).dtype == np.float64


IMAGE, KERNELS = np.ones((2, 4, 5, 6)), np.ones((6, 4, 3, 3))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: nn.conv2d(IMAGE[0], KERNELS), ValueError, [r"\(4, 5, 6\)", r"x\[None\]"]),
        (lambda: nn.conv2d(IMAGE[0, 0], KERNELS), ValueError, [r"\(5, 6\)"]),
        (lambda: nn.conv2d(IMAGE, KERNELS[0]), ValueError, ["weight", r"\(4, 3, 3\)"]),
        (lambda: nn.conv2d(IMAGE, KERNELS[:, :3]), ValueError, ["4 channels in 1 group", r"\(6, 3, 3, 3\)"]),
        (lambda: nn.conv2d(IMAGE, KERNELS, np.ones(5)), ValueError, [r"\(6,\)", r"\(5,\)"]),
        (lambda: nn.conv2d(IMAGE, KERNELS, groups=4), ValueError, ["groups=4", "6 out"]),
        (lambda: nn.conv2d(IMAGE, KERNELS, groups=0), ValueError, ["groups=0"]),
        (lambda: nn.conv2d(IMAGE, KERNELS, groups=2), ValueError, ["4 channels in 2 group"]),
        (lambda: nn.conv2d(IMAGE, KERNELS[..., :0]), ValueError, [r"kernel=\(3, 0\)"]),
        (lambda: nn.conv2d(IMAGE, np.ones((6, 4, 7, 3))), ValueError, ["5 x 6", r"\(7, 3\)"]),
        (lambda: nn.conv2d(IMAGE, KERNELS, padding="full"), ValueError, ["same", "full"]),
        (lambda: nn.conv2d(IMAGE, KERNELS, padding="same", stride=2), ValueError, ["stride 1", r"\(2, 2\)"]),
        (lambda: nn.conv2d(IMAGE, KERNELS, padding=-1), ValueError, [">= 0", "-1"]),
        (lambda: nn.conv2d(IMAGE, KERNELS, stride=0), ValueError, [">= 1", "stride=0"]),
        (lambda: nn.conv2d(IMAGE, KERNELS, stride=(1, 2, 3)), ValueError, [r"\(1, 2, 3\)"]),
        (lambda: nn.conv2d(IMAGE, KERNELS, dilation=1.5), ValueError, ["dilation=1.5"]),
        (lambda: nn.conv2d(IMAGE.astype(int), KERNELS.astype(int)), TypeError, ["int64", "astype"]),
        (lambda: nn.max_pool2d(IMAGE[0], 2), ValueError, ["max_pool2d", r"\(4, 5, 6\)"]),
        (lambda: nn.max_pool2d(IMAGE, 6), ValueError, ["5 x 6"]),
        (lambda: nn.max_pool2d(IMAGE, 3, padding=2), ValueError, ["half", "padding=2"]),
        (lambda: nn.avg_pool2d(IMAGE, 0), ValueError, ["avg_pool2d", "kernel=0"]),
        (lambda: nn.avg_pool2d(IMAGE.astype(int), 2), TypeError, ["int64"]),
        (lambda: nn.Conv2d(4, 0, 3), ValueError, ["n_out=0"]),
        (lambda: nn.Conv2d(4, 6, 3, groups=5), ValueError, ["Conv2d", "groups=5"]),
        (lambda: nn.Conv2d(4, 6, "3"), ValueError, ["kernel='3'"]),
        (lambda: nn.Conv2d(4, 6, 3, padding="Same"), ValueError, ["Same"]),
        (lambda: nn.Conv2d(4, 6, 3, dtype=np.float16), TypeError, ["float16"]),
        (lambda: nn.Conv2d(4, 6, 3)(IMAGE[:, :3]), ValueError, ["Conv2d", r"\(n, 4, height", r"\(2, 3, 5, 6\)"]),
        (lambda: nn.MaxPool2d(-1), ValueError, ["MaxPool2d", "kernel=-1"]),
        (lambda: nn.Flatten()(np.ones(3)), ValueError, [r"\(3,\)"]),
    ],
)
def test_what_does_not_fit_is_refused(call, kind, words):
    for word in words:
        with pytest.raises(kind, match=word):
            call()


# Pooling

POOLS = [
    (2, None, 0),
    ((2, 3), None, 0),
    (3, 1, 1),
    (3, 2, 1),
    ((1, 2), (3, 1), 0),
    ((4, 2), (1, 3), (2, 0)),
]


@pytest.mark.parametrize(("kernel", "stride", "padding"), POOLS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pools_are_what_they_say_of_each_window(kernel, stride, padding, dtype):
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 7)).astype(dtype)
    k, s, p = (a if isinstance(a, tuple) else (a, a) for a in (kernel, stride or kernel, padding))
    pads = ((p[0], p[0]), (p[1], p[1]))
    for ours, reduce, fill in ((nn.max_pool2d, np.max, -np.inf), (nn.avg_pool2d, np.mean, 0)):
        y = ours(x, kernel, stride, padding)
        assert y.dtype == dtype
        windows = dict(naive_windows(x, k, s, pads, (1, 1), fill))
        assert len(windows) == y.shape[2] * y.shape[3]
        for (i, j), window in windows.items():
            np.testing.assert_allclose(y[:, :, i, j], reduce(window, axis=(2, 3)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("kernel", "stride", "padding"), POOLS)
@pytest.mark.parametrize("pool", [nn.max_pool2d, nn.avg_pool2d])
def test_pool_derivatives(pool, kernel, stride, padding):
    x = np.random.default_rng(0).permutation(np.arange(36.0)).reshape(1, 1, 6, 6) / 10  # no ties
    check_grads(lambda a: pool(a, kernel, stride, padding), x, order=1)
    check_grads(lambda a: np.sum(np.sin(pool(a, kernel, stride, padding))), x[:, :, :4, :4], order=2)
    t = Tensor(x.astype(np.float32), requires_grad=True)
    np.sum(pool(t, kernel, stride, padding)).backward()
    assert t.grad.dtype == np.float32


def test_max_pool_at_ties_nans_and_infinities():
    x = np.zeros((1, 1, 2, 4))
    np.testing.assert_array_equal(grad(lambda a: np.sum(nn.max_pool2d(a, 2)))(x)[0, 0], [[1, 0, 1, 0], [0, 0, 0, 0]])
    x[0, 0, 1, 0] = np.nan
    x[0, 0, :, 2:] = -np.inf
    np.testing.assert_array_equal(nn.max_pool2d(x, 2)[0, 0, 0], [np.nan, -np.inf])
    np.testing.assert_array_equal(nn.max_pool2d(x[..., 2:], 2, padding=1), np.full((1, 1, 2, 2), -np.inf))


def test_empty_batches():
    x = np.empty((0, 2, 6, 6), np.float32)
    net = nn.Sequential(nn.Conv2d(2, 3, 3, rng=0), nn.MaxPool2d(2), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(3, 2))
    y = net(x)
    assert y.shape == (0, 2)
    np.sum(y).backward()
    assert not net[0].weight.grad.any()


# Rows by number


@pytest.mark.parametrize("rest", [(), (3,), (2, 2)])
def test_rows_are_picked_and_added_back(rest):
    rng = np.random.default_rng(0)
    a, at = rng.normal(size=(5, *rest)), np.array([[4, 0, 4], [2, 4, 0]])
    np.testing.assert_array_equal(gather_rows(a, at), a[at])
    rows = rng.normal(size=(*at.shape, *rest))
    expected = np.zeros_like(a)
    np.add.at(expected, at, rows)
    np.testing.assert_allclose(scatter_rows(rows, at, 5), expected, rtol=1e-14)
    assert scatter_rows(rows.astype(np.float32), at.astype(np.uint8), 5).dtype == np.float32


# As layers


def test_layers_on_images():
    x = np.random.default_rng(0).normal(size=(2, 4, 8, 6)).astype(np.float32)
    conv = nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=1, groups=2, rng=0)
    assert conv.weight.shape == (6, 2, 3, 2)
    expected = nn.conv2d(x, conv.weight.data, conv.bias.data, (2, 1), 1, 1, 2)
    np.testing.assert_array_equal(conv(x).data, expected)
    assert np.abs(conv.weight.data).max() <= 1 / np.sqrt(12)
    assert np.abs(conv.bias.data).max() <= 1 / np.sqrt(12)
    assert nn.Conv2d(4, 6, 3, bias=False).bias is None
    assert not nn.Conv2d(4, 6, 3, init="he_normal").bias.data.any()
    np.testing.assert_array_equal(nn.MaxPool2d(2)(x), nn.max_pool2d(x, 2))
    np.testing.assert_array_equal(nn.AvgPool2d(3, 1, 1)(x), nn.avg_pool2d(x, 3, 1, 1))
    np.testing.assert_array_equal(nn.Flatten()(x), x.reshape(2, -1))
    assert nn.Flatten(2)(x).shape == (2, 4, 48)
    assert nn.Flatten()(Tensor(x, requires_grad=True)).requires_grad


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Conv2d(1, 2, 3), "Conv2d(1, 2, (3, 3))"),
        (nn.Conv2d(4, 2, 3, 2, "valid", groups=2, bias=False), None),
        (nn.MaxPool2d(2), "MaxPool2d((2, 2))"),
        (nn.AvgPool2d(3, 1, 1), "AvgPool2d((3, 3), stride=(1, 1), padding=(1, 1))"),
        (nn.Flatten(), "Flatten()"),
        (nn.Flatten(2), "Flatten(2)"),
    ],
)
def test_layers_describe_themselves(layer, text):
    text = text or "Conv2d(4, 2, (3, 3), stride=2, padding='valid', groups=2, bias=False)"
    assert repr(layer) == text
    assert repr(eval(text, vars(nn))) == text


def test_a_convolutional_network_learns(train):
    """Horizontal against vertical bars, wherever they lie."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 1, 8, 8)).astype(np.float32) / 4
    labels = np.arange(64) % 2
    for image, label, k in zip(x, labels, rng.integers(0, 8, 64), strict=True):
        (image[0] if label else image[0].T)[k] += 1
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding="same", rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 2, rng=1)
    )
    assert train(net, x, labels, lr=0.3, steps=120)[-1] < 0.05
