"""The gradient pipeline: checks of finiteness, accumulation over calls, clipping by norms."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from .buffers import FlatBuffer, Slices, checked_array, separate
from .group import Group
from .norms import clip_factor, clipped_by_units, global_norm
from .optimizer import Optimizer
from .view import ParameterView

_LARGE = 1e30

Pending: TypeAlias = list[tuple[Group, FlatBuffer, Slices]]
"""The updates of a step that are still to be made: for each buffer the slices of parameters."""


def indices(slices: Slices) -> Iterator[int]:
    """The positions of the parameters in these slices."""
    return (index for first, last in slices for index in range(first, last))


def set_gradients(gradients: Any, views: Sequence[ParameterView], memory_owners: set[int]) -> None:
    """Set the gradients that a caller hands over, one per parameter; None is a missing one.

    Raises:
        TypeError, ValueError: they do not fit the parameters. Nothing has been changed then.
    """
    if gradients is None:
        raise TypeError("A plain array carries no gradient. Received: step(). Hand gradients over: step([g, ...]).")
    if not isinstance(gradients, Iterable) or isinstance(gradients, np.ndarray | Mapping | str):
        raise TypeError(f"step takes a list of gradients, [g, ...]. Received: {type(gradients).__name__}.")
    gradients = list(gradients)
    if len(gradients) != len(views):
        raise ValueError(f"step takes one gradient per parameter, {len(views)}. Received: {len(gradients)}.")
    checked = [
        None if g is None else separate(checked_array(view.gradient_name, g, view.x), memory_owners)
        for view, g in zip(views, gradients, strict=True)
    ]
    for view, g in zip(views, checked, strict=True):
        view.buffer.set_gradient(view.index, g)


def warn_of_no_gradient(title: str) -> None:
    """Warn the caller of `step` that it did nothing."""
    warnings.warn(
        f"{title}: no parameter has a gradient, so this step changes nothing. Call loss.backward() before step(), on a "
        "loss of these parameters.",
        RuntimeWarning,
        stacklevel=3,
    )


class GradientPipeline:
    """The options that read the gradients of a step before the kernel does.

    Attributes:
        active: whether gradients are checked or accumulated.
        calls: the calls of `step` since the last update.
        refused: the calls that were left out or refused because a gradient was not finite.
    """

    def __init__(self, spec: Optimizer, groups: Sequence[Group], views: Sequence[ParameterView]) -> None:
        """Start the sums of gradients, if `accumulate` is on."""
        self.spec, self.groups, self.views = spec, groups, views
        self.checks, self.accumulates = spec.nonfinite != "propagate", spec.accumulate > 1
        self.active = self.checks or self.accumulates
        self.calls = self.refused = 0
        self.extend(views, groups)

    def extend(self, views: Sequence[ParameterView], groups: Sequence[Group]) -> None:
        """Take these views of all parameters, and start the sums of new groups."""
        self.views = views
        for group in groups if self.accumulates else ():
            for buffer in group.buffers:
                buffer.start_sum()

    def collect(self, pending: Pending) -> tuple[Pending, float | None]:
        """Check the gradients and add them to the sums.

        Returns:
            the updates to make, with the mean of the gradients, or none as long as more calls are awaited; and the
            global norm of the gradients if it has been computed.

        Raises:
            FloatingPointError: a gradient is not finite, and nonfinite="raise".
        """
        norm = _norm(pending) if self.checks else None
        if norm is not None and not np.isfinite(norm) and not np.isfinite(_peak(pending)):
            self.refused += 1
            if self.spec.nonfinite == "raise":
                self._refuse(pending)
            return [], None
        return (self._mean(pending), None) if self.accumulates else (pending, norm)

    def _refuse(self, pending: Pending) -> None:
        present = {(id(buffer), index) for _, buffer, slices in pending for index in indices(slices)}
        views = [view for view in self.views if (id(view.buffer), view.index) in present]
        bad = [view.name for view in views if not np.isfinite(view.gradient).all()]
        raise FloatingPointError(
            f"The gradients must be finite. Received: NaN or infinity for {', '.join(bad)}, and nonfinite='raise'. "
            "Lower lr, clip, or choose nonfinite='skip'."
        )

    def _mean(self, pending: Pending) -> Pending:
        for _, buffer, slices in pending:
            buffer.add_gradients(slices)
        self.calls += 1
        if self.calls < self.spec.accumulate:
            return []
        self.calls = 0
        buffers = [(group, buffer) for group in self.groups for buffer in group.buffers]
        means = [(group, buffer, buffer.take_mean(self.spec.accumulate)) for group, buffer in buffers]
        return [(group, buffer, slices) for group, buffer, slices in means if slices]

    def clip(self, pending: Pending, k: int, norm: float | None) -> None:
        """Clip gradients: by one factor for the global norm, on a copy for per-parameter and per-unit norms."""
        if norm is None and any(group.spec.clip_norm is not None for group in self.groups):
            norm = _norm(pending)
        peak = 1.0
        if norm is not None and norm > _LARGE:  # limit / norm could underflow: such gradients are divided by the peak
            peak = _peak(pending)
            peak = peak if np.isfinite(peak) else 1.0
            norm = _norm(pending, peak)
        for group, buffer, slices in pending:
            factor = 1.0
            if norm is not None and group.spec.clip_norm is not None:
                limit = group.value("clip_norm", k)
                if not norm <= limit / peak:
                    factor = limit / norm
                    buffer.g = buffer.g if peak == 1 else buffer.g / peak
                group.set_clip_factor(factor)
            if group.spec.clip_each_norm is not None or group.spec.clip_adaptive is not None:
                _clip_parts(group, buffer, slices, k, factor)


def _clip_parts(group: Group, buffer: FlatBuffer, slices: Slices, k: int, factor: float) -> None:
    """Clip each parameter, or each unit of it, as it will be once the kernel has multiplied by the factor."""
    buffer.g = buffer.g.copy()
    for index in indices(slices):
        x, g = buffer.view(buffer.x, index), buffer.view(buffer.g, index)
        if group.spec.clip_each_norm is not None:
            g *= clip_factor(group.value("clip_each_norm", k), factor * global_norm([g.reshape(-1)]))
        if group.spec.clip_adaptive is not None:
            g[...] = clipped_by_units(x, g, group.value("clip_adaptive", k) / factor if factor else np.inf)


def _norm(pending: Pending, divisor: float = 1.0) -> float:
    """The global norm of the gradients divided by a number, computed parameter by parameter."""
    parts = ((buffer, index) for _, buffer, slices in pending for index in indices(slices))
    sections = (buffer.section(buffer.g, index, index + 1) for buffer, index in parts)
    return global_norm(sections if divisor == 1 else (section / divisor for section in sections))


def _peak(pending: Pending) -> float:
    """The largest absolute value of the gradients; NaN if there is one."""
    parts = [buffer.section(buffer.g, *part) for _, buffer, slices in pending for part in slices]
    return float(np.max([np.max(np.abs(part), initial=0.0) for part in parts], initial=0.0))
