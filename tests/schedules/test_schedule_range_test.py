"""The learning-rate range test, on functions whose largest stable learning rate is known."""

import math

import numpy as np
import pytest

from ravine.schedules import range_test


class Quadratic:
    """Gradient descent on curvature / 2 * x**2: it diverges from 2 / curvature on."""

    def __init__(self, curvature):
        self.curvature = curvature
        self.x = 1.0
        self.rates = []

    def __call__(self, rate):
        self.rates.append(rate)
        loss = self.curvature / 2 * self.x**2
        self.x -= rate * self.curvature * self.x
        return loss


@pytest.mark.parametrize("curvature", [0.01, 1.0, 50.0])
@pytest.mark.parametrize("smoothing", [0.0, 0.9, 0.98])
def test_the_suggestion_is_below_the_limit_of_stability(curvature, smoothing):
    found = range_test(Quadratic(curvature), 1e-6, 1e4, 200, smoothing=smoothing)
    assert 1e-3 < found.suggestion * curvature < 2
    assert found.diverged_at * curvature > 2
    assert found.rates[-1] == found.diverged_at


def test_the_ramp_is_what_the_step_gets():
    model = Quadratic(1e-9)
    found = range_test(model, 1e-5, 1e-1, 41)
    np.testing.assert_allclose(model.rates, np.geomspace(1e-5, 1e-1, 41), rtol=1e-12)
    assert found.rates.tolist() == model.rates
    assert all(type(rate) is float for rate in model.rates)
    assert found.diverged_at is None
    model = Quadratic(1e-9)
    found = range_test(model, 1, 3, 5, ramp="linear")
    assert found.rates.tolist() == model.rates == [1, 1.5, 2, 2.5, 3]


def scripted(losses):
    remaining = iter(losses)
    return lambda rate: next(remaining)


def test_losses_are_kept_and_smoothed():
    found = range_test(scripted([4, 2, 3]), 1, 4, 3, smoothing=0.5)
    assert found.losses.tolist() == [4, 2, 3]
    assert found.smoothed.tolist() == [4, 3, 3]
    assert found.suggestion == 1
    for array in (found.rates, found.losses, found.smoothed):
        assert array.dtype == np.float64


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_stops_the_test(bad):
    found = range_test(scripted([4, 2, bad]), 1, 16, 5)
    assert found.losses.tolist() == [4, 2]
    assert found.diverged_at == pytest.approx(4)
    assert range_test(scripted([bad]), 1, 16, 5).suggestion is None
    assert range_test(scripted([4, bad]), 1, 16, 5).suggestion is None


DIVERGENCE = [
    ([1, 2, 3.9, 4.1, 9], 4, 4.0),
    ([1, 0.1, 0.39, 0.41, 9], 4, 4.0),
    ([-1, -2, 3.9, 4.1, 9], 4, 4.0),  # as far above -2 as four times 2 is above 2
    ([1, 1, 1, 1, 1], 5, 4.0),
    ([1, 1.4, 1.6, 9, 9], 3, 1.5),
]


@pytest.mark.parametrize(("losses", "steps", "divergence"), DIVERGENCE)
def test_the_test_stops_once_the_loss_is_a_multiple_of_the_lowest(losses, steps, divergence):
    found = range_test(scripted(losses), 1, 2, 5, smoothing=0, divergence=divergence)
    assert len(found.losses) == steps
    assert (found.diverged_at is None) == (steps == 5)


def test_a_loss_that_never_falls_gives_no_suggestion():
    assert range_test(scripted([1, 1, 2, 3, 3]), 1, 2, 5, smoothing=0).suggestion is None


REFUSED = [
    ({"train_step": 1.0}, TypeError, "train_step must be a function"),
    ({"low": 0}, ValueError, "low must be a finite number > 0"),
    ({"low": 20}, ValueError, "low must be < high=10.0. Received: low=20.0"),
    ({"high": math.inf}, ValueError, "high must be a finite number > 0"),
    ({"steps": 2}, ValueError, "steps must be an integer >= 3"),
    ({"steps": 10.0}, TypeError, "steps must be an integer >= 3"),
    ({"ramp": "log"}, ValueError, "ramp must be 'exponential' or 'linear'"),
    ({"smoothing": 1}, ValueError, r"smoothing must be a number in \[0, 1\)"),
    ({"divergence": 1}, ValueError, "divergence must be a finite number > 1"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), REFUSED)
def test_refused_before_anything_is_trained(arguments, error, message):
    model = Quadratic(1)
    with pytest.raises(error, match=f"^range_test: {message}"):
        range_test(**{"train_step": model} | arguments)
    assert model.rates == []


@pytest.mark.parametrize("loss", [None, "low", [1.0, 2.0]])
def test_a_loss_must_be_a_number(loss):
    with pytest.raises(TypeError, match=r"^range_test: train_step must return a number. Received: .* at rate"):
        range_test(lambda rate: loss)


@pytest.mark.parametrize("ramp", ["exponential", "linear"])
def test_the_plot(ramp, tmp_path):
    pytest.importorskip("matplotlib")
    found = range_test(Quadratic(1), 1e-3, 10, 50, ramp=ramp)
    figure = found.plot(path=tmp_path / "range.png")
    axes = figure.axes[0]
    assert axes.get_xscale() == {"exponential": "log", "linear": "linear"}[ramp]
    assert axes.lines[0].get_xydata().tolist() == np.stack([found.rates, found.losses], axis=1).tolist()
    assert axes.lines[2].get_xdata()[0] == found.suggestion
    assert (tmp_path / "range.png").read_bytes()[:4] == b"\x89PNG"
