"""Everything that a comparison found. `results.json` holds it, with its summary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import notebook
from .errors import UsageError
from .outcome import Outcome
from .runs import Description, Run
from .specification import Cell, Comparison
from .store import write
from .summary import Row, summarise
from .table import columns, notes, text

FILE = "results.json"


@dataclass(frozen=True)
class Results:
    """Every run of a comparison. Its repr is the table.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ravine.experiments import compare
    >>> with TemporaryDirectory() as folder:
    ...     made = compare("booth", "sgd", lrs=[0.1], seeds=2, epochs=1, out=folder, jobs=1)
    ...     found = Results.load(Path(folder))
    >>> found == made, [(run.phase, run.lr, run.seed) for run in found.runs]
    (True, [('tuning', 0.1, 0), ('tuning', 0.1, 1), ('final', 0.1, 2), ('final', 0.1, 3)])
    """

    description: Description
    runs: tuple[Run, ...]

    @classmethod
    def of(cls, comparison: Comparison, outcomes: Mapping[Cell, Outcome]) -> Results:
        """Return the results of a comparison, runs in the order of its cells."""
        return cls(Description.of(comparison), tuple(Run.of(cell, outcome) for cell, outcome in outcomes.items()))

    @property
    def rows(self) -> list[Row]:
        """The summary of each optimizer."""
        return summarise(self.description, self.runs)

    @property
    def environments(self) -> list[dict[str, str]]:
        """The versions and machines that the runs were made with; more than one if the folder was filled on several."""
        return list({tuple(run.outcome.environment.items()): run.outcome.environment for run in self.runs}.values())

    def save(self, folder: Path) -> None:
        """Write results.json: description, summary, runs."""
        description = json.dumps(asdict(self.description))
        summary, runs = (",\n".join(json.dumps(asdict(item)) for item in items) for items in (self.rows, self.runs))
        sections = f'{{"description":\n{description},\n"summary": [\n{summary}\n],\n"runs": [\n{runs}\n]}}\n'
        write(folder / FILE, sections)

    @classmethod
    def load(cls, folder: Path) -> Results:
        """Return the saved results. Raises UsageError if there are none, or if they are damaged."""
        path = folder / FILE
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            described: dict[str, Any] = {
                name: tuple(v) if isinstance(v, list) else v for name, v in data["description"].items()
            }
            runs = [Run(**{**run, "outcome": Outcome.from_json(run["outcome"])}) for run in data["runs"]]
            if not runs:
                raise ValueError("it holds no runs")
            return cls(Description(**described), tuple(runs))
        except OSError as error:
            remedy = "`ravine compare --out` with this folder makes them; after an interruption, it resumes."
            raise UsageError(f"No results in {str(folder)!r}: {FILE}: {error.strerror}. {remedy}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            remedy = "Repeat the `ravine compare` command that made it: finished runs are reused."
            raise UsageError(f"{str(path)!r} is damaged ({type(error).__name__}: {error}). {remedy}") from error

    def __repr__(self) -> str:
        return text(self.description, self.rows)

    def _repr_html_(self) -> str:
        from .figures import pictures  # they are drawn of results

        rows, shown = self.rows, columns(self.description)
        cells = ([column.cell(row) for column in shown] for row in rows)
        table = notebook.table([column.heading for column in shown], cells)
        first = next(pictures(self))
        return table + notebook.image(first.figure, first.heading) + notebook.lines(notes(self.description, rows))
