"""A sweep as TOML and JSON know it. Both have one grammar: `read` and `write` are each other's inverse."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import UsageError, lookup
from ..problems import PROBLEMS, problem_name
from .claims import CLAIMS, Claim
from .contender import Contender, Task
from .entries import made, table, texts, within
from .search import Grid, Halton, Search, Sobol
from .seeding import Seeding
from .space import space_config
from .specification import CONSTANT, Sweep

__all__ = ["load", "read", "write"]

SEARCHES: dict[str, Any] = {"grid": Grid, "halton": Halton, "sobol": Sobol}
TABLES = ("problems", "optimizers", "schedules", "tuning", "seeds")
PARTS = dict.fromkeys(("name", *TABLES, "measures", "claims"))


def load(path: Path) -> Sweep:
    """Return the sweep of a TOML file; its name is the file's, unless it says another. Raises UsageError.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "warmup.toml")
    ...     _ = file.write_text('''
    ...         problems.booth.epochs = 1
    ...         optimizers.sgd.lr = { log = [1e-3, 0.1] }
    ...     ''')
    ...     load(file).name
    'warmup'
    """
    try:
        config = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"Can't read {str(path)!r}: {error.strerror}. Name a TOML file.") from error
    except ValueError as error:
        raise UsageError(f"{str(path)!r} is not TOML: {error}.") from error
    return read({"name": path.stem, **config})


def read(config: Mapping[str, Any]) -> Sweep:
    """Return the sweep of a configuration. Raises UsageError, naming what it does not understand.

    >>> config = {"name": "warmup", "problems": {"booth": {}}, "optimizers": {"sgd": {"lr": {"log": [1e-3, 0.1]}}}}
    >>> read(config).contenders[0].space
    {'lr': LogUniform(low=0.001, high=0.1, points=None)}
    """
    for part in config:
        lookup("part of a sweep", part, PARTS)
    tables = {part: table(part, config.get(part, {})) for part in TABLES}
    return Sweep(
        name=config["name"],
        tasks=tuple(task(name, table(f"problems.{name}", given)) for name, given in tables["problems"].items()),
        contenders=tuple(
            contender(name, table(f"optimizers.{name}", given)) for name, given in tables["optimizers"].items()
        ),
        schedules={name: table(f"schedules.{name}", shape) or None for name, shape in tables["schedules"].items()}
        or dict(CONSTANT),
        search=search(tables["tuning"]),
        seeding=made("seeds", Seeding, tables["seeds"]),
        measures=texts("measures", config.get("measures", ())),
        claims=claims(config.get("claims", ())),
    )


def write(sweep: Sweep) -> dict[str, Any]:
    """Return the configuration of a sweep, whose problems must be registered ones. It is of JSON's types.

    >>> config = {"name": "warmup", "problems": {"booth": {}}, "optimizers": {"sgd": {"lr": {"log": [1e-3, 0.1]}}}}
    >>> full = write(read(config))
    >>> full["tuning"], read(full) == read(config)
    ({'search': 'grid', 'points': 7, 'extend': 0}, True)
    """
    kind = next(name for name, cls in SEARCHES.items() if type(sweep.search) is cls)
    config = {
        "name": sweep.name,
        "problems": {task.name: task_config(task) for task in sweep.tasks},
        "optimizers": {
            c.name: {"optimizer": c.optimizer} | {name: space_config(space) for name, space in c.space.items()}
            for c in sweep.contenders
        },
        "schedules": {name: shape or {} for name, shape in sweep.schedules.items()},
        "tuning": {"search": kind} | asdict(sweep.search),
        "seeds": asdict(sweep.seeding),
        "measures": sweep.measures,
        "claims": [{k: v for k, v in asdict(claim).items() if v is not None} for claim in sweep.claims],  # type: ignore[call-overload]
    }
    plain: dict[str, Any] = json.loads(json.dumps(config))
    return plain


def task(name: str, given: dict[str, Any]) -> Task:
    """Return the task of [problems.name]: a problem's fields, its `epochs`, and `problem` if the name isn't its own."""
    with within(f"problems.{name}"):
        cls: Any = lookup("problem", given.pop("problem", name), PROBLEMS)
    epochs = given.pop("epochs", cls.epochs)
    return Task(name, made(f"problems.{name}", cls, given), epochs)


def task_config(task: Task) -> dict[str, Any]:
    """Return the configuration that `task` reads."""
    name = problem_name(type(task.problem))
    if PROBLEMS.get(name) is not type(task.problem):
        raise UsageError(f"{type(task.problem).__name__} is not in PROBLEMS: a file can't name it.")
    return {"problem": name, "epochs": task.epochs, **asdict(task.problem)}


def contender(name: str, given: dict[str, Any]) -> Contender:
    """Return the contender of [optimizers.name]: hyperparameters, and `optimizer` if the name isn't its own."""
    return Contender(name, given.pop("optimizer", name), given)


def search(given: dict[str, Any]) -> Search:
    """Return the search of [tuning]."""
    with within("tuning"):
        cls = lookup("search", given.pop("search", "grid"), SEARCHES)
    found: Search = made("tuning", cls, given)
    return found


def claims(given: Any) -> tuple[Claim, ...]:
    """Return the claims of [[claims]]; the first of the keys "better", "median", "diverging" says which each is."""
    if not isinstance(given, list | tuple) or not all(isinstance(entries, Mapping) for entries in given):
        raise UsageError(f"Claims are tables in a list, each under [[claims]]. Received: {given!r}.")
    return tuple(claim(f"claim {number}", entries) for number, entries in enumerate(given, 1))


def claim(name: str, entries: Mapping[str, Any]) -> Claim:
    """Return one claim."""
    kind = next((kind for kind in CLAIMS if kind in entries), None)
    if kind is None:
        raise UsageError(f"{name} must say one of {', '.join(CLAIMS)}. Received: {dict(entries)!r}.")
    with within(name):
        found: Claim = made(kind, CLAIMS[kind], entries)
    return found
