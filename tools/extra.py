"""Print the requirements of an extra of pyproject.toml, one shell word each: `extra.py test`."""

from __future__ import annotations

import pathlib
import sys
import tomllib


def main() -> None:
    project = tomllib.loads((pathlib.Path(__file__).parents[1] / "pyproject.toml").read_text())
    print(" ".join(project["project"]["optional-dependencies"][sys.argv[1]]))


if __name__ == "__main__":
    main()
