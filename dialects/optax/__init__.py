"""optax's optimizers and schedules, with optax's numerics. The optimizers have `bind`, and optax's `init` and `update`.

>>> from ravine.dialects import optax
>>> optimizer = optax.adam(optax.exponential_decay(0.1, 100, 0.9))
>>> params = {"w": np.array([1.0, -2.0])}
>>> state = optimizer.init(params)
>>> updates, state = optimizer.update({"w": 2 * params["w"]}, state, params)
>>> optax.apply_updates(params, updates)["w"].round(6).tolist()
[0.9, -1.9]
"""

from . import chains, optimizers, schedules
from .base import apply_updates, global_norm
from .chains import *  # noqa: F403
from .optimizers import *  # noqa: F403
from .schedules import *  # noqa: F403

__all__ = ["apply_updates", "global_norm", "schedules"]
__all__ += optimizers.__all__
__all__ += chains.__all__
__all__ += [name for name in schedules.__all__ if name != "reduce_on_plateau"]
