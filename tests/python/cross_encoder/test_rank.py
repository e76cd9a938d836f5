"""rank and rank_many: sentence-transformers' results, and what goes beyond them."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import tamis

torch = pytest.importorskip("torch")

QUERY = "how many people live in berlin?"
DOCUMENTS = [
    "Berlin had 3,520,031 inhabitants in 2016.",
    "Berlin is well known for its museums.",
    "Pandas eat bamboo.",
    "Berlin is well known for its museums.",
    "",
]


@pytest.mark.parametrize("top_k", [None, 0, 1, 3, 100])
@pytest.mark.parametrize("return_documents", [False, True])
@pytest.mark.parametrize("activation", [None, torch.nn.Identity(), lambda x: -x], ids=str)
def test_equal(both: Any, top_k: Any, return_documents: bool, activation: Any) -> None:
    ours, theirs = both(1)
    options = {
        "top_k": top_k,
        "return_documents": return_documents,
        "activation_fn": activation,
        "prompt": "q: ",
    }
    found, expected = (
        ours.rank(QUERY, DOCUMENTS, **options),
        theirs.rank(QUERY, DOCUMENTS, **options),
    )
    assert [list(hit) for hit in found] == [list(hit) for hit in expected]
    for one, other in zip(found, expected, strict=True):
        assert type(one["corpus_id"]) is int
        assert type(one["score"]) is float
        assert one["corpus_id"] == other["corpus_id"]
        assert one.get("text") == other.get("text")
        assert one["score"] == pytest.approx(other["score"], abs=1e-4)
    json.dumps(found)


def test_positions(both: Any) -> None:
    ours, theirs = both(1)
    arguments = (QUERY, DOCUMENTS, 2, True, None, "q: ", 2, False, torch.nn.Identity(), "cpu")
    ids = [[hit["corpus_id"] for hit in each.rank(*arguments)] for each in (ours, theirs)]
    assert ids[0] == ids[1]


def test_several_labels(both: Any) -> None:
    texts = []
    for each in both(3):
        with pytest.raises(ValueError, match="only works for models with num_labels=1") as caught:
            each.rank(QUERY, DOCUMENTS)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


def test_no_documents(both: Any) -> None:
    assert [each.rank(QUERY, []) for each in both(1)] == [[], []]


def test_ties_keep_the_callers_order(model: Any) -> None:
    hits = model.rank(QUERY, ["same"] * 50)
    assert [hit["corpus_id"] for hit in hits] == list(range(50))


def test_saturated_sigmoids_are_ordered_by_logit(bert_maker: Any, tmp_path: Any) -> None:
    folder = bert_maker(tmp_path / "sharp")
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    tensors["classifier.bias"] += 40
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    model = tamis.CrossEncoder(str(folder))
    hits = model.rank(QUERY, DOCUMENTS)
    assert {hit["score"] for hit in hits} == {1.0}
    by_logit = model.rank(QUERY, DOCUMENTS, scores="logit")
    assert [hit["corpus_id"] for hit in hits] == [hit["corpus_id"] for hit in by_logit]
    assert len({hit["score"] for hit in by_logit}) > 3


def test_min_score_is_inclusive_and_before_top_k(model: Any) -> None:
    everything = model.rank(QUERY, DOCUMENTS)
    cut = everything[2]["score"]
    kept = model.rank(QUERY, DOCUMENTS, min_score=cut)
    assert kept == [hit for hit in everything if hit["score"] >= cut]
    assert cut in [hit["score"] for hit in kept]
    assert model.rank(QUERY, DOCUMENTS, min_score=cut, top_k=1) == everything[:1]
    assert model.rank(QUERY, DOCUMENTS, min_score=2.0) == []


@pytest.mark.parametrize("top_k", [-1, 1.5, "3", True])
def test_top_k_must_be_a_count(model: Any, top_k: Any) -> None:
    with pytest.raises(tamis.InvalidArgument, match="top_k"):
        model.rank(QUERY, DOCUMENTS, top_k=top_k)


def test_numpy_top_k(model: Any) -> None:
    assert len(model.rank(QUERY, DOCUMENTS, top_k=np.int64(2))) == 2


def test_scores_by_space(model: Any) -> None:
    by = {
        space: {
            hit["corpus_id"]: hit["score"] for hit in model.rank(QUERY, DOCUMENTS, scores=space)
        }
        for space in ("default", "logit", "probability")
    }
    assert by["default"] == by["probability"]  # one label: the default is a sigmoid
    for i, logit in by["logit"].items():
        assert 1 / (1 + np.exp(-logit)) == pytest.approx(by["probability"][i], abs=1e-6)
    assert model.score_space == "probability"
    assert tamis.CrossEncoder(model.path, activation_fn="identity").score_space == "logit"
    assert tamis.CrossEncoder(model.path, activation_fn="tanh").score_space == "custom"
    with pytest.raises(tamis.InvalidArgument, match="scores must be"):
        model.rank(QUERY, DOCUMENTS, scores="calibrated")
    with pytest.raises(tamis.InvalidArgument, match="not both"):
        model.rank(QUERY, DOCUMENTS, scores="logit", activation_fn="tanh")


# --- documents that are no str


@dataclass
class Passage:
    page_content: str
    number: int


def test_documents_of_any_kind(model: Any) -> None:
    documents = [
        DOCUMENTS[0],
        {"text": DOCUMENTS[1], "id": 7},
        Passage(DOCUMENTS[2], 3),
    ]
    hits = model.rank(QUERY, documents, return_documents=True)
    plain = model.rank(QUERY, DOCUMENTS[:3], return_documents=True)
    assert [(h["corpus_id"], h["score"], h["text"]) for h in hits] == [
        (h["corpus_id"], h["score"], h["text"]) for h in plain
    ]
    for hit in hits:
        given = documents[hit["corpus_id"]]
        if isinstance(given, str):
            assert "document" not in hit
        else:
            assert hit["document"] is given


def test_named_text_and_fields(model: Any) -> None:
    documents = [{"title": "Berlin", "body": DOCUMENTS[0], "year": 2016}, {"body": DOCUMENTS[2]}]
    by_name = model.rank(QUERY, documents, text="body", return_documents=True)
    assert {hit["text"] for hit in by_name} == {DOCUMENTS[0], DOCUMENTS[2]}
    by_fields = model.rank(QUERY, documents, fields=["title", "body"], return_documents=True)
    assert {hit["text"] for hit in by_fields} == {f"Berlin\n{DOCUMENTS[0]}", DOCUMENTS[2]}
    by_function = model.rank(QUERY, documents, text=lambda d: d["body"], return_documents=True)
    assert by_function == by_name
    with pytest.raises(tamis.InvalidArgument, match=r"document 0: its field 'year' must be a str"):
        model.rank(QUERY, documents, fields=["year"])
    with pytest.raises(tamis.InvalidArgument, match=r"document 0 is a dict without text"):
        model.rank(QUERY, documents)
    with pytest.raises(tamis.InvalidArgument, match=r"document 1 has none of the fields title"):
        model.rank(QUERY, documents, fields=["title"])


def test_empty_fields_are_an_empty_text(model: Any) -> None:
    documents = [{"title": "", "text": ""}, {"title": "Berlin", "text": ""}]
    hits = model.rank(QUERY, documents, fields=["title", "text"], return_documents=True)
    assert {hit["corpus_id"]: hit["text"] for hit in hits} == {0: "", 1: "Berlin"}


def test_any_iterable(model: Any) -> None:
    expected = model.rank(QUERY, DOCUMENTS)
    assert model.rank(QUERY, (d for d in DOCUMENTS)) == expected
    assert model.rank(QUERY, np.array(DOCUMENTS)) == expected


# --- many queries


def test_rank_many_equals_a_loop(model: Any) -> None:
    queries = [QUERY, "what do pandas eat", "x"]
    documents = [DOCUMENTS, DOCUMENTS[1:3], []]
    for top_k, keep in itertools.product((None, 2), (False, True)):
        options = {"top_k": top_k, "return_documents": keep}
        loop = [model.rank(q, d, **options) for q, d in zip(queries, documents, strict=True)]
        assert model.rank_many(queries, documents, **options) == loop
    assert model.rank_many([], []) == []


def test_rank_many_needs_a_list_a_query(model: Any) -> None:
    with pytest.raises(tamis.InvalidArgument, match="1 lists of documents for 2 queries"):
        model.rank_many(["a", "b"], [["c"]])
    with pytest.raises(tamis.InvalidArgument, match="query 1 must be a str, got NoneType"):
        model.rank_many(["a", None], [["c"], ["d"]])
    with pytest.raises(TypeError, match="unexpected keyword argument 'top'"):
        model.rank_many(["a"], [["c"]], top=1)
