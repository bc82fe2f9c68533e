"""What an optimizer says of itself: its formula, the record of a step, the arithmetic with numbers put in."""

import re

import numpy as np
import pytest

from ravine.autograd import Parameter
from ravine.optim import SGD, Adam, Momentum, Optimizer, RMSprop
from ravine.optim.formula import Formula
from ravine.schedules import Linear, Piecewise

ELEMENTWISE = [cls for cls in Optimizer.registry.values() if cls.granularity == "elementwise"]
OPTIMIZERS = pytest.mark.parametrize("cls", Optimizer.registry.values(), ids=lambda cls: cls.__name__)


def balanced(text):
    pairs = [("{", "}"), (r"\left(", r"\right)"), (r"\left|", r"\right|"), (r"\begin", r"\end")]
    return all(text.count(opening) == text.count(closing) for opening, closing in pairs)


@OPTIMIZERS
def test_every_formula_is_told_in_text_and_latex(cls):
    for formula in (cls.explain(), cls(lr=0.1).explain()):
        assert isinstance(formula, Formula)
        assert formula.title == cls.__doc__.splitlines()[0]
        assert any(line.lstrip().startswith("x =") for line in formula.lines)
        assert balanced(formula.latex)
        assert str(formula) == repr(formula)
        assert formula._repr_latex_() == f"$${formula.latex}$$"


def test_the_formula_of_adam():
    assert Adam.explain().lines == (
        "m = beta1 * m + (1 - beta1) * g",
        "v = beta2 * v + (1 - beta2) * g ** 2",
        "root = sqrt(1 - beta2 ** t)",
        "x = x - lr * root / (1 - beta1 ** t) * m / (sqrt(v) + eps * root)",
    )
    assert r"v \leftarrow \beta_{2} \, v + (1 - \beta_{2}) \, g^{2}" in Adam.explain().latex


def test_names_of_several_letters_have_a_dot_between_them():
    assert r"\frac{\mathrm{lr} \cdot \mathrm{root}}{1 - \beta_{1}^{t}} \, \frac{m}" in Adam.explain().latex
    assert r"\mathrm{momentum} \cdot v + (1 - \mathrm{dampening}) \, g" in Momentum(lr=1.0).explain().latex
    pair = re.compile(r"\\mathrm\{\w+\} \\, \\mathrm")
    assert not [cls.__name__ for cls in Optimizer.registry.values() if pair.search(cls.explain().latex)]


def test_the_formula_of_a_value_has_its_options_and_no_branch_that_is_off():
    lines = RMSprop(centered=True, clip_value=0.5, ema=0.9).explain().lines
    assert lines[0] == "g = minimum(maximum(g, -clip_value), clip_value)"
    assert lines[-1] == "x_ema = x if t == 1 else ema * x_ema + (1 - ema) * x"
    assert not any("momentum" in line or "centered" in line for line in lines)


def recorded(spec, steps=3, dtype=np.float64):
    rng = np.random.default_rng(2)
    a, b = Parameter(rng.normal(size=(2, 2)).astype(dtype), name="a"), Parameter(np.ones(3, dtype), name="b")
    optimizer = spec.bind([a, b])
    optimizer.recording = True
    for _ in range(steps):
        before = a.data.copy(), b.data.copy()
        a.grad, b.grad = rng.normal(size=(2, 2)).astype(dtype), rng.normal(size=3).astype(dtype)
        optimizer.step()
    return optimizer, (a, b), before


def test_the_record_of_a_step():
    optimizer, (a, b), before = recorded(SGD(lr=Linear(0.4, 0.0, 4), clip_norm=0.5))
    record = optimizer.record
    size = np.linalg.norm([*a.grad.ravel(), *b.grad])
    assert (record.k, record.lr) == (2, 0.2)
    np.testing.assert_allclose(record.gradient_norm, size, rtol=1e-14)
    np.testing.assert_allclose(record.clip_factor, 0.5 / size, rtol=1e-14)
    np.testing.assert_allclose(record.update_norm, 0.1, rtol=1e-12)
    np.testing.assert_allclose(record.effective_lr, 0.1 / size, rtol=1e-12)
    x = np.linalg.norm(np.concatenate([p.ravel() for p in before]))
    np.testing.assert_allclose(record.update_ratio, 0.1 / x, rtol=1e-12)
    assert set(record.parameters) == {"a", "b"}
    np.testing.assert_allclose(record.parameters["b"].update, np.linalg.norm(b.data - before[1]), rtol=1e-12)


