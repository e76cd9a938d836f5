"""sentence-transformers' own tests, where TAMIS_PEER_CHECKOUT names a checkout of theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = os.environ.get("TAMIS_PEER_CHECKOUT")
RUN = Path(__file__).with_name("run.py")


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(RUN), *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.skipif(CHECKOUT is None, reason="TAMIS_PEER_CHECKOUT names no checkout")
def test_their_tests_pass() -> None:
    pytest.importorskip("PIL")
    done = _run(str(CHECKOUT))
    assert done.returncode == 0, done.stdout[-5000:]
    assert " passed" in done.stdout


def test_a_folder_that_is_no_checkout(tmp_path: Path) -> None:
    done = _run(str(tmp_path))
    assert done.returncode == 2
    assert "tests/cross_encoder/test_model.py" in done.stdout
