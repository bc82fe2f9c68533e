"""A reproduction checks published claims: each check has an expected value, a computed one and a verdict."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..plots.figure import Figure

BASES = ("theory", "published", "words")


@dataclass(frozen=True)
class Check:
    """One claim and its verdict.

    Attributes:
        claim: the claim in words.
        expected: the expected value, or a bound.
        got: the computed value.
        tolerance: the allowed difference; empty for a bound.
        passed: whether the computed value is within it.
        basis: where the expected value comes from, one of BASES. "theory": a theorem, a closed form, an identity;
            "published": a number that the source prints; "words": a statement of the source that we put into numbers.

    Raises:
        ValueError: another basis.

    >>> findings = Findings()
    >>> findings.below("the loss after ten epochs", 0.5, got=0.31, basis="words")
    >>> findings.checks[0]
    Check(claim='the loss after ten epochs', expected='< 0.5', got='0.31', tolerance='', passed=True, basis='words')
    """

    claim: str
    expected: str
    got: str
    tolerance: str
    passed: bool
    basis: str

    def __post_init__(self) -> None:
        if self.basis not in BASES:
            known = ", ".join(map(repr, BASES))
            raise ValueError(f"Check: basis must be one of {known}. Received: basis={self.basis!r}. {self.claim}")


@dataclass(frozen=True)
class Table:
    """A table of numbers that are shown but not checked."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class TitledFigure:
    """A figure and its title, which says what it shows."""

    title: str
    figure: Figure


@dataclass
class Findings:
    """The results of a reproduction: checks, tables and figures, in the order in which they were added.

    >>> findings = Findings()
    >>> findings.close("the first step of Adam is lr", 0.001, 0.00099999, rtol=1e-4, basis="theory")
    >>> findings.checks[0].tolerance, findings.passed
    ('0.01 %', True)
    """

    checks: list[Check] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: list[TitledFigure] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether there are checks, and all passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    def close(
        self, claim: str, expected: float, got: float, *, rtol: float = 0.0, atol: float = 0.0, basis: str
    ) -> None:
        """Check that a number is within a relative tolerance of the expected one, or within an absolute tolerance."""
        passed = math.isclose(got, expected, rel_tol=rtol, abs_tol=atol)
        tolerance = " or ".join([percent(rtol)] * bool(rtol) + [f"{atol:g}"] * bool(atol)) or "exact"
        self.checks.append(Check(claim, f"{expected:.8g}", f"{got:.8g}", tolerance, passed, basis))

    def equal(self, claim: str, expected: Any, got: Any, *, basis: str) -> None:
        """Check that two values are the same."""
        self.checks.append(Check(claim, str(expected), str(got), "exact", bool(expected == got), basis))

    def below(self, claim: str, bound: float, got: float, *, basis: str) -> None:
        """Check that a number is less than a bound."""
        self.checks.append(Check(claim, f"< {bound:g}", f"{got:.6g}", "", bool(got < bound), basis))

    def above(self, claim: str, bound: float, got: float, *, basis: str) -> None:
        """Check that a number is greater than a bound."""
        self.checks.append(Check(claim, f"> {bound:g}", f"{got:.6g}", "", bool(got > bound), basis))

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Add a table."""
        self.tables.append(Table(title, tuple(columns), tuple(tuple(row) for row in rows)))

    def figure(self, title: str, figure: Figure) -> None:
        """Add a figure."""
        self.figures.append(TitledFigure(title, figure))


def percent(tolerance: float) -> str:
    """Return a relative tolerance as text, in percent unless it is tiny."""
    return f"{100 * tolerance:g} %" if tolerance >= 1e-4 else f"{tolerance:g}, relative"


@dataclass(frozen=True)
class Reproduction:
    """Claims of a paper, and the function that checks them.

    Attributes:
        name: its name on the command line.
        title: the claim in one line.
        source: the paper, and the place in it.
        run: computes the results and adds them to the Findings that it receives.

    >>> def run(findings):
    ...     '''On x^2 / 2, from 3.'''
    ...     findings.equal("x after a step of lr 1", 0.0, 3.0 - 1.0 * 3.0, basis="theory")
    >>> one_step = Reproduction("one-step", "A step of 1/L ends at a parabola's minimum", "a textbook", run)
    >>> one_step.run(found := Findings())
    >>> one_step.settings, found.passed
    ('On x^2 / 2, from 3.', True)
    """

    name: str
    title: str
    source: str
    run: Callable[[Findings], None]

    @property
    def settings(self) -> str:
        """The settings, and how they differ from the paper: the docstring of `run`, in paragraphs."""
        return inspect.getdoc(self.run) or ""


REPRODUCTIONS: dict[str, Reproduction] = {}
"""The reproductions by name, in order of definition."""


Run = Callable[[Findings], None]


def reproduction(name: str, title: str, source: str) -> Callable[[Run], Run]:
    """Register a function as a reproduction.

    >>> @reproduction("one-step", "A step of 1/L ends at a parabola's minimum", "a textbook")
    ... def run(findings):
    ...     findings.equal("x after a step of lr 1", 0.0, 3.0 - 1.0 * 3.0, basis="theory")
    >>> REPRODUCTIONS["one-step"].title
    "A step of 1/L ends at a parabola's minimum"
    """

    def register(run: Run) -> Run:
        REPRODUCTIONS[name] = Reproduction(name, title, source, run)
        return run

    return register
