"""Examples: statements as a prompt shows them, with the values that they have when the page is made."""

import ast
import inspect
from typing import Any

import numpy as np

__all__ = ["example", "first_line", "plain"]


def example(*statements: str) -> str:
    """A block of code: each statement, and after one that is an expression its value."""
    scope: dict[str, Any] = {"np": np}
    lines = [">>> import numpy as np"] if any("np." in statement for statement in statements) else []
    for statement in statements:
        lines.append(f">>> {statement}")
        if isinstance(ast.parse(statement).body[0], ast.Expr):
            lines += [repr(value)] if (value := eval(statement, scope)) is not None else []
        else:
            exec(statement, scope)
    return "\n".join(["```python", *lines, "```"])


def first_line(thing: Any) -> str:
    """What a docstring says at once."""
    return plain((inspect.getdoc(thing) or "").partition("\n")[0])


def plain(text: str) -> str:
    """Text of a docstring on one line, its stars no markup."""
    return " ".join(text.split()).replace("*", r"\*")
