"""`ravine verify`: published results recomputed, with a verdict on each."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from time import perf_counter

from threadpoolctl import threadpool_limits

from .errors import UsageError, lookup
from .page import html_image, html_lines, save_figure, write_file, write_page
from .reproductions import REPRODUCTIONS, Findings, Reproduction
from .tables import html_table


@dataclass(frozen=True)
class Verdict:
    """A reproduction with its checks, tables and figures."""

    reproduction: Reproduction
    findings: Findings
    seconds: float
    missing: str | None = None  # why it could not run

    @property
    def word(self) -> str:
        """How it ended: "passed", "missed" or "not run"."""
        return "not run" if self.missing else "passed" if self.findings.passed else "missed"

    def _repr_html_(self) -> str:
        about, found = self.reproduction, self.findings
        checks = [(c.claim, c.expected, c.got, c.tolerance, "passed" if c.passed else "missed") for c in found.checks]
        head = [f"{about.title}: {self.word}.", about.source, self.missing or ""]
        parts = [html_lines(filter(None, head))]
        parts.append(html_table(("claim", "expected", "got", "tolerance", "verdict"), checks))
        parts += [html_lines([table.title]) + html_table(table.columns, table.rows) for table in found.tables]
        parts += [html_lines([shown.title]) + html_image(shown.figure, shown.title) for shown in found.figures]
        return "".join(parts)


def verify(
    names: Sequence[str] = (),
    out: str | PathLike[str] | None = None,
    on_verdict: Callable[[Verdict], None] = lambda verdict: None,
) -> list[Verdict]:
    """Run reproductions and return a verdict on each.

    Args:
        names: the reproductions to run; all of them if there are none.
        out: a folder for verify.json, figures (SVG and PDF) and the page verify.html; without it, no file is written.
        on_verdict: called with each verdict as soon as there is one.

    Raises:
        UsageError: an unknown name.
    """
    chosen = [lookup("reproduction", name, REPRODUCTIONS) for name in names] or list(REPRODUCTIONS.values())
    verdicts = []
    for reproduction in chosen:
        verdicts.append(judge(reproduction))
        on_verdict(verdicts[-1])
    if out is not None:
        write_verdicts(verdicts, Path(out))
    return verdicts


def judge(reproduction: Reproduction) -> Verdict:
    """Run one reproduction, on one BLAS thread."""
    findings, began = Findings(), perf_counter()
    try:
        with threadpool_limits(limits=1):
            reproduction.run(findings)
    except UsageError as error:  # a data file is missing
        return Verdict(reproduction, findings, perf_counter() - began, str(error))
    return Verdict(reproduction, findings, perf_counter() - began)


def write_verdicts(verdicts: Sequence[Verdict], folder: Path) -> None:
    """Write verify.json, the figures and verify.html."""
    folder.mkdir(parents=True, exist_ok=True)
    figures: dict[str, list[tuple[str, str]]] = {}
    for verdict in verdicts:
        name = verdict.reproduction.name
        for i, shown in enumerate(verdict.findings.figures, 1):
            figures.setdefault(name, []).append((shown.title, save_figure(shown.figure, folder / f"{name}-{i}")))
    page = {"verdicts": verdicts, "figures": figures, "summary": count_verdicts(verdicts)}
    write_page(folder / "verify.html", "verify.html", **page)
    write_file(folder / "verify.json", json.dumps([to_json(verdict) for verdict in verdicts], indent=1))


def count_verdicts(verdicts: Sequence[Verdict]) -> str:
    """Return how many passed, were missed and were not run, in words."""
    words = [verdict.word for verdict in verdicts]
    counts = {word: words.count(word) for word in ("passed", "missed", "not run")}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def to_json(verdict: Verdict) -> dict[str, object]:
    """Return a verdict in JSON's types."""
    about = verdict.reproduction
    return {
        "name": about.name,
        "title": about.title,
        "source": about.source,
        "settings": about.settings,
        "verdict": verdict.word,
        "why": verdict.missing,
        "seconds": round(verdict.seconds, 3),
        "checks": [asdict(check) for check in verdict.findings.checks],
        "tables": [asdict(table) for table in verdict.findings.tables],
    }
