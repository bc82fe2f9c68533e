"""torch.optim.swa_utils."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ....optim.buffers import note_write
from .lr_scheduler import SWALR

__all__ = ["SWALR", "AveragedModel", "get_ema_avg_fn", "get_swa_avg_fn"]

Average = Callable[[Any, Any, int], Any]


def get_swa_avg_fn() -> Average:
    """A function that computes the mean of all models so far."""
    return lambda averaged, present, count: averaged + (present - averaged) / (count + 1)


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """A function that computes an exponential moving average. Raises ValueError if decay is outside [0, 1]."""
    if not 0 <= decay <= 1:
        raise ValueError(f"decay must be in [0, 1]. Received: decay={decay!r}. It is the weight of the old average.")
    return lambda averaged, present, count: decay * averaged + (1 - decay) * present


class AveragedModel:
    """A copy of a model with averaged parameters. Izmailov et al. 2018, arXiv:1803.05407.

    Args:
        model: an object with `parameters()` that can be called and copied.
        avg_fn: a function of the averaged array, the present array and the number of models so far that returns the new
            average; by default the mean.
        use_buffers: average the buffers, such as running statistics, too. Otherwise each update copies them.

    Attributes:
        module: the copy.
        n_averaged: the number of calls of `update_parameters`. The first one copies.
    """

    def __init__(self, model: Any, avg_fn: Average | None = None, use_buffers: bool = False) -> None:
        """Copy the model."""
        self.module = copy.deepcopy(model)
        self.n_averaged = 0
        self.avg_fn = avg_fn or get_swa_avg_fn()
        self.use_buffers = use_buffers

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result of the averaged model."""
        return self.module(*args, **kwargs)

    def parameters(self) -> Any:
        """The averaged parameters."""
        return self.module.parameters()

    def train(self, mode: bool = True) -> AveragedModel:
        """Switch the copy to training, or to evaluation. Returns self."""
        self.module.train(mode)
        return self

    def eval(self) -> AveragedModel:
        """Switch the copy to evaluation. Returns self."""
        return self.train(False)

    def state_dict(self) -> dict[str, Any]:
        """The state of the copy by PyTorch's names: "n_averaged", and "module." before each of its paths."""
        state = {f"module.{path}": value for path, value in self.module.state_dict().items()}
        return {"n_averaged": np.asarray(self.n_averaged), **state}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state. Raises ValueError if it belongs to another model. Nothing has been changed then."""
        others = [name for name in state_dict if name != "n_averaged" and not name.startswith("module.")]
        if others or "n_averaged" not in state_dict:
            raise ValueError(
                "A state of AveragedModel must have n_averaged, and names that begin with 'module.'. "
                f"Received: {', '.join(state_dict)}."
            )
        own = {path.removeprefix("module."): value for path, value in state_dict.items() if path != "n_averaged"}
        self.module.load_state_dict(own)
        self.n_averaged = int(state_dict["n_averaged"])

    def update_parameters(self, model: Any) -> None:
        """Include the model's present parameters in the average, and take over or average its buffers."""
        for averaged, present in zip(self.parameters(), model.parameters(), strict=True):
            self._update(averaged.data, present.data)
            note_write(averaged, "update_parameters")
        for averaged, present in zip(_buffers(self.module), _buffers(model), strict=True):
            if self.use_buffers:
                self._update(averaged, present)
            else:
                np.copyto(averaged, present)
        self.n_averaged += 1

    def _update(self, averaged: Any, present: Any) -> None:
        np.copyto(averaged, self.avg_fn(averaged, present, self.n_averaged) if self.n_averaged else present)


def _buffers(model: Any) -> list[Any]:
    """The arrays of a model that are part of its state, but no parameters."""
    return list(model.named_buffers().values()) if hasattr(model, "named_buffers") else []
