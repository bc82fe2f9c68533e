"""Pictures of results, from plain arrays; each function returns a matplotlib Figure, `render` makes a file of it."""

from .animation import animated_svg, save_gif
from .attraction import attraction
from .curves import learning_curves, learning_curves_apart
from .figure import COLOURS, FLOOR, MARKERS, WIDTH, render, style
from .hyperparameters import heat_map, sensitivity
from .plane import basins, trajectories
from .rankings import best_of_k, performance_profiles, rank_diagram

__all__ = [
    "COLOURS",
    "FLOOR",
    "MARKERS",
    "WIDTH",
    "animated_svg",
    "attraction",
    "basins",
    "best_of_k",
    "heat_map",
    "learning_curves",
    "learning_curves_apart",
    "performance_profiles",
    "rank_diagram",
    "render",
    "save_gif",
    "sensitivity",
    "style",
    "trajectories",
]
