"""keras.optimizers: Keras 3.15's, by its own names, arguments, defaults and numerics."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ....optim.rules import SGD as PlainSGD
from ....optim.rules import Adadelta as OurAdadelta
from ....optim.rules import Lion as OurLion
from ....optim.rules import NAdam
from ....optim.rules.frameworks import keras as rules
from ....optim.rules.frameworks import keras_tensors as tensors
from ..base import KerasOptimizer, named
from ..lookup import deserialize, get, serialize
from . import schedules

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
    """The velocity holds lr * g: a new lr acts on new gradients alone. Without momentum nesterov has no effect."""

    slots = {"momentum": "v"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False) -> Any:
        if momentum == 0:
            return PlainSGD(lr=learning_rate)
        return (rules.KerasNAG if nesterov else rules.KerasMomentum)(lr=learning_rate, momentum=momentum)


class RMSprop(KerasOptimizer):
    """Epsilon inside the root, lr inside the velocity."""

    slots = {"velocity": "v", "momentum": "b", "average_gradient": "m"}  # noqa: RUF012
    order = (("v",), ("b",), ("m",))

    @staticmethod
    def ours(
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
    ) -> Any:
        return rules.KerasRMSprop(lr=learning_rate, rho=rho, momentum=momentum, eps=epsilon, centered=centered)


class Adagrad(KerasOptimizer):
    """The sum starts at 0.1; epsilon inside the root."""

    slots = {"accumulator": "v"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7) -> Any:
        return rules.KerasAdagrad(lr=learning_rate, initial_accumulator=initial_accumulator_value, eps=epsilon)


class Adadelta(KerasOptimizer):
    """The formula is the same everywhere; lr is a thousandth of the paper's."""

    slots = {"accumulated_grad": "v", "accumulated_delta_var": "u"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7) -> Any:
        return OurAdadelta(lr=learning_rate, rho=rho, eps=epsilon)


class Adam(KerasOptimizer):
    """Epsilon-hat: added to the root of the uncorrected v, of the largest raw v with amsgrad."""

    slots = MOMENTS | {"velocity_hat": "v_max"}
    order = (("m", "v"), ("v_max",))

    @staticmethod
    def ours(
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
    ) -> Any:
        rule = rules.EpsHatAMSGrad if amsgrad else rules.EpsHatAdam
        return rule(lr=learning_rate, beta1=beta_1, beta2=beta_2, eps=epsilon)


class AdamW(KerasOptimizer):
    """Adam, and weight_decay, which all the others here have too."""

    slots = Adam.slots
    order = Adam.order

    @staticmethod
    def ours(
        learning_rate: Any = 0.001,
        weight_decay: float | None = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
    ) -> Any:
        return Adam.ours(learning_rate, beta_1, beta_2, epsilon, amsgrad)


class Adamax(KerasOptimizer):
    """Epsilon is added to the largest gradient."""

    slots = {"momentum": "m", "norm": "u"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7) -> Any:
        return rules.KerasAdamax(lr=learning_rate, beta1=beta_1, beta2=beta_2, eps=epsilon)


class Nadam(KerasOptimizer):
    """The momentum grows 250 times as fast as in PyTorch, tf.keras up to 2.10 and Keras 2: `momentum_decay` is 1."""

    slots = MOMENTS

    @staticmethod
    def ours(learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7) -> Any:
        return NAdam(lr=learning_rate, beta1=beta_1, beta2=beta_2, eps=epsilon, momentum_decay=1.0)


class Ftrl(KerasOptimizer):
    """The sum starts at 0.1; l2 counts twice."""

    slots = {"accumulator": "v", "linear": "z"}  # noqa: RUF012
    words = {  # noqa: RUF012
        "power": "learning_rate_power",
        "l1": "l1_regularization_strength",
        "l2": "l2_regularization_strength",
        "shrinkage": "l2_shrinkage_regularization_strength",
    }

    @staticmethod
    def ours(
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
    ) -> Any:
        return rules.KerasFtrl(
            lr=learning_rate,
            power=learning_rate_power,
            initial_accumulator=initial_accumulator_value,
            l1=l1_regularization_strength,
            l2=l2_regularization_strength,
            shrinkage=l2_shrinkage_regularization_strength,
            beta=beta,
        )


