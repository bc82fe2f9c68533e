"""Views: Tensors that share their elements with another Tensor, and writes to either, with NumPy's meaning.

A view remembers how it was taken: an op, such as np.transpose, and its arguments, of which one is the base. A base, in
turn, knows its views. A write while operations are recorded, `y[i] = v` or `y += v`, changes no array. It
gives the base a new version, the result of the op `assigned`, and the views are taken anew from that. What was computed
from an older version keeps it: see `node.version`. Under `no_grad` a write changes the array that base and views share.
"""

from __future__ import annotations

from typing import Any
from weakref import ref

import numpy as np

from .arguments import as_array, holds_tensor
from .node import ARGUMENT, Node
from .op import Primitive
from .ops.selecting import assigned
from .versions import expect_versions

_MANY = 32


def remember(view: Any, op: Primitive, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Connects the result of an op with its base, if NumPy made it a view rather than a copy."""
    base = args[0] if args[0].__class__ is not str else args[1]  # `_base`, written out for speed
    data, owner = base.data, view.data.base
    if owner is not data and view.data is not data:
        if owner is None or not isinstance(base, Node):
            return
        if owner is not data.base and getattr(owner, "base", None) is not data:
            return
    view.view = op, args, kwargs
    try:
        views = base.views
    except AttributeError:
        base.views = views = []
    view.views = views
    if len(views) % _MANY == _MANY - 1:  # forget those that are gone
        views[:] = [known for known in views if known() is not None]
    views.append(ref(view))


def _base(args: tuple[Any, ...]) -> Any:
    """The argument of which an op takes a view: the first one; np.einsum has the subscripts before it."""
    return args[1] if args[0].__class__ is str else args[0]


def write(t: Any, index: Any, value: Any) -> None:
    """`t[index] = value`, recorded.

    TypeError: if t is, or is a view of, a leaf that requires a gradient. ValueError: if NumPy says that t is read-only.
    """
    path: list[Any] = []
    root = t
    while hasattr(root, "view"):
        path.insert(0, root.view)
        root = _base(root.view[1])
    _expect_writable(t, root, path)
    value = as_array(value) if holds_tensor(value) else value
    expect_versions()
    views = getattr(root, "views", [])
    alive = [view for known in views if (view := known()) is not None]
    old = _copy(root)
    _become(root, old, old._record(assigned, (old, index, value), {"path": tuple(path)} if path else {}))
    for view in alive:
        op, args, kwargs = view.view
        _become(view, _copy(view), _base(args)._record(op, args, kwargs))
    views[:] = map(ref, alive)


def write_result(t: Any, result: Any) -> None:
    """`t[...] = result`, recorded, where the result is a new array or Tensor that nobody else has."""
    new = result.data if isinstance(result, Node) else None
    if hasattr(t, "view") or hasattr(t, "views") or not isinstance(new, np.ndarray) or new.dtype != t.data.dtype:
        write(t, ..., result)
    else:
        _expect_writable(t, t, ())
        expect_versions()
        _become(t, _copy(t), result)


def _expect_writable(t: Any, root: Any, path: Any) -> None:
    if root.op is None and root.requires_grad and root.kwargs is not ARGUMENT:
        raise TypeError(
            f"A write to {'a view of ' if path else ''}a leaf that requires a gradient: its gradient would be "
            "ambiguous. Write to a copy: y = np.copy(x); y[i] = v. To change the value of a parameter, write it under "
            "`with no_grad():`."
        )
    if not isinstance(t.data, np.ndarray):
        raise TypeError(
            f"Item assignment to a NumPy scalar, {t.dtype}, which cannot be changed. Bind the name anew: t = v."
        )
    if not t.data.flags.writeable:
        raise ValueError(
            "assignment destination is read-only, as NumPy's broadcast arrays, diagonals and windows are. Write to a "
            "copy: y = np.copy(x)."
        )
    if path and any(op.func is np.imag for op, _, _ in path):
        raise TypeError("A write to an imaginary part has no derivative here. Write z[...] = np.real(z) + 1j * v.")


def _copy(t: Any) -> Any:
    """Another Tensor with the same data and the same place in the graph."""
    same = object.__new__(t.__class__)
    same.data, same.requires_grad, same.op, same.args, same.kwargs = t.data, t.requires_grad, t.op, t.args, t.kwargs
    same.inputs, same.seq, same.mark = t.inputs, t.seq, 0
    if t.op is None:
        same.name, same.grad, same.grad_buffer = t.name, None, None
    return same


def _become(t: Any, old: Any, new: Any) -> None:
    """Gives t the data of a new Tensor and its place in the graph. old: a copy of t as it was."""
    if old.requires_grad:
        try:
            t.former.append(old)
        except AttributeError:
            t.former = [old]
    t.data, t.requires_grad, t.op, t.args, t.kwargs = new.data, new.requires_grad, new.op, new.args, new.kwargs
    t.inputs, t.seq = new.inputs, new.seq
