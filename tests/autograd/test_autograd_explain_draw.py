"""The drawing: well-formed, complete, and without overlaps."""

import xml.etree.ElementTree as ET
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.autograd import Parameter, Tensor, explain, nn
from ravine.autograd.explain.drawing import Layout

SVG = "{http://www.w3.org/2000/svg}"


def diamond():
    x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    a = np.sin(x)
    return np.sum(a * np.exp(a) + a / (x + 2.0) * x), 9


def network():
    net = nn.Sequential(nn.Linear(4, 8, rng=0), nn.ReLU(), nn.Linear(8, 3, rng=1))
    loss = nn.cross_entropy(net(np.ones((5, 4), np.float32)), np.array([0, 1, 2, 0, 1]))
    return loss + 0.01 * sum(np.sum(p * p) for p in net.parameters()), None


def boxes(drawing):
    root = ET.fromstring(drawing.svg)
    keys = ("x", "y", "width", "height")
    return root, [tuple(float(r.get(k)) for k in keys) for r in root.iter(SVG + "rect")]


def texts(drawing):
    return [t.text for t in ET.fromstring(drawing.svg).iter(SVG + "text")]


@pytest.mark.parametrize("graph", [diamond, network])
def test_boxes_lie_on_the_page_and_apart(graph):
    loss, count = graph()
    root, found = boxes(explain.draw(loss))
    assert count is None or len(found) == count
    width, height = float(root.get("width")), float(root.get("height"))
    for x, y, w, h in found:
        assert x >= 0
        assert y >= 0
        assert x + w <= width
        assert y + h <= height
    for (x, y, w, h), (x2, y2, w2, h2) in combinations(found, 2):
        assert x + w < x2 or x2 + w2 < x or y + h < y2 or y2 + h2 < y


def test_text_fits_its_box():
    root = ET.fromstring(explain.draw(network()[0]).svg)
    for group in root.iter(SVG + "g"):
        width = float(group.find(SVG + "rect").get("width"))
        assert all(7.2 * len(t.text) <= width for t in group.iter(SVG + "text"))


def test_what_is_written():
    x, w = Tensor([1.0, 2.0], requires_grad=True, name="x"), Parameter(np.ones((2, 9), np.float32))
    with explain.trace_lines():
        y = np.clip(x @ w, None, 2.5)
    np.sum(x).backward()
    drawing = explain.draw(y)
    words = texts(drawing)
    for text in ("x", "(2,) float64", "[1. 2.]", "grad [1. 1.]", "leaf", "(2, 9) float32", "1 to 1", "matmul"):
        assert text in words, text
    assert "clip(·, None, 2.5)" in words
    assert "y = np.clip(x @ w, None, 2.5)" in drawing.svg
    assert drawing._repr_svg_() == drawing.svg
    assert "save" in repr(drawing)


def test_names_are_escaped_and_edges_complete(tmp_path):
    x = Tensor(1.0, requires_grad=True, name="<b>&")
    drawing = explain.draw(x * x + x)
    assert "<b>&" in texts(drawing)
    drawing.save(tmp_path / "graph.svg")
    root = ET.parse(tmp_path / "graph.svg").getroot()
    edges = [path for path in root.iter(SVG + "path") if path.get("marker-end")]
    assert len(edges) == 3  # x -> multiply once, x -> add, multiply -> add
    assert len(list(ET.fromstring(explain.draw(x).svg).iter(SVG + "rect"))) == 1


def test_a_drawing_is_the_same_twice():
    assert explain.draw(diamond()[0]).svg == explain.draw(diamond()[0]).svg


def test_errors():
    x = y = Tensor(1.0, requires_grad=True)
    for _ in range(500):
        y = y + x
    with pytest.raises(ValueError, match=r"at most 400 nodes.*Received: 501"):
        explain.draw(y)
    y.backward()
    with pytest.raises(RuntimeError, match="already freed"):
        explain.draw(y)
    with pytest.raises(TypeError, match=r"needs a Tensor\. Received: float"):
        explain.draw(1.0)


@given(st.data())
def test_layout_of_any_graph(data):
    n = data.draw(st.integers(1, 12))
    widths = {i: data.draw(st.floats(10, 200)) for i in range(n)}
    edges = [(a, b) for b in range(n) for a in range(b) if data.draw(st.booleans())]
    layout = Layout(widths, edges, gap=5)
    row = {key: i for i, layer in enumerate(layout.layers) for key in layer}
    assert set(widths) <= set(row)
    for (a, b), path in layout.paths.items():
        assert (path[0], path[-1]) == (a, b)
        assert [row[key] for key in path] == list(range(row[a], row[b] + 1))
        assert row[a] < row[b]
    for layer in layout.layers:
        for a, b in pairwise(layer):
            assert layout.x[b] - layout.x[a] >= (layout.widths[a] + layout.widths[b]) / 2 + 5 - 1e-6
    assert min(layout.x[i] - widths[i] / 2 for i in widths) >= -1e-6


def test_crossings_are_undone():
    layout = Layout(dict.fromkeys("abcdef", 10.0), [("a", "f"), ("b", "e"), ("c", "d")])
    assert layout.crossings() == 0


def test_an_index_of_arrays_and_slices_is_drawn():
    x = Tensor(np.ones((3, 4)), requires_grad=True)
    assert "getitem" in explain.draw(np.sum(x[np.array([0, 2]), 1:])).svg
