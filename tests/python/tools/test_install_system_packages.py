"""What a demo asks to be installed is what a build needs; the tests' tools are the tests'."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "tools" / "install_system_packages.sh"


def _wanted(tmp_path: Path, kind: str) -> str:
    """What it says to install, as an ordinary user on a Debian machine that has nothing."""
    for name, text in (("dpkg-query", "exit 1"), ("id", "echo 1000")):
        command = tmp_path / name
        command.write_text(f"#!/bin/sh\n{text}\n")
        command.chmod(0o755)
    done = subprocess.run(
        ["sh", str(SCRIPT), kind],
        capture_output=True,
        text=True,
        env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
    )
    assert done.returncode == 1, done
    return done.stderr


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_a_build_needs_no_tools_of_the_tests(tmp_path: Path) -> None:
    build, test = _wanted(tmp_path, "build"), _wanted(tmp_path, "test")
    assert "libfmt-dev" in build
    assert "libfmt-dev" in test
    for name in ("catch2", "clang-format", "clang-tidy", "postgresql"):
        assert name not in build
        assert name in test
    makefile = (SCRIPT.parents[1] / "Makefile").read_text()
    assert "install_system_packages.sh build" in makefile
