"""The command `ravine`, also as `python -m ravine`."""


def main() -> None:
    """Run the command line. Exits with a message if the extra `experiments` is not installed."""
    try:
        from .experiments.cli import main as command
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("ravine"):  # a mistake of the project, not a missing extra
            raise
        raise SystemExit(f"ravine: {missing}") from missing
    command(prog_name="ravine")


if __name__ == "__main__":
    main()
