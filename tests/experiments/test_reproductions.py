"""`ravine verify`: every reproduction passes; a miss is seen; the page holds everything."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from ravine.experiments.cli import main
from ravine.experiments.errors import UsageError
from ravine.experiments.reproductions import REPRODUCTIONS, Findings, Reproduction, deepobs
from ravine.experiments.reproductions.comparison import TEST_SEEDS, TUNING_SEEDS, check_lower, mean_interval, tune
from ravine.experiments.verify import judge, verify


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


# These take more than seconds, or a data file: `ravine verify` runs them.
LEFT_OUT = {
    *("deepobs", "deepobs-cells", "ionosphere", "adam-decay", "adam-bmi", "adam-radam-adamw", "adamw-basins"),
    *("amsgrad-mnist", "adam-mnist", "adam-dropout", "adam-imdb", "adam-vae"),
}


def test_those_left_out_are_there() -> None:
    assert REPRODUCTIONS.keys() >= LEFT_OUT


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in REPRODUCTIONS if name not in LEFT_OUT])
def test_a_reproduction_passes(name: str) -> None:
    verdict = judge(REPRODUCTIONS[name])
    assert verdict.word == "passed", [check for check in verdict.findings.checks if not check.passed]
    assert verdict.findings.figures or verdict.findings.tables or len(verdict.findings.checks) > 1


@pytest.mark.parametrize("reproduction", REPRODUCTIONS.values(), ids=lambda r: r.name)
def test_a_source_has_a_year(reproduction: Reproduction) -> None:
    assert re.search(r"\b(19|20)\d\d\b", reproduction.source)


@pytest.mark.parametrize("folder", [None, "elsewhere"])
def test_published_runs_that_are_not_here(folder: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAVINE_DATA", raising=False)
    if folder:
        monkeypatch.setenv("RAVINE_DATA", str(tmp_path))
    verdict = judge(REPRODUCTIONS["deepobs-cells"])
    assert verdict.word == "not run"
    assert "RAVINE_DATA" in str(verdict.missing)
    assert "deepobs/quadratic_deep_baselines.json" in str(verdict.missing)


def baselines() -> dict[str, list[dict[str, object]]]:
    """A file of published runs, all losses 1: 36 rates of seed 42, and seeds 43 to 51 of the rate 0.01."""
    cells = [(lr, 42) for lr in deepobs.LRS] + [(0.01, seed) for seed in range(43, 52)]
    return {
        "runs": [
            {"optimizer": name, "lr": lr, "seed": seed, "test_losses": [1.0] * 101}
            for name in deepobs.OURS
            for lr, seed in cells
        ]
    }


def put(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "deepobs").mkdir()
    (folder / "deepobs" / "quadratic_deep_baselines.json").write_text(text)
    monkeypatch.setenv("RAVINE_DATA", str(folder))


def test_published_runs_by_optimizer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = baselines()
    content["runs"].reverse()
    content["runs"][-1]["test_losses"] = [float("nan")] * 101  # SGD at the lowest rate
    put(json.dumps(content), tmp_path, monkeypatch)
    found = deepobs.published()
    assert {name: (runs.sweep.shape, runs.best, runs.again.shape) for name, runs in found.items()} == dict.fromkeys(
        ("SGD", "Momentum", "Adam"), ((36, 101), 15, (10, 101))
    )
    assert np.isnan(found["SGD"].sweep).sum() == 101
    assert np.isnan(found["SGD"].sweep[0]).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "JSONDecodeError"),
        (json.dumps(baselines())[:-7], "JSONDecodeError"),
        ("[]", "TypeError"),
        ("null", "TypeError"),
        ('{"results": []}', "KeyError: 'runs'"),
        ('{"runs": []}', "36 rates of seed 42 and one of ten seeds, but 0 runs"),
        ('{"runs": 3}', "TypeError"),
        ('{"runs": ["SGD"]}', "TypeError"),
        (json.dumps(baselines()).replace("AdamOptimizer", "Lion"), "KeyError: 'Lion'"),
        (json.dumps(baselines()).replace('"lr": 0.01,', '"lr": 0.9,'), "lr=0.9 isn't one of the 36"),
        (json.dumps(baselines()).replace("1.0, 1.0]", "1.0]"), r"test_losses of shape \(100,\)"),
        (json.dumps(baselines()).replace("[1.0, 1.0", '["low", 1.0'), "ValueError"),
        (json.dumps(baselines()).replace('"seed": 51', '"seed": 52'), "but 45 runs"),
    ],
)
def test_published_runs_that_are_damaged_or_foreign(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(text, tmp_path, monkeypatch)
    with pytest.raises(UsageError, match=f"(?s)can't be read.*quadratic_deep_baselines.json.*{said}.*Needed"):
        deepobs.published()
    assert judge(REPRODUCTIONS["deepobs-cells"]).word == "not run"


def test_a_setting_chosen_on_some_seeds_is_judged_on_others() -> None:
    asked = []

    def losses(settings: Sequence[float], seeds: Sequence[int]) -> NDArray[np.float64]:
        asked.append((list(settings), list(seeds)))
        return np.array([[[9.0, setting + seed / 1000] for seed in seeds] for setting in settings])

    best = tune(losses, (3.0, 1.0, 2.0))
    assert asked == [([3.0, 1.0, 2.0], list(TUNING_SEEDS)), ([1.0], list(TEST_SEEDS))]
    assert not set(TUNING_SEEDS) & set(TEST_SEEDS)
    assert best.setting == 1.0
    assert best.losses[:, -1].tolist() == [1 + seed / 1000 for seed in TEST_SEEDS]


def test_an_order_in_words_must_hold_at_every_seed() -> None:
    findings, higher = Findings(), np.array([2.0, 2.0, 2.0])
    check_lower(findings, "faster", higher - 1, higher)
    check_lower(findings, "faster", np.array([1.0, 1.0, 2.0]), higher)
    check_lower(findings, "faster", np.array([1.0, 1.0, np.nan]), higher)
    assert [(check.got, check.passed) for check in findings.checks] == [("3", True), ("2", False), ("2", False)]
    assert {check.basis for check in findings.checks} == {"words"}


def test_what_noise_leaves_open() -> None:
    assert mean_interval(np.array([1.0, 3.0])) == pytest.approx((0.0, 4.0))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> dict[str, Reproduction]:
    def fine(findings: Findings) -> None:
        """Settings that differ from the paper's."""
        findings.close("a number", 1.0, 1.001, rtol=0.01, basis="theory")
        findings.table("What was seen", ("t", "x"), [(1, 0.5)])

    def missing(findings: Findings) -> None:
        raise UsageError("datasets: no file of that name.")

    few = {
        "fine": Reproduction("fine", "It holds", "Nobody 2001", fine),
        "absent": Reproduction("absent", "Not here", "Nobody 2002", missing),
    }
    monkeypatch.setattr("ravine.experiments.verify.REPRODUCTIONS", few)
    return few


