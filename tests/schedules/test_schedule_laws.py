"""Properties of every schedule in the registry. A new schedule is tested as soon as it is defined."""

import dataclasses
import doctest
import math
from collections.abc import Callable
from typing import Any, get_type_hints

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ravine.schedules as public
from ravine.schedules import (
    Constant,
    Cyclic,
    Linear,
    Piecewise,
    Recurrence,
    ReduceOnPlateau,
    Repeat,
    Schedule,
    algebra,
    check_schedule,
    fields,
)

OURS = [shape for shape in Schedule.registry.values() if shape.__module__.startswith(public.__name__)]
SHAPES = {shape.__name__: shape for shape in OURS if shape.__module__ != algebra.__name__}

reals = st.floats(-10, 10) | st.integers(-10, 10)
spans = st.integers(1, 50) | st.integers(1, 2**40)
milestones = st.sets(st.integers(1, 200), max_size=5).map(sorted)
optional = st.none() | reals


def root(k):
    return math.sqrt(k)


def halved(k, previous):
    return previous / 2 + k


leaves = st.builds(Linear, reals, reals, st.integers(1, 50))

# One strategy for each annotation; a shape whose fields depend on each other has its own below.
FIELD = {
    float: reals,
    bool: st.booleans(),
    float | None: optional,
    Callable[..., Any]: st.just(root),
    fields.NonNegative: st.floats(0, 2),
    fields.Positive: st.floats(0.1, 3),
    fields.UnitInterval: st.floats(0, 1),
    fields.PositiveFraction: st.floats(0.5, 1),
    fields.NonNegativeInt: st.integers(0, 50) | st.integers(0, 2**40),
    fields.PositiveInt: spans,
    fields.Growth: st.integers(1, 10) | st.floats(1.2, 5),
    fields.Milestones: milestones,
    algebra.Inner: leaves,
}
OWN = {
    Piecewise: milestones.flatmap(
        lambda at: st.builds(Piecewise, st.lists(reals, min_size=len(at) + 1, max_size=len(at) + 1), st.just(at))
    ),
    Cyclic: st.builds(Cyclic, reals, reals, spans, st.none() | spans, st.sampled_from(["triangular", "triangular2"]))
    | st.builds(Cyclic, reals, reals, spans, st.none() | spans, st.just("exp_range"), st.floats(0.5, 1)),
    public.OneCycle: st.builds(
        public.OneCycle,
        *(reals, spans, optional, optional, st.floats(0, 1), st.sampled_from(["cosine", "linear"])),
        st.sampled_from([2, 3]),
    ),
    Recurrence: st.builds(Recurrence, reals, st.just(halved)),
    ReduceOnPlateau: st.builds(
        ReduceOnPlateau,
        st.floats(1, 10) | leaves,
        *(st.floats(0, 0.9), st.integers(0, 9), st.sampled_from(["min", "max"]), st.floats(0, 2), st.integers(0, 9)),
        st.floats(0, 1),
        st.sampled_from(["rel", "abs"]),
    ),
}


def of(shape: type[Schedule]) -> st.SearchStrategy[Schedule]:
    hints = get_type_hints(shape, include_extras=True)
    return OWN[shape] if shape in OWN else st.builds(shape, **{name: FIELD[hints[name]] for name in shape.checks})


def combined(inner: st.SearchStrategy[Schedule]) -> st.SearchStrategy[Schedule]:
    ending = inner.flatmap(lambda s: st.just(s) if s.horizon < math.inf else st.integers(0, 60).map(lambda n: s[:n]))
    return (
        st.builds(lambda a, b: a >> b, ending, inner)
        | st.builds(lambda s, c: s * c, inner, reals)
        | st.builds(lambda a, b: a * b, inner, inner)
        | st.builds(lambda s, n: s[:n], inner, st.integers(0, 100))
        | st.builds(lambda s, n, every: s[n::every], inner, st.integers(0, 100), st.integers(1, 5))
        | st.builds(lambda a, b: a + b, inner, inner)
        | st.builds(lambda s, c: s - c, inner, reals)
        | st.builds(lambda s, p: s**p, inner, st.sampled_from([-1, 0.5, 2, 3]))
        | st.builds(lambda s, c: s.clip(low=c), inner, reals)
        | st.builds(lambda s, c, d: s.clip(min(c, d), max(c, d)), inner, reals, reals)
        | st.builds(lambda s: Repeat(Constant(0)[:1] >> s), ending)
    )


counts = st.integers(0, 300) | st.integers(0, 2**62)
CLOSED = {name: shape for name, shape in SHAPES.items() if shape is not Recurrence}  # which costs k steps
schedules = st.recursive(st.one_of([of(shape) for shape in CLOSED.values()]), combined, max_leaves=6)


def bits(values: object) -> bytes:
    return np.asarray(values, np.float64).tobytes()


