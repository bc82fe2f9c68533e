"""The command line: `glissade compare`, `glissade list`, `glissade report`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

try:
    import click

    from ..optim import Optimizer
    from ..schedules import Schedule
    from .comparison import compare as run_comparison
    from .comparison import default_folder
    from .errors import UsageError
    from .problems import PROBLEMS
    from .report import render
    from .results import Results
    from .specification import HALF_DECADES
except ModuleNotFoundError as missing:
    raise SystemExit(
        f"glissade: {missing.name} isn't installed. The command line needs it: pip install 'glissade[experiments]'"
    ) from missing


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="glissade", message="%(prog)s %(version)s")
def main() -> None:
    """Compare optimizers: tuned with the same budget, then run on the same seeds."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn what a user can remedy into a message: exit status 2 for a wrong request, 1 for the machine's trouble."""
    try:
        yield
    except UsageError as error:
        raise click.UsageError(str(error), click.get_current_context()) from error
    except BrokenProcessPool as error:
        raise click.ClickException("A worker process was killed. The same command resumes.") from error
    except OSError as error:
        raise click.ClickException(str(error)) from error


def comma_list(convert: Callable[[str], object]) -> Callable[[click.Context, click.Parameter, str | None], object]:
    """Return the callback of an option that takes values between commas."""

    def parse(context: click.Context, option: click.Parameter, text: str | None) -> object:
        try:
            return None if text is None else [convert(item.strip()) for item in text.split(",")]
        except ValueError as error:
            raise click.BadParameter(f"{error}. Write values between commas.", context, option) from error

    return parse


@main.command()
@click.option("--problem", default="digits", show_default=True, metavar="NAME", help="See `glissade list`.")
@click.option("--optimizers", metavar="A,B,...", callback=comma_list(str), help="Names between commas.  [default: all]")
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
    """List problems, optimizers and schedules (the shapes; `>>`, `*` and `[:n]` combine them)."""
    registries: dict[str, Mapping[str, type]] = {
        "problems": PROBLEMS,
        "optimizers": Optimizer.registry,
        "schedules": {name: cls for name, cls in Schedule.registry.items() if cls.__module__ != Schedule.__module__},
    }
    width = max(len(name) for registry in registries.values() for name in registry)
    for kind, registry in registries.items():
        click.echo(f"{kind}:")
        for name, cls in registry.items():
            click.echo(f"  {name:{width}}  {(inspect.getdoc(cls) or '').partition(chr(10))[0]}")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def report(folder: Path) -> None:
    """Draw tables, figures and report.html in FOLDER again from its results.json; runs nothing."""
    with explained():
        results = Results.load(folder)
        render(results, folder)
    click.echo(f"{results!r}\n\nReport: {folder / 'report.html'}")
