"""The commands that take a sweep's TOML file: plan, run, status; report and verify take one too."""

from __future__ import annotations

from pathlib import Path

import click
import joblib
from rich.console import Console

from ..errors import UsageError
from ..exits import explained
from .campaign import campaign, survey
from .config import load
from .execution import executor
from .live import duration, findings_table, plan_table, shown
from .page import render
from .plan import Plan, estimated
from .results import Results
from .specification import Sweep
from .store import Store

__all__ = ["plan", "report_of", "run", "status", "verdict_of"]

FILE = "results.sqlite"

spec_argument = click.argument("spec", type=click.Path(path_type=Path))
out_option = click.option("--out", type=click.Path(path_type=Path), help="Folder of the results.  [default: runs/NAME]")
jobs_option = click.option("--jobs", type=click.IntRange(min=1), help="Processes at a time.  [default: one a CPU]")


def opened(spec: Path, out: Path | None) -> tuple[Sweep, Path, Store]:
    """Return a file's sweep, the folder of its results, and their store."""
    sweep = load(spec)
    folder = Path("runs") / sweep.name if out is None else out
    return sweep, folder, Store(folder / FILE)


@click.command()
@spec_argument
@out_option
@jobs_option
def plan(spec: Path, out: Path | None, jobs: int | None) -> None:
    """Say what SPEC would run, what of it is there already, and about how long the rest takes. Stores nothing."""
    with explained():
        sweep, _, store = opened(spec, out)
        results = survey(sweep, store)
        seconds = estimated(results, store)
    jobs = jobs or joblib.cpu_count()
    found = Plan.of(results)
    Console(width=200).print(plan_table(found))
    click.echo(f"{found}, about {duration(seconds / jobs)} in {jobs} {'process' if jobs == 1 else 'processes'}.")


@click.command()
@spec_argument
@out_option
@jobs_option
@click.option("--scheduler", metavar="ADDRESS", help="Run on a Dask cluster: tcp://HOST:8786.")
@click.option("--retry", is_flag=True, help="Run again what has failed.")
def run(spec: Path, out: Path | None, jobs: int | None, scheduler: str | None, retry: bool) -> None:
    """Run what is missing of SPEC. Interrupted or killed, the same command resumes.

    Exit status 1 if a run failed: the others go on, and `status` says why.
    """
    if jobs is not None and scheduler is not None:
        raise click.BadParameter("a cluster has its own number of processes; leave it out.", param_hint="--jobs")
    try:
        with explained():
            sweep, _, store = opened(spec, out)
            before = survey(sweep, store)
            with shown(before) as told:
                execute = executor(jobs or joblib.cpu_count(), scheduler)
                results = campaign(sweep, store, execute, told, retry)
    except KeyboardInterrupt:
        click.echo("\nInterrupted. Finished runs are kept; the same command resumes.", err=True)
        raise SystemExit(130) from None
    state(results, store)
    raise SystemExit(1 if results.failed else 0)


@click.command()
@spec_argument
@out_option
def status(spec: Path, out: Path | None) -> None:
    """Say how far SPEC is, what diverged and what failed; runs nothing."""
    with explained():
        sweep, _, store = opened(spec, out)
        state(survey(sweep, store), store)


def state(results: Results, store: Store) -> None:
    """Print how far a sweep is, and why runs failed."""
    found = Plan.of(results)
    Console(width=200).print(plan_table(found))
    for error in sorted({record.error for record in results.runs.values() if record and record.error}):
        click.echo(f"failed: {error}")
    if damaged := store.count()[1]:
        click.echo(f"{damaged} damaged records in {str(store.path)!r} are left out; their runs are repeated.")
    click.echo(f"{found}{others(store, found.there)}.")


def others(store: Store, there: int) -> str:
    """Return what else a store holds, in words."""
    count = store.count()[0] - there
    return f"; {count} others are stored, of settings or code since changed" * (count > 0)


def report_of(spec: Path, out: Path | None) -> None:
    """Write the report of SPEC from what its store holds."""
    sweep, folder, store = opened(spec, out)
    results = held(sweep, store, spec)
    click.echo(f"Report: {render(results, folder)}")


def verdict_of(spec: Path, out: Path | None) -> bool:
    """Print a verdict on each claim of SPEC; return whether all hold."""
    sweep, _, store = opened(spec, out)
    if not sweep.claims:
        raise UsageError(f"{str(spec)!r} claims nothing. Add [[claims]].")
    findings = held(sweep, store, spec).findings()
    Console(width=200).print(findings_table(findings))
    return all(finding.holds for finding in findings)


def held(sweep: Sweep, store: Store, spec: Path) -> Results:
    """Return what the store holds of a sweep. Raises UsageError if that is nothing."""
    results = survey(sweep, store)
    if not any(results.runs.values()):
        raise UsageError(
            f"{str(store.path)!r} holds no run of {sweep.name}{others(store, 0)}. Run it: ravine run {spec}."
        )
    return results
