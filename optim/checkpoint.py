"""An optimizer's state as a file, and the checks before it is taken over."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .storage import checked_array

__all__ = ["check", "read", "write"]

_FORMAT = 1


def check(optimizer: str, state: Mapping[str, Any], owned: Mapping[str, Mapping[str, npt.NDArray[Any]]]) -> None:
    """Raise TypeError or ValueError unless the state is one of this optimizer on these parameters."""
    whole = isinstance(state, Mapping) and {"optimizer", "t", "state"} <= state.keys()
    if (
        not whole
        or not isinstance(state["state"], Mapping)
        or not all(isinstance(s, Mapping) for s in state["state"].values())
    ):
        raise TypeError("A state is what state_dict() gives: a dict with 'optimizer', 't' and 'state'.")
    if state["optimizer"] != optimizer:
        raise ValueError(f"The state must be of {optimizer}. Received: one of {state['optimizer']}.")
    _same("parameters", owned.keys(), state["state"].keys())
    _count("t", state["t"])
    for name, own in owned.items():
        saved = state["state"][name]
        _same(f"slots of parameter {name}", {"t", *own}, saved.keys())
        _count(f"t of parameter {name}", saved["t"])
        for slot, kept in own.items():
            checked_array(f"{slot} of parameter {name}", saved[slot], kept)


def _same(what: str, expected: Any, received: Any) -> None:
    if set(expected) != set(received):
        raise ValueError(f"The state's {what} must be {sorted(expected)}. Received: {sorted(received)}.")


def _count(what: str, value: Any) -> None:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 0:
        raise ValueError(f"The state's {what} must be an integer >= 0. Received: {value!r}.")


def write(path: str | PathLike[str], state: Mapping[str, Any]) -> None:
    """Write a state; the file appears whole or not at all."""
    parameters = state["state"]
    head = {
        "format": _FORMAT,
        "optimizer": state["optimizer"],
        "t": state["t"],
        "parameters": [[name, saved["t"]] for name, saved in parameters.items()],
    }
    arrays = {
        f"{index}/{slot}": value
        for index, saved in enumerate(parameters.values())
        for slot, value in saved.items()
        if slot != "t"
    }
    path = Path(path)
    file = tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, suffix=".tmp", delete=False)  # noqa: SIM115
    try:
        with file:
            np.savez(file, head=np.array(json.dumps(head)), **arrays)
        os.replace(file.name, path)
    except BaseException:
        Path(file.name).unlink(missing_ok=True)
        raise


def read(path: str | PathLike[str]) -> dict[str, Any]:
    """The state in a file.

    Raises:
        OSError: there is no such file, or it can't be read.
        ValueError: it is not a whole file that `write` wrote.
    """
    try:
        with open(path, "rb") as binary, np.load(binary, allow_pickle=False) as file:
            head = json.loads(str(file["head"]))
            if head["format"] != _FORMAT:
                raise ValueError(f"its format is {head['format']!r}, and this version reads {_FORMAT}")
            state: dict[str, dict[str, Any]] = {name: {"t": count} for name, count in head["parameters"]}
            names = list(state)
            for key in file.files:
                if key != "head":
                    index, _, slot = key.partition("/")
                    state[names[int(index)]][slot] = file[key]
            return {"optimizer": head["optimizer"], "t": head["t"], "state": state}
    except FileNotFoundError:
        raise
    except (
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        EOFError,
        OSError,
        zipfile.BadZipFile,
    ) as error:
        why = "it holds no arrays" if "pickle" in str(error) else error  # NumPy would advise to load it unsafely
        raise ValueError(f"{os.fspath(path)} is not a whole file of an optimizer's state: {why}.") from error
