"""torch.optim.LBFGS, which stores the state of all parameters with the first parameter."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...optim import rules
from ...optim.bound import BoundOptimizer
from ...optim.optimizer import Optimizer as Ours
from .kind import Entries
from .optimizer import Optimizer


class LBFGS(Optimizer):
    """`LBFGS`. There is one parameter group, and `step` takes a closure."""

    ours = rules.LBFGS
    signature = (
        "lr=1, max_iter=20, max_eval=None, tolerance_grad=1e-7, tolerance_change=1e-9, history_size=100, "
        "line_search_fn=None"
    )
    argument_names = {"line_search_fn": "line_search"}
    shaping = ("history_size",)

    @classmethod
    def completed(cls, *args: Any, **arguments: Any) -> dict[str, Any]:
        """All arguments. The default of max_eval depends on max_iter."""
        values = super().completed(*args, **arguments)
        if values["max_eval"] is None and isinstance(values["max_iter"], int):
            values["max_eval"] = values["max_iter"] * 5 // 4
        return values

    def add_param_group(self, param_group: Any) -> None:
        """Add the only group. Raises ValueError if there is one already."""
        if self.param_groups:
            raise ValueError("torch.LBFGS takes all parameters as one vector, in one group. Received: another group.")
        super().add_param_group(param_group)

    @classmethod
    def exported(cls, bound: BoundOptimizer) -> Entries:
        """PyTorch's state, which belongs to the first parameter. A change of x is a direction of step length 1."""
        (buffer,) = bound.groups[0].buffers
        t, changes, iterations = (int(number) for number in buffer.step_counts[0])
        if not t:
            return [None] * len(bound._views)
        states: dict[str, Any] = buffer.states
        size = len(states["s"])
        order = [i % size for i in range(max(0, changes - size), changes)]
        pairs = [(states["s"][i].copy(), states["y"][i].copy()) for i in order]
        curvatures = [float(s @ y) for s, y in pairs]
        first = {
            "n_iter": iterations,
            "d": states["step"].copy(),
            "t": 1.0,
            "old_dirs": [y for _, y in pairs],
            "old_stps": [s for s, _ in pairs],
            "ro": [1 / curvature for curvature in curvatures],
            "H_diag": curvatures[-1] / float(pairs[-1][1] @ pairs[-1][1]) if pairs else 1.0,
            "prev_flat_grad": states["last"].copy(),
        }
        return [first, *[None] * (len(bound._views) - 1)]

    @classmethod
    def imported(cls, spec: Ours, bound: BoundOptimizer, entries: Entries, strict: bool) -> dict[str, Any]:
        """A state of ravine from PyTorch's: its vectors for all parameters are divided among the parameters."""
        (buffer,) = bound.groups[0].buffers
        entry = entries[0]
        flat: dict[str, Any] = {slot: spec.start(slot, buffer.x) for slot in spec.kernel.arrays[2:]}
        numbers = {"t": 0, "changes": 0.0, "iterations": 0.0}
        if entry:
            if "n_iter" not in entry or "prev_flat_grad" not in entry:
                raise ValueError(f"A state of torch.LBFGS must have n_iter. Received: {', '.join(entry)}.")
            pairs = list(zip(entry["old_stps"], entry["old_dirs"], strict=True))[-len(flat["s"]) :]
            numbers = {"t": 1, "changes": float(len(pairs)), "iterations": float(entry["n_iter"])}
            flat["step"] = _vector("d", entry["d"], buffer.x) * float(entry["t"])
            flat["last"] = _vector("prev_flat_grad", entry["prev_flat_grad"], buffer.x)
            for index, (s, y) in enumerate(pairs):
                flat["s"][index] = _vector("old_stps", s, buffer.x)
                flat["y"][index] = _vector("old_dirs", y, buffer.x)
        state = {
            view.name: numbers | {slot: buffer.view(array, view.index) for slot, array in flat.items()}
            for view in bound._views
        }
        return {"optimizer": type(spec).__name__, "t": numbers["t"], "state": state}


def _vector(name: str, value: Any, x: Any) -> Any:
    array = np.asarray(value)
    if array.shape != x.shape:
        raise ValueError(f"{name} must have shape {x.shape}. Received: {array.shape}.")
    return array.astype(x.dtype)
