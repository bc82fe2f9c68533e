"""The functions of two variables: minima, least values and derivatives, each against the definition of a minimum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.autograd import Tensor, check_grads
from ravine.experiments import PROBLEMS, Function

FUNCTIONS = {name: cls for name, cls in PROBLEMS.items() if issubclass(cls, Function)}
MINIMA = [(cls, minimum) for cls in FUNCTIONS.values() for minimum in cls.minima]


def value(cls: type[Function], place: object) -> Tensor:
    return cls.f(place[0], place[1])  # type: ignore[index]


@pytest.mark.parametrize(("cls", "minimum"), MINIMA)
def test_value_is_least_and_gradient_zero_at_every_minimum(cls: type[Function], minimum: tuple[float, float]) -> None:
    place = Tensor(np.array(minimum), requires_grad=True)
    result = value(cls, place)
    result.backward()
    scale = np.abs(np.linalg.eigvalsh(hessian(cls, minimum))).max()
    assert abs(float(result.data) - cls.least) < 1e-9
    np.testing.assert_allclose(place.grad, 0, atol=1e-13 * scale)


@pytest.mark.parametrize(("cls", "minimum"), MINIMA)
def test_curvature_is_positive_at_every_minimum(cls: type[Function], minimum: tuple[float, float]) -> None:
    assert np.linalg.eigvalsh(hessian(cls, minimum)).min() > 1e-3


@pytest.mark.parametrize("cls", list(FUNCTIONS.values()), ids=list(FUNCTIONS))
@given(place=st.tuples(st.floats(-20, 20), st.floats(-20, 20)))
def test_no_place_is_lower(cls: type[Function], place: tuple[float, float]) -> None:
    assert cls.f(*place) >= cls.least - 1e-12


@pytest.mark.parametrize("cls", list(FUNCTIONS.values()), ids=list(FUNCTIONS))
def test_derivatives_agree_with_differences(cls: type[Function]) -> None:
    check_grads(lambda place: value(cls, place), np.array(cls.start), order=2)


@pytest.mark.parametrize(
    ("name", "condition"), [("quadratic", 100), ("booth", 9), ("matyas", 25), ("rosenbrock", 2508.0)]
)
def test_condition_numbers_are_as_stated(name: str, condition: float) -> None:
    cls = FUNCTIONS[name]
    low, high = np.linalg.eigvalsh(hessian(cls, cls.minima[0]))
    assert high / low == pytest.approx(condition, rel=1e-3)


@pytest.mark.parametrize("cls", list(FUNCTIONS.values()), ids=list(FUNCTIONS))
def test_the_start_is_displaced_by_the_seed_a_little(cls: type[Function]) -> None:
    starts = [cls().model(seed).place.data for seed in range(20)]
    assert len({tuple(start) for start in starts}) == 20
    assert np.abs(np.array(starts) - cls.start).max() < 0.5
    assert starts[0].dtype == np.float64


def hessian(cls: type[Function], place: tuple[float, float], h: float = 1e-4) -> np.ndarray:
    """Central differences of the value: independent of autograd."""
    x, y = place
    f = cls.f
    xx = (f(x + h, y) - 2 * f(x, y) + f(x - h, y)) / h**2
    yy = (f(x, y + h) - 2 * f(x, y) + f(x, y - h)) / h**2
    xy = (f(x + h, y + h) - f(x + h, y - h) - f(x - h, y + h) + f(x - h, y - h)) / (4 * h**2)
    return np.array([[xx, xy], [xy, yy]])
