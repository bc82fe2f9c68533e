"""HIPS autograd has the name that our folder has in the checkout."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

__all__ = ["give_way"]


def give_way(name: str) -> None:
    """Put the module of this name that lies elsewhere on the path in the place of ours.

    Raises:
        ModuleNotFoundError: there is no other.
    """
    ours = Path(__file__).parents[1].resolve()
    spec = PathFinder.find_spec(name, [entry for entry in sys.path if Path(entry).resolve() != ours])
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}. This folder is installed as ravine.{name}.", name=name)
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
