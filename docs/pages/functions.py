"""The op table: what has a derivative, and which; and the conventions where there is none."""

from ravine import autograd
from ravine.optim.formula import table

from .example import example

KINDS = {
    "elementwise": ("derivative", "The slope in each argument; g is multiplied by it."),
    "linear": ("what returns g", "Linear in the argument."),
    "primitive": ("what returns g", "What each argument receives of g."),
    "composite": ("what it is made of", "Made of other rows, whose derivatives do."),
    "constant": ("derivative", "No slope: what they return is an array, not a Tensor."),
}
"""What the expressions of a kind are, and what the kind is."""


def page() -> str:
    """The op table."""
    head = """# Functions with a derivative

One row for each: the engine knows no function by name. What is shown is the expression that runs, on arrays for
the first order and on Tensors for any other; `g` is the gradient of the result `y`, and a name that begins with `_` is
a function beside the row. Functions of NumPy that are not listed raise an error that says so. The domain is where the
tests try them.
"""
    kinds = {entry.kind for entry in autograd.table()}
    parts = [head, example("from ravine.autograd import grad", "float(grad(np.sin)(0.0))")]
    for kind in sorted(kinds, key=list(KINDS).index):
        column, about = KINDS[kind]
        rows = [
            (
                f"`{entry.name}`",
                " ; ".join(code(text) for text in entry.derivatives if text),
                "; ".join(entry.domain),
                "yes" if entry.takes_complex else "",
            )
            for entry in sorted(autograd.table(), key=lambda entry: entry.name)
            if entry.kind == kind
        ]
        parts += [f"## {kind}: {len(rows)}", about, table(("function", column, "domain", "complex"), rows)]
    return "\n\n".join(parts)


def code(text: str) -> str:
    """Text as code, whatever is in it."""
    return f"`{' '.join(text.split())}`"


def kinks() -> str:
    """The conventions where there is no derivative."""
    head = """# Conventions at kinks

What the gradient is where the derivative does not exist, evaluated when this page was made: the subgradient of smallest
norm; ties share equally; the bounds of clip belong to the inside; a slope that is infinite is inf. In a session:
"""
    run = example("from ravine.autograd import kinks", "kinks()[0]")
    return "\n\n".join([head, run, str(autograd.kinks())])
