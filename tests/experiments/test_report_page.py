"""The pictures and the page: valid, complete, and in need of nothing from outside."""

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from base64 import b64decode
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ravine.experiments import Results, compare
from ravine.experiments.plots import style
from ravine.optim import SGD
from ravine.schedules import Constant, Linear

VOID = {"meta", "img", "link", "br", "hr", "input"}
SMALL = {"problem": "iris", "optimizers": ["sgd", "adam"], "seeds": 2, "epochs": 2, "lrs": [0.01, 0.1]}
CASES = {
    "data": {},
    "function": {"problem": "rosenbrock", "lrs": [1e-3, 1.0]},
    "one of everything": {"seeds": 1, "epochs": 1, "lrs": [0.1], "optimizers": ["sgd"]},
    "diverged": {"problem": "rosenbrock", "lrs": [10.0], "optimizers": ["sgd"]},
}


class Page(HTMLParser):
    """Collects tags, attributes and text; checks that tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module", params=list(CASES.values()), ids=list(CASES))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    compare(**SMALL | request.param, out=out, jobs=1)
    return out


@pytest.mark.slow
def test_each_picture_is_there_as_svg_and_as_pdf(folder: Path) -> None:
    results = Results.load(folder)
    names = {path.stem for path in folder.glob("*.svg")}
    assert names == {path.stem for path in folder.glob("*.pdf")}
    assert {"learning_curves", "sensitivity"} <= names
    assert ("training_loss" in names) == results.problems[0].held_out
    assert ("ranks" in names) == (len(results.optimizers) > 1 and len(results.final_seeds) > 1)
    for name in names:
        root = ElementTree.fromstring((folder / f"{name}.svg").read_bytes())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert (folder / f"{name}.pdf").read_bytes()[:5] == b"%PDF-"


def test_the_page_is_whole_and_asks_for_nothing(folder: Path) -> None:
    html = (folder / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(html)
    assert page.open == []
    sources = [value for _, name, value in page.attributes if name in ("src", "href", "srcset", "data", "action")]
    icon, *embedded = sources
    assert icon == "data:,"  # or a browser asks for /favicon.ico
    pictures = {path.read_bytes() for path in folder.glob("*.svg")}
    assert {b64decode(source.removeprefix("data:image/svg+xml;base64,")) for source in embedded} == pictures
    assert len(embedded) == len(pictures)
    assert not any(word in html for word in ("http:", "https:", "//cdn", "@import", "url(", "<script"))
    assert ("meta", "name", "viewport") in page.attributes


def test_the_page_holds_the_table_and_the_configuration(folder: Path) -> None:
    page = Page()
    page.feed((folder / "report.html").read_text(encoding="utf-8"))
    results = Results.load(folder)
    for row in results.rows:
        assert row.optimizer in page.text
    for text in (results.problems[0].source, "numpy", "final seeds", "has diverged once"):
        assert text in page.text


def test_names_are_escaped(small: Callable[..., Results], tmp_path: Path) -> None:
    small(optimizers=[SGD(lr=Linear(0.0, 1.0, 5) >> Constant(1.0))])
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "SGD(lr=Linear(0.0, 1.0, 5) &gt;&gt; Constant(1.0))" in html
    assert ">>" not in html


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

MEASURE = """<iframe src="report.html" width="390" height="800"></iframe><script>
onload = () => setTimeout(() => {
  const frame = document.querySelector("iframe").contentWindow, page = frame.document;
  const images = [...page.images].filter((image) => image.complete && image.naturalWidth > 0).length;
  const asked = frame.performance.getEntriesByType("resource").map((entry) => entry.name);
  document.title = JSON.stringify([page.documentElement.scrollWidth, images, asked]);
}, 200);
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_a_browser_shows_it_on_a_phone_asks_for_nothing_and_complains_of_nothing(folder: Path, tmp_path: Path) -> None:
    (folder / "frame.html").write_text(MEASURE)
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    options += [f"--user-data-dir={tmp_path}", "--virtual-time-budget=3000", "--enable-logging=stderr", "--dump-dom"]
    command = [CHROMIUM, *options, (folder / "frame.html").as_uri()]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    width, images, asked = json.loads(re.search("<title>(.*)</title>", shown.stdout)[1])
    assert width <= 390
    assert [url for url in asked if not url.startswith("data:")] == []
    assert images == len(list(folder.glob("*.svg")))
    assert "CONSOLE" not in shown.stderr


def test_every_optimizer_has_a_look_of_its_own() -> None:
    looks = [(look["color"], look["linestyle"]) for look in map(style, range(20))]
    assert len(set(looks)) == 20
