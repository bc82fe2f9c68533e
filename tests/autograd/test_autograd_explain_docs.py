"""The examples in the documentation of the explaining tools run as they stand."""

import doctest
import importlib
import pkgutil

import pytest

from ravine.autograd import explain

NAMES = ["autograd.check", "autograd.explain"]
NAMES += [f"autograd.explain.{module.name}" for module in pkgutil.iter_modules(explain.__path__)]


@pytest.mark.parametrize("name", NAMES)
def test_examples(name):
    assert doctest.testmod(importlib.import_module(f"ravine.{name}")).failed == 0


@pytest.mark.parametrize("name", explain.__all__)
def test_every_public_name_has_a_docstring(name):
    assert getattr(explain, name).__doc__
