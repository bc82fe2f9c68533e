"""The command line's own help."""

import click

from ravine.experiments import cli


def page() -> str:
    """The command line's own help."""
    parts = ["# Command line"]
    for name, command in [("", cli.main), *cli.main.commands.items()]:
        path = f"ravine {name}".strip()
        with click.Context(command, info_name=path) as context:
            parts += [f"## {path}", f"```text\n{command.get_help(context)}\n```"]
    return "\n\n".join(parts)
