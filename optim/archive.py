"""A tree of dicts, lists, tuples, numbers, texts and arrays as one file: optimizer states, training checkpoints.

A file is an .npz archive, without pickle, or a .safetensors file. It holds the arrays, and one JSON text, the head:

    {"format": 3, "kind": what the file is, "tree": the tree, with the name of an array in the place of the array}

In the head, a dict is {"dict": [[key, value], ...]}, a list {"list": [...]}, a tuple {"tuple": [...]}, and an array
{"array": name}. Everything else is what JSON makes of it.
"""

from __future__ import annotations

import importlib
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..kernels.files import atomic_file

_FORMAT = 3
_HEAD, _HEAD_CRC = "head", "head_crc32"

Arrays = dict[str, npt.NDArray[Any]]


def write(path: str | os.PathLike[str], kind: str, tree: Any) -> None:
    """Write a tree to a file, which appears whole or not at all.

    Args:
        path: its ending decides the format: .safetensors, or .npz for all others.
        kind: what the file is, such as "an optimizer's state"; `read` asks for it.
        tree: dicts, lists and tuples of numbers, texts, None and arrays; keys are numbers or texts.

    Raises:
        TypeError: there is something else in the tree.
        ImportError: the name ends in .safetensors, and that library is not installed.
        OSError: the file can't be written.
    """
    arrays: Arrays = {}
    head = {"format": _FORMAT, "kind": kind, "tree": _packed(tree, arrays)}
    safetensors = _safetensors() if Path(path).suffix == ".safetensors" else None
    with atomic_file(path) as file:
        if safetensors:
            arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
            head["crc32"] = {name: _crc(array) for name, array in arrays.items()}
            text = json.dumps(head)
            file.write(safetensors.save(arrays, {_HEAD: text, _HEAD_CRC: str(zlib.crc32(text.encode()))}))
        else:
            np.savez(file, **{_HEAD: np.array(json.dumps(head))}, **arrays)  # type: ignore[arg-type]


def read(path: str | os.PathLike[str], kind: str) -> Any:
    """The tree in a file that `write` wrote.

    Raises:
        OSError: there is no such file, or it can't be read.
        ImportError: the name ends in .safetensors, and that library is not installed.
        ValueError: the file is damaged, of another format, or not of this kind.
    """
    safetensors = _safetensors() if Path(path).suffix == ".safetensors" else None
    with open(path, "rb") as file:
        try:
            head, arrays = _parts_of_safetensors(file.read(), safetensors) if safetensors else _parts_of_npz(file)
            if head["format"] != _FORMAT:
                raise ValueError(f"this version reads format {_FORMAT} alone")
            if head["kind"] != kind:
                raise ValueError(f"it is {head['kind']}")
            for name, crc in head.get("crc32", {}).items():
                if _crc(arrays[name]) != crc:
                    raise ValueError(f"the checksum of {name} differs")
            return _unpacked(head["tree"], arrays)
        except _DAMAGE as error:
            why = "it holds no arrays" if "pickle" in str(error) else error  # NumPy would advise to load it unsafely
            raise ValueError(f"{os.fspath(path)} is not a whole file of {kind}: {why}.") from error


_DAMAGE = (
    ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError, OSError, MemoryError, NotImplementedError,
    OverflowError, RuntimeError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""The errors that reading a damaged or hostile file may raise."""


def _packed(value: Any, arrays: Arrays, key: Any = None) -> Any:
    """The value as JSON knows it. Its arrays are added to `arrays`, numbered, and named like their key if they can."""
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        name = f"{len(arrays)}/{key}" if str(key).isidentifier() and key else str(len(arrays))
        arrays[name] = value
        return {"array": name}
    if isinstance(value, Mapping):
        return {"dict": [[_packed(key, arrays), _packed(part, arrays, key)] for key, part in value.items()]}
    if isinstance(value, list | tuple):
        return {"list" if isinstance(value, list) else "tuple": [_packed(part, arrays) for part in value]}
    raise TypeError(f"A file can't hold {value!r}. A state is made of numbers, texts, arrays and containers.")


def _unpacked(value: Any, arrays: Arrays) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, parts),) = value.items()
    if kind == "array":
        return arrays[parts]
    if kind == "dict":
        made = {_unpacked(key, arrays): _unpacked(part, arrays) for key, part in parts}
        if len(made) < len(parts):
            raise ValueError("a key comes twice")
        return made
    return {"list": list, "tuple": tuple}[kind](_unpacked(part, arrays) for part in parts)


def _parts_of_npz(file: Any) -> tuple[dict[str, Any], Arrays]:
    with np.load(file, allow_pickle=False) as content:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in content.zip.infolist()):
            raise ValueError("its arrays are compressed, which could hide any size")
        return json.loads(str(content[_HEAD])), {name: content[name] for name in content.files if name != _HEAD}


def _parts_of_safetensors(content: bytes, safetensors: Any) -> tuple[dict[str, Any], Arrays]:
    length = int.from_bytes(content[:8], "little")
    try:
        arrays = safetensors.load(content)
    except Exception as error:  # the library's own error has no other base class
        raise ValueError(str(error)) from error
    head = json.loads(content[8 : 8 + length])["__metadata__"]
    if zlib.crc32(head[_HEAD].encode()) != int(head[_HEAD_CRC]):
        raise ValueError("the checksum of its head differs")
    return json.loads(head[_HEAD]), arrays


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
