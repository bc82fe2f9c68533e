"""Formulas as MathML, which browsers set themselves: the site needs no script, and nothing from elsewhere."""

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx


def mathml(formula: str, display: str) -> str:
    """A formula; latex2mathml knows the aligned lines by their other name."""
    return spaced(convert(formula.replace("{aligned}", "{align*}"), display=display))


def spaced(markup: str) -> str:
    """As TeX sets it: a thin space beside the name of a function, none inside of bars, and primes not raised twice."""
    thin = '<mspace width="0.167em" />'
    markup = re.sub(r"(?<=</mi>)(?=<mi>[a-z]{2,}</mi>)", thin, markup)
    markup = re.sub(r"((?:</m\w+>|<mrow>|/>)<mi>[a-z]{2,}</mi>)(?=<m[ir])", rf"\1{thin}", markup)
    markup = re.sub(r"<msup>(<mi>[^<]*</mi>)(<mi>&#x0203[2-4];</mi>)</msup>", r"<mrow>\1\2</mrow>", markup)
    return markup.replace('<mo stretchy="false">&#x0007C;</mo>', '<mo stretchy="false" lspace="0" rspace="0">|</mo>')


def inline(translator: Any, node: nodes.math) -> None:
    """A formula in a line."""
    translator.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def displayed(translator: Any, node: nodes.math_block) -> None:
    """A formula of its own."""
    translator.body.append(f'<div class="math">{mathml(node.astext(), "block")}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (inline, None), (displayed, None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True}
