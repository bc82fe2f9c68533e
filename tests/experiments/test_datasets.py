"""Datasets: real arrays, disjoint stratified splits, no statistic of validation or test rows used."""

import numpy as np
import pytest
import sklearn.datasets
from hypothesis import given
from hypothesis import strategies as st

from ravine.experiments import UsageError, datasets

NAMES = list(datasets.SCALING)


@pytest.mark.parametrize("name", NAMES)
def test_splits_hold_every_row_once_in_every_class(name: str) -> None:
    y = getattr(sklearn.datasets, f"load_{name}")().target
    rows = datasets.stratified_rows(y)
    assert sorted(np.concatenate(list(rows.values()))) == list(range(len(y)))
    for split, share in datasets.SPLITS.items():
        for label in np.unique(y):
            members = np.sum(y == label)
            assert abs(np.sum(y[rows[split]] == label) - share * members) <= 1


@given(counts=st.lists(st.integers(7, 40), min_size=1, max_size=6))
def test_any_labels_are_split_disjointly_and_in_proportion(counts: list[int]) -> None:
    y = np.repeat(np.arange(len(counts)), counts)
    rows = datasets.stratified_rows(y)
    assert sorted(np.concatenate(list(rows.values()))) == list(range(len(y)))
    for split, share in datasets.SPLITS.items():
        assert np.all(np.abs(np.bincount(y[rows[split]], minlength=len(counts)) - share * np.asarray(counts)) <= 1)


@pytest.mark.parametrize("name", NAMES)
def test_arrays_are_float32_rows_and_int64_classes_that_nobody_can_change(name: str) -> None:
    data = datasets.load(name)
    for split in datasets.SPLITS:
        X, y = data.split(split)
        assert (X.dtype, y.dtype, X.ndim) == (np.float32, np.int64, 2)
        assert X.shape == (len(y), data.features)
        assert set(y) == set(range(data.classes))
        with pytest.raises(ValueError, match="read-only"):
            X[0, 0] = 1
    assert datasets.load(name) is data


def test_digits_are_the_pixels_divided_by_sixteen() -> None:
    data = datasets.load("digits")
    source = sklearn.datasets.load_digits()
    pixels = (source.data / 16).astype(np.float32)
    known = {row.tobytes(): label for row, label in zip(pixels, source.target, strict=True)}
    assert all(known[row.tobytes()] == label for row, label in zip(data.X_test, data.y_test, strict=True))
    assert (data.X_train.min(), data.X_train.max()) == (0, 1)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_scaling_knows_the_training_rows_only(name: str) -> None:
    data = datasets.load(name)
    np.testing.assert_allclose(data.X_train.mean(axis=0, dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose(data.X_train.std(axis=0, dtype=np.float64), 1, atol=1e-6)
    assert np.abs(data.X_test.mean(axis=0)).max() > 1e-3


def test_a_constant_column_is_centred_and_not_divided_by_zero() -> None:
    scaled = datasets.standardised(np.array([[3.0, 0.0], [3.0, 2.0], [4.0, 9.0]]), np.array([0, 1]))
    np.testing.assert_array_equal(scaled, [[0, -1], [0, 1], [1, 8]])


@pytest.mark.parametrize(("name", "hint"), [("digit", "Did you mean 'digits'"), ("", "Known: iris"), (3, "Known")])
def test_unknown_names_list_the_known_ones(name: object, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        datasets.load(name)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="digits"):
        datasets.load(name)  # type: ignore[arg-type]


def test_repr_tells_the_sizes() -> None:
    assert repr(datasets.load("iris")) == "<Dataset iris: 4 features, 3 classes; train 105, validation 21, test 24>"
