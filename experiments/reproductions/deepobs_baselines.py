"""The authors' runs of `quadratic_deep`, read from a file: github.com/fsschneider/DeepOBS_Baselines."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .quadratic_deep import EPOCHS

Array = NDArray[np.float64]

LRS = 10.0 ** np.linspace(-5, 2, 36)
OURS = {"GradientDescentOptimizer": "SGD", "MomentumOptimizer": "Momentum", "AdamOptimizer": "Adam"}
SEEDS = range(42, 52)  # the sweep has the first, the best learning rate all ten
NEEDED = (
    'a JSON object whose "runs" list the run files of github.com/fsschneider/DeepOBS_Baselines under quadratic_deep/, '
    "each with optimizer, lr, seed and test_losses"
)


class Published(NamedTuple):
    """The published test losses of an optimizer, at the start and after each epoch; not finite after divergence."""

    sweep: Array  # (learning rates, epochs + 1), one seed
    best: int  # the index in LRS of the learning rate with ten seeds
    again: Array  # (10 seeds, epochs + 1)


def published() -> dict[str, Published]:
    """Return the published runs by optimizer.

    Raises:
        UsageError: the file is missing, damaged, a different one, or lacks a run.
    """
    folder = os.environ.get("RAVINE_DATA")
    path = Path(folder or "", "deepobs", "quadratic_deep_baselines.json")
    if not folder or not path.is_file():
        raise UsageError(
            f"The published runs aren't here. Received: RAVINE_DATA={folder}. Needed: deepobs/{path.name} in that "
            f"folder: {NEEDED}."
        )
    try:
        return _by_optimizer(json.loads(path.read_text(encoding="utf-8"))["runs"])
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise UsageError(
            f"The published runs can't be read. Received: {path}, {type(error).__name__}: {error}. Needed: {NEEDED}."
        ) from error


def _by_optimizer(runs: list[dict[str, Any]]) -> dict[str, Published]:
    cells: dict[str, dict[tuple[int, int], Array]] = {name: {} for name in OURS.values()}
    for run in runs:
        losses = np.array(run["test_losses"], np.float64)
        if losses.shape != (EPOCHS + 1,):
            raise ValueError(f"test_losses of shape {losses.shape} in place of ({EPOCHS + 1},)")
        cells[OURS[run["optimizer"]]][_index(run["lr"]), run["seed"]] = losses
    return {name: _arranged(name, found) for name, found in cells.items()}


def _index(lr: float) -> int:
    index = int(np.argmin(np.abs(LRS - lr)))
    if not np.isclose(LRS[index], lr, rtol=1e-3):
        raise ValueError(f"lr={lr} isn't one of the 36 from 1e-5 to 100")
    return index


def _arranged(name: str, cells: dict[tuple[int, int], Array]) -> Published:
    again = {place for place, seed in cells if seed != SEEDS[0]}
    needed = {(place, SEEDS[0]) for place in range(len(LRS))} | {(place, seed) for place in again for seed in SEEDS}
    if len(again) != 1 or needed - cells.keys():
        raise ValueError(f"{name}: {len(LRS)} rates of seed {SEEDS[0]} and one of ten seeds, but {len(cells)} runs")
    (best,) = again
    sweep = np.stack([cells[place, SEEDS[0]] for place in range(len(LRS))])
    return Published(sweep, best, np.stack([cells[best, seed] for seed in SEEDS]))
