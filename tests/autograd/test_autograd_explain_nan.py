"""The NaN tracer: it names the operation, the entry, the line and the kind, forward before backward."""

import gc

import numpy as np
import pytest

from ravine.autograd import Parameter, Tensor, explain, grad, nn
from ravine.autograd.explain import lines as lines_module
from ravine.autograd.modes import observers

F64 = np.finfo(np.float64).max

# name, function, argument, phase, operation, index, words of the kind
FAILURES = [
    ("log of a negative", lambda x: np.log(x), [1.0, -2.0], "forward", "log", (1,), "logarithm of a negative"),
    ("log of 0", lambda x: np.log2(x), [1.0, 0.0], "forward", "log2", (1,), "logarithm of 0"),
    ("log1p at -1", lambda x: np.log1p(x), [-1.0], "forward", "log1p", (0,), "logarithm of 0"),
    ("root of a negative", lambda x: np.sqrt(x - 1), [2.0, 0.0], "forward", "sqrt", (1,), "root of a negative"),
    ("root at 0", lambda x: np.sqrt(x), [4.0, 0.0], "backward", "sqrt", (1,), "np.sqrt at 0 is infinite"),
    ("0 / 0", lambda x: x / np.sum(x), [0.0, 0.0], "forward", "divide", (0,), "0 / 0"),
    ("1 / 0", lambda x: 1 / x, [2.0, 0.0], "forward", "divide", (1,), "division by zero"),
    ("0**-1", lambda x: np.power(x, -2.0), [0.0], "forward", "power", (0,), "negative power"),
    ("fractional power", lambda x: np.power(x, 1.5), [-1.0], "forward", "power", (0,), "fractional power"),
    ("power at 0", lambda x: np.power(x, 0.3), [0.0], "backward", "power", (0,), "infinite"),
    ("exp", lambda x: np.exp(x), [1.0, 1e3], "forward", "exp", (1,), "overflow in exp"),
    ("inf - inf of overflows", lambda x: np.exp(x) - np.exp(x), [1e3], "forward", "exp", (0,), "overflow in exp"),
    ("inf - inf", lambda x: np.where(x > 0, np.inf, x) - np.inf, [1.0], "forward", "where", (0,), "finite already"),
    ("inf - a constant inf", lambda x: x * 0 + np.inf - np.inf, [1.0], "forward", "add", (0,), "finite already"),
    ("0 * inf", lambda x: x * np.inf, [1.0, 0.0], "forward", "multiply", (1,), "0 * inf"),
    ("square", lambda x: x * x, [1e200], "forward", "multiply", (0,), "overflow in multiply"),
    ("sum", lambda x: np.sum(x), [F64, F64], "forward", "sum", (), "overflow in sum"),
    ("arcsin", lambda x: np.arcsin(x), [0.0, 1.5], "forward", "arcsin", (1,), "outside [-1, 1]"),
    ("arcsin at 1", lambda x: np.arcsin(x), [0.0, 1.0], "backward", "arcsin", (1,), "infinite"),
    ("mod 0", lambda x: np.remainder(x, 0.0), [1.0], "forward", "remainder", (0,), "remainder"),
    ("argument", lambda x: x * x, [1.0, np.nan], "forward", "argument", (1,), "not finite already"),
    ("masked root", lambda x: np.where(x > 0, np.sqrt(x), 0), [1.0, 0.0], "backward", "sqrt", (1,), "masked"),
    ("masked log", lambda x: np.where(x > 0, np.log(x), 0), [1.0, 0.0], "backward", "log", (1,), "masked"),
    ("masked quotient", lambda x: np.where(x > 0, 1 / x, 0), [1.0, 0.0], "backward", "divide", (1,), "masked"),
    ("gradient too large", lambda x: (x * 1e200) * 1e200, [0.0], "backward", "multiply", (0,), "the upstream gradient"),
    ("sum of gradients", lambda x: x * F64 + x * F64, [0.0], "backward", "multiply", (0,), "sum of gradients"),
    ("empty mean", lambda x: np.mean(x[:0]), [1.0], "forward", "mean", (), "too few elements"),
]


@pytest.mark.parametrize(("case", "f", "at", "phase", "op", "index", "kind"), FAILURES, ids=[r[0] for r in FAILURES])
@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_the_failure_is_found(case, f, at, phase, op, index, kind):
    failure = explain.trace_nan(f, np.array(at))
    name = op if op == "argument" else f"np.{op}"
    assert (failure.phase, failure.op, failure.index) == (phase, name, index)
    assert kind in failure.kind
    assert failure.fix
    assert not np.isfinite(failure.value)
    text = str(failure)
    assert phase in text
    assert kind in text
    if op != "argument":
        assert failure.line.file == __file__
        assert failure.line.text in text
        assert f"{__file__}:{failure.line.number}" in text


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.exp(np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0)),
        lambda x: np.exp(-1 / np.where(x == 0, 1, x)),
        lambda x: np.linalg.norm(x) * 0,
        lambda x: np.maximum(x, 0) + np.abs(x),
        lambda x: nn.log_softmax(x * 1e4),
    ],
)
def test_nothing_is_wrong(f):
    assert explain.trace_nan(f, np.array([0.0, 1.0, -1.0])) is None


