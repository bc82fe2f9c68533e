"""`draw`: the graph behind a result, as SVG.

The layout has layers from top to bottom, few crossings and no overlaps. Sugiyama, Tagawa & Toda 1981: layers by longest
path, order by barycentres, then positions by least squares.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from os import PathLike
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from ..tensor import Tensor
from .lines import line_of
from .stepping import brief, nodes_below

MAX_NODES = 400  # a larger drawing can't be read
CHARACTER, LEADING, PADDING, ROW_GAP, MARGIN = 7.3, 16, 9, 34, 12  # pixels; the font is monospaced, 12 pixels
Key = Hashable
SWEEPS = 12  # over the layers, to reduce crossings
FILL = {"leaf": "#e3f1e3", "op": "#eef2fb", "root": "#fdeccf"}


@dataclass(frozen=True)
class Drawing:
    """A drawing as SVG text. A notebook displays it; `save` writes it to a file.

    >>> from ravine.autograd import Tensor
    >>> drawing = draw(Tensor(2.0, requires_grad=True) ** 2)
    >>> drawing.svg.startswith("<svg")
    True
    """

    svg: str

    def save(self, path: str | PathLike[str]) -> None:
        """Write the SVG to a file, in UTF-8."""
        Path(path).write_text(self.svg, encoding="utf-8")

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"Drawing({len(self.svg)} characters of SVG: display it in a notebook, or call save('graph.svg'))"


def draw(result: Tensor) -> Drawing:
    """Draw the graph of a result: leaves on top (green), operations below them, the result at the bottom (orange).

    A box shows the operation with its constants, or the name of the leaf; shape and dtype; all values, or their range
    if there are many; and the `grad` of a leaf. Its tooltip shows the line of source, if the operation was called
    inside `with trace_lines()`.

    Args:
        result: a Tensor with at most 400 nodes in its graph.

    Raises:
        TypeError: the result is no Tensor.
        RuntimeError: the graph was freed by `backward`.
        ValueError: it has more than 400 nodes.

    >>> from ravine.autograd import Tensor
    >>> x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    >>> draw(np.sum(x * x)).svg.count("<rect")
    3
    """
    if not isinstance(result, Tensor):
        raise TypeError(f"draw: needs a Tensor. Received: {type(result).__name__}.")
    nodes = nodes_below(result)[::-1]
    if len(nodes) > MAX_NODES:
        raise ValueError(
            f"draw: the graph must have at most {MAX_NODES} nodes. Received: {len(nodes)}. Draw a part of it."
        )
    texts = {node.seq: _lines_of_box(node) for node in nodes}
    widths: dict[Any, float] = {seq: CHARACTER * max(map(len, lines)) + 2 * PADDING for seq, lines in texts.items()}
    edges = list(dict.fromkeys((t.seq, node.seq) for node in nodes for t in node.inputs if t is not None))
    layout = Layout(widths, edges)
    heights: dict[Any, float] = {seq: LEADING * len(lines) + 2 * PADDING - 4 for seq, lines in texts.items()}
    top, tops = float(MARGIN), {}
    for layer in layout.layers:
        height = max(heights[key] for key in layer if key in heights)
        for key in layer:
            tops[key] = top
            heights.setdefault(key, height)
        top += height + ROW_GAP
    x = {key: middle + MARGIN for key, middle in layout.x.items()}
    parts = [_edge([(x[key], tops[key], tops[key] + heights[key]) for key in path]) for path in layout.paths.values()]
    for node in nodes:
        key = node.seq
        kind = "root" if node is result else "op" if node.op else "leaf"
        tip = str(line_of(node) or "")
        parts.append(_box(kind, texts[key], tip, x[key] - widths[key] / 2, tops[key], widths[key], heights[key]))
    width = max(x[seq] + widths[seq] / 2 for seq in texts) + MARGIN
    return Drawing(_page(width, top - ROW_GAP + MARGIN, parts))


def _lines_of_box(node: Tensor) -> list[str]:
    """The text of a box."""
    title = (node.name or "leaf") if node.op is None else _call(node)
    lines = [title, f"{node.shape} {node.dtype}" if node.shape else f"{node.dtype}", _values(node.data)]
    return lines if node.grad is None else [*lines, f"grad {_values(node.grad)}"]


def _call(node: Tensor) -> str:
    """The operation with its constants, and a dot for every input."""
    shown = ["·" if t is not None else _constant(x) for t, x in zip(node.inputs, node.args, strict=False)]
    shown += [f"{name}={_constant(value)}" for name, value in node.kwargs.items() if value is not None]
    prefix = f"{node.name} = " if node.name else ""
    return f"{prefix}{node.op.name}" + (f"({_cut(', '.join(shown), 30)})" if set(shown) - {"·"} else "")


def _constant(x: Any) -> str:
    if isinstance(x, np.ndarray) and x.ndim:
        return f"array{x.shape}"
    return f"{x:.4g}" if isinstance(x, (float, np.floating, np.ndarray)) else _cut(str(x), 20)


def _values(x: Any) -> str:
    return _cut(brief(x), 40) if np.size(x) <= 6 else brief(x).partition("), ")[2]


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


# SVG


def _page(width: float, height: float, parts: list[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" '
        'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="12">'
    )
    arrow = (
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#667"/></marker></defs>'
    )
    background = f'<path d="M0 0h{width:.0f}v{height:.0f}H0z" fill="white"/>'
    return "\n".join([head, arrow, background, *parts, "</svg>"])


def _box(kind: str, lines: list[str], tip: str, left: float, top: float, width: float, height: float) -> str:
    middle = left + width / 2
    texts = "".join(
        f'<text x="{middle:.1f}" y="{top + PADDING + 9 + LEADING * i:.1f}" text-anchor="middle" '
        f'{"font-weight" if i == 0 else "fill"}="{"bold" if i == 0 else "#444"}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    title = f"<title>{escape(tip)}</title>" if tip else ""
    return (
        f'<g>{title}<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="6" '
        f'fill="{FILL[kind]}" stroke="#889"/>{texts}</g>'
    )


def _edge(points: list[tuple[float, float, float]]) -> str:
    """A curve from the bottom of the first point to the top of the last. points: (middle, top, bottom) of each."""
    x, _, y = points[0]
    path = f"M{x:.1f} {y:.1f}"
    for i, (middle, top, bottom) in enumerate(points[1:], 2):
        path += f"C{x:.1f} {(y + top) / 2:.1f} {middle:.1f} {(y + top) / 2:.1f} {middle:.1f} {top:.1f}"
        path += f"L{middle:.1f} {bottom:.1f}" if i < len(points) else ""
        x, y = middle, bottom
    return f'<path d="{path}" fill="none" stroke="#667" marker-end="url(#arrow)"/>'


class Layout:
    """Positions for the nodes of an acyclic graph.

    Args:
        widths: width of each node, sources first.
        edges: pairs (from, to), drawn downwards.
        gap: smallest horizontal distance of two nodes.

    Attributes:
        layers: rows of nodes, the first on top. Where an edge passes a row, the row has a dummy node: the two ends
            of the edge and the number of the row.
        x: horizontal position of the middle of each node and dummy node.
        paths: for each edge, the nodes and dummy nodes that it goes through.
    """

    def __init__(self, widths: dict[Key, float], edges: Sequence[tuple[Key, Key]], gap: float = 28.0) -> None:
        self.widths, self.gap = dict(widths), gap
        depth = _depths(list(widths), edges)
        self.layers: list[list[Key]] = [[] for _ in range(1 + max(depth.values()))]
        for node in widths:
            self.layers[depth[node]].append(node)
        self.paths = {edge: self._path(edge, depth) for edge in edges}
        self.above: dict[Key, list[Key]] = {node: [] for layer in self.layers for node in layer}
        self.below: dict[Key, list[Key]] = {node: [] for node in self.above}
        for path in self.paths.values():
            for a, b in pairwise(path):
                self.below[a].append(b)
                self.above[b].append(a)
        self._order()
        self.x = self._positions()

    def _path(self, edge: tuple[Key, Key], depth: dict[Key, int]) -> list[Key]:
        """The nodes that an edge goes through. Adds a dummy node to every row between its ends."""
        a, b = edge
        passed: list[Key] = [(a, b, row) for row in range(depth[a] + 1, depth[b])]
        for row, dummy in enumerate(passed, depth[a] + 1):
            self.layers[row].append(dummy)
            self.widths[dummy] = 0.0
        return [a, *passed, b]

    def _order(self) -> None:
        """Sort each row by the mean position of its neighbours, downwards and upwards in turn; keep the best order."""
        best, fewest = [list(layer) for layer in self.layers], self.crossings()
        for sweep in range(SWEEPS):
            downwards = sweep % 2 == 0
            rows, neighbours = (self.layers, self.above) if downwards else (self.layers[::-1], self.below)
            for fixed, row in pairwise(rows):
                position = {node: i for i, node in enumerate(fixed)}
                centre = {node: fmean([position[n] for n in neighbours[node]] or [i]) for i, node in enumerate(row)}
                row.sort(key=centre.__getitem__)
            crossings = self.crossings()
            if crossings < fewest:
                best, fewest = [list(layer) for layer in self.layers], crossings
        self.layers = best

    def crossings(self) -> int:
        """The number of pairs of edges that cross between neighbouring rows."""
        total = 0
        for upper, lower in pairwise(self.layers):
            position = {node: i for i, node in enumerate(lower)}
            ends = [sorted(position[b] for b in self.below[a]) for a in upper]
            flat = [end for group in ends for end in group]
            owners = [i for i, group in enumerate(ends) for _ in group]
            total += sum(
                flat[i] > flat[j] for i in range(len(flat)) for j in range(i + 1, len(flat)) if owners[i] != owners[j]
            )
        return total

    def _positions(self) -> dict[Key, float]:
        """Move each node towards the mean of its neighbours, downwards and upwards in turn."""
        x: dict[Key, float] = {}
        for layer in self.layers:
            x.update(zip(layer, self._apart(layer, [0.0] * len(layer)), strict=True))
        for sweep in range(SWEEPS):
            rows, neighbours = (self.layers, self.above) if sweep % 2 == 0 else (self.layers[::-1], self.below)
            for row in rows:
                wanted = [fmean(x[n] for n in neighbours[node]) if neighbours[node] else x[node] for node in row]
                x.update(zip(row, self._apart(row, wanted), strict=True))
        left = min(x[node] - self.widths[node] / 2 for node in x)
        return {node: position - left for node, position in x.items()}

    def _apart(self, row: list[Key], wanted: list[float]) -> list[float]:
        """The positions nearest to those wanted, in least squares, without overlaps (isotonic regression)."""
        shifts = [0.0]
        for a, b in pairwise(row):
            shifts.append(shifts[-1] + (self.widths[a] + self.widths[b]) / 2 + self.gap)
        blocks: list[list[float]] = []
        for target, shift in zip(wanted, shifts, strict=True):
            blocks.append([target - shift])
            while len(blocks) > 1 and fmean(blocks[-2]) >= fmean(blocks[-1]):
                blocks[-2:] = [blocks[-2] + blocks[-1]]
        level = [fmean(block) for block in blocks for _ in block]
        return [base + shift for base, shift in zip(level, shifts, strict=True)]


def _depths(nodes: list[Key], edges: Sequence[tuple[Key, Key]]) -> dict[Key, int]:
    """The row of each node: below all its predecessors; a source directly above the first node that uses it.

    nodes: in topological order.
    """
    sources: dict[Key, list[Key]] = {node: [] for node in nodes}
    users: dict[Key, list[Key]] = {node: [] for node in nodes}
    for a, b in edges:
        sources[b].append(a)
        users[a].append(b)
    depth: dict[Key, int] = {}
    for node in nodes:
        depth[node] = 1 + max((depth[a] for a in sources[node]), default=-1)
    for node in nodes:
        if not sources[node] and users[node]:
            depth[node] = min(depth[b] for b in users[node]) - 1
    return depth
