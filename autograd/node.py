"""`Node`: an array together with the operation that computed it. `Tensor` is a subclass.

`op` is the primitive, `args` are the arrays it was applied to, and `inputs` are the Tensors among them that need a
gradient, with None in the places of the others. `seq` numbers the nodes in the order of their creation. Sorting by it
is a topological order, because a node is younger than everything it was computed from.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from operator import attrgetter
from typing import Any

from numpy.typing import NDArray

creation = count(1)  # numbers all Tensors in the order of their creation
next_mark = count(1).__next__  # one number per backward pass
by_seq = attrgetter("seq")
NO_KEYWORDS: dict[str, Any] = {}
has_versions = False  # whether an element of any Tensor has ever been assigned


class Node:
    """An array and how it was computed."""

    __slots__ = (
        "__weakref__",
        "args",
        "data",
        "g",
        "grad",
        "grad_buffer",
        "inputs",
        "kwargs",
        "mark",
        "name",
        "op",
        "owned",
        "requires_grad",
        "seq",
    )
    data: Any  # an array, or a NumPy scalar
    requires_grad: bool
    name: str | None
    grad: NDArray[Any] | None
    grad_buffer: NDArray[Any] | None  # an array into which `backward` writes the gradient

    op: Any  # the Primitive; None for a leaf
    args: Any  # a tuple of arrays and other arguments; None once freed
    kwargs: dict[str, Any]
    inputs: Sequence[Any]  # of nodes and None
    seq: int

    mark: int  # the last backward pass that met this node
    g: Any  # in a backward pass: the gradient so far
    owned: bool  # in a backward pass: whether g may be changed in place


def collect(root: Any, mark: int, oldest: int) -> tuple[list[Any], bool]:
    """The nodes below root with `seq >= oldest`, oldest first, and whether older ones were met. It doesn't recurse.

    It marks the nodes, so that each is met once, and sets their pending gradients `g` to None.
    RuntimeError: if the graph was freed.
    """
    met_older = False
    if root.mark == mark:
        return [], met_older
    root.mark, root.g = mark, None
    stack, nodes = [root], []
    while stack:
        node = stack.pop()
        if node.args is None:
            raise RuntimeError(
                f"backward: the graph behind {node.op.name} was already freed, by the backward at "
                f"{node.kwargs['freed at']}. Compute the result again, or pass retain_graph=True to the first backward."
            )
        nodes.append(node)
        if has_versions:
            node.inputs = tuple([t if t is None else _version(t, node.seq) for t in node.inputs])
        for t in node.inputs:
            if t is not None and t.mark != mark:
                if t.seq < oldest:
                    met_older = True
                    continue
                t.mark = mark
                t.g = None
                stack.append(t)
    nodes.sort(key=by_seq)
    return nodes, met_older


def expect_versions() -> None:
    """From now on `collect` looks for Tensors that have changed since they were used."""
    global has_versions
    has_versions = True


def _version(t: Any, seq: int) -> Any:
    """t as it was when the node `seq` used it: an item assignment has the version before it as its first input."""
    while t.seq > seq:
        t = t.inputs[0]
    return t
