"""`ravine verify`: the literature's numbers computed again, with a verdict on each."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from time import perf_counter

from jinja2 import Environment, PackageLoader, StrictUndefined
from threadpoolctl import threadpool_limits

from . import notebook
from .errors import UsageError, lookup
from .page import drawn
from .reproductions import REPRODUCTIONS, Findings, Reproduction
from .store import write

__all__ = ["Verdict", "counted", "verify"]


@dataclass(frozen=True)
class Verdict:
    """A reproduction and what it found; `missing` says why it could not run, if it could not."""

    reproduction: Reproduction
    findings: Findings
    seconds: float
    missing: str | None = None

    @property
    def word(self) -> str:
        """"passed", "missed" or "not run"."""
        return "not run" if self.missing else "passed" if self.findings.passed else "missed"

    def _repr_html_(self) -> str:
        about, found = self.reproduction, self.findings
        checks = [(c.claim, c.expected, c.got, c.tolerance, "passed" if c.passed else "missed") for c in found.checks]
        head = [f"{about.title}: {self.word}.", about.source, self.missing or ""]
        parts = [notebook.lines(filter(None, head))]
        parts.append(notebook.table(("claim", "expected", "got", "tolerance", "verdict"), checks))
        parts += [notebook.lines([t.title]) + notebook.table(t.columns, t.rows) for t in found.tables]
        parts += [notebook.lines([p.title]) + notebook.image(p.figure, p.title) for p in found.figures]
        return "".join(parts)


def verify(
    names: Sequence[str] = (),
    out: str | PathLike[str] | None = None,
    told: Callable[[Verdict], None] = lambda verdict: None,
) -> list[Verdict]:
    """Run reproductions and judge what they find.

    Args:
        names: which; all if there are none.
        out: a folder for verify.json, figures (SVG and PDF) and the page verify.html; none are written without it.
        told: called with each verdict as soon as there is one.

    Raises:
        UsageError: an unknown name.
    """
    chosen = [lookup("reproduction", name, REPRODUCTIONS) for name in names] or list(REPRODUCTIONS.values())
    verdicts = []
    for reproduction in chosen:
        verdicts.append(judge(reproduction))
        told(verdicts[-1])
    if out is not None:
        render(verdicts, Path(out))
    return verdicts


def judge(reproduction: Reproduction) -> Verdict:
    """Run one reproduction, on one BLAS thread."""
    findings, began = Findings(), perf_counter()
    try:
        with threadpool_limits(limits=1):
            reproduction.run(findings)
    except UsageError as error:  # a data file that isn't there
        return Verdict(reproduction, findings, perf_counter() - began, str(error))
    return Verdict(reproduction, findings, perf_counter() - began)


def render(verdicts: Sequence[Verdict], folder: Path) -> None:
    """Write verify.json, the figures and verify.html."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, list[tuple[str, str]]] = {}
    for verdict in verdicts:
        name = verdict.reproduction.name
        for i, picture in enumerate(verdict.findings.figures, 1):
            pictures.setdefault(name, []).append((picture.title, drawn(picture.figure, folder / f"{name}-{i}")))
    environment = Environment(loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined)
    template = environment.get_template("verify.html")
    page = template.render(verdicts=verdicts, pictures=pictures, summary=counted(verdicts))
    write(folder / "verify.html", page)
    write(folder / "verify.json", json.dumps([record(verdict) for verdict in verdicts], indent=1))


def counted(verdicts: Sequence[Verdict]) -> str:
    """How many passed, were missed, were not run; the kinds that there are."""
    words = [verdict.word for verdict in verdicts]
    counts = {word: words.count(word) for word in ("passed", "missed", "not run")}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def record(verdict: Verdict) -> dict[str, object]:
    """A verdict as JSON knows it."""
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
