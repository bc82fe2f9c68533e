"""A layered layout of a graph: rows from top to bottom, few crossings, no overlaps.

Sugiyama, Tagawa & Toda 1981: layers by longest path, order by barycentres, then positions by least squares.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import pairwise
from statistics import fmean

Key = Hashable
SWEEPS = 12


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
