"""Input that nobody means, and what comes of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

from tamis import Cascade, CascadeWarning, CrossEncoder, InvalidArgument, StageError
from tamis import stages as s

from .kinds import length


def ranked() -> Cascade:
    return Cascade([s.callable(length, keep=5, limit=5)])


def test_an_empty_query_is_scored(model: CrossEncoder) -> None:
    result = Cascade([s.rerank(model, keep=2, limit=2)]).run("", ["a", "b"])
    assert all(hit.score is not None for hit in result.hits)


def test_no_candidates_give_no_hits() -> None:
    assert ranked().run("q", []).hits == []
    result = Cascade([s.retrieve(lambda q: [], keep=5), s.callable(length, keep=5)]).run("q")
    assert result.hits == []
    assert not result.trace.degraded


def test_an_empty_text_is_a_text_and_none_is_not() -> None:
    assert len(ranked().run("q", [""]).hits) == 1
    for given, said in (
        ([{"title": "x"}], "candidate 0 is a dict without text"),
        (["a", None], "candidate 1 must be a str, got NoneType"),
        (["a", 7], "candidate 1 must be a str, got int"),
        ([{"text": 7}], "its text must be a str, got int"),
        ("one text", "must be a list of documents, got one str"),
        (7, "must be a list of documents, got int"),
    ):
        with pytest.raises(InvalidArgument, match=said):
            ranked().run("q", given)  # type: ignore[arg-type]


def test_a_search_that_gives_no_text_fails_its_stage() -> None:
    with pytest.raises(StageError, match="candidate 0 is a dict without text"):
        Cascade([s.retrieve(lambda q: [{"title": "x"}], keep=5)]).run("q")


def test_chunks_with_the_id_of_their_document_are_told() -> None:
    rows = [{"doc_id": "r.pdf", "text": "one"}, {"doc_id": "r.pdf", "text": "two"}]
    cascade = Cascade([s.callable(length, keep=9, limit=9)])
    with pytest.warns(CascadeWarning, match="1 candidates were left out, whose id came before"):
        assert len(cascade.run("q", rows).hits) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(cascade.run("q", [rows[0], rows[0]]).hits) == 1


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Cascade([]), "at least one stage"),
        (lambda: Cascade([length]), "stage 1 must come from tamis.stages, got function"),
        (lambda: Cascade([s.deduplicate(keep=0)]), "stage 1 'deduplicate': keep is 0"),
        (lambda: s.deduplicate(keep=-1), "keep must be a natural number, got -1"),
        (lambda: s.deduplicate(keep=2.5), "keep must be a natural number, got 2.5"),
        (lambda: s.deduplicate(keep=True), "keep must be a natural number, got True"),
        (lambda: s.deduplicate(keep=1, retries=-1), "retries must be a whole number"),
        (lambda: Cascade([s.deduplicate(keep=1)], budget_ms=0), "budget_ms is 0"),
        (
            lambda: Cascade([s.deduplicate(keep=1)], budget_ms=float("nan")),
            "budget_ms must be a number or None, got nan",
        ),
        (lambda: Cascade([s.callable(length, keep=1)]), "give it a limit"),
        (lambda: Cascade([s.callable(length, keep=1, limit=0)]), "limit is 0"),
        (lambda: Cascade([s.deduplicate(keep=1), s.diversify(keep=2)]), "keep is 2, more than"),
        (lambda: Cascade([s.deduplicate(keep=1, share=2)]), "share is 2"),
        (lambda: Cascade([s.deduplicate(keep=1, chunk=0)]), "chunk is 0"),
        (
            lambda: Cascade([s.callable(length, keep=1, limit=1, blend={"bm25": 1})]),
            "blends with 'bm25', which is no earlier stage",
        ),
        (
            lambda: Cascade([s.deduplicate(keep=1), s.retrieve(length, keep=1)]),
            "only the first stage retrieves",
        ),
        (
            lambda: Cascade([s.deduplicate(keep=1, fallback=[s.callable(length, keep=1)])]),
            "another kind of stage",
        ),
        (
            lambda: s.callable(
                length, keep=1, fallback=[s.callable(length, keep=1, limit=1, retries=2)]
            ),
            "fallback 'length' has retries, and runs with the options of the stage",
        ),
        (
            lambda: s.callable(
                length,
                keep=1,
                fallback=[s.callable(length, keep=1, fallback=[s.callable(length, keep=1)])],
            ),
            "has fallback, .* all fallbacks in one list",
        ),
        (lambda: Cascade([s.deduplicate(keep=1, breaker=0)]), "breaker is 0"),
        (lambda: Cascade([s.deduplicate(keep=1, backoff_ms=-1)]), "backoff_ms is -1"),
        (lambda: Cascade([s.deduplicate(keep=1, breaker_ms=-1)]), "breaker_ms is -1"),
        (
            lambda: Cascade([s.callable(length, keep=1, limit=1, blend={"input": float("inf")})]),
            "blends with inf times 'input'; a weight must be finite",
        ),
        (
            lambda: Cascade([s.deduplicate(keep=1)], budget_ms=10**400),
            "budget_ms must be a number or None",
        ),
        (lambda: s.deduplicate(keep=1, skip_if=10**400), "skip_if must be a finite number"),
        (lambda: s.diversify(keep=1, balance=2), r"balance must be in \[0, 1\], got 2"),
        (lambda: s.retrieve(7, keep=1), "retrieve needs a function"),
        (lambda: s.callable(7, keep=1), "callable needs a function"),
        (lambda: s.rerank(7, keep=1), "rerank needs a CrossEncoder"),
        (lambda: s.late_interaction(7, keep=1), "needs a LateInteraction"),
    ],
)
def test_a_cascade_that_cannot_run_says_why(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        make()


def test_runs_that_cannot_be() -> None:
    retrieving = Cascade([s.retrieve(lambda q: ["a"], keep=1)])
    for call, said in (
        (lambda: ranked().run("q"), "does not retrieve: give the candidates"),
        (lambda: retrieving.run("q", ["a"]), "retrieves: give a query alone"),
        (lambda: retrieving.run("q", text="body"), "retrieves: give them to stages.retrieve"),
        (lambda: retrieving.run_many(["q"], fields=["body"]), "give them to stages.retrieve"),
        (lambda: retrieving.run("q", text=42), "text must be the name of a key or attribute"),
        (lambda: retrieving.run_many([], fields=[]), "fields must be names .* and not empty"),
        (lambda: ranked().run_many([], [], text=42), "text must be the name"),
        (lambda: ranked().run(7, ["a"]), "the query must be a str, got int"),
        (lambda: ranked().run_many("q", [["a"]]), "queries must be a list"),
        (lambda: ranked().run_many(["q"], [["a"], ["b"]]), "2 lists of candidates for 1 queries"),
        (lambda: ranked().run("q", ["a"], budget_ms=-1), "budget_ms is -1"),
        (
            lambda: ranked().run("q", ["a"], budget_ms=float("nan")),
            "budget_ms must be a number or None, got nan",
        ),
    ):
        with pytest.raises(InvalidArgument, match=said):
            call()


def test_a_budget_of_nothing_leaves_candidates_as_they_came() -> None:
    result = ranked().run("q", ["a", "bb"], budget_ms=0)
    assert [hit.index for hit in result.hits] == [0, 1]
    assert result.trace.degraded


def test_settings_of_a_model_that_a_stage_has_not(model: CrossEncoder) -> None:
    for options in ({"device": "cpu"}, {"chunk_size": 2}, {"scores": "probability"}):
        with pytest.raises(InvalidArgument, match=f"{next(iter(options))}=.* does not apply"):
            s.rerank(model, keep=1, **options)
    with pytest.raises(InvalidArgument, match="scores must be one of"):
        s.rerank(model, keep=1, scores="z")
    assert s.rerank(model, keep=1, scores="logit").keep == 1
    with pytest.raises(TypeError, match="unexpected keyword argument 'tok_k'"):
        s.rerank(model, keep=1, tok_k=3)


def test_surrogates_and_nuls_pass() -> None:
    result = ranked().run("q\ud800\0", ["a\udfff", "b\0bb", {"text": "c", "id": "\ud800"}])
    assert [hit.index for hit in result.hits] == [1, 0, 2]
    assert "\ufffd" in result.trace.to_json() or result.hits[2].id == "\ufffd"


def test_a_score_that_no_float_holds_is_none() -> None:
    blended = s.callable(length, keep=3, limit=3, blend={"input": 1.0})
    result = Cascade([blended]).run("q", [("a", 1.0), ("bb", 1e200), ("ccc", 2.0)])
    assert [hit.scores.get("input") for hit in result.hits] == [2.0, None, 1.0]
