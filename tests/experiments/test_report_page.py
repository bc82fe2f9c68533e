"""The pictures and the page: valid, complete, and in need of nothing from outside."""

import struct
from base64 import b64decode
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from glissade.experiments import Results, compare
from glissade.experiments.figures import style
from glissade.optim import SGD
from glissade.schedules import Constant, Linear

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


def test_pictures_are_png_of_a_legible_size(folder: Path) -> None:
    for name in ("learning_curves.png", "sensitivity.png"):
        data = (folder / name).read_bytes()
        width, height = struct.unpack(">II", data[16:24])
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert width >= 900
        assert height >= 500


def test_the_page_is_whole_and_asks_for_nothing(folder: Path) -> None:
    html = (folder / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(html)
    assert page.open == []
    sources = [value for _, name, value in page.attributes if name in ("src", "href", "srcset", "data", "action")]
    assert len(sources) == 2
    pictures = [(folder / name).read_bytes() for name in ("learning_curves.png", "sensitivity.png")]
    assert [b64decode(source.removeprefix("data:image/png;base64,")) for source in sources] == pictures
    assert not any(word in html for word in ("http:", "https:", "//cdn", "@import", "url(", "<script"))
    assert ("meta", "name", "viewport") in page.attributes


def test_the_page_holds_the_table_and_the_configuration(folder: Path) -> None:
    page = Page()
    page.feed((folder / "report.html").read_text(encoding="utf-8"))
    results = Results.load(folder)
    for row in results.rows:
        assert row.optimizer in page.text
    for text in (results.description.source, "numpy", "final seeds", "has diverged once"):
        assert text in page.text


def test_names_are_escaped(small: Callable[..., Results], tmp_path: Path) -> None:
    small(optimizers=[SGD(lr=Linear(0.0, 1.0, 5) >> Constant(1.0))])
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "SGD(lr=Linear(0.0, 1.0, 5) &gt;&gt; Constant(1.0))" in html
    assert ">>" not in html


def test_every_optimizer_has_a_look_of_its_own() -> None:
    looks = [(look["color"], look["linestyle"]) for look in map(style, range(20))]
    assert len(set(looks)) == 20
