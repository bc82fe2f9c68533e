"""What the packages offer, from their docstrings."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import get_origin

from ravine.autograd.op import Primitive
from ravine.optim import Optimizer
from ravine.schedules import Schedule

from .example import first_line

PACKAGES = (
    "ravine.autograd",
    "ravine.autograd.nn",
    "ravine.autograd.explain",
    "ravine.kernels",
    "ravine.optim",
    "ravine.dialects",
    "ravine.schedules",
    "ravine.experiments",
    "ravine.experiments.fit",
    "ravine.experiments.batched",
    "ravine.experiments.datasets",
    "ravine.experiments.problems",
    "ravine.experiments.statistics",
    "ravine.experiments.plots",
    "ravine.experiments.sweep",
    "ravine.experiments.reproductions",
)


def page(package: str) -> str:
    """A package's docstring, its constants, and a section for each name that has no page of its own."""
    module = importlib.import_module(package)
    things = {name: getattr(module, name) for name in module.__all__}
    about = f"```{{eval-rst}}\n.. automodule:: {package}\n   :no-members:\n```"
    after = f"The examples stand after `import numpy as np` and `from {package} import *`."
    parts = [f"# {package.removeprefix('ravine.')}", about, after]
    for name, thing in things.items():
        if not elsewhere(package, name, thing):
            parts.append(section(package, name, thing) if described(thing) else constant(name, thing))
    return "\n\n".join(parts)


def elsewhere(package: str, name: str, thing: object) -> bool:
    """Whether another page has it: it has a section of its own, or a package below this one offers it."""
    if isinstance(thing, ModuleType):
        return True
    if inspect.isclass(thing) and issubclass(thing, Optimizer | Schedule) and not inspect.isabstract(thing):
        return thing not in (Optimizer, Schedule)
    below = (importlib.import_module(other) for other in PACKAGES if other.startswith(f"{package}."))
    return any(getattr(module, name, None) is thing for module in below)


def described(thing: object) -> bool:
    """Whether it can have a docstring of its own: a class, a function, a row of the op table."""
    return callable(thing) and get_origin(thing) is None


def section(package: str, name: str, thing: object) -> str:
    """What autodoc makes of a class or a function."""
    kind = "autoclass" if inspect.isclass(thing) else "autofunction"
    arguments = f"({', '.join(inspect.signature(thing.func).parameters)})" if isinstance(thing, Primitive) else ""
    return f"```{{eval-rst}}\n.. {kind}:: {package}.{name}{arguments}\n```"


def constant(name: str, value: object) -> str:
    """A name and its value; of a registry, the names in it; of an annotation or a kind, what it says."""
    if isinstance(value, Mapping):
        return f"`{name}`\n: {', '.join(value)}"
    if about := getattr(value, "__metadata__", None):
        return f"`{name}`\n: a hyperparameter that is {about[0].must}"
    return f"`{name}`\n: {first_line(type(value)) if repr(value) == name else f'`{value!r}`'}"


PAGES: dict[str, Callable[[], str]] = {package: partial(page, package) for package in PACKAGES}
