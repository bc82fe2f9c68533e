"""Results show a table and a figure in a notebook, which ask for nothing from elsewhere."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ravine.autograd import nn
from ravine.experiments import compare
from ravine.experiments.fit import History, fit
from ravine.experiments.plots import learning_curves
from ravine.experiments.sweep import Store, executor, load, run
from ravine.experiments.verify import verify
from ravine.optim import SGD

SWEEP = """
[problems.iris]
epochs = 1
[optimizers.sgd]
lr = { choice = [0.01, 0.1] }
[seeds]
final = 2
[[claims]]
diverging = "sgd"
on = "iris"
at_most = 0
"""


def shows(result: object, *texts: str) -> None:
    html = result._repr_html_()
    assert html.count("<table>") >= 1
    assert "data:image/png;base64," in html
    assert not re.search(r"(src|href)=\"(?!data:)", html)
    assert [text for text in texts if text not in html] == []


@pytest.mark.slow
def test_a_comparison(tmp_path: Path) -> None:
    found = compare("iris", ["sgd"], lrs=[0.1], seeds=2, epochs=1, out=tmp_path, jobs=1)
    shows(found, "<td>sgd</td>", "Mean ± standard deviation over 2 seeds")


def test_a_sweep(tmp_path: Path) -> None:
    file = tmp_path / "sweep.toml"
    file.write_text(SWEEP)
    shows(run(load(file), Store(tmp_path / "runs.sqlite"), executor(1)), "<b>iris</b>", "<td>sgd</td>", "claim")


def test_a_reproduction() -> None:
    (verdict,) = verify(["reddi-theorem"])
    shows(verdict, "passed", "arXiv:1904.09237", "Adam&#x27;s average regret")


def test_a_history() -> None:
    X, y = np.eye(8, dtype=np.float32), np.arange(8) % 2
    history = fit(nn.Linear(8, 2, rng=0), (X, y), SGD(lr=0.1), epochs=12, validation_split=0.25)
    shows(history, "<th>val_loss</th>", "<td>12</td>")
    assert "<td>2</td>" not in history._repr_html_()  # the last ten epochs
    assert [line.get_label() for line in history.plot("loss").axes[0].lines]
    assert "<table>" in History()._repr_html_()


def test_a_figure_needs_no_pyplot() -> None:
    png, size = learning_curves({"a": [[1.0, 0.5]]})._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert size == {"width": 640}


def test_a_comparison_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    compare("booth", ["sgd"], lrs=[0.01], seeds=1, epochs=1, out=tmp_path, jobs=1)
    captured = capsys.readouterr()
    assert captured.out.split("\r")[-1] == "runs 3/3\n"
    assert captured.err == ""
