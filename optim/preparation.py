"""What comes between gathering the gradients and updating: the check, the mean over calls, clipping by norms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from .accumulation import Accumulated
from .clipping import global_norm
from .group import Group
from .optimizer import Optimizer
from .storage import Block

if TYPE_CHECKING:
    from .place import Place

__all__ = ["Preparation", "Work"]

Work: TypeAlias = list[tuple[Group, Block, Sequence[tuple[int, int]]]]
"""What there is to update: of each block the runs [i, j) of parameters."""


class Preparation:
    """The options that concern all gradients of a step together.

    Attributes:
        accumulated: what has come since the last update, of each block; nothing if every call of `step` is an update.
        calls: of `step`, since the last update.
        refused: the calls that were left out or refused because a gradient was not finite.
    """

    def __init__(self, spec: Optimizer, groups: Sequence[Group], places: Sequence[Place]) -> None:
        """Nothing has come yet."""
        self.spec, self.groups, self.places = spec, groups, places
        blocks = [block for group in groups for block in group.blocks]
        self.accumulated = [Accumulated(block) for block in blocks] if spec.accumulate > 1 else []
        self.calls = self.refused = 0

    @property
    def clips(self) -> bool:
        """Whether the joint norm is clipped."""
        return any(group.spec.clip_norm is not None for group in self.groups)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        specs = [group.spec for group in self.groups]
        parts = any(spec.clip_each_norm is not None or spec.clip_adaptive is not None for spec in specs)
        return not (self.clips or parts or self.accumulated or self.spec.nonfinite != "propagate")

    def taken(self, work: Work) -> tuple[Work, float | None]:
        """Check the gradients and add them up; at the last of the calls their mean, at others nothing to update.

        Gives what there is to update, and the joint norm of its gradients if an option asks for it.

        Raises:
            FloatingPointError: a gradient is not finite, and nonfinite="raise".
        """
        checks = self.spec.nonfinite != "propagate"
        norm = _norm(work) if checks or (self.clips and not self.accumulated) else None
        if checks and norm is not None and not np.isfinite(norm):
            self.refused += 1
            if self.spec.nonfinite == "raise":
                self._refuse(work)
            return [], None
        if self.accumulated:
            work = self._mean(work)
            norm = _norm(work) if self.clips else None
        return work, norm

    def _refuse(self, work: Work) -> None:
        present = {(id(block), i) for _, block, runs in work for run in runs for i in range(*run)}
        with_one = [place for place in self.places if (id(place.block), place.index) in present]
        bad = [p.name for p in with_one if not np.isfinite(p.block.part(p.block.g, p.index)).all()]
        raise FloatingPointError(
            f"The gradients must be finite. Received: NaN or infinity for {', '.join(bad)}, and nonfinite='raise'. "
            "Lower lr, clip, or choose nonfinite='skip'."
        )

    def _mean(self, work: Work) -> Work:
        of = {id(accumulated.block): accumulated for accumulated in self.accumulated}
        for _, block, runs in work:
            of[id(block)].add(runs)
        self.calls += 1
        if self.calls < self.spec.accumulate:
            return []
        self.calls = 0
        blocks = [(group, block) for group in self.groups for block in group.blocks]
        means = [(group, block, of[id(block)].mean(self.spec.accumulate)) for group, block in blocks]
        return [(group, block, runs) for group, block, runs in means if runs]


def _norm(work: Work) -> float:
    """The norm of all gradients together, parameter by parameter."""
    indices = ((block, i) for _, block, runs in work for run in runs for i in range(*run))
    return global_norm(block.stretch(block.g, i, i + 1) for block, i in indices)
