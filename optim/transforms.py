"""What comes before and after a rule within the same pass over memory.

Each is a function like a rule, of a line or two, that gives new values of its first parameters, as many as it returns;
the options of every optimizer of the same names switch them on. What is made anew and is neither x nor g is a state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..kernels import maximum, minimum


def maximize(g):
    """Ascend instead of descend."""
    return -g


def clip_norm(g, clip_factor):
    """Scale all gradients together so that their global norm is at most `clip_norm`."""
    return clip_factor * g


def clip_value(g, clip_value):
    """Bound each element by `clip_value` in absolute value."""
    return minimum(maximum(g, -clip_value), clip_value)


def weight_decay(g, x, weight_decay):
    """L2: the gradient of weight_decay/2 * |x|**2 is added."""
    return g + weight_decay * x


def decoupled_weight_decay(x, lr, decoupled_weight_decay):
    """Shrink x by itself, whatever its gradient. Loshchilov & Hutter 2019, as PyTorch and Keras scale it."""
    return (1 - lr * decoupled_weight_decay) * x


def lookahead(x, x_slow, t, lookahead, lookahead_alpha):
    """Zhang et al. 2019, arXiv:1907.08610, algorithm 1; x_slow starts at x."""
    if t % lookahead == 0:
        x_slow = x_slow + lookahead_alpha * (x - x_slow)
        x = x_slow
    return x, x_slow


def ema(x_ema, x, t, ema):
    """The exponential moving average of x; it starts at the first new x."""
    x_ema = x if t == 1 else ema * x_ema + (1 - ema) * x
    return x_ema


def swa(x_swa, x, t, swa, swa_every):
    """The mean of x over the updates swa, swa + swa_every, ... Izmailov et al. 2018, arXiv:1803.05407, algorithm 1."""
    if t >= swa and (t - swa) % swa_every == 0:
        x_swa = x_swa + (x - x_swa) / ((t - swa) / swa_every + 1)
    return x_swa


BEFORE: dict[str, Callable[..., Any]] = {
    "maximize": maximize,
    "clip_norm": clip_norm,
    "clip_value": clip_value,
    "weight_decay": weight_decay,
    "decoupled_weight_decay": decoupled_weight_decay,
}
AFTER: dict[str, Callable[..., Any]] = {"lookahead": lookahead, "ema": ema, "swa": swa}

STARTS = {"x_slow": "x"}
"""Where their states start that do not start at 0."""
