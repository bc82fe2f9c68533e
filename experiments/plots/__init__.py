"""Plots of results, from plain arrays. Each function returns a matplotlib Figure; `render` turns it into a file."""

from .contours import Animation, trajectories
from .convergence import attraction, basins
from .curves import learning_curves, learning_curves_apart
from .figure import COLOURS, FLOOR, MARKERS, WIDTH, render, style
from .hyperparameters import heat_map, sensitivity
from .rankings import best_of_k, performance_profiles, rank_diagram

__all__ = [
    "COLOURS",
    "FLOOR",
    "MARKERS",
    "WIDTH",
    "Animation",
    "attraction",
    "basins",
    "best_of_k",
    "heat_map",
    "learning_curves",
    "learning_curves_apart",
    "performance_profiles",
    "rank_diagram",
    "render",
    "sensitivity",
    "style",
    "trajectories",
]
