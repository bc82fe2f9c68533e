"""What a notebook shows of a Tensor."""

import xml.etree.ElementTree as ET

import numpy as np

from ravine.autograd import Parameter, Tensor


def parsed(t):
    return ET.fromstring(f"<div>{t._repr_html_()}</div>")


def test_a_leaf_shows_its_values_beside_its_gradient():
    w = Parameter(np.array([1.0, 2.0]), name="a<b")
    assert [cell.text for cell in parsed(w).iter("th")] == ["data"]
    np.sum(w * w).backward()
    root = parsed(w)
    assert [cell.text for cell in root.iter("th")] == ["data", "grad"]
    assert [cell.text for cell in root.iter("pre")] == ["[1., 2.]", "[2., 4.]"]
    assert root.find("code").text == "a<b"


def test_a_computed_tensor_shows_what_made_it():
    text = "".join(parsed(np.sin(Tensor(np.ones(3, np.float32), requires_grad=True))).itertext())
    assert "made by sin, shape (3,), float32, needs a gradient" in text


def test_a_large_tensor_is_shortened():
    assert len(Tensor(np.zeros((1000, 1000)))._repr_html_()) < 500
