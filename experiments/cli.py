"""The command line: comparisons, sweeps, reproductions, and reports."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import joblib

from .. import schedules
from ..optim import Optimizer, rules
from ..schedules import Schedule
from .comparison import LEARNING_RATES, STORE, USUAL, default_folder
from .comparison import compare as run_comparison
from .errors import UsageError
from .problems import PROBLEMS
from .reproductions import REPRODUCTIONS
from .sweep import Results, Store, Sweep, executor, load, write_report
from .sweep import run as run_sweep
from .sweep import status as sweep_status
from .sweep.plan import SweepPlan, duration, estimate_seconds, show_progress
from .sweep.summary import CLAIM_HEADINGS, claim_cells
from .tables import text_table
from .verify import Verdict, count_verdicts
from .verify import verify as run_verification


class Command(click.Command):
    """A command that turns errors into messages and exit codes: 2 for a wrong request, 1 for other errors."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(context)
        except UsageError as error:
            raise click.UsageError(str(error), context) from error
        except BrokenProcessPool as error:
            raise click.ClickException("A worker process was killed. The same command resumes.") from error
        except OSError as error:
            raise click.ClickException(str(error)) from error


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ravine", message="%(prog)s %(version)s")
def main() -> None:
    """Compare optimizers: tuned with the same budget, then run on the same seeds."""


main.command_class = Command

spec_argument = click.argument("spec", type=click.Path(path_type=Path))
out_option = click.option("--out", type=click.Path(path_type=Path), help="Folder of the results.  [default: runs/NAME]")
jobs_option = click.option("--jobs", type=click.IntRange(min=1), help="Processes at a time.  [default: one per CPU]")


def comma_list(convert: Callable[[str], object]) -> Callable[[click.Context, click.Parameter, str | None], object]:
    """Return the callback of an option that takes values separated by commas."""

    def parse(context: click.Context, option: click.Parameter, text: str | None) -> object:
        try:
            return None if text is None else [convert(item.strip()) for item in text.split(",")]
        except ValueError as error:
            raise click.BadParameter(f"{error}. Separate values by commas.", context, option) from error

    return parse


