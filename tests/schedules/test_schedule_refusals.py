"""Wrong input is refused with an error that says what is wrong, what was received, and the remedy."""

import math
import re
from decimal import Decimal

import numpy as np
import pytest

from ravine.schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    CosineWave,
    Cyclic,
    Exponential,
    InverseTime,
    Lambda,
    Linear,
    MultiStep,
    Noise,
    OneCycle,
    PerEpoch,
    Piecewise,
    Polynomial,
    Recurrence,
    ReduceOnPlateau,
    Schedule,
    Step,
)

NOT_NUMBERS = [True, np.True_, "0.1", None, 1j, Decimal(1), [0.1], np.array(0.1), Constant(1)]
NOT_FINITE = [math.nan, math.inf, -math.inf, np.float32("nan"), 10**400]

FIELDS = [
    *[(lambda x: Constant(x), bad, TypeError, "Constant: value must be a finite number") for bad in NOT_NUMBERS],
    *[(lambda x: Constant(x), bad, ValueError, "Constant: value must be a finite number") for bad in NOT_FINITE],
    *[(lambda x: Linear(0, 1, x), bad, TypeError, "Linear: steps must be") for bad in [*NOT_NUMBERS, 3.0, math.nan]],
    *[(lambda x: Linear(0, 1, x), bad, ValueError, "Linear: steps must be an integer >= 0") for bad in [-1, 10**400]],
    (lambda x: Linear(x, 1, 3), math.nan, ValueError, "Linear: start must be a finite number"),
    (lambda x: Linear(0, x, 3), "1", TypeError, "Linear: end must be a finite number"),
    (lambda x: Cosine(0, 1, x), -3, ValueError, "Cosine: steps must be an integer >= 0"),
    (lambda x: Polynomial(0, 1, 3, power=x), 0, ValueError, "Polynomial: power must be a finite number > 0"),
    (lambda x: Exponential(1, x), -0.5, ValueError, "Exponential: rate must be a finite number >= 0"),
    (lambda x: Exponential(1, 0.5, steps=x), 0, ValueError, "Exponential: steps must be an integer >= 1"),
    (lambda x: Exponential(1, 0.5, staircase=x), 1, TypeError, "Exponential: staircase must be True or False"),
    (lambda x: InverseTime(1, x), -1, ValueError, "InverseTime: rate must be a finite number >= 0"),
    (lambda x: Step(1, x, 3), -1, ValueError, "Step: factor must be a finite number >= 0"),
    (lambda x: Step(1, 0.1, x), 0, ValueError, "Step: every must be an integer >= 1"),
    (lambda x: MultiStep(1, 0.1, x), [3, 3], ValueError, "MultiStep: at must be strictly increasing"),
    (lambda x: MultiStep(1, 0.1, x), [6, 3], ValueError, "MultiStep: at must be strictly increasing"),
    (lambda x: MultiStep(1, 0.1, x), 3, TypeError, "MultiStep: at must be a sequence"),
    (lambda x: MultiStep(1, 0.1, x), {3, 6}, TypeError, "MultiStep: at must be a sequence"),
    (lambda x: MultiStep(1, 0.1, [3, x]), 6.0, TypeError, "MultiStep: at[1] must be an integer >= 1"),
    (lambda x: Piecewise([1, 2], [x]), 0, ValueError, "Piecewise: at[0] must be an integer >= 1"),
    (lambda x: Piecewise([1, x], [3]), math.inf, ValueError, "Piecewise: values[1] must be a finite number"),
    (lambda x: Piecewise(x, [3]), "12", TypeError, "Piecewise: values must be a sequence"),
    (lambda x: CosineRestarts(1, 0, x), 0, ValueError, "CosineRestarts: steps must be an integer >= 1"),
    (lambda x: CosineRestarts(1, 0, 5, x), 0.5, ValueError, "CosineRestarts: multiplier must be a finite number >= 1"),
    (lambda x: CosineRestarts(1, 0, 5, x), "2", TypeError, "CosineRestarts: multiplier must be a finite number >= 1"),
    (lambda x: CosineRestarts(1, 0, 5, decay=x), 1.1, ValueError, "CosineRestarts: decay must be a number in (0, 1]"),
    (lambda x: Cyclic(0, 1, x), 0, ValueError, "Cyclic: up must be an integer >= 1"),
    (lambda x: Cyclic(0, 1, 5, x), 0, ValueError, "Cyclic: down must be an integer >= 1"),
    (lambda x: Cyclic(0, 1, 5, mode=x), "sine", ValueError, "Cyclic: mode must be 'triangular' or 'triangular2' or"),
    (lambda x: Cyclic(0, 1, 5, mode=x), None, TypeError, "Cyclic: mode must be 'triangular' or 'triangular2' or"),
    (lambda x: Cyclic(0, 1, 5, mode="exp_range", gamma=x), 0, ValueError, "Cyclic: gamma must be a number in (0, 1]"),
    (lambda x: Cyclic(0, 1, 5, gamma=x), 0.9, ValueError, "Cyclic: gamma must be left out with mode='triangular'"),
    (lambda x: CosineWave(0, 1, x), 0, ValueError, "CosineWave: period must be a finite number > 0"),
    (lambda x: OneCycle(1, x), 0, ValueError, "OneCycle: steps must be an integer >= 1"),
    (lambda x: OneCycle(1, 9, rise=x), 1.1, ValueError, "OneCycle: rise must be a number in [0, 1]"),
    (lambda x: OneCycle(1, 9, start=x), "0", TypeError, "OneCycle: start must be a finite number"),
    (lambda x: OneCycle(1, 9, shape=x), "cos", ValueError, "OneCycle: shape must be 'cosine' or 'linear'"),
    (lambda x: OneCycle(1, 9, phases=x), 4, ValueError, "OneCycle: phases must be 2 or 3"),
    (lambda x: PerEpoch(x, 10), 0.1, TypeError, "PerEpoch: schedule must be a schedule"),
    (lambda x: PerEpoch(Constant(1), x), 0, ValueError, "PerEpoch: steps_per_epoch must be an integer >= 1"),
    (lambda x: Noise(x), -1, ValueError, "Noise: seed must be an integer >= 0"),
    (lambda x: Lambda(x), 0.1, TypeError, "Lambda: function must be a function"),
    (lambda x: Lambda(x), "math:sqrt", ValueError, "Lambda: function must be the 'module:name' of a function"),
    (lambda x: Lambda(x), "antigravity:fly", ValueError, "Lambda: function must be the 'module:name' of a function"),
    (lambda x: Recurrence(x, math.pow), None, TypeError, "Recurrence: start must be a finite number"),
    (lambda x: ReduceOnPlateau(x), -1, ValueError, "ReduceOnPlateau: start must be a finite number >= 0"),
    (lambda x: ReduceOnPlateau(x), "0.1", TypeError, "ReduceOnPlateau: start must be a finite number >= 0"),
    (lambda x: ReduceOnPlateau(1, x), 1, ValueError, "ReduceOnPlateau: factor must be a number in [0, 1)"),
    (lambda x: ReduceOnPlateau(1, 0.5, x), -1, ValueError, "ReduceOnPlateau: patience must be an integer >= 0"),
    (lambda x: ReduceOnPlateau(1, mode=x), "auto", ValueError, "ReduceOnPlateau: mode must be 'min' or 'max'"),
    (lambda x: ReduceOnPlateau(1, threshold=x), -1, ValueError, "ReduceOnPlateau: threshold must be"),
    (lambda x: ReduceOnPlateau(1, cooldown=x), 1.0, TypeError, "ReduceOnPlateau: cooldown must be an integer"),
    (lambda x: ReduceOnPlateau(1, minimum=x), 2, ValueError, "ReduceOnPlateau: minimum must be <= start=1.0"),
    (lambda x: ReduceOnPlateau(1, threshold_mode=x), "re", ValueError, "ReduceOnPlateau: threshold_mode must be 'rel'"),
]


