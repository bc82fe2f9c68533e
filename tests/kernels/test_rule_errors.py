"""What has no meaning in an array loop is refused, with the line."""

import math

import pytest

from ravine.kernels import Kernel, RuleError, exp, maximum, where


def helper(x):
    return x


def array_condition(x, g, lr):
    if g > 0:
        x = x - lr * g
    return x


def early_return(x, g, lr):
    if lr > 1:
        return x
    return x - lr * g


def augmented(x, g, lr):
    x -= lr * g
    return x


def two_names(x, g, lr):
    a, b = x, g
    return a - lr * b


def loops(x, g, lr):
    for _ in range(3):
        x = x - lr * g
    return x


def unknown_function(x, g, lr):
    return x - lr * helper(g)


def unknown_number_function(x, g, lr):
    return x - helper(lr) * g


def python_max(x, g, lr):
    return max(x, g) - lr


def modulo(x, g, lr):
    return x % g - lr


def mixed_kinds(x, g, lr):
    if lr > 1:
        step = lr
    else:
        step = lr * g
    return x - step


def maybe_undefined(x, g, lr):
    if lr > 1:
        step = g
    return x - step


def mask_as_number(x, g, lr):
    return x - lr * (g > 0)


def chained(x, g, lr):
    inside = 0 < g < 1
    return x if lr else inside


def global_list(x, g, lr):
    return x - lr * g * NUMBERS


def too_many(x, g, lr):
    return x, g


def no_return(x, g, lr):
    x = x - lr * g


def with_default(x, g, lr=0.1):
    return x - lr * g


def an_array_s_name(x, g, lr):
    x_array = g * g
    return x - lr * x_array


def too_few(x, g, lr):
    return x - lr * maximum(g)


def keyword_argument(x, g, lr):
    return maximum(x, lr, dtype=None)


NUMBERS = [1.0]


def two_numbers(x, g, lr):
    return x - where(g > 0, lr, 0) * g


CASES = [
    (array_condition, "where"),
    (early_return, "return"),
    (augmented, "name = expression"),
    (two_names, "name = expression"),
    (loops, "name = expression"),
    (unknown_function, "may call"),
    (unknown_number_function, "may call"),
    (python_max, "may call"),
    (modulo, "no meaning"),
    (mixed_kinds, "on one branch"),
    (maybe_undefined, "not defined"),
    (mask_as_number, "where"),
    (chained, "&"),
    (global_list, "no number"),
    (too_many, "returns 2"),
    (no_return, "return"),
    (with_default, "defaults"),
    (an_array_s_name, "call it something else"),
    (too_few, "takes 2 argument"),
    (keyword_argument, "no meaning"),
    (two_numbers, "float64 of two numbers"),
]


@pytest.mark.parametrize(("rule", "words"), CASES, ids=lambda value: getattr(value, "__name__", None))
def test_refused(rule, words):
    with pytest.raises(RuleError, match=r"Received: `") as error:
        Kernel(rule, ("x",))
    assert words in str(error.value)
    assert rule.__name__ in str(error.value)


def test_no_source():
    namespace = {}
    exec(compile("def rule(x, g, lr):\n    return x - lr * g", "no file", "exec"), namespace)
    with pytest.raises(RuleError, match="in a file or a notebook cell"):
        Kernel(namespace["rule"], ("x",))


def test_lambda():
    with pytest.raises(RuleError, match="made with `def`"):
        Kernel(lambda x, g, lr: x - lr * g, ("x",))


def numbers_may_use_math(x, g, lr):
    return x - math.log1p(max(lr, 0.1)) * exp(-lr) * g


def test_functions_of_numbers():
    assert "math.log1p(max(lr, 0.1))" in Kernel(numbers_may_use_math, ("x",)).source
