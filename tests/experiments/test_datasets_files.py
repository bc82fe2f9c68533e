"""Datasets from files: small ones that the tests write, the real ones where they are, and a server on this machine."""

import gzip
import hashlib
import io
import os
import socket
import struct
import tarfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from ravine.experiments import UsageError, datasets
from ravine.experiments.datasets import files, images, libsvm, reviews, tables
from ravine.experiments.datasets.dataset import HELD_OUT, Dataset
from ravine.experiments.datasets.files import File

Bytes = NDArray[np.uint8]
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Nothing loaded before or after, no folder, a cache of its own, and a network that nobody answers on."""
    datasets._load.cache_clear()
    monkeypatch.delenv("RAVINE_DATA", raising=False)
    monkeypatch.setattr(files, "cache_folder", lambda: tmp_path / "cache")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # the port of nothing
    yield
    datasets._load.cache_clear()


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("RAVINE_DATA", str(folder))
    return folder


# ---------------------------------------------------------------------------------------------------- MNIST-like
def idx(array: Bytes) -> bytes:
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


PIXELS, LABELS = RNG.integers(0, 256, (36, 28, 28), np.uint8), np.arange(36, dtype=np.uint8) % 3
PARTS = dict(zip(images.IDX, (PIXELS, LABELS, PIXELS[:9], LABELS[:9]), strict=True))
LAYOUTS = [
    ("mnist", "mnist", "{}-ubyte.gz"),
    ("mnist", "mnist", "{}-ubyte"),
    ("mnist", "MNIST/raw", "{}-ubyte"),
    ("mnist", ".", "{}-ubyte.gz"),
    ("fashion_mnist", "fashion_mnist", "{}-ubyte.gz"),
    ("fashion_mnist", "FashionMNIST/raw", "{}-ubyte"),
]


def write_idx(folder: Path, pattern: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for part, array in PARTS.items():
        path = folder / pattern.format(part)
        path.write_bytes(gzip.compress(idx(array)) if path.suffix == ".gz" else idx(array))


@pytest.mark.parametrize(("name", "folder", "pattern"), LAYOUTS)
def test_idx_files_are_found_in_any_layout(name: str, folder: str, pattern: str, root: Path) -> None:
    write_idx(root / folder, pattern)
    data = datasets.load(name)
    assert repr(data) == f"<Dataset {name}: 784 features, 3 classes; train 30, validation 6, test 9>"
    assert data.shape == (1, 28, 28)
    np.testing.assert_array_equal(data.X_test, PIXELS[:9].reshape(9, -1).astype(np.float32) / np.float32(255))
    rows = datasets.stratified_rows(LABELS, HELD_OUT)
    np.testing.assert_array_equal(data.X_train * 255, PIXELS[rows["train"]].reshape(30, -1))
    np.testing.assert_array_equal(data.y_validation, LABELS[rows["validation"]])
    contract(data)


def contract(data: Dataset) -> None:
    """What every dataset promises."""
    for split in datasets.SPLITS:
        X, y = data.split(split)
        assert X.shape == (len(y), data.features)
        assert X.dtype == np.float32
        assert y.dtype == (np.int64 if data.classes else np.float32)
        for array in (X.data, X.indices, X.indptr, y) if sparse.issparse(X) else (X, y):
            assert not array.flags.writeable
    assert set(data.y_train) == set(range(data.classes)) or not data.classes
    X, y = data.development
    assert X.shape == (len(y), data.features)
    assert len(y) == len(data.y_train) + len(data.y_validation)


def test_a_label_beyond_the_ten_classes_is_an_error(root: Path) -> None:
    write_idx(root, "{}-ubyte")
    labels = root / "t10k-labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes()[:-1] + b"\xff")
    with pytest.raises(UsageError, match="it has the class 255"):
        datasets.load("mnist")


def test_fashion_mnist_is_not_taken_for_mnist(root: Path) -> None:
    write_idx(root, "{}-ubyte.gz")
    with pytest.raises(UsageError, match=r"fashion_mnist needs train-images-idx3-ubyte.gz"):
        datasets.load("fashion_mnist")


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda data: data[:-1],
    "too long": lambda data: data + b"0",
    "another kind": lambda data: b"\x89PNG" + data,
    "empty": lambda data: b"",
    "header only": lambda data: data[:6],
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_damaged_idx_file_is_named(damage: str, suffix: str, root: Path) -> None:
    write_idx(root, "{}-ubyte" + suffix)
    path = root / f"train-labels-idx1-ubyte{suffix}"
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(UsageError, match=rf"{path.name} is not a whole idx file: .* Remove or replace it"):
        datasets.load("mnist")


@pytest.mark.parametrize("named", ["{}-ubyte", "{}-ubyte.gz"])
def test_whether_a_file_is_packed_is_told_by_its_bytes(named: str, root: Path) -> None:
    write_idx(root, "{}-ubyte" if named.endswith("gz") else "{}-ubyte.gz")
    for path in list(root.iterdir()):
        path.rename(root / named.format(path.name.partition("-ubyte")[0]))
    assert len(datasets.load("mnist").y_test) == 9


MISFITS: list[tuple[str, Bytes, str]] = [
    ("train-labels-idx1", LABELS[:30], "36 rows of X and 30 of y"),
    ("t10k-labels-idx1", LABELS[:3], "9 rows of X_test and 3 of y_test"),
    ("train-images-idx3", PIXELS[:0], "0 rows of X and 36 of y"),
    ("t10k-images-idx3", PIXELS[:9, :14], "X has 784 columns and X_test 392"),
]


@pytest.mark.parametrize(("part", "array", "reason"), MISFITS)
def test_idx_files_that_do_not_belong_together_are_named(part: str, array: Bytes, reason: str, root: Path) -> None:
    write_idx(root, "{}-ubyte")
    (root / f"{part}-ubyte").write_bytes(idx(array))
    with pytest.raises(UsageError, match=rf"train-images-idx3-ubyte.* is not a whole set of images: {reason}"):
        datasets.load("mnist")


@pytest.mark.parametrize(("part", "array", "axes"), [("train-labels-idx1", PIXELS, 1), ("t10k-images-idx3", LABELS, 3)])
def test_images_and_labels_are_not_mistaken_for_each_other(part: str, array: Bytes, axes: int, root: Path) -> None:
    write_idx(root, "{}-ubyte")
    (root / f"{part}-ubyte").write_bytes(idx(array))
    with pytest.raises(UsageError, match=rf"{part}-ubyte is not a whole idx file: .* not begin with 0, 0, 8, {axes}"):
        datasets.load("mnist")


def test_files_without_rows_are_an_error(root: Path) -> None:
    write_idx(root, "{}-ubyte")
    for part in ("train-images-idx3", "train-labels-idx1"):
        (root / f"{part}-ubyte").write_bytes(idx(PARTS[part][:0]))
    with pytest.raises(UsageError, match=r"is not a whole set of images: there are no rows"):
        datasets.load("mnist")


def test_a_class_may_be_in_the_test_split_alone(root: Path) -> None:
    write_idx(root, "{}-ubyte")
    (root / "t10k-labels-idx1-ubyte").write_bytes(idx(np.full(9, 7, np.uint8)))
    assert datasets.load("mnist").classes == 8


def test_the_folder_may_begin_with_the_home_of_the_user(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_idx(root / "deep", "{}-ubyte")
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.setenv("RAVINE_DATA", "~/deep")
    assert len(datasets.load("mnist").y_test) == 9


# ------------------------------------------------------------------------------------------------------ CIFAR-10
def cifar_files() -> dict[str, bytes]:
    """Five batches and a test batch; the first byte of a record is its class."""
    records = RNG.integers(0, 256, (36, 3073), np.uint8)
    records[:, 0] = np.arange(36) % 3
    batches = np.split(records[:30], 5)
    return {f"data_batch_{i}.bin": b.tobytes() for i, b in enumerate(batches, 1)} | {
        "test_batch.bin": records[30:].tobytes(),
        "readme.html": b"<html>",
    }


def tar(path: Path, contents: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def unpacked(folder: Path, contents: dict[str, bytes]) -> None:
    for name, data in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.mark.parametrize("kind", ["archive", "folder"])
def test_cifar_is_read_from_the_archive_or_its_folder(kind: str, root: Path) -> None:
    contents = {f"cifar-10-batches-bin/{name}": data for name, data in cifar_files().items()}
    if kind == "archive":
        tar(root / "cifar-10-binary.tar.gz", contents)
    else:
        unpacked(root, contents)
    data = datasets.load("cifar10")
    assert repr(data) == "<Dataset cifar10: 3072 features, 3 classes; train 24, validation 6, test 6>"
    assert data.shape == (3, 32, 32)
    test = np.frombuffer(contents["cifar-10-batches-bin/test_batch.bin"], np.uint8).reshape(6, 3073)
    np.testing.assert_array_equal(np.rint(data.X_test * 255), test[:, 1:])
    np.testing.assert_array_equal(data.y_test, test[:, 0])
    contract(data)


def test_a_missing_batch_of_cifar_is_an_error(root: Path) -> None:
    unpacked(root / "cifar-10-batches-bin", {"data_batch_1.bin": b""})
    with pytest.raises(UsageError, match=r"is not a whole binary version of CIFAR-10: it has no data_batch_2.bin"):
        datasets.load("cifar10")


def test_the_python_version_of_cifar_is_left_alone_because_pickles_can_run_code(root: Path) -> None:
    unpacked(root / "cifar-10-batches-py", {"data_batch_1": b"cos\nsystem\n(S'false'\ntR."})
    with pytest.raises(UsageError, match=r"cifar10 needs cifar-10-binary.tar.gz"):
        datasets.load("cifar10")
    tar(root / "cifar-10-binary.tar.gz", {"data_batch_1": b"cos\nsystem\n(S'false'\ntR."})
    with pytest.raises(UsageError, match=r"no data_batch_1.bin. .* Python version, made of pickles, is not read"):
        datasets.load("cifar10")


WRONG_BATCHES: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda data: data[:-5], r"data_batch_2.bin has 18433 bytes, not records of 3073"),
    (lambda data: b"\xff" + data[1:], r"data_batch_2.bin has the class 255"),
]


@pytest.mark.parametrize(("damage", "reason"), WRONG_BATCHES)
def test_each_batch_of_cifar_is_checked(damage: Callable[[bytes], bytes], reason: str, root: Path) -> None:
    contents = cifar_files()
    contents["data_batch_2.bin"] = damage(contents["data_batch_2.bin"])
    contents["data_batch_3.bin"] += b"12345"[: 18438 - len(contents["data_batch_2.bin"])]  # as many bytes in all
    tar(root / "cifar-10-binary.tar.gz", contents)
    with pytest.raises(UsageError, match=reason):
        datasets.load("cifar10")


# ---------------------------------------------------------------------------------------------------- ionosphere
@pytest.mark.parametrize("name", ["ionosphere.csv", "ionosphere.data", "ionosphere/ionosphere.data"])
def test_ionosphere_is_a_table_with_a_letter_at_the_end_of_each_line(name: str, root: Path) -> None:
    values = np.round(RNG.uniform(-1, 1, (20, 34)), 5)
    lines = [",".join([*map(str, row), "gb"[i % 2]]) for i, row in enumerate(values)]
    (root / "ionosphere").mkdir()
    (root / name).write_text("\n".join(lines))
    data = datasets.load("ionosphere")
    contract(data)
    known = {row.astype(np.float32).tobytes(): 1 - i % 2 for i, row in enumerate(values)}
    assert all(known[row.tobytes()] == label for row, label in zip(data.X_train, data.y_train, strict=True))


TABLE = [f"{i / 20},{-i / 20},{'gb'[i % 2]}" for i in range(20)]
WRITINGS: dict[str, str] = {
    "other ends of lines": "\r\n".join(TABLE) + "\r\n",
    "empty lines": "\n\n".join(TABLE) + "\n\n",
    "quotes": "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in TABLE),
    "some quotes": "\n".join(['"0","0","g"', *TABLE[1:]]),
    "spaces": "\n".join(line.replace(",", ", ") + " " for line in TABLE),
    "a mark of byte order": "\ufeff" + "\n".join(TABLE),
}


@pytest.mark.parametrize("writing", WRITINGS)
def test_a_table_may_be_written_in_several_ways(writing: str, root: Path) -> None:
    (root / "ionosphere.csv").write_bytes(WRITINGS[writing].encode())
    data = datasets.load("ionosphere")
    contract(data)
    X, y = data.development
    assert len(y) + len(data.y_test) == 20
    np.testing.assert_array_equal(np.rint(X[:, 0] * 20) % 2 == 0, y == 1)


BROKEN_TABLES = {
    "0,1,g\n0,g\n": "row 2 has 2 cells, the first 3",
    "0,1,g\n0,x,g\n": "'x'",
    "0,1,g\n0,nan,g\n": "row 2 has a number that is not finite",
    "g\nb\n": "a row must have numbers and a class",
    "0;1;g\n0;1;b\n": "a row must have numbers and a class",
    "": "there are no rows",
}


@pytest.mark.parametrize("text", BROKEN_TABLES)
def test_what_is_no_table_is_an_error(text: str, root: Path) -> None:
    (root / "ionosphere.csv").write_text(text)
    with pytest.raises(UsageError, match=rf"ionosphere.csv is not a whole table .*{BROKEN_TABLES[text]}"):
        datasets.load("ionosphere")


# -------------------------------------------------------------------------------------------------------- LIBSVM
TRAIN = "".join(f"{'+1' if i % 2 else '-1'} {1 + i % 3}:1 {5 + i % 2}:0.25\n" for i in range(20))
TEST = "-1 2:1 7:3\n\n+1 1:0.5 # a comment\n"


def test_a_libsvm_file_is_sparse_and_split(tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_text(TRAIN)
    data = datasets.load_libsvm(path)
    assert repr(data) == "<Dataset small: 6 features, 2 classes; train 14, validation 2, test 4>"
    contract(data)
    assert isinstance(data.X_train, sparse.csr_array)
    dense = data.X_train.toarray()
    np.testing.assert_array_equal(dense[:, 4] > 0, data.y_train == 0)  # -1 is class 0, in even lines
    assert set(dense[dense > 0]) == {1.0, 0.25}
    other = datasets.load_libsvm(path, split=1)
    assert not np.array_equal(other.X_train.toarray(), dense)


def test_a_second_file_is_the_test_split_with_the_same_columns(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(TRAIN.encode()))
    (tmp_path / "a.t").write_text(TEST)
    data = datasets.load_libsvm(tmp_path / "a.gz", test=tmp_path / "a.t", name="a")
    assert repr(data) == "<Dataset a: 7 features, 2 classes; train 16, validation 4, test 2>"
    np.testing.assert_array_equal(data.X_test.toarray(), [[0, 1, 0, 0, 0, 0, 3], [0.5, 0, 0, 0, 0, 0, 0]])
    np.testing.assert_array_equal(data.y_test, [0, 1])


def test_labels_are_numbers_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    path.write_text("".join(f"{i / 4} 1:{i}\n" for i in range(20)))
    data = datasets.load_libsvm(path, regression=True)
    contract(data)
    assert repr(data) == "<Dataset numbers: 1 features, regression; train 14, validation 3, test 3>"
    np.testing.assert_array_equal(data.X_train.toarray()[:, 0] / 4, data.y_train)
    with pytest.raises(UsageError, match=r"labels must be whole numbers, one a class. Received: 0.25 .* regression"):
        datasets.load_libsvm(path)


VARIETIES: dict[str, tuple[str, list[float]]] = {
    "comments": ("# head\n1 1:2 # tail\n", [2]),
    "queries": ("1 qid:7 1:2\n", [2]),
    "counted from 0": ("1 0:2 1:3\n", [2, 3]),
    "empty lines and other ends": ("\r\n1 2:3\r\n\r\n", [0, 3]),
    "tabs": ("1\t1:2\t2:3\n", [2, 3]),
    "no last end": ("1 1:2 ", [2]),
}


@pytest.mark.parametrize("variety", VARIETIES)
def test_varieties_of_the_format(variety: str, tmp_path: Path) -> None:
    text, row = VARIETIES[variety]
    (tmp_path / "file").write_text(text)
    assert datasets.load_libsvm(tmp_path / "file").X_train.toarray().tolist() == [row]


def test_a_class_of_the_test_file_alone_counts(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(TRAIN)
    (tmp_path / "a.t").write_text("7 1:1\n")
    data = datasets.load_libsvm(tmp_path / "a", test=tmp_path / "a.t")
    assert (data.classes, data.y_test.tolist()) == (3, [2])


@pytest.mark.parametrize("label", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("regression", [True, False])
def test_labels_are_finite(label: str, regression: bool, tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f"{TRAIN}{label} 1:1\n")
    with pytest.raises(UsageError, match=rf"labels must be .* Received: {label} in .*a"):
        datasets.load_libsvm(tmp_path / "a", regression=regression)


@pytest.mark.parametrize("feature", ["nan", "inf"])
@pytest.mark.parametrize("regression", [True, False])
def test_features_are_finite(feature: str, regression: bool, tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f"{TRAIN}1 1:{feature}\n")
    with pytest.raises(UsageError, match=rf"features must be .* Received: {feature} in .*a"):
        datasets.load_libsvm(tmp_path / "a", regression=regression)


def test_a_file_without_rows_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("# nothing\n")
    with pytest.raises(UsageError, match=r"empty is not a whole file in LIBSVM's format: there are no rows"):
        datasets.load_libsvm(tmp_path / "empty")
    (tmp_path / "full").write_text(TRAIN)
    with pytest.raises(UsageError, match=r"there are no rows of y_test"):
        datasets.load_libsvm(tmp_path / "full", test=tmp_path / "empty")


@pytest.mark.parametrize("text", ["+1 1:x\n", "1 1\n", "cat 1:1\n", "\x00\x01", "1 5000000000:1\n", "1 3:1 2:1\n"])
def test_what_is_no_libsvm_file_is_an_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"broken is not a whole file in LIBSVM's format"):
        datasets.load_libsvm(path)
    with pytest.raises(UsageError, match=r"there is no file .*absent"):
        datasets.load_libsvm(tmp_path / "absent")


@pytest.mark.parametrize("name", libsvm.FILES)
@pytest.mark.parametrize("folder", [".", "libsvm"])
def test_published_files_go_by_their_names(name: str, folder: str, root: Path) -> None:
    train, test = libsvm.FILES[name]
    unpacked(root / folder, {train.name: TRAIN.encode(), test.name: TEST.encode()})
    assert repr(datasets.load(name)) == f"<Dataset {name}: 7 features, 2 classes; train 16, validation 4, test 2>"


# ---------------------------------------------------------------------------------------------------------- IMDB
def corpus() -> dict[str, bytes]:
    texts = {}
    for part in ("train", "test"):
        for opinion, word in (("pos", "good"), ("neg", "bad")):
            for i in range(12):
                texts[f"aclImdb/{part}/{opinion}/{i}_7.txt"] = f"A {word} film!<br />Don't. {word} {part} w{i}".encode()
    return texts | {"aclImdb/train/unsup/0_0.txt": b"unsupervised", "aclImdb/imdb.vocab": b"the"}


@pytest.mark.parametrize("kind", ["archive", "folder"])
def test_reviews_are_bags_of_the_most_frequent_words(kind: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviews, "WORDS", 6)
    if kind == "archive":
        tar(root / "aclImdb_v1.tar.gz", corpus())
    else:
        unpacked(root, corpus())
    data = datasets.load("imdb")
    assert repr(data) == "<Dataset imdb: 6 features, 2 classes; train 20, validation 4, test 24>"
    contract(data)
    # Twice in ten reviews each: bad, good; once in all twenty: a, don't, film, train; in the alphabet's order.
    words = ["a", "bad", "don't", "film", "good", "train"]
    for X, y, part in ((data.X_train, data.y_train, 1), (data.X_test, data.y_test, 0)):
        expected = np.array([[1, 1 - label, 1, 1, label, part] for label in y])
        np.testing.assert_array_equal(X.toarray(), expected, err_msg=str(words))


def test_words_are_lower_case_and_keep_their_apostrophes() -> None:
    assert reviews.words_of("Don't STOP<br /><br />it's '90s -- naïve_film.".encode()) == (
        ["don't", "stop", "it's", "90s", "naïve", "film"]
    )


def test_an_archive_without_reviews_is_an_error(root: Path) -> None:
    tar(root / "aclImdb_v1.tar.gz", {"readme": b""})
    with pytest.raises(UsageError, match=r"is not a whole archive of reviews"):
        datasets.load("imdb")


@pytest.mark.parametrize("absent", ["train/neg", "train/pos", "test/neg", "test/pos"])
def test_reviews_of_every_kind_must_be_there(absent: str, root: Path) -> None:
    contents = {f"other/{name}": text for name, text in corpus().items() if absent not in name}
    tar(root / "aclImdb_v1.tar.gz", contents)
    with pytest.raises(UsageError, match=rf"is not a whole archive of reviews: it has no {absent}/\*.txt"):
        datasets.load("imdb")


def test_a_review_may_be_empty_but_must_be_text(root: Path) -> None:
    unpacked(root, {**corpus(), "aclImdb/test/pos/99_7.txt": b"", "aclImdb/train/pos/._9_7.txt": b"\0\xff"})
    assert min(datasets.load("imdb").X_test.sum(axis=1)) == 0  # and a file beginning with a dot is none
    datasets._load.cache_clear()
    (root / "aclImdb/test/pos/99_7.txt").write_bytes("Ça".encode("latin-1"))
    with pytest.raises(UsageError, match=r"is not a whole archive of reviews: 'utf-8' codec"):
        datasets.load("imdb")


# ------------------------------------------------------------------------------------------------- another split
@pytest.mark.parametrize("split", [-1, 1.0, "1", True, None, [1]])
def test_a_split_is_a_whole_number(split: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"split must be an integer >= 0. Received: split="):
        datasets.load("iris", split)
    (tmp_path / "a").write_text(TRAIN)
    with pytest.raises(UsageError, match=r"split must be an integer >= 0. Received: split="):
        datasets.load_libsvm(tmp_path / "a", split=split)


def test_another_split_has_the_same_sizes_and_other_rows() -> None:
    usual, other = datasets.load("iris"), datasets.load("iris", 1)
    assert repr(usual) == repr(other)
    assert not np.array_equal(usual.y_train, other.y_train)
    assert datasets.load("iris", 1) is other
    assert datasets.load("iris", 0) is usual


# --------------------------------------------------------------------------------------------------- downloading
@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path, list[str]]]:
    """A server on this machine: its address, its folder, and what was asked for."""
    folder, asked = tmp_path / "server", []
    folder.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}", folder, asked
        httpd.shutdown()
        thread.join()


@pytest.fixture
def published(server: tuple[str, Path, list[str]], monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[str]]:
    """Ionosphere, as it were, on that server."""
    address, folder, asked = server
    text = "".join(f"{i / 20},{-i / 20},{'gb'[i % 2]}\n" for i in range(20)).encode()
    (folder / "ionosphere.data").write_bytes(text)
    file = File(f"{address}/ionosphere.data", f"sha256:{hashlib.sha256(text).hexdigest()}", "ionosphere.*", (".",))
    monkeypatch.setattr(tables, "IONOSPHERE", file)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return folder, asked


def test_a_file_is_downloaded_once(published: tuple[Path, list[str]], tmp_path: Path) -> None:
    first = datasets.load("ionosphere")
    datasets._load.cache_clear()
    second = datasets.load("ionosphere")
    np.testing.assert_array_equal(first.X_train, second.X_train)
    assert published[1] == ["/ionosphere.data"]
    assert (tmp_path / "cache" / "ionosphere" / "ionosphere.data").is_file()


def test_a_download_that_breaks_off_leaves_nothing_and_is_begun_anew(
    published: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = SimpleHTTPRequestHandler.copyfile

    def half(self: Any, source: Any, target: Any) -> None:
        target.write(source.read()[:100])
        target.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    monkeypatch.setattr(SimpleHTTPRequestHandler, "copyfile", half)
    with pytest.raises(UsageError, match=r"ionosphere needs ionosphere.data.* \(the connection broke off\)"):
        datasets.load("ionosphere")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    monkeypatch.setattr(SimpleHTTPRequestHandler, "copyfile", whole)
    assert len(datasets.load("ionosphere").y_train) == 14


def test_a_damaged_file_in_the_cache_is_fetched_again(published: tuple[Path, list[str]], tmp_path: Path) -> None:
    datasets.load("ionosphere")
    datasets._load.cache_clear()
    (tmp_path / "cache" / "ionosphere" / "ionosphere.data").write_text("1,2,g\n")
    assert len(datasets.load("ionosphere").y_train) == 14


def test_a_file_in_the_folder_comes_first(published: tuple[Path, list[str]], root: Path) -> None:
    (root / "ionosphere.csv").write_text("".join(f"{i},0,{'gb'[i % 2]}\n" for i in range(20)))
    datasets.load("ionosphere")
    assert published[1] == []


def test_another_checksum_is_refused_and_nothing_is_kept(published: tuple[Path, list[str]], tmp_path: Path) -> None:
    (published[0] / "ionosphere.data").write_text("1,2,g\n")
    with pytest.raises(UsageError, match=r"ionosphere needs ionosphere.data.* hash"):
        datasets.load("ionosphere")
    assert not list((tmp_path / "cache").rglob("*.*"))


def test_a_file_that_the_server_lacks_is_an_error(published: tuple[Path, list[str]]) -> None:
    (published[0] / "ionosphere.data").unlink()
    with pytest.raises(UsageError, match=r"can't be downloaded .*\(404"):
        datasets.load("ionosphere")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "imdb", "a9a", "agaricus", "ionosphere"])
def test_offline_the_message_names_file_folder_and_url(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        datasets.load(name)
    message = str(caught.value)
    assert message.startswith(f"datasets: {name} needs ")
    assert "RAVINE_DATA, which isn't set" in message
    assert "can't be downloaded from https://" in message
    assert "(no connection)" in message
    assert message.endswith(f"Put it into {tmp_path / 'cache' / name}.")


def test_offline_the_message_names_the_folder_that_was_looked_into(root: Path) -> None:
    with pytest.raises(UsageError, match=rf"It isn't in {root} .RAVINE_DATA., .* Put it into {root / 'mnist'}"):
        datasets.load("mnist")


# ------------------------------------------------------------------------------------------------- the real ones
REAL = [Path(os.environ.get("RAVINE_DATA", "")), Path(__file__).parents[3] / "shared" / "data"]
SIZES = {
    "ionosphere": (34, 2, 246, 52, 53),
    "agaricus": (126, 2, 5428, 1085, 1611),
    "a9a": (123, 2, 27134, 5427, 16281),
    "mnist": (784, 10, 50001, 9999, 10000),
}


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [folder for folder in REAL if (folder / "MANIFEST.tsv").is_file()]
    if not found:
        pytest.skip("the files aren't here")
    monkeypatch.setenv("RAVINE_DATA", str(found[0]))


@pytest.mark.usefixtures("real")
@pytest.mark.parametrize("name", SIZES)
def test_the_real_files_load(name: str) -> None:
    data = datasets.load(name)
    contract(data)
    assert (data.features, data.classes, *(len(data.split(s)[1]) for s in datasets.SPLITS)) == SIZES[name]


@pytest.mark.usefixtures("real")
def test_ionosphere_has_225_good_returns() -> None:
    data = datasets.load("ionosphere")
    assert sum(y.sum() for _, y in map(data.split, datasets.SPLITS)) == 225


@pytest.mark.usefixtures("real")
def test_mnist_is_the_published_one() -> None:
    paths = [files.find("mnist", file) for file in images.idx_files("mnist")]
    X, y, _, y_test = map(images.idx, paths, images.AXES)
    assert (y[:5].tolist(), y_test[:5].tolist()) == ([5, 0, 4, 1, 9], [7, 2, 1, 0, 4])
    assert X.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert X.std() / 255 == pytest.approx(0.3081, abs=5e-5)
