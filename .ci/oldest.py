"""Print the oldest versions that pyproject.toml allows, as constraints for pip: `python .ci/oldest.py > oldest.txt`.

The extras of a requirement are left out: pip takes none in a constraint.
"""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
for requirements in (project["dependencies"], *project["optional-dependencies"].values()):
    for requirement in requirements:
        if ">=" in requirement:
            print(re.sub(r"\[.*?\]", "", requirement).replace(">=", "=="))
