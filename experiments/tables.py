"""Tables of text cells as plain text, HTML, LaTeX and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}"}
LATEX |= {sign: rf"\{sign}" for sign in "&%$#_{}"} | {sign: f"${sign}$" for sign in "<>"}
LATEX |= {"±": r"$\pm$", "µ": r"$\mu$", "†": r"$\dagger$", "…": r"\dots{}"}
LATEX["["] = "{[}"  # after the end of a line, a bare bracket would begin an optional argument
r"""LaTeX's commands for special characters. Other letters stay as they are: LaTeX reads UTF-8."""


def text_table(headings: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> str:
    """Return a table for a terminal: columns of one width, a rule under the headings.

    Args:
        headings: one for each column.
        rows: of cells.
        align: a letter for each column, l or r.

    >>> print(text_table(["name", "steps"], [["sgd", "100"], ["adam", "20"]], "lr"))
    name  steps
    ----  -----
    sgd     100
    adam     20
    """
    lines = [list(headings), *map(list, rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    put = {"l": str.ljust, "r": str.rjust}
    body = [
        "  ".join(put[side](cell, width) for cell, width, side in zip(line, widths, align, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([body[0], "  ".join("-" * width for width in widths), *body[1:]])


def html_table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table for a notebook; cells are escaped.

    >>> html_table(["a"], [["<"]])
    '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;</td></tr></tbody></table>'
    """
    heads = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def latex_table(headings: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> str:
    r"""Return a LaTeX table, which needs \usepackage{booktabs}; arguments are those of `text_table`.

    >>> print(latex_table(["name", "50 %"], [["a_b", "1"]], "lr"), end="")
    \begin{tabular}{lr}
    \toprule
    name & 50 \% \\
    \midrule
    a\_b & 1 \\
    \bottomrule
    \end{tabular}
    """
    heading, *body = (" & ".join(map(_escaped, line)) + r" \\" for line in (headings, *rows))
    begin = rf"\begin{{tabular}}{{{align}}}"
    return "\n".join([begin, r"\toprule", heading, r"\midrule", *body, r"\bottomrule", r"\end{tabular}", ""])


def _escaped(text: str) -> str:
    return "".join(LATEX.get(sign, sign) for sign in text)


def csv_table(rows: Iterable[dict[str, Any]]) -> str:
    r"""Return CSV whose headings are the keys of the longest row; a missing key or None gives an empty cell.

    >>> csv_table([{"a": 1}, {"a": 0.5, "b": None}])
    'a,b\n1,\n0.5,\n'
    """
    table = list(rows)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, max(table, key=len, default={}), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return buffer.getvalue()
