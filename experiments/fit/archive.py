"""A tree of dicts, lists, numbers, texts and arrays as one file, without pickle."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UsageError
from ..store import write

TREE = "tree"


def save(path: Path, tree: Any) -> None:
    """Write the tree; the file appears whole or not at all. Raises TypeError for what it can't hold."""
    arrays: dict[str, Any] = {}
    text = json.dumps(_packed(tree, arrays))
    write(path, npz({TREE: np.array(text), **arrays}))


def npz(arrays: Mapping[str, Any]) -> bytes:
    """The content of an .npz file."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def load(path: Path) -> Any:
    """Return the tree. Raises UsageError if the file is not one that `save` wrote; OSError if it can't be read."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            return _unpacked(json.loads(str(file[TREE])), file)
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} is not a whole checkpoint: {error}. Remove it to start anew.") from error


def _packed(value: Any, arrays: dict[str, Any]) -> Any:
    """The value as JSON knows it: a container as its kind and its parts, an array as its name."""
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray) and value.dtype != object:
        arrays[name := str(len(arrays))] = value
        return {"array": name}
    if isinstance(value, Mapping):
        return {"dict": [[_packed(key, arrays), _packed(part, arrays)] for key, part in value.items()]}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_packed(part, arrays) for part in value]}
    raise TypeError(f"A checkpoint can't hold {value!r}. A state is made of numbers, texts, arrays and containers.")


def _unpacked(value: Any, arrays: Mapping[str, Any]) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, parts),) = value.items()
    if kind == "array":
        return arrays[parts]
    if kind == "dict":
        return {_unpacked(key, arrays): _unpacked(part, arrays) for key, part in parts}
    return {"list": list, "tuple": tuple}[kind](_unpacked(part, arrays) for part in parts)
