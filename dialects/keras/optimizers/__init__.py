"""keras.optimizers of Keras 3.15: one class per optimizer, with the optimizer of ravine that has its numerics."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from ....optim import rules
from ....optim.rules.frameworks import keras as keras_rules
from ....optim.rules.frameworks import keras_tensors as tensor_rules
from .. import schedules
from ..base import KerasOptimizer, deserialize, get, named, serialize

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Muon",
    "Nadam",
    "RMSprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

MOMENTS = {"momentum": "m", "velocity": "v"}


class SGD(KerasOptimizer):
    """The velocity contains lr * g: a new lr affects new gradients alone. Without momentum nesterov is ignored."""

    signature = "learning_rate=0.01, momentum=0.0, nesterov=False"
    slots = {"momentum": "v"}

    @staticmethod
    def ours(momentum: Any, nesterov: bool, **hyper: Any) -> Any:
        if momentum == 0:
            return rules.SGD(**hyper)
        return (keras_rules.KerasNAG if nesterov else keras_rules.KerasMomentum)(momentum=momentum, **hyper)


class RMSprop(KerasOptimizer):
    """Epsilon is inside the root, and the velocity contains lr * g / root."""

    ours = keras_rules.KerasRMSprop
    signature = "learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False"
    slots = {"velocity": "v", "momentum": "b", "average_gradient": "m"}
    order = (("v",), ("b",), ("m",))


class Adagrad(KerasOptimizer):
    """The sum of squares starts at 0.1; epsilon is inside the root."""

    ours = keras_rules.KerasAdagrad
    signature = "learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-7"
    slots = {"accumulator": "v"}


class Adadelta(KerasOptimizer):
    """The formula is the same everywhere; the default lr is a thousandth of the paper's."""

    ours = rules.Adadelta
    signature = "learning_rate=0.001, rho=0.95, epsilon=1e-7"
    slots = {"accumulated_grad": "v", "accumulated_delta_var": "u"}


class Adam(KerasOptimizer):
    """Epsilon-hat: epsilon is added to the root of the uncorrected v; with amsgrad, of the largest uncorrected v."""

    signature = "learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False"
    slots = MOMENTS | {"velocity_hat": "v_max"}
    order = (("m", "v"), ("v_max",))

    @staticmethod
    def ours(amsgrad: bool, **hyper: Any) -> Any:
        return (keras_rules.EpsHatAMSGrad if amsgrad else keras_rules.EpsHatAdam)(**hyper)


class AdamW(KerasOptimizer):
    """Adam with weight_decay=0.004 by default. (Every optimizer of Keras 3 has this argument.)"""

    ours = Adam.ours
    signature = "learning_rate=0.001, weight_decay=0.004, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False"
    slots = Adam.slots
    order = Adam.order


class Adamax(KerasOptimizer):
    """Epsilon is added to the largest gradient."""

    ours = keras_rules.KerasAdamax
    signature = "learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7"
    slots = {"momentum": "m", "norm": "u"}


class Nadam(KerasOptimizer):
    """momentum_decay is 1: the momentum grows 250 times as fast as in PyTorch, tf.keras up to 2.10 and Keras 2."""

    ours = staticmethod(partial(rules.NAdam, momentum_decay=1.0))
    signature = "learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7"
    slots = MOMENTS


class Ftrl(KerasOptimizer):
    """The sum of squares starts at 0.1, and l2 counts twice."""

    ours = keras_rules.KerasFtrl
    signature = (
        "learning_rate=0.001, learning_rate_power=-0.5, initial_accumulator_value=0.1, l1_regularization_strength=0.0, "
        "l2_regularization_strength=0.0, l2_shrinkage_regularization_strength=0.0, beta=0.0"
    )
    argument_names = {
        "learning_rate_power": "power",
        "l1_regularization_strength": "l1",
        "l2_regularization_strength": "l2",
        "l2_shrinkage_regularization_strength": "shrinkage",
    }
    slots = {"accumulator": "v", "linear": "z"}


class Lion(KerasOptimizer):
    """The paper's formula; the default lr is ten times the paper's."""

    ours = rules.Lion
    signature = "learning_rate=0.001, beta_1=0.9, beta_2=0.99"
    slots = {"momentum": "m"}


class Lamb(KerasOptimizer):
    """weight_decay is outside the ratio of norms."""

    ours = tensor_rules.KerasLamb
    signature = "learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7"
    slots = MOMENTS


class Adafactor(KerasOptimizer):
    """lr is at most 1 / sqrt(t). relative_step has no effect, as in Keras.

    Keras on JAX computes the means in float32, ravine does not: in float64 the two agree to about 1e-7.
    """

    ours = tensor_rules.KerasAdafactor
    signature = (
        "learning_rate=0.001, beta_2_decay=-0.8, epsilon_1=1e-30, epsilon_2=1e-3, clip_threshold=1.0, "
        "relative_step=True"
    )
    argument_names = {"beta_2_decay": "decay", "epsilon_1": "eps1", "epsilon_2": "eps2"}
    slots = {"r": "r", "c": "c", "velocity": "v"}
    ignored = ("name", "relative_step")


class Muon(KerasOptimizer):
    """Muon for matrices. Other parameters use AdamW, and so do matrices that exclude_layers or exclude_embeddings name.

    Keras on JAX computes the norms in float32, ravine does not: in float64 the two agree to about 1e-6.
    """

    signature = (
        "learning_rate=0.001, adam_beta_1=0.9, adam_beta_2=0.999, adam_weight_decay=0.004, epsilon=1e-7, "
        "weight_decay=0.004, exclude_layers=None, exclude_embeddings=True, muon_a=3.4445, muon_b=-4.7750, "
        "muon_c=2.0315, adam_lr_ratio=1.0, momentum=0.95, ns_steps=5, nesterov=True, rms_rate=0.2"
    )
    argument_names = {
        "adam_beta_1": "beta1",
        "adam_beta_2": "beta2",
        "muon_a": "a",
        "muon_b": "b",
        "muon_c": "c",
    }
    slots = MOMENTS

    @staticmethod
    def ours(adam_weight_decay: Any, exclude_layers: Any, exclude_embeddings: bool, **hyper: Any) -> Any:
        return tensor_rules.KerasMuon(**hyper)  # the other three decide by parameter, see `specific`

    def specific(self, member: Any) -> dict[str, Any]:
        """Whether a parameter is updated by AdamW, and its weight decay."""
        name, p = named(member)
        excluded = any(re.search(keyword, name) for keyword in self.arguments["exclude_layers"] or ())
        excluded |= self.arguments["exclude_embeddings"] and "embedding" in name.lower()
        by_adam = excluded or len(p.shape) != 2
        decay = self.arguments["adam_weight_decay" if by_adam else "weight_decay"]
        return {"decoupled_weight_decay": decay or 0.0 if self.decays(member) else 0.0, "adam": by_adam}


class ScheduleFreeAdamW(KerasOptimizer):
    """All iterates have the same weight, even while lr warms up. `with opt.averaged(): ...` evaluates at their mean.

    Keras cannot evaluate at the mean, only at the point where it takes gradients. The numbers are those of Keras on
    JAX; on TensorFlow, Keras 3.15 computes the mean with z after the update instead of z before it.
    """

    ours = keras_rules.KerasScheduleFreeAdamW
    signature = "learning_rate=0.0025, beta_1=0.9, beta_2=0.999, epsilon=1e-8, warmup_steps=0"
    argument_names = {"warmup_steps": "warmup"}
    slots = {"momentum": "z", "velocity": "v"}
