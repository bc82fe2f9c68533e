"""Files that are damaged at random or made to harm: a clear error, and the optimizer as it was."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ravine.optim import Adam, archive

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


KIND = "an optimizer's state"


def head(top=(), slots=(), **wrong):
    """The head of a file with a state of Adam, as `archive.write` writes it."""
    kept = {"t": 1, "m": {"array": "0/m"}, "v": {"array": "1/v"}, **dict(slots)}
    state = {"dict": [["0", {"dict": [list(pair) for pair in kept.items()]}]]}
    tree = {"dict": [["optimizer", "Adam"], ["t", 1], ["state", state], *top]}
    return {"format": 3, "kind": KIND, "tree": tree, **wrong}


@pytest.mark.parametrize(
    "head",
    [
        {},
        [],
        5,
        head(tree=3),
        head(tree={"array": "2"}),
        head(tree={"set": [1]}),
        head(tree={"dict": [["t", 1]], "list": []}),
        head(tree={"dict": [[{"list": []}, 1]]}),
        head(tree={"dict": [["t"]]}),
        head(kind="a training checkpoint"),
        head(top=[["t", 1]]),
        head(slots={"t": 10**40}),
        head(top=[["more", 1]]),
        head(slots={"t": -1}),
        head(slots={"t": 1e9}),
        head(slots={"t": None}),
        head(slots={"m": 1.0}),
        head(slots={"m": {"array": "head"}}),
    ],
    ids=lambda head: str(head)[-40:],
)
def test_heads_that_lie(head, tmp_path):
    content = io.BytesIO()
    arrays = {"0/m": np.zeros((2, 3)), "1/v": np.zeros((2, 3))}
    np.savez(content, head=np.array(json.dumps(head)), **arrays)
    (tmp_path / "bad.npz").write_bytes(content.getvalue())
    optimizer = trained()
    with pytest.raises((ValueError, TypeError)):
        optimizer.load(tmp_path / "bad.npz")
    assert optimizer.t == 1


def test_the_head_above_is_one_that_is_read(tmp_path):
    np.savez(tmp_path / "good.npz", head=np.array(json.dumps(head())), **{n: np.zeros((2, 3)) for n in ("0/m", "1/v")})
    optimizer = trained()
    optimizer.load(tmp_path / "good.npz")
    assert not optimizer.state_dict()["state"]["0"]["m"].any()


def test_an_array_that_claims_to_be_huge(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**13,)})
    content = io.BytesIO()
    np.savez(content, head=np.array(json.dumps(head())), **{"1/v": np.zeros((2, 3))})
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("0/m.npy", header.getvalue())
    refused_or_whole(tmp_path, "npz", content.getvalue())


def test_compressed_entries_are_not_unpacked(tmp_path):
    np.savez_compressed(tmp_path / "bomb.npz", head=np.array(json.dumps(head())), **{"0/m": np.zeros(10**6)})
    with pytest.raises(ValueError, match="compressed, which could hide any size"):
        archive.read(tmp_path / "bomb.npz", KIND)


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
    pairs = head["tree"]["dict"]
    (state,) = [value for key, value in pairs if key == "state"]
    ((_, slots),) = state["dict"]
    slots["dict"] = [[key, 10**400 if key == "product" else value] for key, value in slots["dict"]]
    head["tree"]["dict"] = [[key, 77 if key == "t" else value] for key, value in pairs]
    np.savez(tmp_path / "bad.npz", head=np.array(json.dumps(head)), **parts)
    with pytest.raises(ValueError, match="product of parameter a must be a number"):
        optimizer.load(tmp_path / "bad.npz")
    assert optimizer.t == 1


def test_a_flipped_bit_in_safetensors_is_seen(tmp_path):
    content = bytearray(saved(tmp_path, "safetensors"))
    content[-3] ^= 4
    (tmp_path / "bad.safetensors").write_bytes(bytes(content))
    with pytest.raises(ValueError, match=r"the checksum of .* differs"):
        archive.read(tmp_path / "bad.safetensors", KIND)


def test_a_tree_comes_back_as_it_was(tmp_path):
    tree = {
        "numbers": [1, -2.5, np.float32(0.5), float("inf"), None, True],
        3: ("a", []),
        "nested": {"w": {"m": np.arange(3)}},
        "dotted.name": np.float32([[1, 2]]),
        "": np.array(7),
    }
    archive.write(tmp_path / "tree.npz", "a tree", tree)
    found = archive.read(tmp_path / "tree.npz", "a tree")
    assert repr(found) == repr(tree).replace("np.float32(0.5)", "0.5")
    assert found["dotted.name"].dtype == np.float32
    with pytest.raises(ValueError, match=r"is not a whole file of an optimizer's state: it is a tree\."):
        archive.read(tmp_path / "tree.npz", KIND)


@pytest.mark.parametrize("stray", [object(), {1, 2}, np.array([None]), 1j])
def test_what_a_file_cannot_hold_is_refused(stray, tmp_path):
    with pytest.raises(TypeError, match="A file can't hold"):
        archive.write(tmp_path / "tree.npz", "a tree", {"x": stray})
    assert not list(tmp_path.iterdir())


def test_changed_counts_in_safetensors_are_seen(tmp_path):
    content = saved(tmp_path, "safetensors")
    changed = re.sub(rb'(t\\*", )\d', rb"\g<1>8", content)
    assert changed != content
    (tmp_path / "bad.safetensors").write_bytes(changed)
    with pytest.raises(ValueError, match="the checksum of its head differs"):
        trained().load(tmp_path / "bad.safetensors")


@pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")
def test_permissions_and_links_are_kept(tmp_path):
    opt, target, link = trained(), tmp_path / "target.npz", tmp_path / "link.npz"
    opt.save(target)
    target.chmod(0o600)
    link.symlink_to(target)
    opt.save(link)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.npz", "target.npz"]
    trained().load(target)


@pytest.mark.skipif(os.name != "posix", reason="processes of POSIX")
def test_what_a_killed_save_left_is_deleted_by_the_next(tmp_path):
    with subprocess.Popen([sys.executable, "-c", "pass"]) as ended:
        pass
    left = [tmp_path / f"state.npz.{process}-0123abcd.tmp" for process in (ended.pid, os.getpid())]
    others = [tmp_path / "state.npz.tmp", tmp_path / f"another.npz.{ended.pid}-0123abcd.tmp"]
    for path in (*left, *others):
        path.write_bytes(b"")
    trained().save(tmp_path / "state.npz")
    assert [path.exists() for path in (*left, *others)] == [False, True, True, True]
