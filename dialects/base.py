"""The base class of all dialects' optimizers: it translates a framework's arguments into ravine's.

A dialect is a compatibility layer with the framework's own names, defaults and numerics.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import wraps
from typing import Any, ClassVar, ParamSpec, TypeAlias, TypeVar

from ..optim.optimizer import Optimizer

P = ParamSpec("P")
T = TypeVar("T")
ArgumentNames: TypeAlias = Mapping[str, str | tuple[str, ...]]


class Dialect:
    """An optimizer of another framework with its arguments. It is not bound to parameters.

    A subclass describes one optimizer of the framework and bears its name. It declares the framework's `signature`, the
    optimizer of ravine with the same numerics (`ours`), and the names of the states (`slots`). `argument_names`
    translates the arguments that ravine calls differently.

    Attributes:
        arguments: all arguments by name, defaults included.

    Raises:
        TypeError: an argument is unknown, missing, or of a wrong type.
        ValueError: an argument is outside its domain, or would change the numbers in a way that is not supported.

    >>> from ravine.dialects import keras
    >>> keras.Adam(learning_rate=0.01, beta_1=0.8).spec
    EpsHatAdam(lr=0.01, beta1=0.8, beta2=0.999, eps=1e-07)
    """

    registry: ClassVar[dict[str, type[Dialect]]] = {}
    """All optimizers of the dialects by "framework.Name", in order of definition."""
    framework: ClassVar[str] = ""
    signature: ClassVar[str]
    """The framework's arguments and defaults, as its documentation writes them: "lr, momentum=0.9"."""
    common: ClassVar[str] = ""
    """Arguments that all optimizers of the framework take after their own."""
    ours: ClassVar[Callable[..., Optimizer]]
    """The optimizer of ravine, or a function that returns one. It is called with ravine's names of the arguments."""
    argument_names: ClassVar[ArgumentNames] = {}
    """From the framework's names of arguments to ravine's, where they differ. An argument that is a tuple of numbers
    has several names. A subclass adds to the names of its base class."""
    slots: ClassVar[Mapping[str, str]] = {}
    """From the framework's names of states to ravine's."""
    ignored: ClassVar[Sequence[str]] = ()
    """Arguments that never change a number. They choose how the framework computes or prints."""
    unsupported: ClassVar[Sequence[str]] = ()
    """Arguments of which only the default is supported."""
    examples: ClassVar[Mapping[str, Any]] = {}
    """Values for the arguments without a default in tables and comparisons, where 0.01 is not a valid value."""
    accepts: ClassVar[Mapping[str, inspect.Parameter]]
    """The arguments by name: those of `signature`, then those of `common`."""
    common_names: ClassVar[Set[str]] = frozenset()
    """The names of the arguments in `common`."""
    __signature__: ClassVar[inspect.Signature]

    def __init_subclass__(cls) -> None:
        """Read the signature, and register the class if it has one."""
        cls.argument_names = {**super(cls, cls).argument_names, **cls.argument_names}  # type: ignore[misc]
        if not hasattr(cls, "signature"):
            return
        if inspect.isfunction(vars(cls).get("ours")):
            cls.ours = staticmethod(cls.ours)
        own, common = _parameters(cls.signature), _parameters(cls.common)
        parameters = own | {name: p for name, p in common.items() if name not in own}
        cls.common_names = common.keys()
        cls.accepts = {p.name: p for p in sorted(parameters.values(), key=lambda p: p.kind)}
        cls.__signature__ = inspect.Signature(list(cls.accepts.values()))
        if "signature" in vars(cls):  # a subclass that a user defines is not one of the framework's optimizers
            cls.registry.setdefault(cls.title(), cls)

    def __init__(self, *args: Any, **arguments: Any) -> None:
        """Check and keep the arguments."""
        self.arguments = self.completed(*args, **arguments)
        self.to_ours(self.arguments)

    @property
    def spec(self) -> Optimizer:
        """The optimizer of ravine with the same numerics."""
        return self.to_ours(self.arguments)

    def bind(self, params: Iterable[Any]) -> Any:
        """Bind to parameters, see `Optimizer.bind`."""
        return self.spec.bind(params)

    def __repr__(self) -> str:
        """The framework's name and the arguments that can change a number."""
        shown = [f"{name}={value!r}" for name, value in self.arguments.items() if self._counts(name)]
        return f"{self.title()}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.arguments == other.arguments

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    @classmethod
    def title(cls) -> str:
        """The name with the framework's: "keras.Adam"."""
        return f"{cls.framework}.{cls.__name__}"

    @classmethod
    def _counts(cls, name: str) -> bool:
        """Whether an argument can change a number."""
        return name not in cls.ignored and name not in cls.unsupported

    @classmethod
    def completed(cls, *args: Any, **arguments: Any) -> dict[str, Any]:
        """All arguments by name, defaults included. Raises TypeError or ValueError as the class does."""
        if unknown := [name for name in arguments if name not in cls.accepts]:
            raise TypeError(f"{cls.title()} has no argument {unknown[0]!r}. It has: {', '.join(cls.accepts)}.")
        signature = inspect.Signature(list(cls.accepts.values()))
        try:
            bound = signature.bind(*args, **arguments)
        except TypeError as error:
            raise TypeError(f"{cls.title()}: {error}. Its arguments: {signature}.") from None
        bound.apply_defaults()
        for name in cls.unsupported:
            if name in cls.accepts and bound.arguments[name] != cls.accepts[name].default:
                raise ValueError(
                    f"{cls.title()}: {name} must be {cls.accepts[name].default!r}. "
                    f"Received: {name}={bound.arguments[name]!r}. "
                    "Anything else would change the numbers, and is not supported."
                )
        return dict(bound.arguments)

    @classmethod
    def renamed(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that can change a number, under ravine's names."""
        hyper: dict[str, Any] = {}
        for theirs, value in arguments.items():
            ours = cls.argument_names.get(theirs, theirs)
            if cls._counts(theirs):
                hyper |= {ours: value} if isinstance(ours, str) else dict(zip(ours, value, strict=True))
        return hyper

    @classmethod
    def to_ours(cls, arguments: Mapping[str, Any]) -> Optimizer:
        """The optimizer of ravine that these arguments describe.

        Raises:
            TypeError, ValueError: an argument is not valid. The message uses the framework's names.
        """
        try:
            return cls.ours(**cls.renamed(arguments))
        except (TypeError, ValueError) as error:
            raise type(error)(cls.in_their_words(str(error))) from None

    @classmethod
    def in_their_words(cls, message: str) -> str:
        """Rewrite an error message about a hyperparameter of ravine as one about the framework's argument."""
        if not (found := _MESSAGE.fullmatch(message)):
            return message
        name = cls._theirs().get(found["name"], found["name"])
        argument = cls.accepts.get(name.partition("[")[0])
        has_default = argument is not None and argument.default is not argument.empty
        default = f" The default is {argument.default!r}." if argument and has_default else ""
        return f"{cls.title()}: {name} must be {found['must']}. Received: {name}={found['value']}.{default}"

    @classmethod
    def _theirs(cls) -> dict[str, str]:
        """From ravine's hyperparameters to the framework's arguments: "betas[0]" for beta1."""
        names: dict[str, str] = {}
        for theirs, ours in cls.argument_names.items():
            if theirs in cls.accepts:
                names |= {ours: theirs} if isinstance(ours, str) else {o: f"{theirs}[{i}]" for i, o in enumerate(ours)}
        return names

    @classmethod
    def needed(cls) -> dict[str, Any]:
        """The required arguments, each with an example value."""
        required = [p.name for p in cls.accepts.values() if p.default is p.empty]
        optional = [name for name in cls.examples if name in cls.accepts and cls.accepts[name].default is None]
        return {name: cls.examples.get(name, 0.01) for name in (*required, *optional)}

    @classmethod
    def example(cls) -> dict[str, Any]:
        """All arguments: their defaults, and an example value for each argument without a default."""
        return cls.completed(**cls.needed())


_MESSAGE = re.compile(
    r"\w+: (?P<name>\w+) must be (?P<must>.*?)\. Received: (?P=name)=(?P<value>.*?)\.? ?(?:The default is .*)?",
    re.DOTALL,
)


def _parameters(text: str) -> dict[str, inspect.Parameter]:
    """The parameters of a signature that is written as Python writes it."""
    return dict(inspect.signature(eval(f"lambda {text}: None")).parameters)


def whole(value: Any) -> Any:
    """A number of steps such as 30.0 or 0.5 * 60 as an integer. Anything else stays as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def worded(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function of a framework, so that its errors name the framework's arguments instead of ravine's fields."""
    takes = inspect.signature(function)

    @wraps(function)
    def named(*args: P.args, **arguments: P.kwargs) -> T:
        given = takes.bind(*args, **arguments)
        try:
            return function(*args, **arguments)
        except (TypeError, ValueError) as error:
            title = function.__qualname__.partition(".")[0]
            raise type(error)(in_words_of(title, given.arguments, str(error))) from None

    return named


def in_words_of(title: str, arguments: Mapping[str, Any], message: str) -> str:
    """Rewrite an error message about a field of ravine as one about the argument that has the value in it.

    If no argument has that value, as after a computation, or several have it, the message names the function alone.
    """
    found = _FIELD.fullmatch(message)
    if found is None:
        return message if message.startswith(f"{title}: ") else f"{title}: {message}"
    holders = {
        name
        for name, value in arguments.items()
        for part in (value, *(value if isinstance(value, list | tuple | Mapping) else ()))
        if repr(part) == found["value"]
    }
    field = found["name"]
    name = field if field in arguments else min(holders) if len(holders) == 1 else "an argument"
    remedy = "" if (found["remedy"] or "").startswith(" The default") else found["remedy"] or ""
    return f"{title}: {name} must be {found['must']}. Received: {found['value']}.{remedy}"


_FIELD = re.compile(
    r"(?:\w+: )+(?P<name>\w+)(?:\[\d+\])? must be (?P<must>.*?)\. Received: [\w\[\]]+=(?P<value>.*?)\.(?P<remedy> .*)?",
    re.DOTALL,
)
"""A message about a field of a schedule of ravine, or about one of its elements."""
