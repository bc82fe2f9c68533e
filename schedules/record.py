"""Records: immutable values with checked fields. Schedules, optimizers and problems are records.

A family of records is a subclass of `Record` with a `registry`. The subclasses of the family declare annotated fields,
see fields.py. They become frozen dataclasses and are listed in the registry:

>>> from typing import ClassVar
>>> from ravine.schedules.fields import Positive, PositiveInt
>>> class Filter(Record, kw_only=True):
...     '''A family whose fields are all given by name.'''
...     registry: ClassVar[dict[str, type[Record]]] = {}
>>> class Blur(Filter):
...     '''A record of the family.'''
...     width: PositiveInt
...     sigma: Positive = 1.0
>>> blur = Blur(width=3, sigma=2)
>>> blur, blur == Blur(sigma=2.0, width=3), blur.replace(sigma=1.0)
(Blur(width=3, sigma=2.0), True, Blur(width=3))
>>> Filter.from_json(blur.to_json()) == blur == eval(repr(blur))
True
>>> Blur(width=3, sigma=-1.0)
Traceback (most recent call last):
ValueError: Blur: sigma must be a finite number > 0. Received: sigma=-1.0. The default is 1.0.

A family or a record can override

- `_adapt`, which replaces checks: optimizers let every number field take a schedule too;
- `_registry_key`, which makes the names in the registry: those of problems are in lower case;
- `_check_together`, which refuses fields that are each valid but not together;
- `_check_names`, which refuses unknown and missing names of fields;
- `_shown`, which chooses the fields in the repr;
- `_nested`, the family of the records inside its records: for optimizers, `Schedule`.

A class that is only a base of other records is defined with `abstract=True`, and is not listed.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from inspect import get_annotations
from types import MappingProxyType
from typing import Any, ClassVar, Self, dataclass_transform, get_origin

from .fields import Check, Constraint, check_of, path_of


class BaseRecord:
    """The base of all records, also of those with a constructor of their own, such as optimizers.

    They are compared, hashed, copied and pickled by their fields; `eval(repr(record)) == record`.

    Raises:
        TypeError, ValueError: a field has a value that its annotation doesn't allow. Wrong defaults are refused when
            the class is defined.
    """

    registry: ClassVar[dict[str, type[Any]]] = {}
    """The classes of the family by name, in order of definition."""
    checks: ClassVar[Mapping[str, Check]] = MappingProxyType({})
    """The check of each field."""
    _kw_only: ClassVar[bool] = False
    _nested: ClassVar[type["BaseRecord"]]
    _plan: ClassVar[tuple[tuple[str, Check, Any], ...]] = ()

    def __init_subclass__(cls, *, abstract: bool = False, kw_only: bool | None = None) -> None:
        """Make a frozen dataclass, and register it.

        Args:
            abstract: whether the class is only a base of other records, which the registry doesn't list.
            kw_only: whether this class and its subclasses take their fields by name only; as the base, if left out.
        """
        if kw_only is not None:
            cls._kw_only = kw_only
        cls.checks = MappingProxyType({**cls.checks, **_own_checks(cls)})
        dataclass(frozen=True, repr=False, kw_only=cls._kw_only)(cls)
        cls._plan = tuple((field.name, cls.checks[field.name], field.default) for field in _fields(cls))
        if "registry" in vars(cls):
            cls._nested = vars(cls).get("_nested", cls)
        elif cls.registry is not BaseRecord.registry and not abstract:
            # A class of the same name in another module, such as a lesson's own Adam, doesn't replace the first one.
            key = cls._registry_key(cls.__name__)
            if cls.registry.setdefault(key, cls).__module__ == cls.__module__:
                cls.registry[key] = cls

    def __post_init__(self) -> None:
        # Not by vars(self): in CPython that makes a dict of the instance, after which its attributes are slower.
        try:
            for name, check, default in self._plan:
                value = getattr(self, name)
                if value is not default and (kept := check(name, value)) is not value:
                    object.__setattr__(self, name, kept)
            self._check_together()
        except (TypeError, ValueError) as error:
            raise _about(type(self), error) from None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._arguments())})"

    def _arguments(self) -> Iterator[str]:
        named = {field.name: field.kw_only or field.default is not MISSING for field in _fields(type(self))}
        for name in self._shown():
            source = repr(path_of(value := getattr(self, name)) or value)
            yield f"{name}={source}" if named[name] else source

    def replace(self, **changes: Any) -> Self:
        """The same record with some fields changed."""
        return type(self)(**{**{name: getattr(self, name) for name in self.checks}, **changes})

    # -- what a family can change ------------------------------------------------------------------------------------

    @classmethod
    def _adapt(cls, check: Check) -> Check:
        """The check to use in place of the one that an annotation names."""
        return check

    @staticmethod
    def _registry_key(name: str) -> str:
        """The name in the registry of a class with this name."""
        return name

    def _check_together(self) -> None:
        """Raise ValueError if the fields are each valid but not together."""

    @classmethod
    def _check_names(cls, names: Iterable[str]) -> None:
        """Raise TypeError or ValueError if a name is not a field, or if a field without default is missing."""
        needed, given = {name for name, _, default in cls._plan if default is MISSING}, set(names)
        if needed - given or given - cls.checks.keys():
            received = ", ".join(map(str, names)) or "none"
            raise ValueError(f"{cls.__name__}: the fields must be {', '.join(cls.checks)}. Received: {received}.")

    def _shown(self) -> Iterable[str]:
        """The names of the fields in the repr: those that differ from their defaults."""
        return [name for name, _, default in self._plan if getattr(self, name) != default]

    # -- configuration -----------------------------------------------------------------------------------------------

    def to_config(self) -> dict[str, Any]:
        """The record as a dict that JSON can hold: the class name under "class", and all fields.

        Raises ValueError if a field holds a function that has no name in a module.
        """
        return {"class": type(self).__name__} | {name: _encoded(getattr(self, name)) for name in self.checks}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The record that `to_config` described. Raises TypeError or ValueError if it describes none of this class."""
        if not isinstance(config, Mapping):
            raise TypeError(f"a configuration must be a dict. Received: {config!r}. Write what to_config() returns.")
        name = config.get("class")
        registered = cls.registry.get(cls._registry_key(name)) if isinstance(name, str) else None
        kind: Any = cls if name == cls.__name__ else registered
        if kind is None or not issubclass(kind, cls):
            known = ", ".join(other.__name__ for other in cls.registry.values() if issubclass(other, cls))
            raise ValueError(f"{cls.__name__}: class must be one of {known}. Received: class={name!r}.")
        given = {key: _decoded(item, cls._nested) for key, item in config.items() if key != "class"}
        kind._check_names(given)
        record: Self = kind(**given)
        return record

    def to_json(self) -> str:
        """The configuration as JSON text. Numbers round trip exactly."""
        return json.dumps(self.to_config())

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The record that `to_json` wrote. Raises TypeError or ValueError if the text describes none."""
        return cls.from_config(json.loads(text))


BaseRecord._nested = BaseRecord


def _about(cls: type, error: Exception) -> Exception:
    """The error of a check, with the name of the class before it."""
    return type(error)(f"{cls.__name__}: {error}")


def _fields(cls: Any) -> tuple[Field[Any], ...]:
    return fields(cls)


def _own_checks(cls: type[BaseRecord]) -> dict[str, Check]:
    """The checks of the fields that this class itself declares. Their defaults are checked here, once."""
    checks: dict[str, Check] = {}
    for name, annotation in get_annotations(cls).items():
        if _is_class_variable(annotation):
            continue
        try:
            check = check_of(_resolved(cls, annotation), cls._adapt)
        except TypeError as error:
            raise TypeError(f"{cls.__name__}: {name}: {error}. Choose one of ravine.schedules.fields.") from None
        default = vars(cls).get(name, MISSING)
        if default is not MISSING and not isinstance(default, Field):
            check = check.with_default(default) if isinstance(check, Constraint) else check
            try:
                setattr(cls, name, check(name, default))
            except (TypeError, ValueError) as error:
                raise _about(cls, error) from None
        checks[name] = check
    if unannotated := vars(cls).keys() & cls.checks.keys() - checks.keys():
        name = unannotated.pop()
        raise TypeError(f"{cls.__name__}: {name} has no annotation. Write {name}: <its type> = {vars(cls)[name]!r}.")
    return checks


def _is_class_variable(annotation: Any) -> bool:
    text = isinstance(annotation, str) and annotation.startswith(("ClassVar", "typing.ClassVar"))
    return text or annotation is ClassVar or get_origin(annotation) is ClassVar


def _resolved(cls: type, annotation: Any) -> Any:
    """The annotation; evaluated where the class is defined, if it is text."""
    if not isinstance(annotation, str):
        return annotation
    return eval(annotation, vars(sys.modules[cls.__module__]), {**vars(cls), cls.__name__: cls})


def _encoded(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_encoded(item) for item in value]
    if isinstance(value, BaseRecord):
        return value.to_config()
    if callable(value) and path_of(value) is None:
        raise ValueError(
            f"only a function at the top level of a module can be named in a configuration. Received: {value!r}. "
            "Write it with def in a module."
        )
    return path_of(value) or value


def _decoded(value: Any, nested: type[BaseRecord]) -> Any:
    if isinstance(value, list):
        return [_decoded(item, nested) for item in value]
    return nested.from_config(value) if isinstance(value, Mapping) else value


@dataclass_transform(frozen_default=True)
class Record(BaseRecord, abstract=True):
    """A record whose constructor takes the fields, as type checkers assume."""
