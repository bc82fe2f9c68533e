"""HIPS autograd is imported as `autograd`, which is the name of our folder in the checkout."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path


def give_way(name: str) -> None:
    """Replaces our folder, imported under this name, by the module of this name elsewhere on the path.

    Raises:
        ModuleNotFoundError: there is no other.
    """
    ours = Path(__file__).parents[1].resolve()
    spec = PathFinder.find_spec(name, [entry for entry in sys.path if Path(entry).resolve() != ours])
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}. This folder is installed as ravine.{name}.", name=name)
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