def test_the_registry_is_what_the_package_exports():
    assert {shape.__name__ for shape in OURS} == set(public.__all__) - {
        *("Schedule", "RangeTest", "check_schedule", "range_test")
    }


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@given(data=st.data())
def test_every_shape_has_a_number_at_every_k(shape, data):
    s, k = data.draw(of(shape)), data.draw(counts if shape in CLOSED.values() else st.integers(0, 300))
    assert type(s(k)) is float
    assert not math.isnan(s(k))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@given(data=st.data())
@settings(max_examples=25)
def test_every_shape_keeps_the_laws(shape, data):
    check_schedule(data.draw(of(shape)))


@given(schedules)
def test_every_combination_keeps_the_laws(s):
    check_schedule(s)


@given(schedules, st.lists(counts, max_size=8))
def test_an_array_has_the_values_of_its_elements_bit_for_bit(s, ks):
    k = np.array(ks, dtype=np.int64)
    assert s(k).dtype == np.float64
    assert bits(s(k)) == bits([s(int(i)) for i in ks])


def test_the_repr_gives_options_by_name_and_leaves_out_defaults():
    assert repr(public.Linear(0, 1e-3, 100)) == "Linear(0.0, 0.001, 100)"
    assert repr(public.Exponential(1, 0.5, 1, True)) == "Exponential(1.0, 0.5, staircase=True)"
    assert repr(public.Piecewise([1, 2], [3])) == "Piecewise((1.0, 2.0), (3,))"
    assert repr(public.Cyclic(0, 1, 5, None, "triangular2", 1.0)) == "Cyclic(0.0, 1.0, 5, mode='triangular2')"


@given(schedules, counts)
def test_from_a_finite_horizon_on_the_value_is_held(s, k):
    if s.horizon < math.inf:
        assert type(s.horizon) is int
        assert bits(s(s.horizon + k)) == bits(s(s.horizon))


SIGNATURES = """
Constant(value)
Linear(start, end, steps)
Polynomial(start, end, steps, power=1.0)
Cosine(start, end, steps)
CosineRestarts(start, end, steps, multiplier=1, decay=1.0)
Exponential(start, rate, steps=1, staircase=False)
InverseTime(start, rate, steps=1, staircase=False)
InverseSqrt(start)
Step(start, factor, every)
MultiStep(start, factor, at)
Piecewise(values, at)
Cyclic(low, high, up, down=None, mode='triangular', gamma=1.0)
OneCycle(peak, steps, start=None, end=None, rise=0.3, shape='cosine', phases=2)
Lambda(function)
PerEpoch(schedule, steps_per_epoch)
ReduceOnPlateau(start, factor=0.1, patience=10, mode='min', threshold=0.0001, cooldown=0, minimum=0.0, \
threshold_mode='rel')
"""


@pytest.mark.parametrize("promised", SIGNATURES.split("\n")[1:-1])
def test_the_arguments_are_as_promised(promised):
    name, _, _ = promised.partition("(")
    own = dataclasses.fields(SHAPES[name])
    arguments = [f.name if f.default is dataclasses.MISSING else f"{f.name}={f.default!r}" for f in own]
    assert f"{name}({', '.join(arguments)})" == promised


def test_equality_is_of_class_and_fields():
    assert len({public.Linear(0, 1, 5), public.Linear(0.0, 1.0, 5), public.Linear(0, np.float32(1), np.uint8(5))}) == 1
    assert public.Linear(0, 1, 5) != public.Cosine(0, 1, 5)
    assert public.Linear(0, 1, 5) != public.Linear(0, 1, 6)
    assert public.Piecewise([1, 2], [3]) == public.Piecewise((1.0, 2.0), np.array([3]))


def test_a_new_shape_is_fields_and_a_formula(monkeypatch):
    monkeypatch.setattr(Schedule, "registry", dict(Schedule.registry))

    class Sawtooth(Schedule):
        """From 0 to `top`, over and over."""

        top: float
        every: fields.PositiveInt = 2

        def formula(self, k):
            return self.top * (k % self.every) / self.every

    s = Sawtooth(8, every=4)
    assert repr(s) == "Sawtooth(8.0, every=4)"
    assert s(np.arange(5)).tolist() == [0, 2, 4, 6, 0]
    assert Schedule.from_json(s.to_json()) == s
    with pytest.raises(ValueError, match=r"^Sawtooth: every must be an integer >= 1. Received: every=0."):
        Sawtooth(1, 0)

    with pytest.raises(TypeError, match=r"^Linear_: start: there is no check for float | str\. Choose one of"):

        class Linear_(Schedule):
            start: float | str

    with pytest.raises(TypeError, match=r"a schedule named Linear exists in ravine.schedules.shapes"):
        type("Linear", (Schedule,), {"formula": lambda self, k: 0.0})
    assert Schedule.registry["Linear"] is public.Linear


MODULES = [public, public.record, fields, public.functions, public.ranges]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_examples_run(module, monkeypatch):
    monkeypatch.setattr(Schedule, "registry", dict(Schedule.registry))
    assert doctest.testmod(module).attempted > 0
    assert doctest.testmod(module).failed == 0
