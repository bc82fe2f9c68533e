"""Tables for papers."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["tabular"]

SIGNS = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}"}
SIGNS |= {sign: rf"\{sign}" for sign in "&%$#_{}"} | {sign: f"${sign}$" for sign in "<>"}
SIGNS |= {"±": r"$\pm$", "µ": r"$\mu$", "†": r"$\dagger$", "…": r"\dots{}"}
SIGNS["["] = "{[}"  # after the end of a line a bare one would begin an argument
r"""By what stands for it. Other letters are left as they are: LaTeX reads UTF-8."""


def tabular(headings: Sequence[str], lines: Sequence[Sequence[str]], align: str) -> str:
    r"""Return a LaTeX table, which needs \usepackage{booktabs}.

    Args:
        headings: of the columns, plain text as the cells are.
        lines: of cells.
        align: a letter for each column, l or r.
    """
    heading, *body = (" & ".join(map(escaped, line)) + r" \\" for line in (headings, *lines))
    begin = rf"\begin{{tabular}}{{{align}}}"
    return "\n".join([begin, r"\toprule", heading, r"\midrule", *body, r"\bottomrule", r"\end{tabular}", ""])


def escaped(text: str) -> str:
    """Return plain text as LaTeX writes it."""
    return "".join(SIGNS.get(sign, sign) for sign in text)
