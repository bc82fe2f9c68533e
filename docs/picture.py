"""The picture of the README: six optimizers on the way to the minimum of Beale's function. `python docs/picture.py`"""

from pathlib import Path

import numpy as np

from ravine.experiments.plots import Animation
from ravine.experiments.problems import PROBLEMS
from ravine.optim import NAG, SGD, Adagrad, Adam, Momentum, RMSprop, minimize

OPTIMIZERS = (SGD(lr=0.01), Momentum(lr=0.01), NAG(lr=0.01), Adagrad(lr=0.3), RMSprop(lr=0.03), Adam(lr=0.1))


def valley(x, y):
    """On a logarithmic scale the ends of the valley are gentle as well."""
    return np.log1p(PROBLEMS["beale"].f(x, y))


paths = {
    type(optimizer).__name__: minimize(lambda z: valley(*z), np.array([1.0, 1.5]), optimizer, steps=150).trajectory
    for optimizer in OPTIMIZERS
}
picture = Animation(
    valley, paths, minima=[(3, 0.5)], x=(-0.5, 4.2), y=(-1, 2), title="150 steps on Beale's function"
).to_svg()
(Path(__file__).parent / "static" / "ravine.svg").write_text(picture, encoding="utf-8")
