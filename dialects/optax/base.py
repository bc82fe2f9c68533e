"""optax's two functions: `init` and `update`, which change nothing, on trees of arrays."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ...optim.optimizer import Optimizer as Ours
from ...optim.tiers import ELEMENTS
from ...schedules import Lambda, Schedule
from ..base import Dialect

__all__ = ["Alias", "Transformation", "apply_updates", "global_norm", "rate", "tree_map"]


class Transformation:
    """What `init` and `update` follow from: an optimizer of ours."""

    @property
    @abstractmethod
    def spec(self) -> Ours:
        """The same optimizer as a value of ours."""

    def init(self, params: Any) -> dict[str, Any]:
        """The state before the first update.

        Args:
            params: a float array, or a tree of them: dicts, lists and tuples within each other.
        """
        state: dict[str, Any] = self._bound([leaf.copy() for leaf in _leaves("parameter", params)]).state_dict()
        return state

    def update(self, updates: Any, state: Mapping[str, Any], params: Any = None) -> tuple[Any, dict[str, Any]]:
        """What to add to the parameters, and the new state. Nothing is changed in place.

        Args:
            updates: the gradients, a tree like the parameters.
            state: what `init` or the last `update` gave.
            params: the parameters, where the optimizer depends on them.

        Raises:
            ValueError: it does, and they are missing; the state or a tree does not fit.
        """
        gradients = _leaves("gradient", updates)
        if self.reads_params:
            if params is None:
                raise ValueError(
                    f"{self!r} depends on the parameters. Received: params=None. Say update(updates, state, params)."
                )
            before = _leaves("parameter", params)
        else:
            before = [np.zeros_like(g) for g in gradients]  # where x is 0, the step is exactly the new x
        after = [x.copy() for x in before]
        bound = self._bound(after)
        bound.load_state_dict(state)
        bound.step(gradients)
        steps = iter([new - old for new, old in zip(after, before, strict=True)])
        return tree_map(lambda _: next(steps), updates), bound.state_dict()

    @property
    def reads_params(self) -> bool:
        """Whether a step depends on where it starts: by weight decay, or the size of a parameter."""
        spec = self.spec
        return spec.tier is not ELEMENTS or spec.weight_decay != 0 or spec.decoupled_weight_decay != 0

    def bind(self, params: Iterable[Any]) -> Any:
        """Bind to parameters, which each `step` then updates in place; see `Optimizer.bind`."""
        return self.spec.bind(params)

    def _bound(self, arrays: list[Any]) -> Any:
        # Names, or arrays that are one in the caller's tree would be refused.
        return self.spec.bind([(str(index), array) for index, array in enumerate(arrays)])


class Alias(Dialect, Transformation):
    """One of optax's optimizers: `optax.adam(1e-3)`.

    learning_rate is a number, one of our schedules, or any function of the count 0, 1, 2, ....

    Differs: learning_rate=None is an error. Masks are not supported: bind groups to parameters instead.
    """

    framework = "optax"
    words = {"lr": "learning_rate", "beta1": "b1", "beta2": "b2", "beta3": "b3"}  # noqa: RUF012


def rate(value: Any) -> Any:
    """A learning rate, or weight decay, as our optimizers take it. Raises TypeError for None."""
    if value is None:
        raise TypeError(
            "learning_rate must be a number or a schedule. Received: learning_rate=None. In optax that leaves out the "
            "factor -learning_rate, and with it the sign: adadelta then climbs. Say learning_rate=1.0."
        )
    return Lambda(value) if callable(value) and not isinstance(value, Schedule) else value


def apply_updates(params: Any, updates: Any) -> Any:
    """The parameters plus the updates, in the dtypes of the parameters; nothing is changed in place.

    Raises:
        ValueError: the trees differ.

    >>> apply_updates({"w": np.array([1.0, 2.0])}, {"w": np.array([-0.5, 0.5])})
    {'w': array([0.5, 2.5])}
    """
    count = len(_leaves("parameter", params))
    steps = _leaves("update", updates)
    if len(steps) != count:
        raise ValueError(f"The updates must be a tree of {count} arrays, like the parameters. Received: {len(steps)}.")
    rest = iter(steps)
    return tree_map(lambda x: np.asarray(x + next(rest), dtype=np.asarray(x).dtype), params)


def global_norm(updates: Any) -> float:
    """The Euclidean norm of all arrays of a tree together.

    >>> global_norm({"w": np.array([3.0]), "b": np.array([4.0])})
    5.0
    """
    return float(np.sqrt(sum(float(np.sum(np.square(np.asarray(a, np.float64)))) for a in _flat(updates))))


def tree_map(function: Callable[[Any], Any], tree: Any) -> Any:
    """The tree with the function of each array in its place."""
    if isinstance(tree, Mapping):
        new = {key: tree_map(function, tree[key]) for key in _keys(tree)}
        return type(tree)({key: new[key] for key in tree})  # type: ignore[call-arg]
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(tree_map(function, value) for value in tree))
    if isinstance(tree, list | tuple):
        return type(tree)(tree_map(function, value) for value in tree)
    return None if tree is None else function(tree)


def _flat(tree: Any) -> Iterator[Any]:
    """The arrays of a tree, those of a dict in the order of its keys, however it was made."""
    if isinstance(tree, Mapping | list | tuple):
        for value in [tree[key] for key in _keys(tree)] if isinstance(tree, Mapping) else tree:
            yield from _flat(value)
    elif tree is not None:
        yield tree


def _keys(tree: Mapping[Any, Any]) -> list[Any]:
    return sorted(tree, key=str)


def _leaves(what: str, tree: Any) -> list[Any]:
    leaves = [np.asarray(leaf) for leaf in _flat(tree)]
    if not leaves:
        raise ValueError(f"A tree must hold at least one {what}. Received: {tree!r}.")
    return leaves
