"""Sweeps from TOML files and from and to JSON's types: `read` and `write` are inverse to each other."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any

from ..errors import UsageError, checked, lookup, within
from ..problems import PROBLEMS, problem_name
from .claims import Claim
from .configuration import OptimizerConfig, ProblemConfig
from .search import Search
from .space import space_config
from .specification import CONSTANT, Seeding, Sweep

TABLES = ("problems", "optimizers", "schedules", "tuning", "seeds")
PARTS = dict.fromkeys(("name", *TABLES, "measures", "claims"))


def load(path: Path) -> Sweep:
    """Return the sweep of a TOML file, named after the file unless it has a `name`. Raises UsageError.

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
    """Return the sweep of a configuration. Raises UsageError, naming the entry that is wrong.

    >>> config = {"name": "warmup", "problems": {"booth": {}}, "optimizers": {"sgd": {"lr": {"log": [1e-3, 0.1]}}}}
    >>> read(config).optimizers[0].space
    {'lr': LogUniform(0.001, 0.1)}
    """
    for part in config:
        lookup("part of a sweep", part, PARTS)
    tables = {part: table(part, config.get(part, {})) for part in TABLES}
    table("seeds.fixed", tables["seeds"].get("fixed", {}))
    return Sweep(
        name=config["name"],
        problems=tuple(problem(name, table(f"problems.{name}", given)) for name, given in tables["problems"].items()),
        optimizers=tuple(
            optimizer(name, table(f"optimizers.{name}", given)) for name, given in tables["optimizers"].items()
        ),
        schedules={name: table(f"schedules.{name}", shape) or None for name, shape in tables["schedules"].items()}
        or dict(CONSTANT),
        search=search(tables["tuning"]),
        seeding=construct("seeds", Seeding, tables["seeds"]),
        measures=checked("sweep", tuple[str, ...], measures=config.get("measures", ())),
        claims=claims(config.get("claims", ())),
    )


def write(sweep: Sweep) -> dict[str, Any]:
    """Return the configuration of a sweep in JSON's types. Raises UsageError for a problem that is not registered.

    >>> config = {"name": "warmup", "problems": {"booth": {}}, "optimizers": {"sgd": {"lr": {"log": [1e-3, 0.1]}}}}
    >>> full = write(read(config))
    >>> full["tuning"], read(full) == read(config)
    ({'search': 'grid', 'points': 7, 'extend': 0}, True)
    """
    config = {
        "name": sweep.name,
        "problems": {problem.name: problem_config(problem) for problem in sweep.problems},
        "optimizers": {c.name: optimizer_config(c) for c in sweep.optimizers},
        "schedules": {name: shape or {} for name, shape in sweep.schedules.items()},
        "tuning": {"search": type(sweep.search).__name__.lower()} | asdict(sweep.search),
        "seeds": asdict(sweep.seeding),
        "measures": sweep.measures,
        "claims": [{k: v for k, v in asdict(claim).items() if v is not None} for claim in sweep.claims],
    }
    plain: dict[str, Any] = json.loads(json.dumps(config))
    return plain


def problem(name: str, given: dict[str, Any]) -> ProblemConfig:
    """Return the problem of [problems.name]: its fields, `epochs`, and `problem` if the name is not a problem's own."""
    with within(f"problems.{name}"):
        cls: Any = lookup("problem", given.pop("problem", name), PROBLEMS)
    epochs = given.pop("epochs", cls.epochs)
    return ProblemConfig(name, construct(f"problems.{name}", cls, given), epochs)


def problem_config(config: ProblemConfig) -> dict[str, Any]:
    """Return the table that `problem` reads."""
    name = problem_name(type(config.problem))
    if PROBLEMS.get(name) is not type(config.problem):
        raise UsageError(f"{type(config.problem).__name__} is not in PROBLEMS: a file can't name it.")
    return {"problem": name, "epochs": config.epochs, **asdict(config.problem)}


def optimizer(name: str, given: dict[str, Any]) -> OptimizerConfig:
    """Return the optimizer of [optimizers.name]: hyperparameters, and `optimizer` if the name is not its own."""
    return OptimizerConfig(name, given.pop("optimizer", name), given)


def optimizer_config(config: OptimizerConfig) -> dict[str, Any]:
    """Return the table that `optimizer` reads."""
    if not isinstance(config.optimizer, str):
        raise UsageError(f"optimizers.{config.name}: a file needs the optimizer's name and a space. Received: a value.")
    return {"optimizer": config.optimizer} | {name: space_config(space) for name, space in config.space.items()}


def search(given: dict[str, Any]) -> Search:
    """Return the search of [tuning]."""
    with within("tuning"):
        cls = lookup("search", given.pop("search", "grid"), Search.registry)
    found: Search = construct("tuning", cls, given)
    return found


def claims(given: Any) -> tuple[Claim, ...]:
    """Return the claims of [[claims]]; the first of the keys "better", "median", "diverging" says which each is."""
    if not isinstance(given, list | tuple) or not all(isinstance(entries, Mapping) for entries in given):
        raise UsageError(f"Claims are tables in a list, each under [[claims]]. Received: {given!r}.")
    return tuple(claim(f"claim {number}", entries) for number, entries in enumerate(given, 1))


def claim(name: str, entries: Mapping[str, Any]) -> Claim:
    """Return one claim."""
    kind = next((kind for kind in Claim.registry if kind in entries), None)
    if kind is None:
        raise UsageError(f"{name} must say one of {', '.join(Claim.registry)}. Received: {dict(entries)!r}.")
    found: Claim = construct(name, Claim.registry[kind], entries)
    return found


def table(name: str, value: Any) -> dict[str, Any]:
    """Return a TOML table as a dict. Raises UsageError if the value is no table."""
    if not isinstance(value, Mapping):
        raise UsageError(f"{name} must be a table, [{name}]. Received: {value!r}.")
    return dict(value)


def construct(name: str, cls: Any, given: Mapping[str, Any]) -> Any:
    """Return `cls(**given)`. Raises UsageError for an unknown or missing field, or a value that it does not allow."""
    known = {field.name: field for field in fields(cls)}
    for field in given:
        lookup(f"entry of {name}", field, known)
    needed = [f.name for f in known.values() if f.default is MISSING and f.default_factory is MISSING]
    if missing := [field for field in needed if field not in given]:
        raise UsageError(f"{name}: {missing[0]} is missing. Its entries: {', '.join(known)}.")
    with within(name):
        return cls(**given)
