"""Makes the golden records: trajectories in float64, with their states, that other frameworks give.

Run with the extra `peers` installed: python tests/goldens/make.py

Each row of the modules beside this one names an optimizer of ours as source, where LR and WARMUP are the schedules in
the head of the file; another's that has the same numerics; and where the other keeps each of our states.
"""

import json
import platform
from importlib.metadata import version
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


def records():
    for name, source in SOURCES.items():
        title = name if source is from_papers else f"{name} {version(name)}"
        for ours, theirs, more in source.ROWS:
            points, kept = zip(*source.run(ours, theirs, more), strict=True)
            state = {slot: [k[slot] for k in kept] for slot in kept[0]}
            average = {"average": state.pop("average")} if "average" in state else {}
            yield {"optimizer": ours, "from": f"{title}: {theirs}", "x": points, **average, "state": state}


def main():
    head = {
        "made by": "tests/goldens/make.py",
        "with": f"Python {platform.python_version()}, NumPy {np.__version__}",
        "schedules": SCHEDULES,
        "x0": X0.tolist(),
        "gradients": gradients().tolist(),
    }
    lines = [json.dumps(line) for line in (head, *records())]
    Path(__file__).with_name("trajectories.jsonl").write_text("".join(f"{line}\n" for line in lines))
    print(f"{len(lines) - 1} records in trajectories.jsonl")


if __name__ == "__main__":
    main()
