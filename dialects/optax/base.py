"""optax's two functions `init` and `update`, which work on trees of arrays and change nothing in place."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ...optim.optimizer import Optimizer as Ours
from ...schedules import Lambda, Schedule
from ..base import ArgumentNames, Dialect


class Transformation:
    """An optimizer with `init` and `update`, both derived from an optimizer of ravine, `spec`."""

    @property
    @abstractmethod
    def spec(self) -> Ours:
        """The optimizer of ravine with the same numerics."""

    def init(self, params: Any) -> dict[str, Any]:
        """The state before the first update.

        Args:
            params: a float array, or a tree of float arrays: nested dicts, lists and tuples.
        """
        state: dict[str, Any] = self._bound([leaf.copy() for leaf in _leaves("parameter", params)]).state_dict()
        return state

    def update(self, updates: Any, state: Mapping[str, Any], params: Any = None) -> tuple[Any, dict[str, Any]]:
        """Compute the updates to add to the parameters, and the new state. Nothing is changed in place.

        Args:
            updates: the gradients, a tree like the parameters.
            state: the one that `init` or the last `update` returned.
            params: the parameters. May be left out if the optimizer does not depend on them.

        Raises:
            ValueError: the parameters are needed and missing; the state or a tree does not fit.
        """
        gradients = _leaves("gradient", updates)
        if params is not None:
            check_structure("gradients", updates, params)
        if self.reads_params:
            if params is None:
                raise ValueError(
                    f"{self!r} depends on the parameters. Received: params=None. Say update(updates, state, params)."
                )
            before = _leaves("parameter", params)
        else:
            before = [np.zeros_like(g) for g in gradients]  # from 0, the new x is exactly the step
        after = [x.copy() for x in before]
        bound = self._bound(after)
        bound.load_state_dict(state)
        bound.step(gradients)
        steps = iter([new - old for new, old in zip(after, before, strict=True)])
        return tree_map(lambda _: next(steps), updates), bound.state_dict()

    @property
    def reads_params(self) -> bool:
        """Whether a step depends on the parameters: through weight decay, or through their norms."""
        spec = self.spec
        return spec.granularity != "elementwise" or spec.weight_decay != 0 or spec.decoupled_weight_decay != 0

    def bind(self, params: Iterable[Any]) -> Any:
        """Bind to parameters, which each `step` then updates in place; see `Optimizer.bind`."""
        return self.spec.bind(params)

    def _bound(self, arrays: list[Any]) -> Any:
        # With names, so that a tree may hold one array several times.
        return self.spec.bind([(str(index), array) for index, array in enumerate(arrays)])


class OptaxOptimizer(Dialect, Transformation):
    """One of optax's optimizers: `optax.adam(1e-3)`.

    learning_rate is a number, a schedule of ravine, or any function of the count 0, 1, 2, ...

    Differs from optax: learning_rate=None is an error. Masks are not supported: bind groups to parameters instead.
    """

    framework = "optax"
    argument_names: ClassVar[ArgumentNames] = {"learning_rate": "lr", "b1": "beta1", "b2": "beta2", "b3": "beta3"}
    unsupported: ClassVar[Sequence[str]] = (
        "mu_dtype", "accumulator_dtype", "mask", "weight_decay_mask", "trust_ratio_mask", "bias_correction_mu",
        "bias_correction_nu",
    )  # fmt: skip

    @classmethod
    def renamed(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments under ravine's names. Raises TypeError for a learning rate of None."""
        hyper = super().renamed(arguments)
        for name in ("weight_decay", "decoupled_weight_decay"):
            if name in hyper:
                hyper[name] = as_schedule(hyper[name])
        return hyper | {"lr": rate(hyper["lr"])}


def rate(value: Any) -> Any:
    """A learning rate as a number or a schedule of ravine. Raises TypeError for None."""
    if value is None:
        raise TypeError(
            "learning_rate must be a number or a schedule. Received: learning_rate=None. In optax that leaves out the "
            "factor -learning_rate with its sign, so that adadelta goes uphill. Use learning_rate=1.0."
        )
    return as_schedule(value)


def as_schedule(value: Any) -> Any:
    """Turn a function of the count into a schedule of ravine; return anything else as it is."""
    return Lambda(value) if callable(value) and not isinstance(value, Schedule) else value


def apply_updates(params: Any, updates: Any) -> Any:
    """The parameters plus the updates, in the dtypes of the parameters; nothing is changed in place.

    Raises:
        ValueError: the trees differ.

    >>> apply_updates({"w": np.array([1.0, 2.0])}, {"w": np.array([-0.5, 0.5])})
    {'w': array([0.5, 2.5])}
    """
    _leaves("parameter", params)
    check_structure("updates", updates, params)
    rest = iter(_leaves("update", updates))
    return tree_map(lambda x: np.asarray(x + next(rest), dtype=np.asarray(x).dtype), params)


def global_norm(updates: Any) -> float:
    """The Euclidean norm of all arrays of a tree as one vector.

    >>> global_norm({"w": np.array([3.0]), "b": np.array([4.0])})
    5.0
    """
    return float(np.sqrt(sum(float(np.sum(np.square(np.asarray(a, np.float64)))) for a in _flat(updates))))


def tree_map(function: Callable[[Any], Any], tree: Any) -> Any:
    """Apply the function to each array of the tree, and return the tree of results."""
    if isinstance(tree, Mapping):
        new = {key: tree_map(function, tree[key]) for key in _keys(tree)}
        return type(tree)({key: new[key] for key in tree})  # type: ignore[call-arg]
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(tree_map(function, value) for value in tree))
    if isinstance(tree, list | tuple):
        return type(tree)(tree_map(function, value) for value in tree)
    return None if tree is None else function(tree)


def check_structure(what: str, tree: Any, params: Any, path: str = "") -> None:
    """Raise ValueError unless a tree has the containers, keys and shapes of the parameters."""
    here = f"at {path}" if path else "at the top"
    a, b = _described(tree), _described(params)
    if a != b:
        raise ValueError(f"The {what} must be a tree like the parameters: {here} it must be {b}. Received: {a}.")
    if isinstance(params, Mapping):
        for key in params:
            check_structure(what, tree[key], params[key], f"{path}[{key!r}]")
    elif isinstance(params, list | tuple):
        for index, (own, theirs) in enumerate(zip(tree, params, strict=True)):
            check_structure(what, own, theirs, f"{path}[{index}]")


def _described(tree: Any) -> str:
    """The kind of a node of a tree in words, with its keys, its length or its shape."""
    if isinstance(tree, Mapping):
        return f"a {type(tree).__name__} with {', '.join(map(repr, _keys(tree))) or 'nothing'}"
    if isinstance(tree, list | tuple):
        return f"a {type(tree).__name__} of {len(tree)}"
    return "None" if tree is None else f"an array of shape {np.shape(tree)}"


def _flat(tree: Any) -> Iterator[Any]:
    """The arrays of a tree, those of a dict sorted by key."""
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
