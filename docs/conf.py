"""How the site is built: `sphinx-build -W docs site`."""

import shutil
import sys
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # what stands beside this file

import pages  # noqa: E402

project = "ravine"
version = release = version_of("ravine")
copyright = "the ravine authors"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "mathml", "plain"]
html_theme = "furo"
html_title = "ravine"
html_show_sphinx = False
html_static_path = ["static"]
html_css_files = ["ravine.css"]

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the tests execute the notebooks; their outputs are shown as they are stored
nb_render_markdown_format = "myst"
copybutton_prompt_text = r">>> ?|\.\.\. ?|\$ "
copybutton_prompt_is_regexp = True

default_role = "code"
smartquotes_action = "D"  # dashes only: quotation marks are often code
autodoc_typehints = "none"  # the docstrings say what is taken
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_use_rtype = False

# Written anew at each build, from the registries and beside them the notebooks.
for name in ("generated", "notebooks"):
    shutil.rmtree(HERE / name, ignore_errors=True)
shutil.copytree(HERE.parent / "notebooks", HERE / "notebooks", ignore=shutil.ignore_patterns("*.py", ".*"))
pages.write(HERE / "generated")
