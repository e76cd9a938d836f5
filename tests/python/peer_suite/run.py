"""python run.py CHECKOUT: sentence-transformers' tests with our class; exits as pytest does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = [
    "tests/cross_encoder/test_model.py",
    "tests/cross_encoder/test_multi_process.py",
    "tests/cross_encoder/evaluation/test_deprecated.py",
    "tests/cross_encoder/evaluation/test_reranking.py",
]


def main(arguments: list[str]) -> int:
    """Run them in the checkout, whose sentence_transformers is then the one under test."""
    checkout = Path(arguments[0]) if len(arguments) == 1 else Path()
    missing = [test for test in TESTS if not (checkout / test).is_file()]
    if len(arguments) != 1 or missing:
        print(f"give a checkout of sentence-transformers; it must have {', '.join(missing)}")
        return 2
    paths = [str(HERE)]
    if os.environ.get("PYTHONPATH"):  # the command runs in another folder than this
        paths += map(os.path.abspath, os.environ["PYTHONPATH"].split(os.pathsep))
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "peer_plugin", "-m", "", *TESTS],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
