"""Make the reference trajectories: in float64, with their states, from other frameworks and from papers.

    python tests/goldens/make.py

A framework that is not installed is left out: its records stay as they are in trajectories.jsonl. To make all of them
again, install the extra `peers`.

Each row of the modules beside this one names an optimizer of ours as source, where LR and WARMUP are the schedules in
the head of the file; another's that has the same numerics; and where the other keeps each of our states.
"""

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import from_keras
import from_optax
import from_papers
import from_torch
import numpy as np
from inputs import SCHEDULES, X0, gradients

SOURCES = {
    "torch": from_torch,
    "optax": from_optax,
    "keras": from_keras,
    "the paper": from_papers,
}


TARGET = Path(__file__).with_name("trajectories.jsonl")


def origin(name):
    """The first words of where a record is from. Raises PackageNotFoundError for a framework that is not installed."""
    return name if SOURCES[name] is from_papers else f"{name} {version(name)}"


def computed(row, source, title):
    ours, theirs, more = row
    points, kept = zip(*source.run(ours, theirs, more), strict=True)
    state = {slot: [k[slot] for k in kept] for slot in kept[0]}
    average = {"average": state.pop("average")} if "average" in state else {}
    return {"optimizer": ours, "from": f"{title}: {theirs}", "x": points, **average, "state": state}


def kept(row, name, stored):
    """The stored record of a row. Exits if there is none: its framework is needed."""
    ours, theirs, _ = row
    for record in stored:
        title, _, call = record["from"].partition(": ")
        if record["optimizer"] == ours and title.split()[0] == name and call == theirs:
            return record
    raise SystemExit(f"There is no record of {ours} yet, and {name} is not installed. Install the extra 'peers'.")


def records(stored):
    """All records, in the order of the rows."""
    for name, source in SOURCES.items():
        try:
            title = origin(name)
        except PackageNotFoundError:
            print(f"{name} is not installed: its records stay as they are")
            yield from (kept(row, name, stored) for row in source.ROWS)
        else:
            yield from (computed(row, source, title) for row in source.ROWS)


def main():
    head = {
        "made by": "tests/goldens/make.py",
        "with": f"Python {platform.python_version()}, NumPy {np.__version__}",
        "schedules": SCHEDULES,
        "x0": X0.tolist(),
        "gradients": gradients().tolist(),
    }
    stored = [json.loads(line) for line in TARGET.read_text(encoding="utf-8").splitlines()[1:]]
    lines = [json.dumps(line) for line in (head, *records(stored))]
    TARGET.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"{len(lines) - 1} records in trajectories.jsonl")


if __name__ == "__main__":
    main()
