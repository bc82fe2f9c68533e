"""Pictures from plain arrays: what they show, that all of it is inside, and that files repeat."""

import itertools
import math
import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from ravine.experiments import PROBLEMS, plots
from ravine.optim import LAMB, SGD, Adam, Momentum, minimize

NAN = math.nan
RNG = np.random.default_rng(0)
NAMES = ("sgd", "momentum", "nag", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "radam")
HIMMELBLAU, ROSENBROCK = PROBLEMS["himmelblau"], PROBLEMS["rosenbrock"]


def fall(rate, runs=5):
    """Learning curves, shape (runs, 31)."""
    return np.exp(-rate * np.arange(31) + 0.05 * RNG.normal(size=(runs, 31)).cumsum(axis=1))


def path(problem, optimizer, steps=60):
    with np.errstate(all="ignore"):
        return minimize(lambda z: problem.f(z[0], z[1]), np.array(problem.start), optimizer, steps).trajectory


CURVES = {name: fall(0.05 + 0.02 * i) for i, name in enumerate(NAMES)}
GONE = {**CURVES, "nag": np.where(np.arange(31) > 20, NAN, CURVES["nag"]), "sgd": np.empty((0, 31))}
GRID = 10.0 ** np.arange(-4, 1.1, 0.5)
BOWL = {name: (np.log10(GRID) + 3 - 0.3 * i) ** 2 + 0.1 for i, name in enumerate(NAMES)}
TIMES = np.where(RNG.random((12, 9)) < 0.2, np.inf, RNG.lognormal(size=(12, 9)))
SURFACE = np.add.outer(np.arange(6.0), np.arange(11.0))
PATHS = {"adam": path(ROSENBROCK, Adam(lr=0.1)), "gone": path(ROSENBROCK, SGD(lr=0.1))}
CLIPPED = SGD(lr=1.0, clip_norm=1.0)
START = {"one step": [(0, 0)]}

DRAWN = {
    "learning curves": lambda: plots.learning_curves(CURVES, target=0.02, title="a title"),
    "with divergence": lambda: plots.learning_curves(GONE),
    "nothing finished": lambda: plots.learning_curves({"sgd": np.empty((0, 3)), "adam": [[NAN, 1.0, 2.0]]}),
    "apart": lambda: plots.learning_curves_apart(GONE, x=np.arange(31) * 10, target=0.9, title="a title"),
    "apart, one": lambda: plots.learning_curves_apart({"adam": fall(0.1)}),
    "sensitivity": lambda: plots.sensitivity(GRID, BOWL, title="a title"),
    "sensitivity, all diverged": lambda: plots.sensitivity(GRID, {"sgd": np.full(11, NAN)}),
    "profiles": lambda: plots.performance_profiles(TIMES, NAMES, title="a title"),
    "ranks": lambda: plots.rank_diagram(TIMES, NAMES),
    "ranks of two": lambda: plots.rank_diagram(TIMES[:3, :2], ("a long name of a method", "b"), of="seeds"),
    "best of k": lambda: plots.best_of_k({name: RNG.lognormal(size=30) for name in NAMES}, logarithmic=True),
    "ranks of long names": lambda: plots.rank_diagram(TIMES, [f"{name} with a long name " * 3 for name in NAMES]),
    "best of k, all diverged": lambda: plots.best_of_k({"sgd": [NAN, NAN]}, logarithmic=True),
    "many long names": lambda: plots.learning_curves({f"{n} with a name of {'x' * 30}": fall(1) for n in NAMES}),
    "apart, long names": lambda: plots.learning_curves_apart({f"{n} with a long name": fall(1) for n in NAMES}),
    "apart, none": lambda: plots.learning_curves_apart({}),
    "sensitivity of none": lambda: plots.sensitivity(GRID, {}),
    "heat map, wide": lambda: plots.heat_map(np.ones((2, 44)), np.arange(44.0), [1, 2]),
    "best of k, diverged": lambda: plots.best_of_k({"sgd": [NAN, NAN, 1.0, 2.0]}),
    "heat map": lambda: plots.heat_map(SURFACE, GRID, GRID[:6], title="a title"),
    "heat map, diverged": lambda: plots.heat_map(np.full((6, 11), NAN), GRID, GRID[:6]),
    "trajectories": lambda: plots.trajectories(ROSENBROCK.f, PATHS, minima=ROSENBROCK.minima, title="a title"),
    "a point": lambda: plots.trajectories(HIMMELBLAU.f, START, x=(-5, 5), y=(-5, 5)),
    "nothing finite": lambda: plots.trajectories(lambda x, y: np.log(-1 - x * x), {**START, "gone": [(NAN, 0)]}),
    "a constant": lambda: plots.trajectories(lambda x, y: 0 * x, START),
    "basins": lambda: plots.basins(SURFACE % 5 - 1, np.arange(11), np.arange(6), HIMMELBLAU.minima),
}


