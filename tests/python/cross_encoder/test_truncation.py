"""Truncation: counted, warned of once a call, an error where asked for, or windows instead."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import tamis

QUERY = "what do pandas eat"
NEEDLE = "pandas eat bamboo"
FILLER = "the weather was fine that day and nobody spoke of it . "
LONG = FILLER * 40 + NEEDLE + " . " + FILLER * 40  # about 1000 tokens
SHORT = "a short passage"


def test_warns_once_a_call_with_counts(model: Any) -> None:
    with pytest.warns(tamis.TruncationWarning, match=r"^2 of 3 pairs .* lost \d+ tokens") as caught:
        model.predict([(QUERY, LONG), (QUERY, SHORT), (QUERY, LONG + "x")])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(tamis.TruncationWarning) as caught:
        model.rank(QUERY, [LONG, SHORT])
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_ignore(model: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cut = model.predict([(QUERY, LONG)], on_truncation="ignore")
        model.predict([(QUERY, SHORT)], on_truncation="warn")
    with pytest.warns(tamis.TruncationWarning):
        assert model.predict([(QUERY, LONG)]) == cut


def test_error(model: Any) -> None:
    pairs = [(QUERY, SHORT), (QUERY, LONG), ("a", SHORT), (QUERY, LONG)]
    with pytest.raises(tamis.TruncationError, match=r"^pair 1 has .* limit of 512 tokens for a pa"):
        model.predict(pairs, on_truncation="error")
    with pytest.raises(tamis.TruncationError, match=r"^pair [13] has "):
        model.predict(pairs, on_truncation="error", device=["cpu", "cpu"], chunk_size=1)
    with pytest.raises(tamis.TruncationError, match=r"^pair 0 .* limit of 2 tokens for a document"):
        model.predict(pairs, on_truncation="error", max_doc_tokens=2)
    assert issubclass(tamis.TruncationError, tamis.InvalidArgument)
    model.predict([(QUERY, SHORT)], on_truncation="error")


def test_the_report_counts_what_the_tokenizer_cuts(model: Any) -> None:
    pairs = [(QUERY, LONG), (QUERY, SHORT), ("word " * 700, "text " * 600)]
    scores, report = model.predict_with_report(pairs, on_truncation="ignore")
    np.testing.assert_array_equal(scores, model.predict(pairs, on_truncation="ignore"))
    full = [len(model.tokenizer(a, b, truncation=False)["input_ids"]) for a, b in pairs]
    lost = [max(0, n - 512) for n in full]
    cut = report.query_tokens_cut.astype(int) + report.document_tokens_cut.astype(int)
    assert cut.tolist() == lost
    assert report.tokens_cut == sum(lost)
    assert (report.pairs, report.pairs_cut) == (3, 2)
    assert report.query_tokens_cut[2] > 0
    assert report.tokens == sum(min(n, 512) for n in full)
    assert report.spans is None
    assert "2 of 3 pairs" in str(report)
    _, none = model.predict_with_report([(QUERY, SHORT)])
    assert str(none) == "1 pair, none cut"
    _, empty = model.predict_with_report([])
    assert (empty.pairs, empty.tokens_cut) == (0, 0)


def test_limits_of_one_side(model: Any) -> None:
    long_query = "word " * 300
    report = model.predict_with_report(
        [(long_query, SHORT), (QUERY, LONG)],
        max_query_tokens=20,
        max_doc_tokens=30,
        on_truncation="ignore",
    ).report
    assert report.query_tokens_cut.tolist() == [280, 0]
    assert report.document_tokens_cut[0] == 0
    assert report.document_tokens_cut[1] > 0
    kept = model.predict_with_report(
        [(QUERY, LONG)], truncation="only_second", on_truncation="ignore"
    ).report
    assert kept.query_tokens_cut.tolist() == [0]


def test_windows_read_the_whole_document(model: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hits, report = model.rank_with_report(QUERY, [LONG, SHORT], on_truncation="window")
    assert report.pairs_cut == 0
    by_id = {hit["corpus_id"]: hit for hit in hits}
    begin, end = by_id[0]["span"]
    assert 0 <= begin < end <= len(LONG)
    assert by_id[1]["span"] == (0, len(SHORT))
    # The winning window by itself has the document's score.
    alone = model.rank(QUERY, [LONG[begin:end]], scores="logit")[0]["score"]
    logits = {
        h["corpus_id"]: h["score"]
        for h in model.rank(QUERY, [LONG, SHORT], on_truncation="window", scores="logit")
    }
    assert logits[0] == pytest.approx(alone, abs=1e-4)


@pytest.mark.parametrize(
    ("pair", "limits", "said"),
    [
        (("word " * 700, "x " * 50), {}, r"\d+ of queries, 0 of documents.*512 tokens of a pair"),
        ((QUERY, LONG), {"max_doc_tokens": 100}, r"0 of queries.*100 of a document"),
    ],
)
def test_windows_warn_of_what_they_do_not_read(
    model: Any, pair: Any, limits: Any, said: str
) -> None:
    with pytest.warns(tamis.TruncationWarning, match=said) as caught:
        report = model.predict_with_report([pair], on_truncation="window", **limits).report
    assert len(caught) == 1
    assert "on_truncation=" not in str(caught[0].message)  # is what the caller has done
    assert report.pairs_cut == 1


def test_aggregates(model: Any) -> None:
    by = {
        how: float(
            model.predict((QUERY, LONG), on_truncation="window", aggregate=how, scores="logit")
        )
        for how in ("max", "mean", "first")
    }
    assert by["max"] >= max(by["mean"], by["first"])
    dense = model.predict((QUERY, LONG), on_truncation="window", window_stride=50, scores="logit")
    assert np.isfinite(dense)
    for how in by:
        short = model.predict((QUERY, SHORT), on_truncation="window", aggregate=how)
        assert short == model.predict((QUERY, SHORT))


def test_spans_count_characters_not_bytes(model: Any) -> None:
    text = "東京はとても大きい。 " * 150 + NEEDLE
    hit = model.rank(QUERY, [text], on_truncation="window")[0]
    begin, end = hit["span"]
    assert 0 <= begin < end <= len(text)
    # A character of these is a token and three bytes; a window has 512 tokens.
    assert len(text[begin:end].replace(" ", "")) <= 512


def test_pools_join_their_reports(model: Any) -> None:
    pairs = [(QUERY, LONG), (QUERY, SHORT)] * 3
    alone = model.predict_with_report(pairs, on_truncation="window")
    pooled = model.predict_with_report(
        pairs, on_truncation="window", device=["cpu", "cpu"], chunk_size=2
    )
    np.testing.assert_array_equal(alone.scores, pooled.scores)
    np.testing.assert_array_equal(alone.report.spans, pooled.report.spans)


def test_a_side_that_cannot_be_cut_enough_is_refused_by_its_pair(model: Any) -> None:
    pairs = [("q", "a"), ("q", "a"), ("q", "b"), (LONG, "a")]
    with pytest.raises(tamis.InvalidArgument, match=r"^pair 3: the query alone has \d+ tokens"):
        model.predict(pairs, truncation="only_second", on_truncation="ignore")
    many = [("q", f"text {i}") for i in range(39)] + [(LONG, "a")]
    with pytest.raises(tamis.InvalidArgument, match=r"^pair 39: the query alone has"):
        model.predict(many, truncation="only_second", on_truncation="ignore", device=["cpu", "cpu"])
