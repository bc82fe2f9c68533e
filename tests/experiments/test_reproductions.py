"""`glissade verify`: every reproduction passes; a miss is seen; the page holds everything."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from glissade.experiments.cli import main
from glissade.experiments.errors import UsageError
from glissade.experiments.reproductions import REPRODUCTIONS, Findings, Reproduction
from glissade.experiments.verify import judge, verify


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


# These take more than seconds, or a data file: `glissade verify` runs them.
LEFT_OUT = {
    *("deepobs", "deepobs-cells", "ionosphere", "adam-decay", "adam-bmi", "adam-radam-adamw", "adamw-basins"),
    *("amsgrad-mnist", "adam-mnist", "adam-dropout", "adam-imdb", "adam-vae"),
}


def test_those_left_out_are_there() -> None:
    assert REPRODUCTIONS.keys() >= LEFT_OUT


@pytest.mark.parametrize("name", [name for name in REPRODUCTIONS if name not in LEFT_OUT])
def test_a_reproduction_passes(name: str) -> None:
    verdict = judge(REPRODUCTIONS[name])
    assert verdict.word == "passed", [check for check in verdict.findings.checks if not check.passed]
    assert verdict.findings.pictures or verdict.findings.tables or len(verdict.findings.checks) > 1


@pytest.mark.parametrize("reproduction", REPRODUCTIONS.values(), ids=lambda r: r.name)
def test_a_source_has_a_year(reproduction: Reproduction) -> None:
    assert re.search(r"\b(19|20)\d\d\b", reproduction.source)


@pytest.mark.parametrize("folder", [None, "elsewhere"])
def test_published_runs_that_are_not_here(folder: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GLISSADE_DATA", raising=False)
    if folder:
        monkeypatch.setenv("GLISSADE_DATA", str(tmp_path))
    verdict = judge(REPRODUCTIONS["deepobs-cells"])
    assert verdict.word == "not run"
    assert "GLISSADE_DATA" in str(verdict.missing)
    assert "deepobs/quadratic_deep_baselines.json" in str(verdict.missing)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> dict[str, Reproduction]:
    def fine(findings: Findings) -> None:
        """Settings that differ from the paper's."""
        findings.close("a number", 1.0, 1.001, rel=0.01)
        findings.table("What was seen", ("t", "x"), [(1, 0.5)])

    def missing(findings: Findings) -> None:
        raise UsageError("datasets: no file of that name.")

    few = {
        "fine": Reproduction("fine", "It holds", "Nobody 2001", fine),
        "absent": Reproduction("absent", "Not here", "Nobody 2002", missing),
    }
    monkeypatch.setattr("glissade.experiments.verify.REPRODUCTIONS", few)
    return few


def test_findings() -> None:
    findings = Findings()
    assert not findings.passed
    findings.close("share", 100.0, 100.9, rel=0.01)
    findings.close("difference", 0.0, -0.01, off=0.02)
    findings.equal("same", (1, 2), (1, 2))
    findings.below("small", 1.0, 0.5)
    findings.above("large", 1.0, 1.5)
    assert findings.passed
    findings.close("nothing", 1.0, float("nan"), rel=1e9)
    assert not findings.passed
    assert [check.passed for check in findings.checks] == [True] * 5 + [False]


def test_the_command(few: dict[str, Reproduction], tmp_path: Path) -> None:
    done = invoke("verify", "--out", tmp_path)
    assert done.exit_code == 0
    assert "fine: It holds [Nobody 2001]" in done.stdout
    assert re.search(r"a number +expected 1 +got 1.001 +1 % +ok", done.stdout)
    assert "1 passed, 1 not run" in done.stdout
    page = (tmp_path / "verify.html").read_text()
    assert "It holds" in page
    assert "What was seen" in page
    assert "<p>Settings that differ from the paper&#39;s.</p>" in page
    assert "<p>1 passed, 1 not run.</p>" in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    records = json.loads((tmp_path / "verify.json").read_text())
    assert [record["verdict"] for record in records] == ["passed", "not run"]

    def wrong(findings: Findings) -> None:
        findings.close("a number", 1.0, 2.0, rel=0.01)

    few["wrong"] = Reproduction("wrong", "It does not", "Nobody 2003", wrong)
    missed = invoke("verify", "wrong", "--out", tmp_path)
    assert missed.exit_code == 1
    assert "MISSED" in missed.stdout


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"Unknown reproduction: 'reddy'\. .*Known: "):
        verify(["reddy"])
    assert invoke("verify", "reddy").exit_code == 2
