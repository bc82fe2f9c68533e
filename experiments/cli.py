"""The command line: comparisons, sweeps and reproductions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from .. import schedules
from ..optim import Optimizer, rules
from ..schedules import Schedule
from .comparison import USUAL, default_folder
from .comparison import compare as run_comparison
from .exits import explained
from .problems import PROBLEMS
from .report import render
from .reproductions import REPRODUCTIONS
from .results import Results
from .specification import HALF_DECADES
from .sweep import commands as sweeps
from .verify import Verdict, counted
from .verify import verify as run_verification


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ravine", message="%(prog)s %(version)s")
def main() -> None:
    """Compare optimizers: tuned with the same budget, then run on the same seeds."""


for command in (sweeps.plan, sweeps.run, sweeps.status):
    main.add_command(command)


def comma_list(convert: Callable[[str], object]) -> Callable[[click.Context, click.Parameter, str | None], object]:
    """Return the callback of an option that takes values between commas."""

    def parse(context: click.Context, option: click.Parameter, text: str | None) -> object:
        try:
            return None if text is None else [convert(item.strip()) for item in text.split(",")]
        except ValueError as error:
            raise click.BadParameter(f"{error}. Write values between commas.", context, option) from error

    return parse


@main.command()
@click.option("--problem", default="digits", show_default=True, metavar="NAME", help="See `ravine list`.")
@click.option("--optimizers", metavar="A,B,...", callback=comma_list(str), help=f"[default: {','.join(USUAL)}]")
@click.option("--lrs", metavar="X,Y,...", callback=comma_list(float), help="Rates to try.  [default: half decades]")
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True, help="Final runs of each optimizer.")
@click.option("--epochs", type=click.IntRange(min=1), help="Length of every run.  [default: the problem's]")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the results.  [default: runs/NAME]")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes at a time.  [default: one a CPU]")
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

    Prints a table; writes tables, figures and report.html to a folder. Interrupted, the same command resumes.
    """
    if out is not None and not str(out).strip(". "):
        raise click.BadParameter("name a folder. Received: the folder you are in.", param_hint="--out")
    folder = out or default_folder(problem)
    grid = HALF_DECADES if lrs is None else sorted(lrs)
    try:
        with explained():
            results = run_comparison(problem, optimizers, seeds=seeds, epochs=epochs, lrs=grid, out=folder, jobs=jobs)
            click.echo(f"{results!r}\n\nReport: {folder / 'report.html'}")
    except KeyboardInterrupt:
        click.echo(f"\nInterrupted. Finished runs are kept in {folder}; the same command resumes.", err=True)
        raise SystemExit(130) from None


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
            if hasattr(schedules, name) and cls.__module__ != Schedule.__module__  # what operators make is not chosen
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


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]... | SPEC")
@click.option("--out", type=click.Path(path_type=Path), help="Folder.  [default: runs/verify; of SPEC: runs/NAME]")
def verify(names: tuple[str, ...], out: Path | None) -> None:
    """Run the papers' numbers again: expected, got, tolerance, verdict, citation. All of them, or those named.

    Writes figures and verify.html to a folder. Exit status 1 if a number is missed, or if one that was named can't be
    run, as its data are not here or damaged.

    Of a sweep's SPEC, a .toml file, judge the claims on the runs that are there; exit status 1 unless all hold.
    """
    if any(name.endswith(".toml") for name in names):
        if len(names) > 1:
            raise click.BadParameter(f"name one SPEC alone. Received: {', '.join(names)}.", param_hint="SPEC")
        with explained():
            raise SystemExit(0 if sweeps.verdict_of(Path(names[0]), out) else 1)
    out = Path("runs/verify") if out is None else out
    with explained():
        verdicts = run_verification(names, out, told=tell)
    click.echo(f"{counted(verdicts)}. Report: {out / 'verify.html'}")
    bad = {"missed", "not run"} if names else {"missed"}
    raise SystemExit(1 if bad & {verdict.word for verdict in verdicts} else 0)


def tell(verdict: Verdict) -> None:
    """Print a verdict."""
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


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER | SPEC")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of SPEC's results.  [default: runs/NAME]")
def report(folder: Path, out: Path | None) -> None:
    """Draw tables, figures and report.html in FOLDER again from its results.json; runs nothing.

    Of a sweep's SPEC, a .toml file, draw them from the runs that are there.
    """
    if folder.suffix == ".toml":
        with explained():
            sweeps.report_of(folder, out)
        return
    if out is not None:
        raise click.BadParameter("FOLDER is where its report goes; leave it out.", param_hint="--out")
    with explained():
        results = Results.load(folder)
        render(results, folder)
    click.echo(f"{results!r}\n\nReport: {folder / 'report.html'}")
