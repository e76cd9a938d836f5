"""How many threads score: what was chosen, else no more than torch uses."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import {imports}
import tamis
{before}
tamis.CrossEncoder().predict([("a", "b")])
print(tamis.num_threads())
"""


def threads(imports: str, before: str, environment: str | None = None) -> int:
    changed = {key: value for key, value in os.environ.items() if key != "TAMIS_NUM_THREADS"}
    if environment is not None:
        changed["TAMIS_NUM_THREADS"] = environment
    code = SCRIPT.format(imports=imports, before=before)
    done = subprocess.run(
        [sys.executable, "-c", code], env=changed, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_torchs_setting_bounds_ours() -> None:
    pytest.importorskip("torch")
    assert threads("torch", "torch.set_num_threads(1)") == 1


def test_what_was_chosen_for_us_comes_first() -> None:
    pytest.importorskip("torch")
    assert threads("torch", "torch.set_num_threads(1)", "2") == 2
    assert threads("torch", "torch.set_num_threads(1); tamis.set_num_threads(3)", "2") == 3


def test_without_torch_the_usable_cores_count() -> None:
    assert threads("os", "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})") == 1
