"""The history of a training: losses, metrics and learning rates of each epoch and of each step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..plots.figure import Figure


class History:
    """The losses, metrics and learning rates of one call of `fit`.

    Attributes:
        epochs: a dict for each epoch: loss and metrics, those of the validation data with val_ before their names, lr,
            and what callbacks add. Losses and metrics of the training data are means over the epoch's rows, each
            computed before the update with its batch.
        steps: a list for each of loss, lr, and with `recording` gradient_norm and update_ratio; one element a batch.
            The last two are NaN where a batch made no update.
        stopped: the reason why a callback stopped the training; None if none did.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import SGD
    >>> history = fit(nn.Linear(3, 3, rng=0), (np.eye(3), np.arange(3)), SGD(lr=1.0), epochs=10)
    >>> history
    <History of 10 epochs: loss 0.2413, lr 1>
    >>> history["loss"][0] > history["loss"][-1], len(history.steps["loss"])
    (True, 10)
    """

    def __init__(self) -> None:
        self.epochs: list[dict[str, Any]] = []
        self.steps: dict[str, list[float]] = {}
        self.stopped: str | None = None

    def __getitem__(self, name: str) -> list[float]:
        """Return a column of the epochs; NaN where an epoch lacks it. Raises KeyError if all do."""
        if not any(name in epoch for epoch in self.epochs):
            known = dict.fromkeys(key for epoch in self.epochs for key in epoch)
            raise KeyError(f"History has no {name!r}. It has: {', '.join(known)}.")
        return [epoch.get(name, float("nan")) for epoch in self.epochs]

    def __len__(self) -> int:
        return len(self.epochs)

    def __repr__(self) -> str:
        last = self.epochs[-1] if self.epochs else {}
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in last.items())
        ending = f"; stopped: {self.stopped}" if self.stopped else ""
        return f"<History of {len(self)} epochs: {numbers}{ending}>"

    def plot(self, *names: str) -> Figure:
        """Plot columns of the epochs, by default the losses. Raises KeyError for a column that is not there."""
        from ..plots import learning_curves  # matplotlib takes a while to import: only plots need it

        shown = names or [name for name in ("loss", "val_loss") if any(name in epoch for epoch in self.epochs)]
        curves = {name: [self[name]] for name in shown}
        return learning_curves(curves, x=range(1, len(self) + 1), xlabel="epoch", ylabel=", ".join(shown))

    def _repr_html_(self) -> str:
        from ..page import html_image, html_lines
        from ..tables import html_table

        names = list(dict.fromkeys(name for epoch in self.epochs for name in epoch))
        columns = [[f"{value:.4g}" for value in self[name]] for name in names]
        rows = list(zip(range(1, len(self) + 1), *columns, strict=True))
        figure = html_image(self.plot(), "losses") if len(self) > 1 else ""
        ending = html_lines([f"stopped: {self.stopped}"]) if self.stopped else ""
        return html_table(("epoch", *names), rows[-10:]) + figure + ending

    def to_csv(self) -> str:
        """Return the epochs as CSV, with all digits of every number."""
        from ..tables import csv_table

        rows = [{"epoch": index, **epoch} for index, epoch in enumerate(self.epochs)]
        names = dict.fromkeys(name for row in rows for name in row)
        return csv_table([{name: row.get(name, "") for name in names} for row in rows])

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of the history."""
        steps = {name: np.array(values) for name, values in self.steps.items()}
        return {"epochs": [dict(epoch) for epoch in self.epochs], "steps": steps, "stopped": self.stopped}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what `state_dict` returned."""
        self.epochs[:] = [dict(epoch) for epoch in state["epochs"]]
        self.steps.clear()
        self.steps.update({name: values.tolist() for name, values in state["steps"].items()})
        self.stopped = state["stopped"]