@contextmanager
def interruptible(folder: Path) -> Iterator[None]:
    """Turn Ctrl-C into a message and exit status 130."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\nInterrupted. Finished runs are kept in {folder}; the same command resumes.", err=True)
        raise SystemExit(130) from None


# -- comparisons ------------------------------------------------------------------------------------------------------


@main.command()
@click.option("--problem", default="digits", show_default=True, metavar="NAME", help="See `ravine list`.")
@click.option("--optimizers", metavar="A,B,...", callback=comma_list(str), help=f"[default: {','.join(USUAL)}]")
@click.option("--lrs", metavar="X,Y,...", callback=comma_list(float), help="Learning rates.  [default: two per decade]")
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True, help="Final runs of each optimizer.")
@click.option("--epochs", type=click.IntRange(min=1), help="Length of every run.  [default: the problem's]")
@out_option
@jobs_option
def compare(
    problem: str,
    optimizers: list[str] | None,
    lrs: list[float] | None,
    seeds: int,
    epochs: int | None,
    out: Path | None,
    jobs: int | None,
) -> None:
    """Tune every optimizer on the same learning rates, then compare them on the same seeds.

    Prints a table, and writes tables, figures and report.html to a folder. After an interruption, the same command
    resumes.
    """
    if out is not None and not str(out).strip(". "):
        raise click.BadParameter("name a folder. Received: the current folder.", param_hint="--out")
    folder = out or default_folder(problem)
    grid = LEARNING_RATES if lrs is None else sorted(lrs)
    with interruptible(folder):
        results = run_comparison(problem, optimizers, seeds=seeds, epochs=epochs, lrs=grid, out=folder, jobs=jobs)
    click.echo(f"{results!r}\n\nReport: {folder / 'report.html'}")


# -- sweeps -----------------------------------------------------------------------------------------------------------


def open_sweep(spec: Path, out: Path | None) -> tuple[Sweep, Path, Store]:
    """Return the sweep of a file, the folder of its results, and their store."""
    sweep = load(spec)
    folder = default_folder(sweep.name) if out is None else out
    return sweep, folder, Store(folder / STORE)


def stored_results(sweep: Sweep, store: Store, spec: Path) -> Results:
    """Return the results that a store has of a sweep. Raises UsageError if it has none."""
    results = sweep_status(sweep, store)
    if not any(run.result for run in results.runs):
        raise UsageError(
            f"{str(store.path)!r} holds no run of {sweep.name}{other_runs(store, 0)}. Run it: ravine run {spec}."
        )
    return results


def other_runs(store: Store, done: int) -> str:
    """Return, in words, how many runs a store holds beside those of a sweep."""
    count = store.count()[0] - done
    return f"; {count} others are stored, of other settings or of code that has changed since" * (count > 0)


def plan_table(plan: SweepPlan) -> str:
    """Return a row of counts for each optimizer on each problem."""
    headings = ("problem", "optimizer", "settings", "tuning runs", "final runs", "done", "diverged", "failed")
    return text_table(headings, [list(map(str, vars(row).values())) for row in plan.rows], "llrrrrrr")


@main.command()
@spec_argument
@out_option
@jobs_option
def plan(spec: Path, out: Path | None, jobs: int | None) -> None:
    """Print which runs SPEC needs, how many are done, and about how long the others take. Stores nothing."""
    sweep, _, store = open_sweep(spec, out)
    results = sweep_status(sweep, store)
    seconds = estimate_seconds(sweep, results, store)
    jobs = jobs or joblib.cpu_count()
    found = SweepPlan.of(sweep, results)
    click.echo(plan_table(found))
    click.echo(f"{found}, about {duration(seconds / jobs)} in {jobs} {'process' if jobs == 1 else 'processes'}.")


@main.command()
@spec_argument
@out_option
@jobs_option
@click.option("--scheduler", metavar="ADDRESS", help="Run on a Dask cluster: tcp://HOST:8786.")
@click.option("--retry", is_flag=True, help="Run failed trials again.")
def run(spec: Path, out: Path | None, jobs: int | None, scheduler: str | None, retry: bool) -> None:
    """Run what is missing of SPEC. After an interruption, the same command resumes.

    Exit status 1 if a run failed: the other runs go on, and `ravine status` prints the errors.
    """
    if jobs is not None and scheduler is not None:
        raise click.BadParameter("a cluster has its own number of processes; leave it out.", param_hint="--jobs")
    sweep, folder, store = open_sweep(spec, out)
    with interruptible(folder), show_progress(sweep, sweep_status(sweep, store)) as on_result:
        execute = executor(jobs or joblib.cpu_count(), scheduler)
        results = run_sweep(sweep, store, execute, on_result, retry)
    print_status(sweep, results, store)
    raise SystemExit(1 if results.failed else 0)


@main.command()
@spec_argument
@out_option
def status(spec: Path, out: Path | None) -> None:
    """Print how many runs of SPEC are done, diverged and failed. Runs nothing."""
    sweep, _, store = open_sweep(spec, out)
    print_status(sweep, sweep_status(sweep, store), store)


def print_status(sweep: Sweep, results: Results, store: Store) -> None:
    """Print how many runs of a sweep are done, and the errors of failed ones."""
    found = SweepPlan.of(sweep, results)
    click.echo(plan_table(found))
    for error in results.errors:
        click.echo(f"failed: {error}")
    if damaged := store.count()[1]:
        click.echo(f"The results of {damaged} runs in {str(store.path)!r} are damaged. They are run again when needed.")
    click.echo(f"{found}{other_runs(store, found.done)}.")


# -- reports and verdicts ---------------------------------------------------------------------------------------------


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER | SPEC")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of SPEC's results.  [default: runs/NAME]")
def report(folder: Path, out: Path | None) -> None:
    """Write tables, figures and report.html again, from the results.json in FOLDER. Runs nothing.

    For SPEC, a sweep's .toml file, write them from the runs that are stored.
    """
    if folder.suffix == ".toml":
        sweep, where, store = open_sweep(folder, out)
        click.echo(f"Report: {write_report(stored_results(sweep, store, folder), where)}")
        return
    if out is not None:
        raise click.BadParameter("the report is written to FOLDER; leave --out out.", param_hint="--out")
    results = Results.load(folder)
    click.echo(f"{results!r}\n\nReport: {write_report(results, folder)}")


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]... | SPEC")
@click.option("--out", type=click.Path(path_type=Path), help="Folder.  [default: runs/verify; for SPEC: runs/NAME]")
def verify(names: tuple[str, ...], out: Path | None) -> None:
    """Recompute published results: expected, got, tolerance, verdict, citation. All of them, or those named.

    Writes figures and verify.html to a folder. Exit status 1 if a number is missed, or if a named reproduction can't
    run because its data are missing or damaged.

    For SPEC, a sweep's .toml file, check its claims on the runs that are stored; exit status 1 unless all hold.
    """
    if any(name.endswith(".toml") for name in names):
        if len(names) > 1:
            raise click.BadParameter(f"name one SPEC alone. Received: {', '.join(names)}.", param_hint="SPEC")
        raise SystemExit(0 if claims_hold(Path(names[0]), out) else 1)
    out = Path("runs/verify") if out is None else out
    verdicts = run_verification(names, out, on_verdict=print_verdict)
    click.echo(f"{count_verdicts(verdicts)}. Report: {out / 'verify.html'}")
    bad = {"missed", "not run"} if names else {"missed"}
    raise SystemExit(1 if bad & {verdict.word for verdict in verdicts} else 0)


def claims_hold(spec: Path, out: Path | None) -> bool:
    """Print a verdict on each claim of a sweep; return whether all hold."""
    sweep, _, store = open_sweep(spec, out)
    if not sweep.claims:
        raise UsageError(f"{str(spec)!r} has no claims. Add [[claims]].")
    findings = stored_results(sweep, store, spec).findings
    click.echo(text_table(CLAIM_HEADINGS, claim_cells(findings), "lll"))
    return all(finding.holds for finding in findings)


def print_verdict(verdict: Verdict) -> None:
    """Print the checks of a reproduction."""
    about, checks = verdict.reproduction, verdict.findings.checks
    click.echo(f"{about.name}: {about.title} [{about.source}]")
    rows = [
        (c.claim, f"expected {c.expected}", f"got {c.got}", c.tolerance, c.basis, "ok" if c.passed else "MISSED")
        for c in checks
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  " + "  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip())
    if verdict.missing:
        click.echo(f"  {verdict.missing}")
    click.echo(f"  {verdict.word}, {verdict.seconds:.1f} s\n")


@main.command("list")
def list_registries() -> None:
    """List problems, optimizers, schedules and reproductions."""
    registries: dict[str, Mapping[str, type]] = {
        "problems": PROBLEMS,
        "optimizers": {name: cls for name, cls in Optimizer.registry.items() if hasattr(rules, cls.__name__)},
        "optimizers of other frameworks": {
            name: cls for name, cls in Optimizer.registry.items() if not hasattr(rules, cls.__name__)
        },
        "schedules": {
            name: cls
            for name, cls in Schedule.registry.items()
            if hasattr(schedules, name) and cls.__module__ != Schedule.__module__  # operators make the others
        },
    }
    width = max(len(name) for registry in (*registries.values(), REPRODUCTIONS) for name in registry)
    for kind, registry in registries.items():
        click.echo(f"{kind}:")
        for name, cls in registry.items():
            click.echo(f"  {name:{width}}  {(inspect.getdoc(cls) or '').partition(chr(10))[0]}")
    click.echo("reproductions:")
    for name, reproduction in REPRODUCTIONS.items():
        click.echo(f"  {name:{width}}  {reproduction.title}")
