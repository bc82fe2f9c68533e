"""MNIST and Fashion-MNIST (idx files), and CIFAR-10 (its binary version). Pixels are in [0, 1]."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from .dataset import HELD_OUT, Array, Dataset, split_by, stratified_rows
from .files import File, content, find, members, reading

IDX = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
AXES = tuple(int(part[-1]) for part in IDX)
URLS = {
    "mnist": "https://storage.googleapis.com/cvdf-datasets/mnist",
    "fashion_mnist": "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
}
FOLDERS = {
    "mnist": ("mnist", "MNIST/raw", "MNIST", "."),
    "fashion_mnist": ("fashion_mnist", "fashion-mnist", "FashionMNIST/raw", "fashion"),  # its files have MNIST's names
}
MD5 = {
    "mnist": (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    "fashion_mnist": (
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
}
CIFAR10 = File(
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    "md5:c32a1d4ab5d03f1284b67883e8d87530",
    "cifar-10-b*in*",  # matches the archive and the folder cifar-10-batches-bin in it, but not cifar-10-batches-py
    ("cifar10", "cifar-10", "."),
)
BATCHES = (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin")
RECORD = 1 + 3 * 32 * 32  # bytes: the class, then 3 planes of 32 by 32


def mnist_like(name: str, split: int) -> Dataset:
    """70,000 grey images of 28 by 28 pixels, 10 classes. LeCun et al. 1998; Xiao et al. 2017, arXiv:1708.07747."""
    paths = [find(name, file) for file in idx_files(name)]
    X, y, X_test, y_test = (idx(path, axes) for path, axes in zip(paths, AXES, strict=True))
    with reading(" or ".join(map(str, paths)), "set of images"):
        if (highest := max(y.max(initial=0), y_test.max(initial=0))) > 9:
            raise ValueError(f"it has the class {highest}; there are 10, from 0 to 9")
        return images(name, split, X[:, None], y, X_test[:, None], y_test)


def idx_files(name: str) -> list[File]:
    """Return the files of training images and labels, then of test images and labels."""
    return [
        File(f"{URLS[name]}/{part}-ubyte.gz", f"md5:{md5}", f"{part[:-5]}?{part[-4:]}-ubyte*", FOLDERS[name])
        for part, md5 in zip(IDX, MD5[name], strict=True)
    ]


def idx(path: Path, axes: int) -> Array:
    """Return the array of an idx file of bytes, plain or gzipped. Raises UsageError."""
    with reading(path, "idx file"):
        data = content(path)
        if data[:4] != bytes((0, 0, 8, axes)):
            raise ValueError(f"it does not begin with 0, 0, 8, {axes}")
        shape = np.frombuffer(data, ">u4", axes, 4)
        if len(data) != 4 + 4 * len(shape) + math.prod(map(int, shape)):
            raise ValueError(f"it has {len(data)} bytes, not those of an array of shape {tuple(map(int, shape))}")
        return np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def cifar10(split: int) -> Dataset:
    """60,000 colour images of 32 by 32 pixels, 10 classes, shape (3, 32, 32). Krizhevsky 2009.

    Only the binary version is read: the Python version consists of pickles, which can run any code.
    """
    path = find("cifar10", CIFAR10)
    with reading(path, "binary version of CIFAR-10"):
        files = {name.rpartition("/")[2]: data for name, data in members(path) if name.endswith(".bin")}
        *train, test = (records(name, files.get(name)) for name in BATCHES)
        table = np.concatenate(train)
        return images("cifar10", split, planes(table), table[:, 0], planes(test), test[:, 0])


def records(name: str, data: bytes | None) -> Array:
    """Return the records of one of BATCHES, one a row. Raises ValueError if the file is damaged."""
    if data is None:
        raise ValueError(f"it has no {name}; the Python version, made of pickles, is not read")
    if len(data) % RECORD:
        raise ValueError(f"{name} has {len(data)} bytes, not records of {RECORD}")
    table = np.frombuffer(data, np.uint8).reshape(-1, RECORD)
    if (highest := table[:, 0].max(initial=0)) > 9:
        raise ValueError(f"{name} has the class {highest}")
    return table


def planes(table: Array) -> Array:
    """Return the images of records, (n, 3, 32, 32)."""
    return table[:, 1:].reshape(-1, 3, 32, 32)


def images(name: str, split: int, X: Array, y: Array, X_test: Array, y_test: Array) -> Dataset:
    """Return the dataset of images, (n, channels, height, width) of bytes, with a published test set."""
    return split_by(
        stratified_rows(y, HELD_OUT, split),
        name,
        unit(X),
        y.astype(np.int64),
        X_test=unit(X_test),
        y_test=y_test.astype(np.int64),
        shape=X.shape[1:],
    )


def unit(X: Array) -> Array:
    """Return bytes as rows of float32 in [0, 1]."""
    scaled: Array = X.reshape(len(X), math.prod(X.shape[1:])).astype(np.float32)
    scaled /= 255
    return scaled
