"""An optimizer under another framework's name: its arguments and defaults, said in ours."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from ..optim.optimizer import Optimizer

__all__ = ["Dialect", "table"]


class Dialect:
    """A value: an optimizer as another framework declares it.

    A subclass has the framework's name and one function, `ours`. Its signature, the framework's own names, order and
    defaults, is the signature of the class; what it returns is the optimizer here that has the same numerics.

    Attributes:
        arguments: all arguments by name, defaults included.

    Raises:
        TypeError: an argument that is unknown, missing, or of another type.
        ValueError: an argument outside its domain, or one that would change the numbers in a way that is not supported.

    >>> from ravine.dialects import keras
    >>> keras.Adam(learning_rate=0.01, beta_1=0.8).spec
    EpsHatAdam(lr=0.01, beta1=0.8, beta2=0.999, eps=1e-07)
    """

    registry: ClassVar[dict[str, type[Dialect]]] = {}
    """The dialects' optimizers by "framework.Name", in order of definition."""
    framework: ClassVar[str] = ""
    ours: ClassVar[Callable[..., Optimizer]]
    """From the framework's arguments to the optimizer here."""
    slots: ClassVar[Mapping[str, str]] = {}
    """The framework's names of states, and ours."""
    words: ClassVar[Mapping[str, str]] = {}
    """Our names of hyperparameters, and the framework's, where these differ; subclasses add to it."""
    neutral: ClassVar[Mapping[str, Any]] = {}
    """Arguments, with their defaults, that choose how the framework computes or prints and never which numbers."""
    fixed: ClassVar[Mapping[str, Any]] = {}
    """Arguments of which only this one value is supported."""
    examples: ClassVar[Mapping[str, Any]] = {}
    """Values for arguments without a default, where 0.01 does not fit; for tables and comparisons."""
    __signature__: ClassVar[inspect.Signature]

    def __init_subclass__(cls) -> None:
        """Derive the signature, and register what can be said in ours."""
        cls.words = {**super(cls, cls).words, **cls.words}  # type: ignore[misc]
        if not hasattr(cls, "ours"):
            return
        if inspect.isfunction(vars(cls).get("ours")):
            cls.ours = staticmethod(cls.ours)
        own = [p.replace(annotation=p.empty) for p in inspect.signature(cls.ours).parameters.values()]
        more = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=d) for n, d in cls._unseen().items()]
        cls.__signature__ = inspect.Signature([*own, *more])
        cls.registry[cls.title()] = cls

    def __init__(self, *args: Any, **arguments: Any) -> None:
        """Check and keep the arguments."""
        self.arguments = self.completed(*args, **arguments)
        self.said(self.arguments)

    @property
    def spec(self) -> Optimizer:
        """The same optimizer as a value of ours."""
        return self.said(self.arguments)

    def bind(self, params: Iterable[Any]) -> Any:
        """Bind to parameters, see `Optimizer.bind`."""
        return self.spec.bind(params)

    def __repr__(self) -> str:
        """The framework's name and arguments; those that choose no numbers are left out."""
        shown = [f"{name}={value!r}" for name, value in self.arguments.items() if name not in self._unseen()]
        return f"{self.title()}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.arguments == other.arguments

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    @classmethod
    def title(cls) -> str:
        """The name with the framework's."""
        return f"{cls.framework}.{cls.__name__}"

    @classmethod
    def _unseen(cls) -> dict[str, Any]:
        """The arguments that `ours` does not see, with their defaults."""
        return {**cls.neutral, **cls.fixed}

    @classmethod
    def completed(cls, *args: Any, **arguments: Any) -> dict[str, Any]:
        """All arguments by name, defaults included. Raises TypeError or ValueError, as the class says."""
        known = cls.__signature__.parameters
        if unknown := [name for name in arguments if name not in known]:
            raise TypeError(f"{cls.title()} has no argument {unknown[0]!r}. It has: {', '.join(known)}.")
        try:
            bound = cls.__signature__.bind(*args, **arguments)
        except TypeError as error:
            raise TypeError(f"{cls.title()}: {error}. Its arguments: {cls.__signature__}.") from None
        bound.apply_defaults()
        for name, value in cls.fixed.items():
            if bound.arguments[name] != value:
                raise ValueError(
                    f"{cls.title()}: {name} must be {value!r}. Received: {name}={bound.arguments[name]!r}. "
                    "Anything else would change the numbers, and is not supported."
                )
        return dict(bound.arguments)

    @classmethod
    def said(cls, arguments: Mapping[str, Any]) -> Optimizer:
        """These arguments in ours.

        Raises:
            TypeError, ValueError: they are not valid; said in the framework's words.
        """
        unseen = cls._unseen()
        try:
            return cls.ours(**{name: value for name, value in arguments.items() if name not in unseen})
        except (TypeError, ValueError) as error:
            raise type(error)(cls.in_their_words(str(error))) from None

    @classmethod
    def in_their_words(cls, message: str) -> str:
        """An error about our hyperparameters as one about the framework's arguments."""
        if not (found := _ABOUT.fullmatch(message)):
            return message
        name = cls.words.get(found["name"], found["name"])
        argument = cls.__signature__.parameters.get(name.partition("[")[0])
        has_default = argument is not None and argument.default is not argument.empty
        default = f" The default is {argument.default!r}." if argument and has_default else ""
        return f"{cls.title()}: {name} must be {found['must']}. Received: {name}={found['value']}.{default}"

    @classmethod
    def needed(cls) -> dict[str, Any]:
        """The arguments without which there is no optimizer, with values that serve as an example."""
        given = cls.__signature__.parameters.values()
        names = [p.name for p in given if p.default is p.empty or (p.default is None and p.name in cls.examples)]
        return {name: cls.examples.get(name, 0.01) for name in names}

    @classmethod
    def example(cls) -> dict[str, Any]:
        """All arguments at their defaults; those that have none at an example."""
        return cls.completed(**cls.needed())


_ABOUT = re.compile(
    r"\w+: (?P<name>\w+) must be (?P<must>.*?)\. Received: (?P=name)=(?P<value>.*?)\.?(?: The default is .*)?",
    re.DOTALL,
)


def table() -> str:
    """All dialects' optimizers in Markdown: name and arguments, what that is here, and the names of its states.

    >>> row = next(line for line in table().splitlines() if "`optax.signum" in line)
    >>> row.split(" | ")[1]
    '`Signum(lr=0.01, momentum=0.9)`'
    """
    rows = ["| optimizer | here | states |", "|---|---|---|"]
    for name, cls in Dialect.registry.items():
        spec = cls.said(cls.example())
        states = ", ".join(f"{theirs}: {mine}" for theirs, mine in cls.slots.items() if mine in spec.state)
        rows.append(f"| `{name}{cls.__signature__}` | `{spec!r}` | {states} |")
    return "\n".join(rows)
