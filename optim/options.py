"""What every optimizer takes besides its own hyperparameters."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from ..schedules.fields import Check
from ..schedules.record import BaseRecord
from .hyper import Count, Fraction, NonNegative, Positive, Unit, adapted

Missing: TypeAlias = Literal["skip", "zero", "error"]
NonFinite: TypeAlias = Literal["propagate", "skip", "raise"]


class Options(BaseRecord, abstract=True, kw_only=True):
    """What every optimizer takes besides its own hyperparameters.

    A step goes through them in the order in which they are listed here; the rule stands before `lookahead`.

    Args:
        missing: a parameter without a gradient is skipped ("skip"), takes a gradient of zeros ("zero") or is an error
            ("error").
        accumulate: the gradients of this many calls of `step` are averaged, and the last of them makes the update.
        nonfinite: a gradient with NaN or infinity goes its way ("propagate"), leaves out the whole update ("skip"), or
            is an error ("raise"). The first reads no gradient; the others count in `opt.nonfinite`.
        maximize: ascend.
        clip_norm: the global norm of all gradients of a step is scaled down to this.
        clip_each_norm: the Euclidean norm of each parameter's gradient is scaled down to this.
        clip_adaptive: the norm of a gradient for each unit, which is a column of a matrix (n_in, n_out), a kernel of a
            stack (n_out, n_in, ...), or all of a vector, is scaled down to this fraction of the norm of x there,
            taken as at least 1e-3. Brock et al. 2021, arXiv:2102.06171, eq. 3.
        clip_value: each element of the gradient is bounded by this in absolute value.
        weight_decay: weight_decay * x is added to the gradient (L2), unless the rule decays x itself, as AdamW's does.
        decoupled_weight_decay: x shrinks by the fraction lr * decoupled_weight_decay before the rule moves it.
        lookahead: after every so many updates of a parameter it goes back to a point between where it is and where it
            was at the time before. Zhang et al. 2019, arXiv:1907.08610, algorithm 1.
        lookahead_alpha: how far along that way, from where it was.
        ema: keep the exponential moving average of x, this fraction of it at each update; it starts at the first new x.
            `opt.averaged()` puts it in the place of x.
        swa: keep the mean of x from this update on. Izmailov et al. 2018, arXiv:1803.05407, algorithm 1.
        swa_every: the updates from one x in that mean to the next.

    >>> from ravine.optim import SGD
    >>> x = np.zeros(2)
    >>> SGD([x], lr=1.0, clip_norm=1.0).step([np.array([30.0, 40.0])])
    >>> x.round(3).tolist()
    [-0.6, -0.8]
    """

    missing: Missing = "skip"
    accumulate: Count = 1
    nonfinite: NonFinite = "propagate"
    maximize: bool = False
    clip_norm: Positive | None = None
    clip_each_norm: Positive | None = None
    clip_adaptive: Positive | None = None
    clip_value: Positive | None = None
    weight_decay: NonNegative = 0.0
    decoupled_weight_decay: NonNegative = 0.0
    lookahead: Count | None = None
    lookahead_alpha: Unit = 0.5
    ema: Fraction | None = None
    swa: Count | None = None
    swa_every: Count = 1

    @classmethod
    def _adapt(cls, check: Check) -> Check:
        return adapted(check)


_APART_FROM_THE_LOSS = (
    "accumulate", "clip_norm", "clip_each_norm", "clip_adaptive", "clip_value", "decoupled_weight_decay", "lookahead",
)  # fmt: skip
"""The options that change x or its gradient without changing the loss."""

OF_THE_STEP = ("accumulate", "nonfinite")
"""The options that concern all parameters of a step together, and that no group can have for itself."""

_NEEDS = {"lookahead_alpha": "lookahead", "swa_every": "swa"}


def check_options(spec: Any) -> None:
    """Refuse an option that has no effect, or another effect than it should have. Raises ValueError."""
    for name in _APART_FROM_THE_LOSS if spec.needs_closure else ():
        if getattr(spec, name) != getattr(type(spec), name):
            raise ValueError(
                f"gradients are compared with the loss, and {name} would change only the gradients. "
                f"Received: {name}={getattr(spec, name)!r}. Leave {name} out."
            )
    for name, needed in _NEEDS.items():
        if getattr(spec, needed) is None and getattr(spec, name) != getattr(type(spec), name):
            raise ValueError(
                f"{name} has no effect without {needed}. "
                f"Received: {name}={getattr(spec, name)!r}. Set {needed} too, or leave {name} out."
            )