def test_findings() -> None:
    findings = Findings()
    assert not findings.passed
    findings.close("share", 100.0, 100.9, rtol=0.01, basis="theory")
    findings.close("difference", 0.0, -0.01, atol=0.02, basis="published")
    findings.equal("same", (1, 2), (1, 2), basis="theory")
    findings.below("small", 1.0, 0.5, basis="words")
    findings.above("large", 1.0, 1.5, basis="words")
    assert findings.passed
    findings.close("nothing", 1.0, float("nan"), rtol=1e9, basis="theory")
    assert not findings.passed
    assert [check.passed for check in findings.checks] == [True] * 5 + [False]


@pytest.mark.parametrize("basis", ["", "hearsay"])
def test_a_check_rests_on_something(basis: str) -> None:
    with pytest.raises(ValueError, match=r"'theory', 'published', 'words'\. Received: basis='" + basis):
        Findings().equal("same", 1, 1, basis=basis)


def test_the_command(few: dict[str, Reproduction], tmp_path: Path) -> None:
    done = invoke("verify", "--out", tmp_path)
    assert done.exit_code == 0
    assert "fine: It holds [Nobody 2001]" in done.stdout
    assert re.search(r"a number +expected 1 +got 1.001 +1 % +theory +ok", done.stdout)
    assert "1 passed, 1 not run" in done.stdout
    page = (tmp_path / "verify.html").read_text()
    assert "It holds" in page
    assert '<td data-of="basis">theory</td>' in page
    assert "What was seen" in page
    assert "<p>Settings that differ from the paper&#39;s.</p>" in page
    assert "<p>1 passed, 1 not run. " in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    records = json.loads((tmp_path / "verify.json").read_text())
    assert [record["verdict"] for record in records] == ["passed", "not run"]
    assert [check["basis"] for check in records[0]["checks"]] == ["theory"]


def test_one_that_is_named_and_cannot_be_run_is_a_failure(few: dict[str, Reproduction], tmp_path: Path) -> None:
    (missing,) = (name for name in few if judge(few[name]).word == "not run")
    assert invoke("verify", missing, "--out", tmp_path).exit_code == 1

    def wrong(findings: Findings) -> None:
        findings.close("a number", 1.0, 2.0, rtol=0.01, basis="published")

    few["wrong"] = Reproduction("wrong", "It does not", "Nobody 2003", wrong)
    missed = invoke("verify", "wrong", "--out", tmp_path)
    assert missed.exit_code == 1
    assert "MISSED" in missed.stdout


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"Unknown reproduction: 'reddy'\. .*Known: "):
        verify(["reddy"])
    assert invoke("verify", "reddy").exit_code == 2
