"""Records of three families like the project's own: positional, by name only, and with numbers that take schedules."""

import copy
import dataclasses
import inspect
import pickle
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pytest

from ravine.schedules import Linear, Schedule
from ravine.schedules.fields import (
    Fraction,
    Interval,
    NonNegativeInt,
    OrNone,
    Positive,
    PositiveInt,
    check_of,
    refusal,
)
from ravine.schedules.record import Record


class Problem(Record, kw_only=True):
    """A family with lower-case names."""

    registry: ClassVar[dict[str, type["Problem"]]] = {}

    @staticmethod
    def _registry_key(name):
        return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Data(Problem, abstract=True):
    """A base of problems."""

    batch_size: PositiveInt
    hidden: tuple[PositiveInt, ...]
    dropout: Fraction = 0.0
    split: NonNegativeInt = 0


class HandwrittenDigits(Data):
    """A problem."""

    batch_size: PositiveInt = 64
    hidden: tuple[PositiveInt, ...] = [64]
    shuffle: bool = True


def or_a_schedule(check):
    """Accept a schedule where a number is meant."""

    def checked(name, value):
        return value if isinstance(value, Schedule) else check(name, value)

    return checked if isinstance(check, Interval) and not check.integer else check


class Rule(Record, kw_only=True):
    """A family whose numbers take schedules."""

    registry: ClassVar[dict[str, type["Rule"]]] = {}
    _nested: ClassVar[type[Record]] = Schedule

    @classmethod
    def _adapt(cls, check):
        return or_a_schedule(check)


class Plain(Rule):
    """An update rule."""

    lr: Positive
    clip: Positive | None = None
    every: PositiveInt = 1
    mode: Literal["min", "max"] = "min"


RECORDS = [
    HandwrittenDigits(),
    HandwrittenDigits(batch_size=np.int64(3), hidden=np.array([5, 6]), dropout=0.5, shuffle=np.False_),
    Plain(lr=1),
    Plain(lr=Linear(1, 0, 5), clip=Linear(2, 1, 5), every=2, mode="max"),
    Linear(0, 1, 5),
]


@pytest.mark.parametrize("record", RECORDS, ids=repr)
def test_a_record_comes_back(record):
    family = next(base for base in type(record).__mro__ if "registry" in vars(base))
    names = {cls.__name__: cls for cls in (HandwrittenDigits, Plain, Linear)}
    for again in (
        eval(repr(record), names),
        family.from_json(record.to_json()),
        type(record).from_config(record.to_config()),
        pickle.loads(pickle.dumps(record)),
        copy.deepcopy(record),
        record.replace(),
    ):
        assert (again, hash(again), repr(again)) == (record, hash(record), repr(record))
        assert [type(getattr(again, name)) for name in again.checks] == [
            type(getattr(record, n)) for n in record.checks
        ]


def test_the_repr_shows_what_differs_from_the_defaults():
    assert repr(HandwrittenDigits(dropout=0.5, batch_size=64)) == "HandwrittenDigits(dropout=0.5)"
    assert repr(Plain(lr=1)) == "Plain(lr=1.0)"
    assert repr(Linear(0, 1, 5)) == "Linear(0.0, 1.0, 5)"