@pytest.fixture(scope="module", params=list(DRAWN), ids=list(DRAWN))
def figure(request):
    return DRAWN[request.param]()


def test_everything_that_is_written_is_inside(figure):
    assert isinstance(figure, Figure)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    artists = [*figure.texts, *figure.legends, *figure.axes]  # axes with their ticks, labels and titles
    for box in (artist.get_tightbbox(renderer) for artist in artists):
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= figure.bbox.x1 + 1
        assert box.y1 <= figure.bbox.y1 + 1


def test_letters_can_be_read(figure):
    """The smallest are half of the text around them, in print and where a picture is shrunk to a phone."""
    sizes = [text.get_fontsize() for text in figure.findobj(Text) if text.get_text().strip()]
    assert min(sizes) >= 7
    assert figure.get_figwidth() == plots.WIDTH


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "begin"), [("svg", b"<?xml"), ("pdf", b"%PDF-"), ("png", b"\x89PNG")])
def test_files_repeat_whatever_the_settings(kind, begin):
    first = plots.render(DRAWN["sensitivity"](), kind)
    with mpl.rc_context({"font.size": 30, "axes.grid": True, "lines.linewidth": 9}):
        second = plots.render(DRAWN["sensitivity"](), kind)
    assert first == second
    assert first.startswith(begin)


# -- colours ----------------------------------------------------------------------------------------------------------

# Vienot, Brettel & Mollon 1999: what a person without the red or the green cones sees, in linear RGB.
SIGHT = {
    "all": np.eye(3),
    "no red": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
    "no green": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
}


@pytest.mark.parametrize("sight", list(SIGHT))
def test_lines_are_told_apart_by_colour_or_by_dashes(sight):
    """Two lines of similar colours to some eye differ in dashes."""
    looks = [plots.style(i) for i in range(10)]
    seen = []
    for look in looks:
        linear = np.array(mpl.colors.to_rgb(look["color"])) ** 2.2
        seen.append(np.clip(np.array(SIGHT[sight]) @ linear, 0, 1) ** (1 / 2.2))
    for (a, one), (b, other) in itertools.combinations(zip(looks, seen, strict=True), 2):
        assert np.linalg.norm(one - other) > 0.15 or a["linestyle"] != b["linestyle"]


# -- what they show ---------------------------------------------------------------------------------------------------


