"""Results: everything that a sweep or a comparison found. The file results.json holds it, with its summary."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain, groupby, islice, zip_longest
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..page import html_image, html_lines, write_file
from ..tables import html_table, latex_table, text_table
from ..trial import Seeds, Trial, TrialResult
from .claims import Claim, Finding, Values
from .figures import problem_figures
from .runs import ConfigurationResult, OptimizerResult, ProblemSummary, Run
from .summary import CLAIM_HEADINGS, SummaryRow, cells, claim_cells, columns, notes, summarise

FILE = "results.json"


@dataclass(frozen=True)
class Results:
    """The result of each optimizer on each problem. The repr is the table.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ravine.experiments import compare
    >>> with TemporaryDirectory() as folder:
    ...     made = compare("booth", "sgd", lrs=[0.1], seeds=2, epochs=1, out=folder, jobs=1)
    ...     loaded = Results.load(Path(folder))
    >>> loaded == made, [(run.phase, run.lr, run.seed) for run in loaded.runs]
    (True, [('tuning', 0.1, 0), ('tuning', 0.1, 1), ('final', 0.1, 2), ('final', 0.1, 3)])
    """

    name: str
    problems: tuple[ProblemSummary, ...]
    entries: tuple[OptimizerResult, ...]  # problem by problem
    tuning_seeds: tuple[int, ...]
    final_seeds: tuple[int, ...]
    measures: tuple[str, ...]
    findings: tuple[Finding, ...]  # one for each claim
    specification: str  # source of the sweep

    @property
    def optimizers(self) -> list[str]:
        """The names of the optimizers."""
        return list(dict.fromkeys(entry.name for entry in self.entries))

    @property
    def rows(self) -> list[SummaryRow]:
        """The summary: a row for each optimizer on each problem."""
        return summarise(self.entries)

    @property
    def runs(self) -> list[Run]:
        """Every run that is known to be needed. A run that several budgets share is listed for each."""
        return list(chain.from_iterable(entry.runs for entry in self.entries))

    @property
    def trials(self) -> dict[Trial, TrialResult | None]:
        """The trials and their results. Trials of all entries alternate: an interrupted sweep has results of each."""
        turns = chain.from_iterable(zip_longest(*(entry.runs for entry in self.entries)))
        return {run.trial: run.result for run in turns if run is not None and run.trial is not None}

    @property
    def missing(self) -> list[Trial]:
        """The trials that have no result."""
        return [trial for trial, result in self.trials.items() if result is None]

    @property
    def failed(self) -> list[Trial]:
        """The trials that raised an exception."""
        return [trial for trial, result in self.trials.items() if result and result.status == "failed"]

    @property
    def errors(self) -> list[str]:
        """The exceptions of failed runs, sorted, each once."""
        return sorted({run.result.error for run in self.runs if run.result and run.result.error})

    @property
    def environments(self) -> list[dict[str, str]]:
        """The versions and machines that the runs were made with, each once."""
        found = [run.result.environment for run in self.runs if run.result and run.result.environment]
        return list({tuple(environment.items()): environment for environment in found}.values())

    def of_problem(self, problem: ProblemSummary) -> list[OptimizerResult]:
        """Return the entries of a problem."""
        return [entry for entry in self.entries if entry.problem.name == problem.name]

    def judged(self, claims: Sequence[Claim]) -> Results:
        """Return these results with a finding for each claim; with several budgets, on the largest."""
        return replace(self, findings=tuple(claim.judge(self._values) for claim in claims))

    def _values(self, problem: str, optimizer: str, quantity: str) -> Values | None:
        """A quantity of the final runs; None if one is missing."""
        entry = [e for e in self.entries if (e.problem.name, e.optimizer) == (problem, optimizer)][-1]
        if not entry.complete:
            return None
        higher = quantity.endswith("metric") and entry.problem.higher_is_better
        return Values(entry.values(quantity), higher, quantity == "seconds_to_target" and entry.parallel)

    def notes(self) -> list[str]:
        """Return the explanations of all tables, each once."""
        rows, seeds = self.rows, len(self.final_seeds)
        found = [notes(p, own, seeds) for p in self.problems if (own := [r for r in rows if r.problem == p.name])]
        return list(dict.fromkeys(chain.from_iterable(found)))

    def latex(self, problem: ProblemSummary) -> str:
        """Return the table of a problem for a paper."""
        return latex_table(*_table(problem, self.rows))

    def __repr__(self) -> str:
        rows, parts = self.rows, []
        for problem in self.problems:
            title = [problem.name] if len(self.problems) > 1 else []
            parts.append("\n".join([*title, text_table(*_table(problem, rows))]))
        if self.findings:
            parts.append(text_table(CLAIM_HEADINGS, claim_cells(self.findings), "lll"))
        return "\n\n".join([*parts, "\n".join(self.notes())])

    def _repr_html_(self) -> str:
        rows, parts = self.rows, []
        for problem in self.problems:
            headings, body, _ = _table(problem, rows)
            parts += [f"<b>{problem.name}</b>", html_table(headings, body)]
            first = next(problem_figures(problem, self.of_problem(problem), ()), None)
            parts += [html_image(first.figure, first.heading)] if first else []
        parts += [html_table(CLAIM_HEADINGS, claim_cells(self.findings))] if self.findings else []
        return "".join([*parts, html_lines(self.notes())])

    def save(self, folder: Path) -> None:
        """Write results.json: the fields, the summary, and every run."""
        entries = [_entry_to_json(entry) for entry in self.entries]
        lists = {"problems": map(asdict, self.problems), "summary": map(asdict, self.rows), "entries": entries}
        runs = map(_run_to_json, self.runs)
        named = {name: getattr(self, name) for name in ("name", "tuning_seeds", "final_seeds", "measures")}
        named |= {"findings": [asdict(finding) for finding in self.findings], "specification": self.specification}
        parts = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in named.items()]
        for name, items in {**lists, "runs": runs}.items():
            parts.append(f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, items)) + "\n]")
        write_file(folder / FILE, "{" + ",\n".join(parts) + "}\n")

    @classmethod
    def load(cls, folder: Path) -> Results:
        """Return the results saved in a folder. Raises UsageError if there are none, or if the file is damaged."""
        path = folder / FILE
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            problems = {item["name"]: ProblemSummary(**item) for item in data["problems"]}
            runs = [_run_from_json(item) for item in data["runs"]]
            if not runs:
                raise ValueError("it holds no runs")
            following = iter(runs)
            return cls(
                name=data["name"],
                problems=tuple(problems.values()),
                entries=tuple(_entry_from_json(item, problems, following) for item in data["entries"]),
                tuning_seeds=tuple(data["tuning_seeds"]),
                final_seeds=tuple(data["final_seeds"]),
                measures=tuple(data["measures"]),
                findings=tuple(Finding(**item) for item in data["findings"]),
                specification=data["specification"],
            )
        except OSError as error:
            remedy = "`ravine compare --out` with this folder makes them; after an interruption, it resumes."
            raise UsageError(f"No results in {str(folder)!r}: {FILE}: {error.strerror}. {remedy}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            remedy = "Repeat the command that made it: finished runs are reused."
            raise UsageError(
                f"{str(path)!r} is damaged, or of another version of ravine ({type(error).__name__}: {error}). {remedy}"
            ) from error


def _table(problem: ProblemSummary, rows: Sequence[SummaryRow]) -> tuple[list[str], list[list[str]], str]:
    """Headings, cells and alignment of the table of a problem."""
    own = [row for row in rows if row.problem == problem.name]
    shown = columns(problem, own)
    return [column.heading for column in shown], cells(shown, own), "".join(column.align for column in shown)


def _entry_to_json(entry: OptimizerResult) -> dict[str, Any]:
    """An entry without its runs, which results.json lists by themselves."""
    return {
        "problem": entry.problem.name,
        "name": entry.name,
        "optimizer": entry.optimizer,
        "budget": entry.budget,
        "best": None if entry.best is None else entry.tried.index(entry.best),
        "edges": entry.edges,
        "scales": entry.scales,
        "final_seeds": entry.final_seeds,
        "runs": len(entry.runs),
    }


def _entry_from_json(item: dict[str, Any], problems: dict[str, ProblemSummary], runs: Iterator[Run]) -> OptimizerResult:
    """The entry, whose runs are the next ones of the list."""
    own = list(islice(runs, item.pop("runs")))
    tuning = groupby((run for run in own if run.phase == "tuning"), key=lambda run: run.setting)
    tried = tuple(ConfigurationResult(setting, tuple(group)) for setting, group in tuning)
    return OptimizerResult(
        **{
            **item,
            "problem": problems[item["problem"]],
            "tried": tried,
            "best": None if item["best"] is None else tried[item["best"]],
            "final": tuple(run for run in own if run.phase == "final"),
        }
    )


def _run_to_json(run: Run) -> dict[str, Any]:
    result = None if run.result is None else run.result.to_json()
    item = {**vars(run), "seeds": run.seeds._asdict(), "result": result}
    del item["trial"]
    return item


def _run_from_json(item: dict[str, Any]) -> Run:
    result = None if item["result"] is None else TrialResult.from_json(item["result"])
    setting = tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in item["setting"])
    return Run(**{**item, "setting": setting, "seeds": Seeds(**item["seeds"]), "result": result})
