"""Execute the lessons and store their outputs: `python notebooks/execute.py [names]`, e.g. `03`."""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
NOTEBOOKS = sorted(HERE.glob("*.ipynb"))
METADATA = {  # without the version of Python, which is another on every machine
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3", "file_extension": ".py"},
}


def executed(path: Path) -> nbformat.NotebookNode:
    """A notebook with fresh outputs. Raises nbclient's CellExecutionError where a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", record_timing=False, coalesce_streams=True)
    client.execute()
    notebook.metadata = METADATA
    return notebook


def main(names: list[str]) -> None:
    """Execute those whose names begin like one of these; all if there are none."""
    for path in NOTEBOOKS:
        if not names or path.name.startswith(tuple(names)):
            print(path.name, flush=True)
            nbformat.write(executed(path), path)


if __name__ == "__main__":
    main(sys.argv[1:])