def test_values_are_kept_as_declared():
    digits = RECORDS[1]
    assert (digits.batch_size, digits.hidden, digits.shuffle) == (3, (5, 6), False)
    assert [type(value) for value in (digits.batch_size, digits.shuffle)] == [int, bool]
    assert HandwrittenDigits().hidden == HandwrittenDigits.hidden == (64,)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (
            lambda: HandwrittenDigits(batch_size=0),
            ValueError,
            "batch_size must be an integer >= 1. Received: batch_size=0",
        ),
        (
            lambda: HandwrittenDigits(batch_size="64"),
            TypeError,
            "batch_size must be an integer >= 1. .*='64'. The default",
        ),
        (lambda: HandwrittenDigits(batch_size=64.0), TypeError, "batch_size must be an integer >= 1"),
        (lambda: HandwrittenDigits(batch_size=True), TypeError, "batch_size must be an integer >= 1"),
        (
            lambda: HandwrittenDigits(dropout=2.0),
            ValueError,
            r"dropout must be a number in \[0, 1\)\. .*default is 0\.0",
        ),
        (lambda: HandwrittenDigits(dropout=1), ValueError, r"dropout must be a number in \[0, 1\)"),
        (lambda: HandwrittenDigits(split=-1), ValueError, "split must be an integer >= 0"),
        (lambda: HandwrittenDigits(hidden=64), TypeError, r"hidden must be a sequence.* Write them in brackets"),
        (lambda: HandwrittenDigits(hidden=[64, 0]), ValueError, r"hidden\[1\] must be an integer >= 1"),
        (
            lambda: HandwrittenDigits(shuffle=1),
            TypeError,
            "shuffle must be True or False. Received: shuffle=1. The default",
        ),
        (lambda: HandwrittenDigits(size=1), TypeError, "unexpected keyword argument 'size'"),
        (lambda: HandwrittenDigits(64), TypeError, "positional"),
        (lambda: Plain(), TypeError, "'lr'"),
        (lambda: Plain(lr=0.0), ValueError, "Plain: lr must be a finite number > 0. Received: lr=0.0. Write a number"),
        (lambda: Plain(lr=1, every=Linear(1, 2, 3)), TypeError, "every must be an integer >= 1"),
        (
            lambda: Plain(lr=1, mode="mid"),
            ValueError,
            "mode must be 'min' or 'max'. Received: mode='mid'. The default is",
        ),
        (
            lambda: Plain.from_config({"class": "Plain", "every": 2}),
            ValueError,
            "must be lr, clip, every, mode. .*every.",
        ),
        (lambda: Plain.from_config({"class": "Plain", "lr": 1, "rate": 2}), ValueError, "Received: lr, rate."),
        (
            lambda: Rule.from_config({"class": "Plane"}),
            ValueError,
            "Rule: class must be one of Plain. Received: class='Pla",
        ),
        (lambda: Rule.from_config({"class": "Linear"}), ValueError, "class must be one of Plain"),
        (lambda: RECORDS[0].replace(batch_size=-1), ValueError, "HandwrittenDigits: batch_size must be"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_field_is_refused(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_each_family_has_a_registry():
    assert Problem.registry == {"handwritten_digits": HandwrittenDigits}
    assert Problem.from_config({"class": "handwritten_digits", "batch_size": 64, "hidden": [3]}).hidden == (3,)
    assert Rule.registry == {"Plain": Plain}
    assert "Plain" not in Schedule.registry


def test_a_class_of_the_same_name_elsewhere_replaces_nothing():
    other = type("Plain", (Rule,), {"__module__": __name__ + ".another", "__annotations__": {}})
    assert Rule.registry == {"Plain": Plain}
    assert other.from_config({"class": "Plain"}) == other()


def test_a_record_without_a_family():
    alone = type("Alone", (Record,), {"__module__": __name__, "__annotations__": {"size": PositiveInt}})
    assert alone.from_json(alone(3).to_json()) == alone(3)
    assert Record.registry == {}
    with pytest.raises(ValueError, match="Alone: class must be one of"):
        alone.from_config({"class": "Linear", "size": 3})


def test_a_record_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RECORDS[0].batch_size = 1


def test_a_wrong_default_is_refused_when_the_class_is_defined():
    with pytest.raises(ValueError, match=r"^Wrong: size must be an integer >= 1. Received: size=0"):

        class Wrong(Record):
            size: PositiveInt = 0


def test_a_default_needs_an_annotation():
    with pytest.raises(TypeError, match=r"^Smaller: batch_size has no annotation. Write batch_size: <its type> = 8"):

        class Smaller(HandwrittenDigits):
            batch_size = 8


@pytest.mark.parametrize(
    ("annotation", "text"),
    [(float | str, "float | str"), (tuple[int, int], "tuple[int, int]"), ("spam", "'spam'"), (3, "3")],
)
def test_an_annotation_without_a_check_is_refused(annotation, text):
    with pytest.raises((TypeError, NameError), match=re.escape(text)):
        type("Odd", (Record,), {"__module__": __name__, "__annotations__": {"x": annotation}})


def test_annotations_may_be_text():
    namespace = {"__module__": __name__, "__annotations__": {"lr": "Positive", "known": "ClassVar[Odd]"}}
    assert list(type("Odd", (Record,), namespace).checks) == ["lr"]


def test_no_remedy_is_written_unless_a_check_fails(monkeypatch):
    monkeypatch.setattr("ravine.schedules.fields.refusal", None)
    Plain(lr=0.5, clip=2, every=3, mode="max")
    HandwrittenDigits(hidden=[3, 4], shuffle=False)


# -- the vocabulary ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "must", "inside", "outside"),
    [
        (Interval(), "a finite number", [-3.5, 0], [np.inf, -np.inf, np.nan]),
        (Interval(gt=0), "a finite number > 0", [5e-324], [0, -1]),
        (Interval(ge=0), "a finite number >= 0", [0.0], [-5e-324]),
        (Interval(le=0), "a finite number <= 0", [0.0, -1], [5e-324]),
        (Interval(lt=0), "a finite number < 0", [-1], [0.0]),
        (Interval(ge=0, lt=1), "a number in [0, 1)", [0, 0.5], [1, -0.1]),
        (Interval(gt=0, le=1), "a number in (0, 1]", [1, 0.5], [0, 1.1]),
        (Interval(ge=1, integer=True), "an integer >= 1", [1, 10], [0, -1]),
        (Interval(ge=1, le=3, integer=True), "an integer in [1, 3]", [1, 3], [0, 4]),
    ],
    ids=lambda value: repr(value) if isinstance(value, Interval) else "",
)
def test_an_interval(check, must, inside, outside):
    assert check.must == repr(check) == must
    for value in inside:
        assert value in check
        assert check("x", value) == value
        assert type(check("x", value)) is (int if check.integer else float)
    for value in outside:
        assert value not in check
        with pytest.raises(ValueError, match=rf"^x must be {re.escape(must)}\. Received: x="):
            check("x", value)


@pytest.mark.parametrize("value", [True, np.True_, "1", None, 1j, [1], np.array(1)], ids=repr)
@pytest.mark.parametrize("integer", [True, False])
def test_what_is_no_number_is_refused(value, integer):
    with pytest.raises(TypeError, match=r"^x must be an? .*Received: x="):
        Interval(integer=integer)("x", value)


@pytest.mark.parametrize(
    ("annotation", "good", "kept", "bad"),
    [
        (float, 1, 1.0, "1"),
        (int, np.int8(3), 3, 3.0),
        (bool, np.True_, True, 1),
        (str, "a", "a", 1),
        (Any, "a", "a", inspect),
        (float | None, None, None, "1"),
        (None | float, 1, 1.0, "1"),
        (list[float] | None, [1], (1.0,), 3),
        (Sequence[int], (1, 2), (1, 2), 3),
        (Literal[2, 3], 3, 3, 4),
        (tuple[float, ...], [1, 2], (1.0, 2.0), 1.0),
        (Callable[[int], float], abs, abs, 3),
        (Annotated[float, Interval(gt=1)], 2, 2.0, 1.0),
        (Schedule, Linear(0, 1, 2), Linear(0, 1, 2), 0.1),
    ],
    ids=str,
)
def test_an_annotation_names_its_check(annotation, good, kept, bad):
    check = check_of(annotation)
    assert check("x", good) == kept
    assert type(check("x", good)) is type(kept)
    if annotation is not Any:
        with pytest.raises((TypeError, ValueError), match=r"^x must be .*\. Received: x=.*\. \w"):
            check("x", bad)


MESSAGES = [
    (PositiveInt, 0, "x must be an integer >= 1. Received: x=0. Write an integer, such as 10."),
    (Fraction, 2, "x must be a number in [0, 1). Received: x=2. Write a number, such as 0.5."),
    (Literal["a", "b"], "c", "x must be 'a' or 'b'. Received: x='c'. Choose one of these."),
    (int | None, "c", "x must be an integer. Received: x='c'. Write an integer, such as 10."),
    (bool, 1, "x must be True or False. Received: x=1. It is of type int."),
    (str, 1, "x must be a str. Received: x=1. It is of type int."),
    (OSError, 1, "x must be an OSError. Received: x=1. It is of type int."),
    (
        tuple[float, ...],
        1,
        "x must be a sequence, each element a finite number. Received: x=1. Write them in brackets: x=[...].",
    ),
    (tuple[Any, ...], 1, "x must be a sequence. Received: x=1. Write them in brackets: x=[...]."),
    (
        Annotated[float, Interval(gt=0, remedy="Halve it.")],
        0,
        "x must be a finite number > 0. Received: x=0. Halve it.",
    ),
]


@pytest.mark.parametrize(("annotation", "bad", "message"), MESSAGES, ids=[m for _, _, m in MESSAGES])
def test_the_message(annotation, bad, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        check_of(annotation)("x", bad)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("annotation", "default", "bad", "remedy"),
    [
        (PositiveInt, 3, 0, "The default is 3."),
        (PositiveInt | None, None, 0, "The default is None."),
        (Literal[2, 3], 2, 1, "The default is 2."),
        (bool, True, 1, "The default is True."),
        (Annotated[float, Interval(gt=0, remedy="Halve it.")], 1.0, 0, "Halve it."),
        (tuple[int, ...], (), 0, "Write them in brackets: x=[...]."),
    ],
    ids=str,
)
def test_the_message_recommends_the_default(annotation, default, bad, remedy):
    with pytest.raises((TypeError, ValueError)) as caught:
        check_of(annotation).with_default(default)("x", bad)
    assert str(caught.value).endswith(f". {remedy}")
    assert OrNone(or_a_schedule).with_default(1) == OrNone(or_a_schedule)


def test_one_shape_of_message():
    assert refusal("lr", "positive", -1, "Try 1.") == "lr must be positive. Received: lr=-1. Try 1."