def labels(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_curves_show_the_median_and_count_divergence():
    runs = np.array([[4.0, 3.0], [2.0, 1.0], [8.0, 2.0], [NAN, NAN]])
    figure = plots.learning_curves({"a": runs, "b": np.empty((0, 2)), "c": runs[:3]})
    (axes,) = figure.axes
    assert axes.lines[0].get_ydata().tolist() == [4, 2]
    assert labels(figure) == ["a (1 of 4 diverged)", "b (diverged)", "c"]


def test_curves_go_no_lower_than_rounding():
    figure = plots.learning_curves({"a": [[1.0, 0.0]]})
    assert figure.axes[0].lines[0].get_ydata()[-1] == plots.FLOOR


def test_profiles_are_listed_from_the_best_on():
    figure = plots.performance_profiles([[4, 1, np.inf], [4, 1, np.inf]], ["slow", "fast", "lost"])
    assert [text.split()[0] for text in labels(figure)] == ["fast", "slow", "lost"]
    assert labels(figure)[0] == "fast  1.00"


def test_ranks_are_written_beside_the_names():
    figure = plots.rank_diagram([[1, 2, NAN], [2, 1, NAN]], ["a", "b", "c"])
    written = {text.get_text() for text in figure.axes[0].texts}
    assert {"a  1.50", "b  1.50", "c  3.00"} <= written


def test_the_best_of_a_heat_map_is_starred_and_divergence_crossed():
    values = np.array([[3.0, 1.0], [NAN, 2.0]])
    (axes, *_) = plots.heat_map(values, [1, 2], [1, 2]).axes
    marks = {line.get_marker(): (line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines}
    assert marks == {"*": (1, 0), "x": (0, 1)}
    (axes, *_) = plots.heat_map(values, [1, 2], [1, 2], higher_is_better=True).axes
    assert next(line.get_xdata()[0] for line in axes.lines if line.get_marker() == "*") == 0


def test_a_path_that_flies_away_is_cut_off():
    (axes,) = plots.trajectories(ROSENBROCK.f, PATHS, minima=ROSENBROCK.minima).axes
    assert np.abs([axes.get_xlim(), axes.get_ylim()]).max() < 10


# -- animation --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_gif_moves(tmp_path):
    file = tmp_path / "paths.gif"
    paths = {"adam": path(HIMMELBLAU, Adam(lr=0.3), 12)}
    plots.Animation(HIMMELBLAU.f, paths, minima=HIMMELBLAU.minima).save_gif(file)
    with Image.open(file) as image:
        assert image.n_frames == 13  # a frame a step; the last one stands
        first = np.asarray(image.convert("RGB"), int)
        image.seek(12)
        assert np.abs(np.asarray(image.convert("RGB"), int) - first).max() > 100


def test_an_animated_svg_needs_no_script_and_follows_the_path():
    paths = {"corner": [(-5, -5), (5, -5), (5, 5)], "gone": [(0, 0), (NAN, 0)]}
    text = plots.Animation(HIMMELBLAU.f, paths, x=(-5, 5), y=(-5, 5)).to_svg()
    root = ElementTree.fromstring(text)
    svg = "{http://www.w3.org/2000/svg}"
    (window,) = root.findall(f"{svg}svg")
    width, height = float(window.get("width")), float(window.get("height"))
    points = [[float(v) for v in point.split(",")] for point in window.find(f"{svg}polyline").get("points").split()]
    np.testing.assert_allclose(points, [(0, height), (width, height), (width, 0)], atol=0.11)
    hidden = [float(v) for v in window.find(f"{svg}polyline/{svg}animate").get("values").split(";")]
    assert (hidden[0], hidden[-1]) == (1, 0)
    assert hidden[1] == pytest.approx(height / (width + height), abs=1e-3)
    assert "<script" not in text
    assert len(window.findall(f"{svg}circle")) == 2


# -- basins -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", [SGD(lr=0.01), Momentum(lr=0.01), Adam(lr=0.3, clip_value=1.0)])
def test_basins_are_where_minimize_ends(optimizer):
    x, y = np.linspace(-5, 5, 4), np.linspace(-4, 4, 3)
    reached = plots.attraction(HIMMELBLAU.f, optimizer, x, y, HIMMELBLAU.minima, steps=200)
    for row, column in np.ndindex(3, 4):
        with np.errstate(all="ignore"):
            end = minimize(lambda z: HIMMELBLAU.f(z[0], z[1]), np.array([x[column], y[row]]), optimizer, 200).x
        distances = np.linalg.norm(end - np.array(HIMMELBLAU.minima), axis=1)
        assert reached[row, column] == (distances.argmin() if distances.min() <= 0.1 else -1)


@pytest.mark.parametrize("seconds", [0.01, 3.0, 300.0])
def test_an_animation_leaves_out_paths_without_points(seconds, tmp_path):
    paths = {"gone": [(NAN, 0)], "adam": [(0, 0), (1, 1)]}
    animation = plots.Animation(HIMMELBLAU.f, paths, seconds=seconds)
    animation.save_gif(tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as image:
        assert image.n_frames == 2
    assert animation.to_svg().count("<polyline") == 1


def test_a_start_that_diverges_arrives_nowhere():
    assert plots.attraction(HIMMELBLAU.f, SGD(lr=1.0), [4.0], [4.0], HIMMELBLAU.minima, 50).tolist() == [[-1]]


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.heat_map(SURFACE, GRID, GRID), r"shape \(11, 11\). Received: \(6, 11\)"),
        (lambda: plots.trajectories(HIMMELBLAU.f, {"a": [1, 2]}), "points of two coordinates"),
        (lambda: plots.trajectories(HIMMELBLAU.f, {}), "nothing to show"),
        (lambda: plots.basins([[0, 1]], [0, 1, 2], [0, 1], HIMMELBLAU.minima), "one index for each start"),
        (lambda: plots.basins([[0, 9], [0, 0]], [0, 1], [0, 1], HIMMELBLAU.minima), "indices are -1, or"),
        (lambda: plots.basins([[0.5, 0], [0, 0]], [0, 1], [0, 1], HIMMELBLAU.minima), "indices are -1, or"),
        (lambda: plots.basins([[0]], [0], [0], HIMMELBLAU.minima), "x must increase evenly, two starts or more"),
        (lambda: plots.basins([[0] * 3] * 2, [0, 1, 9], [0, 1], HIMMELBLAU.minima), "x must increase evenly"),
        (lambda: plots.attraction(HIMMELBLAU.f, SGD(lr=0.1), [0.0], [0.0], [], 1), "at least one minimum"),
        (lambda: plots.attraction(HIMMELBLAU.f, SGD([np.zeros(2)], lr=0.1), [0.0], [0.0], [(3, 2)], 1), "unbound"),
        (lambda: plots.trajectories(HIMMELBLAU.f, {}, x=(1, 1), y=(0, 1)), "Limits must differ"),
        (lambda: plots.Animation(HIMMELBLAU.f, {"a": [[0, 0]]}, seconds=0), "seconds must be above 0"),
        (lambda: plots.learning_curves({"a": [1, 2, 3]}, x=[1, 2]), r"as many points as x, \(2,\)"),
        (lambda: plots.learning_curves({"a": [[1, 2], [1]]}), "Fill up with NaN"),
        (lambda: plots.learning_curves({"a": np.ones((2, 2, 2))}), r"shape \(runs, points\)"),
        (lambda: plots.sensitivity([0.1, 1], {"a": [1, 2, 3]}), "a needs a value for each learning rate"),
        (lambda: plots.sensitivity([-0.1, 1], {"a": [1, 2]}), "learning rates must be positive"),
        (lambda: plots.heat_map([[0.0, 1.0]], [1, 2], [1], logarithmic=True), "need positive values"),
        (lambda: plots.heat_map(np.empty((0, 0)), [], []), "a row for each y"),
        (lambda: plots.performance_profiles([[1, 2, 3]], ["a", "b"]), "a column for each of 2 names"),
        (lambda: plots.rank_diagram([[1, 2, 3]], ["a", "b"]), "a column for each of 2 names"),
        (lambda: plots.attraction(HIMMELBLAU.f, LAMB(), [0], [0], [(0, 0)], 1), "works element by element"),
        (lambda: plots.attraction(HIMMELBLAU.f, CLIPPED, [0], [0], [(0, 0)], 1), "works element by element"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
