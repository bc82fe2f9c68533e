"""A kernel gives, bit for bit, what its rule gives on NumPy arrays."""

import importlib.util
import itertools

import numpy as np
import pytest

from ravine.kernels import Kernel, absolute, cbrt, clip, exp, log, log1p, maximum, minimum, sign, sqrt, where
from ravine.kernels.threads import PARALLEL_BYTES

HALF = 0.5  # a global number


def descent(x, g, lr):
    return x - lr * g


def moments(x, g, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    x = x - lr * m_hat / (sqrt(v_hat) + eps)
    return x, m, v


def branches(x, g, m, v, t, lr, beta1, beta2, eps):
    rho = 2 / (1 - beta2) - t
    if rho > 4:
        r = sqrt(rho - 3)
        step = r * g
        if t > 2:
            step = step / t
    else:
        step = g
    m = m if t == 1 else m + step / (t - 1)
    v = maximum(v * beta1, absolute(g)) + np.abs(x)
    lr = lr * HALF
    x = x - lr * m + np.pi * eps
    return x, m, v


def integer_powers(x, g, m, v, t, lr, beta1, beta2, eps):
    m = g**3 + x**4 - x**-1 + x**-2 + x**1 + x**0
    v = (g * g) ** 5 + lr * abs(x) ** 0.5 + 2**t
    return x - lr * m, m, v


def powers_by_numbers(x, g, m, v, t, lr, beta1, beta2, eps):
    two = 2 * lr / lr
    root = lr / lr / 2
    inverse = -lr / lr
    none = lr - lr
    x = absolute(x) ** two + absolute(g) ** root + g**inverse + g**none
    return x, absolute(g) ** beta1, beta2**g


def conditions(x, g, m, v, t, lr, beta1, beta2, eps):
    big = (absolute(g) > beta1) & ~(x < 0) | (v == 0)
    m = where(big, sign(g), -m)
    v = where(t > 1, minimum(v, g), 0.0) + clip(g, -lr, np.square(x))
    return where(g != x, x - lr * m, +x if t > 1 else x), m, v


def transcendental(x, g, m, v, t, lr, beta1, beta2, eps):
    m = exp(-(g**2)) + np.tanh(x)
    v = log(absolute(x) + eps) * exp(lr) + cbrt(x) - np.expm1(g) * log1p(v)
    return x - lr * m, m, v


RULES = [moments, branches, integer_powers, powers_by_numbers, conditions, transcendental]
NUMBERS = (3e-2, 0.9, 0.97, 1e-8)
SIZES = [1, 2, 17, 1003, PARALLEL_BYTES // 4 + 12_345]


def run_both(rule, dtype, size, steps, numbers=NUMBERS, special=False):
    rng = np.random.default_rng(size)
    expected = [rng.normal(size=size).astype(dtype) for _ in range(3)]
    expected[2] = np.abs(expected[2])
    actual = [a.copy() for a in expected]
    kernel = Kernel(rule, ("x", "m", "v"))
    assert kernel.arrays == ("x", "g", "m", "v")
    for t in range(1, steps + 1):
        g = rng.normal(size=size).astype(dtype)
        if special:
            g[rng.integers(0, size, size // 3)] = rng.choice([0.0, -0.0, np.inf, -np.inf, np.nan], size // 3)
        with np.errstate(all="ignore"):
            expected = list(rule(expected[0], g, *expected[1:], t, *numbers))
        kernel([actual[0], g, *actual[1:]], (float(t), *numbers))
    return expected, actual


def assert_same_bits(expected, actual):
    for e, a in zip(expected, actual, strict=True):
        assert a.dtype == e.dtype
        np.testing.assert_array_equal(a, e)
        np.testing.assert_array_equal(np.signbit(a[~np.isnan(e)]), np.signbit(e[~np.isnan(e)]))


def named_like_flags(x, g, m, v, t, lr, is0, isotropy, c0):
    c1 = is0 * isotropy if t > 1 else c0
    return x - lr * g, m * is0 + isotropy * g, c1 * g - c0 * v


def named_like_functions(x, g, m, v, t, clip, mode, real, i):
    sign = np.sign(g) * clip
    power = absolute(m) ** mode
    loop = x - real * sign
    return loop * i, power, v + sign * power


@pytest.mark.parametrize("rule", [named_like_flags, named_like_functions])
def test_names_that_look_like_the_loop_s_own(rule):
    assert_same_bits(*run_both(rule, np.float32, 100, steps=3))


def state_named_square(x, g, square, power, lr):
    square = square + g**2
    return x - lr * g / sqrt(square + power), square


def test_states_named_like_functions():
    kernel = Kernel(state_named_square, ("x", "square"))
    assert kernel.arrays == ("x", "g", "square")
    assert kernel.parameters == ("power", "lr")
    x, g, square = np.ones(3), np.ones(3), np.zeros(3)
    kernel([x, g, square], (3.0, 0.5))
    np.testing.assert_array_equal([x, square], [[0.75] * 3, [1.0] * 3])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_bits(rule, dtype, size):
    assert_same_bits(*run_both(rule, dtype, size, steps=6 if size < 10_000 else 2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_bits_of_zeros_infinities_and_nans(rule, dtype):
    assert_same_bits(*run_both(rule, dtype, 997, steps=3, special=True))


def test_a_single_result_and_no_states():
    x, g = np.arange(5.0), np.ones(5)
    Kernel(descent, ("x",))([x, g], (0.5,))
    np.testing.assert_array_equal(x, np.arange(5.0) - 0.5)


def bounded(g, bound):
    return minimum(maximum(g, -bound), bound)


def decay(g, x, bound):
    return g + bound * x


def shrink(x, bound):
    x = x - bound * x
    return x


def follow(x, slow, t, every):
    if t % every == 0:
        slow = slow + 0.5 * (x - slow)
        x = slow
    return x, slow


def warming(x, g, m, share, t, lr):
    share = share * 0.9 if t > 1 else 0.9
    m = share * m + (1 - share) * g
    return x - lr / (1 - share) * m, m, share


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_comes_before_the_rule_is_fused_into_the_same_pass(dtype):
    rng = np.random.default_rng(0)
    x, g = rng.normal(size=(2, 1001)).astype(dtype)
    kernel = Kernel(descent, ("x",), before=(bounded, decay))
    assert kernel.parameters == ("bound", "lr")
    expected = descent(x, decay(bounded(g, 0.3), x, 0.3), 0.1)
    kernel([x, g], (0.3, 0.1))
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_stages_around_the_rule_and_numbers_that_it_updates(dtype):
    rng = np.random.default_rng(0)
    x, g, m, slow = rng.normal(size=(4, 1001)).astype(dtype)
    kernel = Kernel(warming, ("x", "m", "share"), scalars=("share",), before=(decay, shrink), after=(follow,))
    assert (kernel.arrays, kernel.scalars) == (("x", "g", "m", "slow"), ("share",))
    assert kernel.parameters == ("bound", "share", "t", "lr", "every")
    ours, theirs, share, expected_share = [x.copy(), g, m.copy(), slow.copy()], (x, m, slow), 0.0, 0.0
    for t in range(1, 6):
        (share,) = kernel(ours, (0.3, share, float(t), 0.1, 2.0))
        x, m, slow = theirs
        x, m, expected_share = warming(shrink(x, 0.3), decay(g, x, 0.3), m, expected_share, t, 0.1)
        theirs = (*follow(x, slow, t, 2)[:1], m, follow(x, slow, t, 2)[1])
        assert share == expected_share
        for mine, their in zip((ours[0], ours[2], ours[3]), theirs, strict=True):
            np.testing.assert_array_equal(mine, their)


def optional(x, g, a, b, lr, use, mode_b):
    if use:
        a = a + g
        g = a
    b = b * 2 if mode_b else b
    return x - lr * g, a, b


@pytest.mark.parametrize(("use", "mode_b"), list(itertools.product([False, True], repeat=2)))
def test_options_are_settled_and_idle_states_dropped(use, mode_b):
    kernel = Kernel(optional, ("x", "a", "b"), options={"use": use, "mode_b": mode_b})
    assert kernel.arrays == ("x", "g", *("a",) * use, *(("b",) if mode_b else ()))
    arrays = {name: np.full(3, 3.0) for name in ("x", "g", "a", "b")}
    expected = optional(*arrays.values(), 0.1, use, mode_b)
    kernel([arrays[name] for name in kernel.arrays], tuple(0.1 for _ in kernel.parameters))
    for name, value in zip(("x", "a", "b"), expected, strict=True):
        np.testing.assert_array_equal(arrays[name], value)


def random_rule(rng):
    """The source of a rule made of exactly rounded operations, with names rebound and branches."""
    names, numbers = ["x", "g", "m"], ["t", "lr", "beta"]

    def number(depth):
        if depth == 0 or rng.random() < 0.3:
            return str(rng.choice([*numbers, "0.3", "2", "7"]))
        op = rng.choice(["+", "-", "*"])
        return f"({number(depth - 1)} {op} {number(depth - 1)})"

    def element(depth):
        if depth == 0 or rng.random() < 0.15:
            return str(rng.choice(names))
        match rng.integers(9):
            case 0:
                return f"sqrt(abs({element(depth - 1)}))"
            case 1:
                return f"maximum({element(depth - 1)}, {number(1)})"
            case 2:
                return f"minimum({element(depth - 1)}, {element(depth - 1)})"
            case 3:
                return f"sign({element(depth - 1)})"
            case 4:
                return f"({element(depth - 1)}) ** {rng.choice([2, 3, -1])}"
            case 5:
                return f"(-{element(depth - 1)})"
            case 6:
                return f"({number(2)} {rng.choice(['+', '-', '*', '/'])} {element(depth - 1)})"
            case 7:
                return f"({element(depth - 1)} {rng.choice(['+', '-', '*', '/'])} {number(2)})"
        return f"({element(depth - 1)} {rng.choice(['+', '-', '*', '/'])} {element(depth - 1)})"

    lines = ["def rule(x, g, m, t, lr, beta):"]
    for index in range(4):
        if rng.random() < 0.4:
            lines.append(f"    lr = {number(2)}")
        if rng.random() < 0.4:
            lines += [f"    if {number(1)} > {number(1)}:", f"        m = {element(2)}", f"        beta = {number(2)}"]
        lines.append(f"    {rng.choice(['m', 'x', f'u{index}'])} = {element(3)}")
        names.append(lines[-1].split()[0])
    lines.append(f"    return {element(2)}, {element(2)}")
    return "from numpy import maximum, minimum, sign, sqrt\n\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize("seed", range(12))
def test_random_rules(seed, tmp_path):
    rng = np.random.default_rng(seed)
    path = tmp_path / f"random_rule_{seed}.py"
    path.write_text(random_rule(rng))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kernel = Kernel(module.rule, ("x", "m"))
    for dtype in (np.float32, np.float64):
        x, g, m = rng.normal(size=(3, 501)).astype(dtype)
        with np.errstate(all="ignore"):
            expected = module.rule(x, g, m, 3, 0.7, 0.9)
        arrays = {"x": x, "g": g, "m": m}
        kernel([arrays[name] for name in kernel.arrays], (3.0, 0.7, 0.9))
        tiny = np.finfo(dtype).tiny  # denormal results are flushed
        for actual, value in zip((x, m), expected, strict=True):
            np.testing.assert_array_equal(
                np.where(np.abs(actual) < tiny, 0, actual), np.where(np.abs(value) < tiny, 0, value), path.read_text()
            )
