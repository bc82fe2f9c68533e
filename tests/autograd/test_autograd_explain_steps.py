"""Stepping through the backward pass, and the formulas of the rows."""

import numpy as np
import pytest

from ravine.autograd import Parameter, Tensor, elementwise, explain, nn
from ravine.autograd.domain import REAL
from ravine.autograd.op import TABLE, ForEach, Primitive

ROWS = [row for row in TABLE.values() if isinstance(row, Primitive)]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_every_row_has_a_formula(row):
    positions = [0] if isinstance(row.derivatives, ForEach) else range(len(row.derivatives))
    for position in positions:
        text = explain.formula(row, position)
        assert text
        assert "lambda" not in text.split("(")[0]
        assert "\n" not in text


@pytest.mark.parametrize(
    ("func", "position", "text"),
    [
        (np.sin, 0, "g * np.cos(x)"),
        (np.exp, 0, "g * y"),
        (np.multiply, 0, "g * b"),
        (np.multiply, 1, "g * a"),
        (np.divide, 0, "g * (1 / b)"),
        (np.divide, 1, "g * (-y / b)"),
        (np.subtract, 0, "g"),
        (np.subtract, 1, "-g"),
        (np.heaviside, 0, "0"),
        (np.where, 0, "0"),
        (np.where, 2, "np.where(condition, 0, g)"),
        (np.deg2rad, 0, "g * 0.017453292519943295"),
    ],
)
def test_formulas(func, position, text):
    assert explain.formula(TABLE[func], position) == text


def test_formulas_of_users_rows():
    def row(partial):
        op = elementwise(lambda x: 2 * x, REAL, partial)
        del TABLE[op.func]
        return explain.formula(op, 0)

    def slope(y, x):
        """With a docstring."""
        return x * 0 + 2

    def long(y, x):
        if x.ndim:
            return 2 + 0 * x
        return 2

    def steps(y, x):
        two = 2
        return two + 0 * x

    unnamed = row(lambda y, x: 2 + 0 * x)  # outside of an assert, which older versions of pytest move
    assert unnamed == "g * (2 + 0 * x)"
    assert row(slope) == "g * (x * 0 + 2)"
    assert row(steps) == "g * (two + 0 * x), where two = 2"
    assert row(long) == "g * long(y, x)"
    assert row(2.5) == "g * 2.5"
    assert row(eval("lambda y, x: 2.0")) == ""


def test_the_running_sums_are_the_gradients():
    x, w = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True), Parameter(np.array([0.1, -0.2]), name="w")
    h = np.tanh(x @ w + w)
    loss = np.sum(h * h) + np.linalg.norm(w)
    last = {}
    ops = []
    for step in explain.steps(loss):
        ops.append(step.op)
        assert step.upstream.shape == step.result.shape
        for c in step.contributions:
            assert c.value.shape == c.total.shape == c.to.shape
            last[c.to.seq] = c.total
        if step.result is not loss:
            np.testing.assert_array_equal(step.upstream, last[step.result.seq])
    assert x.grad is w.grad is None
    loss.backward()
    np.testing.assert_array_equal(last[x.seq], x.grad)
    np.testing.assert_array_equal(last[w.seq], w.grad)
    assert ops.index("tanh") < ops.index("matmul")
    assert len(list(ops)) == 7


def test_newest_first_and_the_sum_grows():
    x = Tensor(3.0, requires_grad=True, name="x")
    with explain.trace_lines():
        y = x * x
    first, *rest = explain.steps(y)
    assert rest == []
    assert [float(c.total) for c in first.contributions] == [3, 6]
    assert [c.position for c in first.contributions] == [0, 1]
    assert first.line.text == "y = x * x"
    text = str(first)
    for words in ("step 1: multiply", "y = x * x", "g * b = 3", "sum so far 6", "to argument 1, x"):
        assert words in text


def test_large_arrays_are_summarised():
    x = Tensor(np.arange(1000.0), requires_grad=True)
    assert len(str(next(explain.steps(np.sum(np.sin(x)))))) < 300


def test_steps_of_a_network_in_single_precision():
    net = nn.Sequential(nn.Linear(3, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, rng=1))
    loss = nn.cross_entropy(net(np.ones((2, 3), np.float32)), np.array([0, 1]))
    totals = {c.to.seq: c.total for step in explain.steps(loss) for c in step.contributions}
    loss.backward()
    for p in net.parameters():
        assert totals[p.seq].dtype == np.float32
        np.testing.assert_array_equal(totals[p.seq], p.grad)


def test_errors():
    x = Tensor(3.0, requires_grad=True)
    with pytest.raises(TypeError, match=r"requires a gradient. Received: Tensor\(3"):
        explain.steps(Tensor(3.0))
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match="already freed"):
        list(explain.steps(y))


def test_under_strong_zero():
    x = Tensor([0.0, 4.0], requires_grad=True)
    with explain.strong_zero():
        y = np.where(x > 0, np.sqrt(x), 0)
    *_, root = explain.steps(y)
    assert root.formulas == ("g * (0.5 / y)",)
    np.testing.assert_array_equal(root.contributions[0].value, [0, 0.25])
