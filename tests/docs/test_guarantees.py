"""The page of guarantees names tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.findall(r"`(tests/\S+)::(\w+)`", (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("path", "test"), NAMED, ids=[test for _, test in NAMED])
def test_the_test_exists(path, test):
    assert f"\ndef {test}(" in (ROOT / path).read_text(encoding="utf-8")


def test_every_promise_has_a_test():
    page = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith(("| promise", "| ---"))]
    assert len(rows) == len(NAMED) > 30