@pytest.mark.parametrize(("make", "bad", "error", "start"), FIELDS, ids=[f"{s}, not {b!r}" for _, b, _, s in FIELDS])
def test_a_field_is_refused(make, bad, error, start):
    with pytest.raises(error) as caught:
        make(bad)
    assert str(caught.value).startswith(start)
    assert re.search(r"\. Received: [a-z_]+(\[\d\])?=.+\. \w.*\.$", str(caught.value), re.DOTALL)


def test_values_and_boundaries_must_fit():
    with pytest.raises(ValueError, match=r"^Piecewise: values must be one more than at. Received: 2 values, 2 bound"):
        Piecewise([1, 2], [3, 4])


COUNTS = [
    *[(bad, ValueError) for bad in (-1, np.int64(-1), np.array([3, -1]), [0, -1])],
    *[(bad, TypeError) for bad in (True, np.True_, 1.0, 0.5, math.nan, np.float64(1), "1", None, 1j)],
    *[(np.array(bad), TypeError) for bad in ([1.0], [True], ["a"], [None], np.datetime64("2020-01-01"))],
]


@pytest.mark.parametrize(("k", "error"), COUNTS, ids=repr)
def test_k_is_refused(k, error):
    with pytest.raises(error, match=r"^Linear: k must be .*Received: k=.*It counts the updates already taken"):
        Linear(0, 1, 3)(k)


CONFIGURATIONS = [
    ({"class": "Linea", "start": 0, "end": 1, "steps": 3}, "class must be one of Scaled, .*Constant, .*='Linea'"),
    ({"start": 0, "end": 1, "steps": 3}, "class must be one of .*Received: class=None"),
    ({"class": ["Linear"]}, "class must be one of"),
    ({"class": "Linear", "start": 0, "end": 1}, "Linear: the fields must be start, end, steps. Received: start, end."),
    ({"class": "Linear", "start": 0, "end": 1, "steps": 3, "power": 2}, "fields must be .* Received: start, .*power"),
    ({"class": "Linear"}, "Received: none"),
    ({"class": "Linear", "start": 0, "end": 1, "steps": -3}, "Linear: steps must be an integer >= 0"),
    ({"class": "Linear", "start": 0, "end": 1, "steps": 3.0}, "Linear: steps must be an integer >= 0"),
    ({"class": "Constant", "value": math.nan}, "Constant: value must be a finite number"),
    ({"class": "Scaled", "inner": {"class": "None"}, "factor": 2}, "class must be one of"),
    ({"class": "Scaled", "inner": 3, "factor": 2}, "Scaled: inner must be a schedule"),
    ([1, 2], "a configuration must be a dict"),
    ("Linear(0, 1, 3)", "a configuration must be a dict"),
]


@pytest.mark.parametrize(("config", "message"), CONFIGURATIONS, ids=str)
def test_a_configuration_is_refused(config, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Schedule.from_config(config)


def test_a_configuration_of_another_class_is_refused():
    with pytest.raises(ValueError, match=r"Linear: class must be one of Linear. Received: class='Cosine'"):
        Linear.from_json(Cosine(1, 0, 3).to_json())


def test_text_that_is_no_json_is_refused():
    with pytest.raises(ValueError, match="Expecting value"):
        Schedule.from_json("Linear(0, 1, 3)")


def test_the_base_class_is_no_schedule():
    with pytest.raises(TypeError, match="abstract"):
        Schedule()
