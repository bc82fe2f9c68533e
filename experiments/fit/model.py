"""What the loop needs of a model: anything that can be called and has `parameters()`; a Module has all the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import UsageError


def check(model: Any) -> None:
    """Raise UsageError unless it is a model with parameters."""
    if isinstance(model, type) or not callable(model) or not callable(getattr(model, "parameters", None)):
        raise UsageError(f"fit: a model can be called and has parameters(). Received: {model!r}.")
    if not model.parameters():
        raise UsageError(f"fit: there is nothing to train: {model!r} has no parameters.")


def dtype_of(model: Any) -> np.dtype[Any]:
    """The dtype of the parameters, the widest if there are several."""
    return np.result_type(*(p.data for p in model.parameters()))


def switch(model: Any, training: bool) -> None:
    """Switch to training or to evaluation."""
    if hasattr(model, "train"):
        model.train(training)


def state_of(model: Any) -> dict[str, Any]:
    """A copy of parameters and buffers; of a model without `state_dict`, of its parameters by position."""
    if hasattr(model, "state_dict"):
        return dict(model.state_dict())
    return {str(index): p.data.copy() for index, p in enumerate(model.parameters())}


def restore(model: Any, state: Mapping[str, Any]) -> None:
    """Copy such a state into the model; its arrays stay the same objects."""
    if hasattr(model, "load_state_dict"):
        model.load_state_dict(state)
        return
    for index, p in enumerate(model.parameters()):
        p.data[...] = state[str(index)]


def generators(model: Any) -> list[np.random.Generator]:
    """The random generators among the attributes of the model and of the modules in it, each once."""
    modules = model.modules() if hasattr(model, "modules") else [model]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, np.random.Generator)]
    return list({id(rng): rng for rng in found}.values())
