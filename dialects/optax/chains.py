"""optax.chain, translated into one optimizer of ravine with options.

A chain may contain `clip` and `clip_by_global_norm`, which become the options clip_value and clip_norm;
`add_decayed_weights` before the update rule (L2) or after it (decoupled); one update rule, `scale_by_...`, `trace` or
`identity`; and factors that scale its result. An optimizer such as `adam(0.1)` is an update rule with its factor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...optim.optimizer import Optimizer as Ours
from ...schedules import Schedule
from . import optimizers
from .base import OptaxOptimizer, Transformation, as_schedule, rate

__all__ = [
    "add_decayed_weights",
    "chain",
    "clip",
    "clip_by_global_norm",
    "identity",
    "scale",
    "scale_by_adam",
    "scale_by_adamax",
    "scale_by_amsgrad",
    "scale_by_belief",
    "scale_by_learning_rate",
    "scale_by_lion",
    "scale_by_radam",
    "scale_by_rms",
    "scale_by_schedule",
    "scale_by_sign",
    "scale_by_stddev",
    "scale_by_yogi",
    "trace",
]


@dataclass(frozen=True)
class Link:
    """A part of a chain that is not a whole optimizer. A factor may also stand alone: `scale(-0.1)`."""

    name: str
    option: tuple[str, Any] | None = None
    """An option of ravine and its value."""
    factor: Any = None
    """A factor: a number or a schedule."""
    rule: tuple[type[OptaxOptimizer], dict[str, Any]] | None = None
    """An optimizer of optax and its arguments, without the learning rate."""

    def init(self, params: Any) -> dict[str, Any]:
        """The state before the first update, see `Transformation.init`."""
        return self._alone().init(params)

    def update(self, updates: Any, state: Mapping[str, Any], params: Any = None) -> tuple[Any, dict[str, Any]]:
        """The updates and the new state, see `Transformation.update`."""
        return self._alone().update(updates, state, params)

    def _alone(self) -> chain:
        return chain(self) if self.rule else chain(identity(), self)


def clip(max_delta: float) -> Link:
    """Clip each element to max_delta in absolute value.

    >>> chain(clip(0.5), identity(), scale(-0.1)).spec
    SGD(lr=0.1, clip_value=0.5)
    """
    return Link("clip", option=("clip_value", max_delta))


def clip_by_global_norm(max_norm: float) -> Link:
    """Scale all gradients by one factor so that their global norm is at most max_norm.

    >>> chain(clip_by_global_norm(1.0), scale_by_adam(), scale(-0.1)).spec
    Adam(lr=0.1, beta1=0.9, beta2=0.999, eps=1e-08, clip_norm=1.0)
    """
    return Link("clip_by_global_norm", option=("clip_norm", max_norm))


def add_decayed_weights(weight_decay: Any = 0.0) -> Link:
    """Add weight_decay * x: before an update rule to the gradient, after it to the step.

    >>> chain(scale_by_adam(), add_decayed_weights(0.01), scale(-0.1)).spec
    Adam(lr=0.1, beta1=0.9, beta2=0.999, eps=1e-08, decoupled_weight_decay=0.01)
    """
    return Link("add_decayed_weights", option=("weight_decay", as_schedule(weight_decay)))


def scale(step_size: float) -> Link:
    """Multiply by a number. The product of all factors must be negative.

    >>> chain(identity(), scale(0.5), scale(-0.2)).spec
    SGD(lr=0.1)
    """
    return Link("scale", factor=step_size)


def scale_by_schedule(step_size_fn: Any) -> Link:
    """Multiply by a schedule.

    >>> from ravine.schedules import Linear
    >>> chain(identity(), scale_by_schedule(Linear(-0.1, 0.0, 100))).spec
    SGD(lr=Linear(-0.1, 0.0, 100) * -1.0)
    """
    return Link("scale_by_schedule", factor=as_schedule(step_size_fn))


def scale_by_learning_rate(learning_rate: Any, *, flip_sign: bool = True) -> Link:
    """Multiply by minus the learning rate.

    >>> chain(identity(), scale_by_learning_rate(0.1)).spec
    SGD(lr=0.1)
    """
    return Link("scale_by_learning_rate", factor=rate(learning_rate) * (-1.0 if flip_sign else 1.0))


def identity() -> Link:
    """The gradient itself.

    >>> chain(identity(), scale(-0.1)).spec
    SGD(lr=0.1)
    """
    return Link("identity", rule=(optimizers.sgd, {}))


def trace(decay: float, nesterov: bool = False) -> Link:
    """Momentum.

    >>> chain(trace(0.9, nesterov=True), scale(-0.1)).spec
    NAG(lr=0.1, momentum=0.9)
    """
    return Link("trace", rule=(optimizers.sgd, {"momentum": decay, "nesterov": nesterov}))


def _rule(name: str, kind: type[OptaxOptimizer]) -> Callable[..., Link]:
    def link(**arguments: Any) -> Link:
        return Link(name, rule=(kind, arguments))

    link.__name__ = link.__qualname__ = name
    link.__doc__ = f"""The update rule of optax.{kind.__name__}. It takes the same arguments, by name.

    >>> from ravine.dialects.optax import {kind.__name__}
    >>> chain({name}(), scale(-0.1)).spec == {kind.__name__}(0.1).spec
    True
    """
    return link


scale_by_adam = _rule("scale_by_adam", optimizers.adam)
scale_by_adamax = _rule("scale_by_adamax", optimizers.adamax)
scale_by_amsgrad = _rule("scale_by_amsgrad", optimizers.amsgrad)
scale_by_belief = _rule("scale_by_belief", optimizers.adabelief)
scale_by_radam = _rule("scale_by_radam", optimizers.radam)
scale_by_rms = _rule("scale_by_rms", optimizers.rmsprop)
scale_by_sign = _rule("scale_by_sign", optimizers.sign_sgd)
scale_by_yogi = _rule("scale_by_yogi", optimizers.yogi)


def scale_by_stddev(**arguments: Any) -> Link:
    """The update rule of optax.rmsprop(centered=True). It takes the same arguments, by name.

    >>> spec = chain(scale_by_stddev(decay=0.99), scale(-0.1)).spec
    >>> spec.rho, spec.centered
    (0.99, True)
    """
    return Link("scale_by_stddev", rule=(optimizers.rmsprop, {"centered": True, **arguments}))


def scale_by_lion(**arguments: Any) -> Link:
    """The update rule of optax.lion. It takes the same arguments, by name.

    >>> chain(scale_by_lion(b1=0.8), scale(-0.1)).spec
    Lion(lr=0.1, beta1=0.8, beta2=0.99, weight_decay=0.0)
    """
    return Link("scale_by_lion", rule=(optimizers.lion, {"weight_decay": 0.0, **arguments}))


class chain(Transformation):
    """Transformations one after the other. A chain may be part of another one.

    Raises:
        TypeError, ValueError: a transformation is not supported, or the optimizers of ravine do not have this order.

    >>> optimizer = chain(clip_by_global_norm(1.0), trace(0.9), scale(-0.1))
    >>> x = np.zeros(2)
    >>> updates, state = optimizer.update(np.array([30.0, 40.0]), optimizer.init(x), x)
    >>> updates.round(3).tolist()
    [-0.06, -0.08]
    """

    def __init__(self, *args: Link | OptaxOptimizer | chain) -> None:
        nested = [arg.links if isinstance(arg, chain) else (arg,) for arg in args]
        self.links: tuple[Any, ...] = tuple(link for links in nested for link in links)
        self._spec = self._to_ours()

    @property
    def spec(self) -> Ours:
        """The optimizer of ravine with the same numerics. Raises ValueError for a chain that is only a part of one."""
        if self._spec is None:
            raise ValueError(f"{self!r} must have an update rule, and after it a factor, such as scale(-0.1).")
        return self._spec

    def __repr__(self) -> str:
        return f"optax.chain({', '.join(x.name if isinstance(x, Link) else repr(x) for x in self.links)})"

    def _to_ours(self) -> Ours | None:
        options: dict[str, Any] = {}
        rule: Any = None
        factor: Any = -1.0
        scaled = False
        for link in self.links:
            if isinstance(link, OptaxOptimizer):
                self._expect(rule is None and not scaled, link.title())
                rule, scaled = link.spec, True
            elif not isinstance(link, Link):
                raise TypeError(f"optax.chain takes transformations of this dialect. Received: {link!r}.")
            elif link.rule:
                self._expect(rule is None and not scaled, link.name)
                rule = link.rule
            elif link.option:
                name, value = link.option
                if rule is not None:
                    self._expect(name == "weight_decay" and not scaled, link.name)
                    name = "decoupled_weight_decay"
                clips_after = name.startswith("clip") and "weight_decay" in options
                swapped = name == "clip_norm" and "clip_value" in options
                self._expect(name not in options and not clips_after and not swapped, link.name)
                options[name] = value
            else:
                self._expect(rule is not None and not isinstance(rule, Ours), link.name)
                factor, scaled = _product(factor, link.factor), True
        if rule is None or not scaled:
            return None
        spec: Ours = rule if isinstance(rule, Ours) else rule[0](learning_rate=factor, **rule[1]).spec
        return spec.replace(**options)

    def _expect(self, fits: bool, name: str) -> None:
        if not fits:
            raise ValueError(
                f"{self!r}: {name} is in an unsupported place. The order must be: clip by global norm, clip by value, "
                "add weight decay, one update rule, add decoupled weight decay, multiply by minus the learning rate."
            )


def _product(a: Any, b: Any) -> Any:
    return b * a if isinstance(b, Schedule) else a * b
