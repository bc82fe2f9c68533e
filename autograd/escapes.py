"""The error message for a Tensor that would become an array and lose its gradient."""

from __future__ import annotations

import sys
from types import FrameType

import numpy as np

_INSTEAD = {
    "scipy.special.logsumexp": "ravine.autograd.nn.logsumexp",
    "scipy.special.softmax": "ravine.autograd.nn.softmax",
    "scipy.special.log_softmax": "ravine.autograd.nn.log_softmax",
    "scipy.special.polygamma": "ravine.autograd.ops.special.polygamma",
    "scipy.special.multigammaln": "ravine.autograd.ops.special.multigammaln",
}


def refusal() -> str:
    """The message, for the caller's caller. It names the SciPy function that made an array of the Tensor, if any."""
    name = _function_of_scipy()
    if name is None:
        return (
            "A Tensor that requires a gradient does not turn into an array by itself: the gradient would be lost. Join "
            "Tensors with np.stack([...]) or np.concatenate([...]); take the numbers with .data or .detach()."
        )
    transform = name.removeprefix("scipy.fft.")
    instead = f"np.fft.{transform}" if hasattr(np.fft, transform) else _INSTEAD.get(name)
    return (
        f"{name} is a Python function that makes arrays of its arguments. Received: a Tensor that requires a gradient, "
        "which would be lost. " + (f"Use {instead}." if instead else "Apply it to .data, outside the graph.")
    )


def _function_of_scipy() -> str | None:
    """The outermost running function that led here and is a public function of SciPy."""
    name = None
    frame: FrameType | None = sys._getframe(3)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("scipy."):
        for module in ("scipy.special", "scipy.fft", ".".join(frame.f_globals["__name__"].split(".")[:2])):
            found = getattr(sys.modules.get(module), frame.f_code.co_name, None)
            if callable(found):
                name = f"{module}.{frame.f_code.co_name}"
                break
        frame = frame.f_back
    return name
