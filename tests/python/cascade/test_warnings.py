"""What a run warns of: texts that are cut, another language, a blend of nothing."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from tamis import Cascade, CascadeWarning, CrossEncoder, FragmentationWarning, LateInteraction
from tamis import stages as s

from .kinds import length

CUT = ["short", "long " * 3000, "short too"]


@pytest.mark.parametrize("kind", [s.rerank, s.late_interaction])
def test_what_is_cut_is_counted_and_warned_of(kind: Any) -> None:
    model: Any = CrossEncoder("tiny") if kind is s.rerank else LateInteraction("tiny")
    cascade = Cascade([kind(model, keep=3, limit=3, chunk=1, name="cutter")])
    message = "'cutter' read only a part of 1 of 3 texts: .*on_truncation"
    with pytest.warns(CascadeWarning, match=message) as caught:
        result = cascade.run("q", CUT)
    assert [one.filename for one in caught] == [__file__]
    (stage,) = result.trace.stages
    assert stage.truncated == 1
    assert len(stage.warnings) == 1
    assert "1 texts cut" in str(result.trace)
    with pytest.warns(CascadeWarning, match=message) as caught:
        assert [
            one.trace.stages[0].truncated for one in cascade.run_many(["q", "r"], [CUT, CUT])
        ] == [
            1,
            1,
        ]
    assert len(caught) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ignores = Cascade([kind(model, keep=3, limit=3, on_truncation="ignore")])
        result = ignores.run("q", CUT)
    assert result.trace.stages[0].truncated == 1
    assert result.trace.stages[0].warnings == []


def test_texts_in_another_language_are_warned_of() -> None:
    russian = ["Шекспир написал Гамлета.", "Бананы жёлтые."]
    for stage in (
        s.rerank(CrossEncoder("tiny"), keep=2, limit=9),
        s.late_interaction(LateInteraction("tiny"), keep=2, limit=9),
    ):
        with pytest.warns(FragmentationWarning, match="multilingual") as caught:
            Cascade([stage]).run("кто написал Гамлета?", russian)
        assert [one.filename for one in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Cascade([s.callable(length, keep=2, limit=9)]).run("кто написал Гамлета?", russian)


def test_a_blend_of_nothing_is_warned_of() -> None:
    stage = s.callable(length, keep=2, limit=2, blend={"input": 1.0})
    with pytest.warns(CascadeWarning, match="blends with 'input', of which no candidate has"):
        Cascade([stage]).run("q", ["a", "bb"])