class Lion(KerasOptimizer):
    """The paper's, with ten times its lr."""

    slots = {"momentum": "m"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99) -> Any:
        return OurLion(lr=learning_rate, beta1=beta_1, beta2=beta_2)


class Lamb(KerasOptimizer):
    """weight_decay stands outside the ratio of norms."""

    slots = MOMENTS

    @staticmethod
    def ours(learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7) -> Any:
        return tensors.KerasLamb(lr=learning_rate, beta1=beta_1, beta2=beta_2, eps=epsilon)


class Adafactor(KerasOptimizer):
    """lr is at most 1 / sqrt(t) also with relative_step=False, which has no effect in Keras either.

    Keras's means are float32 on JAX, here they are not: in float64 the two agree to about 1e-7.
    """

    slots = {"r": "r", "c": "c", "velocity": "v"}  # noqa: RUF012
    words = {"decay": "beta_2_decay", "eps1": "epsilon_1", "eps2": "epsilon_2"}  # noqa: RUF012
    neutral = {"name": None, "relative_step": True}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
    ) -> Any:
        return tensors.KerasAdafactor(
            lr=learning_rate, decay=beta_2_decay, eps1=epsilon_1, eps2=epsilon_2, clip_threshold=clip_threshold
        )


class Muon(KerasOptimizer):
    """Matrices by Muon, all else by AdamW, also matrices with "embedding" or one of exclude_layers in their names.

    Keras's norms are float32 on JAX, here they are not: in float64 the two agree to about 1e-6.
    """

    slots = MOMENTS
    words = {  # noqa: RUF012
        "beta1": "adam_beta_1",
        "beta2": "adam_beta_2",
        "a": "muon_a",
        "b": "muon_b",
        "c": "muon_c",
    }

    @staticmethod
    def ours(
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1.0,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
    ) -> Any:
        return tensors.KerasMuon(
            lr=learning_rate,
            momentum=momentum,
            nesterov=nesterov,
            ns_steps=ns_steps,
            a=muon_a,
            b=muon_b,
            c=muon_c,
            rms_rate=rms_rate,
            adam_lr_ratio=adam_lr_ratio,
            beta1=adam_beta_1,
            beta2=adam_beta_2,
            eps=epsilon,
        )

    def own(self, member: Any) -> dict[str, Any]:
        """For what is not to go by Muon: AdamW's rule and decay."""
        name, p = named(member)
        excluded = any(re.search(keyword, name) for keyword in self.arguments["exclude_layers"] or ())
        excluded |= self.arguments["exclude_embeddings"] and "embedding" in name.lower()
        by_adam = excluded or len(p.shape) != 2
        decay = self.arguments["adam_weight_decay" if by_adam else "weight_decay"]
        return {"decoupled_weight_decay": decay or 0.0 if self.decays(member) else 0.0, "adam": by_adam}


class ScheduleFreeAdamW(KerasOptimizer):
    """All points weigh the same, also while lr warms up. `with opt.averaged(): ...` evaluates at their mean.

    Keras itself has no way to their mean, and evaluates at the point where gradients are taken. These are its numbers
    on JAX; on TensorFlow, 3.15 recovers the mean with the z after the update in the place of the one before.
    """

    slots = {"momentum": "z", "velocity": "v"}  # noqa: RUF012
    words = {"warmup": "warmup_steps"}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
    ) -> Any:
        return rules.KerasScheduleFreeAdamW(
            lr=learning_rate, beta1=beta_1, beta2=beta_2, eps=epsilon, warmup=warmup_steps
        )
