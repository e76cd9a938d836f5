"""README.md's and docs/scoring.md's Python runs; docs/compatibility.md lists what the peer-suite
plugin has."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


def test_the_list_is_the_plugins() -> None:
    path = ROOT / "tests/python/peer_suite/reasons.py"
    spec = importlib.util.spec_from_file_location("reasons", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (ROOT / "docs/compatibility.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(test_\S+)` \| (.*) \|$", page, flags=re.MULTILINE)
    assert rows == list(module.CANNOT_PASS.items())


def test_what_the_readme_shows(
    one_label: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "path/to").mkdir(parents=True)
    (tmp_path / "path/to/folder").symlink_to(one_label)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(block, names)
    assert [set(hit) for hit in names["hits"]] == [{"corpus_id", "score", "text"}]
    assert names["scores"].shape == (2,)


def test_what_the_page_of_scoring_shows(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs/scoring.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)
    assert names["winning"] in names["passages"][0]
    assert 0 < len(names["winning"]) < len(names["passages"][0])
    assert capsys.readouterr().out.startswith("1 of 3 pairs was longer than what is read and lost ")
    assert names["scores"].shape == (3,)
    assert 2 in [hit["corpus_id"] for hit in names["likely"]]
    assert all(0.5 <= hit["score"] <= 1 for hit in names["likely"])
    assert [ranking[0]["corpus_id"] for ranking in names["rankings"]] == [1, 0]
