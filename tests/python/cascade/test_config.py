"""Cascades from files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tamis import Cascade, InvalidArgument

from .kinds import length

TOML = """
budget_ms = 1500

[[stages]]
stage = "retrieve"
use = "search"
name = "bm25"
keep = 20

[[stages]]
stage = "deduplicate"
keep = 20

[[stages]]
stage = "rerank"
keep = 5
share = 0.7
blend = {bm25 = 0.3}
fallback = [{stage = "callable", use = "length", keep = 5}]
"""
YAML = """
budget_ms: 1500
stages:
  - {stage: retrieve, use: search, name: bm25, keep: 20}
  - {stage: deduplicate, keep: 20}
  - stage: rerank
    keep: 5
    share: 0.7
    blend: {bm25: 0.3}
    fallback:
      - {stage: callable, use: length, keep: 5}
"""


def search(query: str) -> list[str]:
    return ["Berlin", "Paris is the capital of France", "Paris"]


@pytest.mark.parametrize("suffix", ["toml", "yaml", "yml", "json", "dict"])
def test_every_form_gives_the_same_cascade(suffix: str, tmp_path: Path) -> None:
    if suffix == "toml" and sys.version_info < (3, 11):
        pytest.skip("tomllib came with Python 3.11")
    yaml = pytest.importorskip("yaml")
    told: Any = yaml.safe_load(YAML)
    source: Any = told
    if suffix != "dict":
        source = tmp_path / f"cascade.{suffix}"
        text = {"toml": TOML, "json": json.dumps(told)}.get(suffix, YAML)
        source.write_text(text)
    cascade = Cascade.from_config(source, search=search, length=length)
    assert repr(cascade).splitlines() == [
        "Cascade, 1500 ms",
        "  bm25: keep 20",
        "  deduplicate: keep 20",
        "  rerank: keep 5, 70% of the budget + 0.3 bm25",
    ]
    assert cascade.run("capital of France").hits[0].index == 1


def stages(**changes: Any) -> dict[str, Any]:
    return {"stages": [{"stage": "callable", "use": "length", "keep": 3, "limit": 9, **changes}]}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, "the configuration: stages is missing"),
        ({**stages(), "budget": 3}, "budget is unknown; use budget_ms and stages"),
        ({**stages(), "budget_ms": "3"}, "budget_ms must be a number, got '3'"),
        ({"stages": 3}, "stages must be a list of tables, got int"),
        ({"stages": [3]}, r"stages\[0\] must be a table, got int"),
        (stages(stage="rank"), r"stages\[0\].stage is 'rank'; use one of retrieve"),
        (stages(use="lenght"), r"stages\[0\].use: 'lenght' was not given"),
        (stages(kept=3), r"stages\[0\]: .*unexpected keyword argument 'kept'"),
        (stages(keep=-1), r"stages\[0\]: keep must be a natural number"),
        (
            stages(fallback=[{"stage": "callable", "keep": 3}]),
            r"stages\[0\].fallback\[0\].use is missing",
        ),
        ({"stages": [{"stage": "deduplicate", "keep": 3}]}, "no stage uses 'length'"),
        ({**stages(), 1: 2}, "1 is unknown"),
        ({**stages(), "budget_ms": 10**400}, "budget_ms must be a number"),
        (stages(use=["length"]), r"stages\[0\].use must be a name, got list"),
        (stages(chunk=0), "the configuration: stage 1 'length': chunk is 0"),
        (
            {"stages": [{"stage": "rerank", "model": 7, "keep": 3, "limit": 3}]},
            r"stages\[0\].model: .* must be a str, got int",
        ),
        (
            {"stages": [{"stage": "rerank", "model": "/no/such/folder", "keep": 3, "limit": 3}]},
            r"stages\[0\].model: .*/no/such/folder",
        ),
        (
            {"stages": [{"stage": "rerank", "precision": "fp8", "keep": 3, "limit": 3}]},
            r"stages\[0\].model: .*no precision 'fp8'",
        ),
    ],
)
def test_errors_name_the_key(told: Any, said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        Cascade.from_config(told, length=length)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "bad.yaml").write_text("a: [")
    (tmp_path / "bad.toml").write_text("a = ")
    for suffix in ("json", "yaml", "toml"):
        text = "[" * 5000 if suffix == "toml" else "[" * 100_000
        (tmp_path / f"deep.{suffix}").write_text(("stages = " if suffix == "toml" else "") + text)
    deep = ("deep.json", "deep.yaml", "deep.toml")
    for name in ("bad.json", "bad.yaml", "bad.toml", "absent.json", "cascade.ini", *deep):
        with pytest.raises(InvalidArgument, match=name):
            Cascade.from_config(tmp_path / name)


def test_a_stage_is_no_fallback_of_itself(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    (tmp_path / "circle.yaml").write_text(
        "stages: [&own {stage: callable, use: length, keep: 3, limit: 3, fallback: [*own]}]"
    )
    with pytest.raises(InvalidArgument, match="fallback and has none; list all in one chain"):
        Cascade.from_config(tmp_path / "circle.yaml", length=length)


def test_an_object_may_have_any_name() -> None:
    made = Cascade.from_config(stages(use="source"), source=length)
    assert made.run("q", ["a"]).hits[0].score == 1.0
