"""What pyproject.toml says of others' packages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib")  # Python 3.11

ROOT = Path(__file__).resolve().parents[2]


def asked_for(extra: str) -> dict[str, str]:
    """Package -> the versions that an extra takes of it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [line.partition(";")[0].strip() for line in project["optional-dependencies"][extra]]
    return dict(re.match(r"([\w.-]+)(.*)", line).groups() for line in lines)


@pytest.mark.parametrize("extra", ["export", "retrieval"])
def test_users_are_asked_for_what_the_tests_run_with(extra):
    tested = asked_for("test")
    given = {name: versions for name, versions in asked_for(extra).items() if name in tested}
    assert given
    assert given == {name: tested[name] for name in given}
