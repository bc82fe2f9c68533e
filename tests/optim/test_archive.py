"""The archive format: any tree comes back as it was."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.optim import archive

KIND = "a tree"
ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
TREES = st.recursive(
    ATOMS | st.builds(np.array, st.lists(st.floats(width=32), max_size=3)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(tree=TREES)
def test_a_tree_is_what_it_was(tree: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "tree.npz"
    archive.write(path, KIND, tree)
    assert repr(archive.read(path, KIND)) == repr(tree)  # of floats and arrays too, repr tells every bit but a NaN's


def test_what_a_tree_cannot_hold_is_named_and_no_file_is_left(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"A file can't hold <object"):
        archive.write(tmp_path / "a.npz", KIND, {"key": [object()]})
    assert list(tmp_path.iterdir()) == []
