"""What docs/cascade.md shows does what it says."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tamis import Cascade, CrossEncoder

PAGE = (Path(__file__).parents[3] / "docs/cascade.md").read_text(encoding="utf-8")
TEXTS = [
    "Tulips flower for one to two weeks in spring.",
    "The Peace of Westphalia was signed in 1648 by envoys of the Emperor, France and Sweden.",
    "The treaty of Osnabrueck was signed by the Emperor and Sweden.",
    "The treaty of Osnabrueck was signed by the Emperor and Sweden.",
]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def index() -> Any:
    pytest.importorskip("bm25s")
    pytest.importorskip("usearch")
    from tamis import Index

    return Index.build(TEXTS)


def test_the_cascade(index: Any, model: CrossEncoder) -> None:
    (block,) = blocks("python")
    names: dict[str, Any] = {"index": index, "model": model}
    exec(block, names)
    assert names["cascade"].warnings == []
    hits = names["result"].hits
    assert [hit.id for hit in hits[:2]] == ["2", "1"]
    assert list(hits[0].scores) == ["retrieve", "rerank"]
    dropped = [one for stage in names["result"].trace.stages for one in stage.dropped]
    assert len(hits) + len(dropped) == len(TEXTS)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")
def test_the_file(index: Any, tmp_path: Path) -> None:
    (block,) = blocks("toml")
    # "left out: the embedded model"
    text = re.sub(r"^model = .*\n", "", block, flags=re.MULTILINE)
    assert text != block
    (tmp_path / "cascade.toml").write_text(text, encoding="utf-8")
    cascade = Cascade.from_config(tmp_path / "cascade.toml", index=index)
    assert cascade.warnings == []
    result = cascade.run("who signed the treaty?")
    assert {hit.id for hit in result.hits} >= {"1", "2"}
    result.trace.picture(tmp_path / "flow.svg")


def test_a_stage_with_the_name_of_a_source_is_warned_of(index: Any, model: CrossEncoder) -> None:
    from tamis import CascadeWarning
    from tamis import stages as s

    named = s.retrieve(index, keep=3, name="bm25")
    with pytest.warns(CascadeWarning, match="blends with 'bm25', a stage and a source"):
        Cascade([named, s.rerank(model, keep=2, blend={"bm25": 0.3})])
