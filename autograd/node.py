"""`Node`: an array together with the operation that computed it. `Tensor` is a subclass.

`op` is the primitive, `args` are the arrays it was applied to, and `inputs` are the Tensors among them that need a
gradient, with None in the places of the others. `seq` numbers the nodes in the order of their creation. Sorting by it
is a topological order, because a node is younger than everything it was computed from.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from numpy.typing import NDArray

from . import versions

next_mark = count(1).__next__  # one number per backward pass
NO_KEYWORDS: dict[str, Any] = {}
ARGUMENT: dict[str, Any] = {}  # the keywords of an argument of a differentiated function: a leaf that may be written


class Node:
    """An array and how it was computed."""

    __slots__ = (
        "__weakref__",
        "args",
        "data",
        "former",
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
        "view",
        "views",
    )
    data: Any  # an array, or a NumPy scalar
    requires_grad: bool
    name: str | None
    grad: NDArray[Any] | Any  # an array, or None; with Any, type checkers accept `w -= lr * w.grad`
    grad_buffer: NDArray[Any] | None  # an array into which `backward` writes the gradient

    op: Any  # the Primitive; None for a leaf
    args: Any  # a tuple of arrays and other arguments; None once freed
    kwargs: dict[str, Any]
    inputs: Sequence[Any]  # of nodes and None
    seq: int

    mark: int  # the last backward pass that met this node
    g: Any  # in a backward pass: the gradient so far
    owned: bool  # in a backward pass: whether g may be changed in place

    former: list[Any]  # the versions before writes, if they required a gradient; these three are unset until needed
    view: tuple[Any, tuple[Any, ...], dict[str, Any]]  # how a view was taken: the op, its arguments and keywords
    views: list[Any]  # weak references to the views of this, and of its views

    memory_of = staticmethod(versions.memory_of)  # for those who write into `data`, such as optimizers


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
        if versions.has_versions:
            versions.find_versions(node)
        for t in node.inputs:
            if t is not None and t.mark != mark:
                if t.seq < oldest:
                    met_older = True
                    continue
                t.mark = mark
                t.g = None
                stack.append(t)
    nodes.sort(key=versions.by_seq)
    return nodes, met_older
