"""The pages that are made from the registries: what is registered is documented, with an example that has been run."""

from pathlib import Path

from . import commands, experiments, functions, optimizers, peers, reference, shapes

PAGES = {
    "commands": commands.page,
    "dialects": peers.page,
    "functions": functions.page,
    "kinks": functions.kinks,
    "optimizers": optimizers.page,
    "papers": optimizers.papers,
    "problems": experiments.problems,
    "reproductions": experiments.reproductions,
    "schedules": shapes.page,
    **reference.PAGES,
}
"""What makes each, by the name of its file."""


def write(folder: Path) -> None:
    """Write all pages, and the pictures beside them."""
    folder.mkdir()
    for name, made in PAGES.items():
        (folder / f"{name}.md").write_text(made() + "\n", encoding="utf-8")
    for name, picture in shapes.pictures().items():
        (folder / name).write_text(picture, encoding="utf-8")