def test_recording_changes_nothing():
    specs = [Adam(lr=0.1, clip_norm=1.0, lookahead=2), Momentum(lr=0.1)]
    for spec in specs:
        _, ours, _ = recorded(spec)
        rng = np.random.default_rng(2)
        a, b = Parameter(rng.normal(size=(2, 2)), name="a"), Parameter(np.ones(3), name="b")
        plain = spec.bind([a, b])
        for _ in range(3):
            a.grad, b.grad = rng.normal(size=(2, 2)), rng.normal(size=3)
            plain.step()
        np.testing.assert_array_equal(a.data, ours[0].data)
        np.testing.assert_array_equal(b.data, ours[1].data)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cls", ELEMENTWISE, ids=lambda cls: cls.__name__)
def test_the_arithmetic_comes_to_what_the_step_did(cls, dtype):
    optimizer, (a, _), _ = recorded(cls(lr=0.1, decoupled_weight_decay=0.1, lookahead=3), dtype=dtype)
    text = optimizer.explain("a", (1, 0))
    assert text.splitlines()[0] == f"{cls.__name__}, update 3 of a[1, 0], in {np.dtype(dtype)}"
    last = [line for line in text.splitlines() if line.strip().startswith("x =")][-1]
    np.testing.assert_allclose(float(last.split(" = ")[-1]), a.data[1, 0], rtol=1e-5)


def test_the_arithmetic_of_one_entry():
    x = np.array([1.0, -2.0])
    optimizer = Momentum([x], lr=0.5, momentum=0.9)
    optimizer.recording = True
    optimizer.step([np.array([1.0, 2.0])])
    optimizer.step([np.array([1.0, 4.0])])
    assert repr(optimizer.explain(0, 1)).splitlines() == [
        "Momentum, update 2 of 0[1], in float64",
        "    v = momentum * v + (1 - dampening) * g = 0.9 * 2 + (1 - 0) * 4 = 5.8",
        "    x = x - lr * v = -3 - 0.5 * 5.8 = -5.9",
    ]


def test_what_was_not_recorded_is_not_told():
    p, q = Parameter(np.ones(2), name="p"), Parameter(np.ones(2), name="q")
    optimizer = SGD([p, q], lr=0.1)
    p.grad = np.ones(2)
    optimizer.step()
    for ask in (lambda: optimizer.record, optimizer.explain):
        with pytest.raises(ValueError, match=re.escape("Say opt.recording = True before the step")):
            ask()
    optimizer.recording = True
    optimizer.step()
    assert set(optimizer.record.parameters) == {"p"}
    with pytest.raises(ValueError, match="q was not updated"):
        optimizer.explain("q")
    with pytest.raises(IndexError):
        optimizer.explain("p", (7,))
    with pytest.raises(KeyError):
        optimizer.explain("nobody")
    optimizer.recording = False
    assert not optimizer.recording


def test_the_record_has_the_gradient_as_it_came():
    x = np.zeros(2)
    for option in ({"clip_each_norm": 1.0}, {"clip_adaptive": 0.1}, {"clip_norm": 1.0, "clip_each_norm": 0.5}):
        optimizer = SGD([x], lr=0.0, **option)
        optimizer.recording = True
        optimizer.step([np.array([3.0, 4.0])])
        assert optimizer.record.gradient_norm == 5.0
        told = optimizer.explain(0, 1)
        assert ", of 4, by clip_each_norm and clip_adaptive" in told


def test_the_clip_factor_is_of_a_group_that_was_updated():
    a, b = np.ones(2), np.ones(2)
    optimizer = SGD([{"params": [a]}, {"params": [b]}], lr=1.0, clip_norm=1.0)
    optimizer.recording = True
    optimizer.step([None, np.array([3.0, 4.0])])
    assert optimizer.record.clip_factor == 0.2


def test_questions_about_what_is_not_there():
    optimizer = SGD([np.ones((2, 2))], lr=0.1)
    optimizer.recording = True
    optimizer.step([np.ones((2, 2))])
    with pytest.raises(KeyError, match="There is no parameter 7"):
        optimizer.explain(7)
    with pytest.raises(IndexError, match=r"has shape \(2, 2\). Received: entry 5"):
        optimizer.explain(0, 5)


def test_a_scheduled_branch_is_explained_as_it_was_taken():
    opt = RMSprop([np.ones(1)], momentum=Piecewise([0.9, 0.0], [1]))
    opt.recording = True
    opt.step([np.ones(1)])
    assert "b = momentum * b + step" in opt.explain()
    opt.step([np.ones(1)])
    assert "b = momentum * b + step" not in opt.explain()