def test_an_infinity_that_where_does_not_choose_is_not_blamed():
    def f(x):
        dropped = np.where(x > 5, np.exp(x * 1e5), x)
        return dropped + np.log(x - 1)

    failure = explain.trace_nan(f, np.array([2.0, 0.5]))
    assert (failure.op, failure.index) == ("np.log", (1,))


def test_lines_of_the_root_and_of_the_mask():
    def f(x):
        root = np.sqrt(x)
        return np.sum(np.where(x > 0, root, 0) * 2)

    failure = explain.trace_nan(f, np.array([[0.0, 4.0], [0.0, 0.0]]))
    assert failure.line.text == "root = np.sqrt(x)"
    assert failure.masked_at.text == "return np.sum(np.where(x > 0, root, 0) * 2)"
    assert failure.line.number + 1 == failure.masked_at.number
    assert (failure.index, failure.count) == ((0, 0), 3)
    assert (failure.operands, failure.upstream, failure.local_derivative) == ((0.0,), 0.0, np.inf)
    assert "np.where(mask, np.sqrt(np.where(mask, x, 1)), 0)" in failure.fix
    assert "and 2 more" in str(failure)


def test_parameters_in_a_closure_and_keywords():
    w = Parameter(np.array([1.0, -1.0]), name="w")
    failure = explain.trace_nan(lambda scale: np.sum(np.log(w) * scale), scale=2)
    assert (failure.op, failure.index, failure.operands) == ("np.log", (1,), (-1.0,))
    assert w.grad is None
    assert explain.trace_nan(lambda: np.sum(w * w)) is None
    w.data[0] = np.inf
    assert "argument 'w' was not finite" in explain.trace_nan(lambda: np.sum(w * w)).kind


def test_a_network_that_diverged():
    net = nn.Sequential(nn.Linear(3, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, rng=1))
    X, labels = np.ones((2, 3), np.float32), np.array([0, 1])
    assert explain.trace_nan(lambda: nn.cross_entropy(net(X), labels)) is None
    net.parameters()[2].data[:] = 3e38
    failure = explain.trace_nan(lambda: nn.cross_entropy(net(X), labels))
    assert (failure.phase, failure.op) == ("forward", "linear")
    assert "overflow in linear" in failure.kind


def test_second_derivatives():
    failure = explain.trace_nan(grad(lambda x: x**1.5), 0.0)
    assert (failure.phase, failure.op) == ("backward", "np.power")


def test_containers():
    params = {"w": np.array([2.0, 0.0]), "layers": [1.0, (np.ones(2), 3)]}
    failure = explain.trace_nan(lambda p: np.sum(np.log(p["w"]) * p["layers"][0]), params)
    assert (failure.op, failure.index) == ("np.log", (1,))


def test_shapes_broadcast():
    failure = explain.trace_nan(lambda a, b: a / b, np.ones((2, 1)), np.array([1.0, 0.0, 2.0]))
    assert (failure.index, failure.count, failure.operands) == ((0, 1), 2, (1.0, 0.0))


def test_a_function_without_gradient_is_refused():
    with pytest.raises(TypeError, match="require a gradient"):
        explain.trace_nan(lambda x: 1.0, 2.0)
    with pytest.raises(TypeError, match="require a gradient"):
        explain.trace_nan(lambda x: Tensor(x), 2)


def test_nothing_is_left_behind():
    gc.collect()
    known = len(lines_module._lines)
    explain.trace_nan(lambda x: np.sum(np.sqrt(x) * x), np.array([0.0]))
    with pytest.raises(ZeroDivisionError):
        explain.trace_nan(lambda x: x * (1 / 0), 1.0)
    gc.collect()
    assert observers == []
    assert len(lines_module._lines) == known


def test_lines_are_of_the_thread_and_the_block():
    x = Tensor(2.0, requires_grad=True)
    before = x * x
    with explain.trace_lines():
        inside = nn.sigmoid(x)
    assert explain.line_of(before) is None
    assert explain.line_of(inside).text == "inside = nn.sigmoid(x)"
    assert explain.line_of(x) is None
    assert str(explain.SourceLine("<nowhere>", 3)) == "<nowhere>:3"
