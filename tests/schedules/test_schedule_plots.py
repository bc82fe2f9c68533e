"""Plots: the inline SVG of every schedule, and matplotlib figures."""

import math
import struct
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from ravine.schedules import (
    Constant,
    Cosine,
    Cyclic,
    Exponential,
    Lambda,
    Linear,
    OneCycle,
    PerEpoch,
    Repeat,
    Step,
    drawing,
)

PICTURED = [
    Linear(0, 1e-3, 100) >> Cosine(1e-3, 0, 900),
    Constant(0.1),
    Linear(0, 1, 0),
    Linear(0, 1, 1),
    Step(0.1, 0.1, 30),
    Cyclic(-1, 1, 2**45),
    Exponential(1, 10, steps=1),
    Exponential(1e300, 0.5) - 1e308,
    Lambda(lambda k: math.nan),
    Lambda(lambda k: math.inf if k > 50 else k),
    PerEpoch(OneCycle(0.1, 30), 100),
]


def title(s):
    """Its source, without the address of a function that has no name."""
    return repr(s).split(" at 0x")[0]


@pytest.mark.parametrize("s", PICTURED, ids=title)
def test_a_notebook_shows_the_curve_and_the_source(s):
    root = ET.fromstring(s._repr_svg_())
    assert root.find("{*}title").text == repr(s)
    line = next(node for node in root.iter() if node.tag.endswith("polyline")).get("points")
    x, y = np.array([point.split(",") for point in line.split()], float).reshape(-1, 2).T
    k = np.unique(np.linspace(0, min(s.plot_steps, 2**53), drawing.WIDTH).astype(np.int64))
    assert x.size == np.isfinite(s(k)).sum()
    assert np.all(np.diff(x) >= 0)
    assert np.all((x >= 0) & (x <= drawing.WIDTH) & (y >= 0) & (y <= drawing.HEIGHT))


def test_the_curve_is_the_schedule_upside_up():
    s = Linear(2, 4, 10) >> Linear(4, 3, 10)
    root = ET.fromstring(s._repr_svg_())
    line = next(node for node in root.iter() if node.tag.endswith("polyline")).get("points")
    y = np.array([point.split(",")[1] for point in line.split()], float)
    height = drawing.HEIGHT - drawing.MARGIN - y
    np.testing.assert_allclose(height / height.max(), s(np.arange(21)) / 2 - 1, atol=0.01)
    assert {node.text for node in root.iter() if node.tag.endswith("text")} == {"4", "2", "k = 20", repr(s)}


EXTENTS = [
    (Linear(0, 1, 70), 70),
    (Linear(0, 1, 1000) >> Exponential(1, 0.99), 1100),
    (Constant(1), 100),
    (Step(1, 0.1, 300), 900),
    (PerEpoch(Linear(0, 1, 70), 10), 700),
    (PerEpoch(Constant(1), 10), 1000),
    (Repeat(Linear(0, 1, 70)), 210),
    (Linear(0, 1, 70) * Step(1, 0.1, 300) + 1, 900),
]


@pytest.mark.parametrize(("s", "extent"), EXTENTS, ids=repr)
def test_how_much_a_picture_shows(s, extent):
    assert s.plot_steps == extent


@pytest.mark.parametrize("s", [PICTURED[0], PICTURED[2], PICTURED[8]], ids=title)
def test_plot_draws_the_values_and_writes_a_file(s, tmp_path):
    pytest.importorskip("matplotlib")
    figure = s.plot(path=tmp_path / "s.png")
    (line,) = figure.axes[0].lines
    k = line.get_xdata()
    assert (k[0], k[-1]) == (0, s.plot_steps)
    np.testing.assert_array_equal(line.get_ydata(), s(k))
    png = (tmp_path / "s.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png[16:24]) == (640, 320)
    assert figure._repr_png_()[:8] == png[:8]


def test_plot_takes_steps_and_axes():
    pytest.importorskip("matplotlib")
    figure = Linear(0, 1, 10).plot(25)
    assert Cosine(1, 0, 10).plot(25, ax=figure.axes[0]) is figure
    assert [line.get_xdata()[-1] for line in figure.axes[0].lines] == [25, 25]
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["Linear(0.0, 1.0, 10)", "Cosine(1.0, 0.0, 10)"]


def test_pyplot_is_left_alone():
    pytest.importorskip("matplotlib")
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    Linear(0, 1, 10).plot()
    assert pyplot.get_fignums() == before


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    def missing(name, *args, **kwargs):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    drawing._figure_class.cache_clear()
    monkeypatch.setattr(drawing, "import_module", missing)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "\.\[experiments\]"'):
        Linear(0, 1, 10).plot()
    assert "<svg" in Linear(0, 1, 10)._repr_svg_()


@pytest.mark.parametrize("steps", [-1, 2.5, "3"])
def test_steps_are_checked(steps):
    with pytest.raises((TypeError, ValueError), match="plot: steps must be an integer >= 0"):
        Linear(0, 1, 10).plot(steps)
