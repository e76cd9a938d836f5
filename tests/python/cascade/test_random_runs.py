"""Whatever stages do, no candidate is lost and a query alone is a query in company."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import Cascade
from tamis import stages as s
from tamis.stages import Stage

pytestmark = pytest.mark.filterwarnings("ignore::tamis.CascadeWarning")

ANSWERS = ["fine", "raises", "nan", "fewer", "more", "nonsense"]


def scorer(answer: str) -> Any:
    def score(query: str, documents: list[Any]) -> Any:
        scores = [float(hash((query, document)) % 7) for document in documents]
        if answer == "raises":
            raise ValueError("dead")
        if answer == "nonsense":
            return object()
        if answer == "nan":
            scores[-1] = float("nan")
        return {"fewer": scores[:-1], "more": [*scores, 0.0]}.get(answer, scores)

    return score


@st.composite
def pipelines(draw: st.DrawFn) -> list[Stage]:
    stages: list[Stage] = []
    keep = 20
    for place in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["score", "score", "deduplicate", "diversify"]))
        if kind == "score":
            stages.append(
                s.callable(
                    scorer(draw(st.sampled_from(ANSWERS))),
                    keep=keep,
                    limit=draw(st.integers(1, 20)),
                    divisible=draw(st.booleans()),
                    chunk=draw(st.integers(1, 5)),
                    name=f"score {place}",
                    breaker=10**6,
                )
            )
        else:
            stages.append(getattr(s, kind)(keep=keep))
        keep = draw(st.integers(1, keep))
    return stages


TEXTS = st.lists(st.text("ab ", max_size=3), max_size=15)


@settings(max_examples=200, deadline=None)
@given(pipelines(), st.lists(TEXTS, min_size=1, max_size=3))
def test_no_candidate_is_lost(stages: list[Stage], lists: list[list[str]]) -> None:
    cascade = Cascade(stages)
    queries = [f"query {i}" for i in range(len(lists))]
    alone = [cascade.run(query, texts) for query, texts in zip(queries, lists, strict=True)]
    for result, texts in zip(alone, lists, strict=True):
        left = [one.id for stage in result.trace.stages for one in stage.dropped]
        everyone = sorted([hit.id for hit in result.hits] + left, key=int)
        assert everyone == [str(i) for i in range(len(texts))]
        assert all(hit.text == texts[hit.index] for hit in result.hits)
    together = cascade.run_many(queries, lists)
    assert [result.hits for result in together] == [result.hits for result in alone]
