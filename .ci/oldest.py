"""Print the oldest versions that pyproject.toml allows, as constraints for pip: `python .ci/oldest.py > oldest.txt`."""

import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
for requirements in (project["dependencies"], *project["optional-dependencies"].values()):
    for requirement in requirements:
        if ">=" in requirement:
            print(requirement.replace(">=", "=="))
