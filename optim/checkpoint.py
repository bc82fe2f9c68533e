"""An optimizer's state as a file, and the checks before it is taken over."""

from __future__ import annotations

import importlib
import json
import os
import secrets
import zipfile
import zlib
from collections.abc import Mapping
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .storage import checked_array

__all__ = ["check", "is_count", "read", "write"]

_FORMAT = 2
_HEAD = "head"


def check(saved: Any, own: Mapping[str, Any]) -> None:
    """Raise TypeError or ValueError unless a state has the keys of one's own, with values of the same kinds."""
    whole = isinstance(saved, Mapping) and {"optimizer", "t", "state"} <= saved.keys()
    if not whole or not isinstance(saved["state"], Mapping):
        raise TypeError("A state is what state_dict() gives: a dict with 'optimizer', 't' and 'state'.")
    if not isinstance(saved["optimizer"], str) or saved["optimizer"] != own["optimizer"]:
        raise ValueError(f"The state must be of {own['optimizer']}. Received: one of {saved['optimizer']}.")
    _same("keys", own, saved)
    _same("parameters", own["state"], saved["state"])
    _check_values("", saved, own)
    for name, slots in own["state"].items():
        if not isinstance(saved["state"][name], Mapping):
            raise TypeError(f"The state of parameter {name} must be a dict. Received: {saved['state'][name]!r}.")
        _same(f"slots of parameter {name}", slots, saved["state"][name])
        _check_values(f" of parameter {name}", saved["state"][name], slots)


def _same(what: str, expected: Any, received: Any) -> None:
    if set(expected) != set(received):
        raise ValueError(f"The state's {what} must be {sorted(expected)}. Received: {sorted(received, key=str)}.")


def _check_values(of: str, saved: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    for name, like in own.items():
        value = saved[name]
        if isinstance(like, np.ndarray):
            checked_array(f"{name}{of}", value, like)
        elif isinstance(like, int) and not is_count(value):
            raise ValueError(f"The state's {name}{of} must be an integer >= 0 and < 2**53. Received: {value!r}.")
        elif isinstance(like, float) and not _is_number(value):
            raise ValueError(f"The state's {name}{of} must be a number. Received: {value!r}.")


def is_count(value: Any) -> bool:
    """Whether a value can be a number of updates."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and 0 <= value < 2**53  # beyond, t + 1.0 is t


def _is_number(value: Any) -> bool:
    if isinstance(value, int | np.integer):
        return not isinstance(value, bool) and abs(int(value)) <= 2**1023
    return isinstance(value, Real)


def write(path: str | PathLike[str], state: Mapping[str, Any]) -> None:
    """Write a state; the file appears whole or not at all.

    Raises:
        ImportError: the name ends in .safetensors, and that library is not installed.
    """
    parameters = state["state"]
    head = {
        "format": _FORMAT,
        **{name: value for name, value in state.items() if name != "state"},
        "parameters": [
            [name, {key: value for key, value in kept.items() if not isinstance(value, np.ndarray)}]
            for name, kept in parameters.items()
        ],
    }
    arrays = {
        f"{index}/{slot}": value
        for index, kept in enumerate(parameters.values())
        for slot, value in kept.items()
        if isinstance(value, np.ndarray)
    }
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    safetensors = _safetensors() if path.suffix == ".safetensors" else None
    try:
        with open(unfinished, "xb") as file:
            if safetensors:
                head["crc32"] = {key: _crc(value) for key, value in arrays.items()}
                file.write(safetensors.save(arrays, {_HEAD: json.dumps(head)}))
            else:
                np.savez(file, **{_HEAD: np.array(json.dumps(head))}, **arrays)  # type: ignore[arg-type]
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def read(path: str | PathLike[str]) -> dict[str, Any]:
    """The state in a file.

    Raises:
        OSError: there is no such file, or it can't be read.
        ImportError: the name ends in .safetensors, and that library is not installed.
        ValueError: it is not a whole file that `write` wrote.
    """
    safetensors = _safetensors() if Path(path).suffix == ".safetensors" else None
    with open(path, "rb") as file:
        try:
            head, arrays = _parts_of_safetensors(file.read(), safetensors) if safetensors else _parts_of_npz(file)
            if head.pop("format") != _FORMAT:
                raise ValueError(f"this version reads format {_FORMAT} alone")
            for key, crc in head.pop("crc32", {}).items():
                if _crc(arrays[key]) != crc:
                    raise ValueError(f"the checksum of {key} differs")
            parameters = head.pop("parameters")
            state = {name: dict(kept) for name, kept in parameters}
            names = list(state)
            if len(names) != len(parameters):
                raise ValueError("a parameter comes twice")
            for key, array in arrays.items():
                index, _, slot = key.partition("/")
                state[names[int(index)]][slot] = array
            return {**head, "state": state}
        except _DAMAGE as error:
            why = "it holds no arrays" if "pickle" in str(error) else error  # NumPy would advise to load it unsafely
            raise ValueError(f"{os.fspath(path)} is not a whole file of an optimizer's state: {why}.") from error


_DAMAGE = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    EOFError,
    OSError,
    MemoryError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a damaged or hostile file may raise."""


def _parts_of_npz(file: Any) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    with np.load(file, allow_pickle=False) as content:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in content.zip.infolist()):
            raise ValueError("its entries are compressed, which could hide any size")
        return json.loads(str(content[_HEAD])), {key: content[key] for key in content.files if key != _HEAD}


def _parts_of_safetensors(content: bytes, safetensors: Any) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    length = int.from_bytes(content[:8], "little")
    try:
        arrays = safetensors.load(content)
    except Exception as error:  # its own error has no other base class
        raise ValueError(str(error)) from error
    return json.loads(json.loads(content[8 : 8 + length])["__metadata__"][_HEAD]), arrays


def _crc(array: npt.NDArray[Any]) -> int:
    return zlib.crc32(np.ascontiguousarray(array).data)


def _safetensors() -> Any:
    try:
        return importlib.import_module("safetensors.numpy")
    except ImportError as error:
        raise ImportError(
            'A .safetensors file needs the library safetensors. Install it: pip install ".[safetensors]". '
            "Or choose a name that ends in .npz."
        ) from error
