"""Files that are damaged at random or made to harm: a clear error, and the optimizer as it was."""

import io
import json
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ravine.optim import Adam
from ravine.optim import checkpoint as files

SUFFIX = pytest.mark.parametrize("suffix", ["npz", "safetensors"])


def trained():
    x = np.arange(6.0).reshape(2, 3)
    optimizer = Adam([x], lr=0.1)
    optimizer.step([np.ones((2, 3))])
    return optimizer


def saved(tmp_path, suffix):
    if suffix == "safetensors":
        pytest.importorskip("safetensors")
    trained().save(tmp_path / f"good.{suffix}")
    return (tmp_path / f"good.{suffix}").read_bytes()


def refused_or_whole(tmp_path, suffix, content):
    """Load what is in a file: either it is refused and nothing has changed, or it is a state like ours."""
    path = tmp_path / f"bad.{suffix}"
    path.write_bytes(content)
    optimizer = trained()
    before = optimizer.state_dict()
    try:
        optimizer.load(path)
    except (ValueError, TypeError) as error:
        assert "Received" in str(error) or "is not a whole file" in str(error)  # noqa: PT017
        after = optimizer.state_dict()
        assert after["t"] == before["t"]
        for slot, value in before["state"]["0"].items():
            np.testing.assert_array_equal(after["state"]["0"][slot], value)


@SUFFIX
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_damage(data, suffix, tmp_path):
    content = bytearray(saved(tmp_path, suffix))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    refused_or_whole(tmp_path, suffix, bytes(content[: data.draw(st.integers(0, len(content)))]))
    refused_or_whole(tmp_path, suffix, bytes(content))


HEAD = {"format": 2, "optimizer": "Adam", "t": 1, "parameters": [["0", {"t": 1}]]}


@pytest.mark.parametrize(
    "head",
    [
        {},
        [],
        5,
        {**HEAD, "parameters": 3},
        {**HEAD, "parameters": [["0"]]},
        {**HEAD, "parameters": [["0", {"t": 1}], ["0", {"t": 1}]]},
        {**HEAD, "parameters": [["0", {"t": 10**40}]]},
        {**HEAD, "t": -1},
        {**HEAD, "t": 1e9},
        {**HEAD, "t": None},
        {**HEAD, "optimizer": ["Adam"]},
        {**HEAD, "more": 1},
    ],
    ids=lambda head: str(head)[-40:],
)
def test_heads_that_lie(head, tmp_path):
    content = io.BytesIO()
    arrays = {"0/m": np.zeros((2, 3)), "0/v": np.zeros((2, 3))}
    np.savez(content, head=np.array(json.dumps(head)), **arrays)
    (tmp_path / "bad.npz").write_bytes(content.getvalue())
    optimizer = trained()
    with pytest.raises((ValueError, TypeError)):
        optimizer.load(tmp_path / "bad.npz")
    assert optimizer.t == 1


def test_an_array_that_claims_to_be_huge(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**13,)})
    content = io.BytesIO()
    np.savez(content, head=np.array(json.dumps(HEAD)), **{"0/v": np.zeros((2, 3))})
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("0/m.npy", header.getvalue())
    refused_or_whole(tmp_path, "npz", content.getvalue())


def test_compressed_entries_are_not_unpacked(tmp_path):
    np.savez_compressed(tmp_path / "bomb.npz", head=np.array(json.dumps(HEAD)), **{"0/m": np.zeros(10**6)})
    with pytest.raises(ValueError, match="compressed, which could hide any size"):
        files.read(tmp_path / "bomb.npz")


def test_safetensors_can_be_read_by_others(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    trained().save(tmp_path / "state.safetensors")
    arrays = safetensors.load_file(tmp_path / "state.safetensors")
    np.testing.assert_array_equal(arrays["0/m"], trained().state_dict()["state"]["0"]["m"])


def test_a_number_that_is_no_float_is_refused_before_anything_changes(tmp_path):
    from ravine.optim import NAdam

    optimizer = NAdam([("a", np.ones(3))], lr=0.1)
    optimizer.step([np.ones(3)])
    optimizer.save(tmp_path / "good.npz")
    parts = dict(np.load(tmp_path / "good.npz"))
    head = json.loads(str(parts.pop("head")))
    head["t"], head["parameters"][0][1]["product"] = 77, 10**400
    np.savez(tmp_path / "bad.npz", head=np.array(json.dumps(head)), **parts)
    with pytest.raises(ValueError, match="product of parameter a must be a number"):
        optimizer.load(tmp_path / "bad.npz")
    assert optimizer.t == 1


def test_a_flipped_bit_in_safetensors_is_seen(tmp_path):
    content = bytearray(saved(tmp_path, "safetensors"))
    content[-3] ^= 4
    (tmp_path / "bad.safetensors").write_bytes(bytes(content))
    with pytest.raises(ValueError, match=r"the checksum of .* differs"):
        files.read(tmp_path / "bad.safetensors")
