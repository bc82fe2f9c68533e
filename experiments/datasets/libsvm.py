"""Files in LIBSVM's format, one row a line: label index:value index:value ..."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from ...schedules.fields import NonNegativeInt
from ..errors import UsageError, checked
from .dataset import HELD_OUT, SPLITS, Array, Dataset, classes_of, split_by, stratified_rows
from .files import File, find, reading

NTU = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/binary"
XGBOOST = "https://raw.githubusercontent.com/dmlc/xgboost/v1.0.0/demo/data"
FORMAT = "file in LIBSVM's format"
FOLDERS = ("libsvm", ".")
# Training file, then test file. A9a: Platt 1998, from UCI's adult. Agaricus: UCI's mushrooms.
FILES = {
    "agaricus": (
        File(
            f"{XGBOOST}/agaricus.txt.train",
            "sha256:915c2def06e9b44a306ad097fe8b6652c7c477d9c1e605bd2130ad20a70a8ad6",
            "agaricus.txt.train",
            (*FOLDERS, "agaricus"),
        ),
        File(
            f"{XGBOOST}/agaricus.txt.test",
            "sha256:765db79391141953d890ce197fe828a621d6487fbba4de5e4d2217bd140371c0",
            "agaricus.txt.test",
            (*FOLDERS, "agaricus"),
        ),
    ),
    "a9a": (
        File(
            f"{NTU}/a9a",
            "sha256:f5d5ffd8d865ff41328e7ee043e4b020816914ff6843ff15b98905ddbedce906",
            "a9a",
            (*FOLDERS, "a9a"),
        ),
        File(
            f"{NTU}/a9a.t",
            "sha256:1f448a153f0320399a7e40836eb207655b0bde0f21fc941cc472193daa9f5de9",
            "a9a.t",
            (*FOLDERS, "a9a"),
        ),
    ),
}


def published(name: str, split: int) -> Dataset:
    """Return a dataset of FILES."""
    train, test = (find(name, file) for file in FILES[name])
    return load_libsvm(train, test=test, split=split, name=name)


def load_libsvm(
    path: str | PathLike[str],
    *,
    test: str | PathLike[str] | None = None,
    regression: bool = False,
    split: int = 0,
    name: str | None = None,
) -> Dataset:
    """Return the dataset in a file in LIBSVM's format, plain or compressed (.gz, .bz2); X is sparse.

    Args:
        path: the file. Its rows are split 70/15/15 into train, validation and test, stratified by class.
        test: another file, for the test split; the first file is then split 5/6 to 1/6 into train and validation.
        regression: whether labels are numbers instead of classes.
        split: the number of the split: 0, 1, ... are different splits of the same sizes.
        name: the name of the dataset; by default that of the file.

    Raises:
        UsageError: a file is missing or in another format; a feature is not finite; a label is not an integer, or with
            `regression` not finite.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     size = (file := Path(folder, "tiny")).write_text("+1 1:0.5 3:2\\n-1 2:1\\n" * 20)
    ...     load_libsvm(file)
    <Dataset tiny: 3 features, 2 classes; train 28, validation 6, test 6>
    """
    checked("datasets", NonNegativeInt, split=split)
    paths = [Path(file).expanduser() for file in (path, *(() if test is None else (test,)))]
    X, labels = read(paths)
    for file, rows in zip(paths, X, strict=True):
        if len(broken := rows.data[~np.isfinite(rows.data)]):
            raise UsageError(f"load_libsvm: features must be finite numbers. Received: {broken[0]} in {file}.")
    y = targets(paths, np.concatenate(labels), regression)
    y, *y_test = np.split(y, np.cumsum([len(part) for part in labels])[:-1])
    given = {"X_test": X[1], "y_test": y_test[0]} if y_test else {}
    with reading(paths[0], FORMAT):
        rows = stratified_rows(np.zeros_like(y) if regression else y, HELD_OUT if given else SPLITS, split)
        return split_by(rows, name or paths[0].name, X[0], y, **given)


def read(paths: list[Path]) -> tuple[list[Any], list[Array]]:
    """Return X and labels of each file; all X have the same number of columns."""
    from sklearn.datasets import load_svmlight_files  # takes seconds to import: only loading needs it

    for path in paths:
        if not path.is_file():
            raise UsageError(f"datasets: there is no file {path}.")
    with reading(" or ".join(map(str, paths)), FORMAT):
        found = load_svmlight_files([str(path) for path in paths], dtype=np.float32)
    return [sparse.csr_array(X) for X in found[::2]], found[1::2]


def targets(paths: list[Path], labels: Array, regression: bool) -> Array:
    """Return labels as numbers or as classes. Raises UsageError if one is not finite, or as a class no integer."""
    where = " or ".join(map(str, paths))
    if len(broken := labels[~np.isfinite(labels)]):
        raise UsageError(f"load_libsvm: labels must be finite numbers. Received: {broken[0]} in {where}.")
    if regression:
        return labels.astype(np.float32)
    if len(broken := labels[labels != np.rint(labels)]):
        raise UsageError(
            f"load_libsvm: labels must be whole numbers, one a class. Received: {broken[0]} in {where}. "
            "For labels that are not classes, pass regression=True."
        )
    return classes_of(labels)
