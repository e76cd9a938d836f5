"""What no argument can be: each one that reaches C++ is refused by its name, never by pybind11."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tamis
from tamis import stages as s
from tamis import stores

WRONG: list[Any] = [
    3.5, -1, 10**30, True, "\ud800", b"secret", [1, None], {1: 2}, {"a": "b"}, object(),
    float("nan"), np.float32(0.5), np.zeros(2), lambda: None,
]  # fmt: skip
TEXTS = ["a b", "c"]


def refusal(call: Callable[..., Any], name: str, value: Any) -> str:
    """What tamis says of the value; the name itself where the argument takes it."""
    try:
        call(**{name: value})
    except tamis.Error as error:
        return str(error)
    return name


def never(call: Callable[..., Any], *names: str) -> None:
    """None of WRONG does, for any of the arguments."""
    for name in names:
        for value in [object(), [1, None], {1: 2}, lambda: None]:
            with pytest.raises(tamis.Error, match=name):
                call(**{name: value})
        for value in WRONG:
            said = refusal(call, name, value)
            assert name in said, said
            assert not any(word in said for word in ("incompatible", " at 0x", "secret")), said


class Reranker:
    """What `stages.rerank` takes besides a CrossEncoder."""

    def predict(self, pairs: list[tuple[str, str]]) -> list[float]:
        return [1.0] * len(pairs)


USE = (
    "keep", "limit", "share", "on_error", "blend", "skip_if", "fallback", "retries", "backoff_ms",
    "chunk", "breaker", "breaker_ms",
)  # fmt: skip


@pytest.mark.parametrize(
    "make",
    [
        lambda **use: s.rerank(Reranker(), **use),
        lambda **use: s.retrieve(lambda query: TEXTS, **use),
        lambda **use: s.callable(lambda query, documents: [1.0] * len(documents), **use),
        lambda **use: s.late_interaction(**use),
        lambda **use: s.threshold(0.0, **use),
        lambda **use: s.deduplicate(**use),
        lambda **use: s.diversify(**use),
    ],
    ids=["rerank", "retrieve", "callable", "late_interaction", "threshold", "dedup", "diversify"],
)
def test_a_stage(make: Callable[..., Any]) -> None:
    never(lambda **use: make(**{"keep": 1, **use}), *USE, "name")


def test_what_stages_have_of_their_own(model: Any) -> None:
    never(lambda least: s.threshold(least, keep=1), "least")
    never(lambda **own: s.diversify(keep=1, **own), "balance")
    never(lambda **own: s.retrieve(list, keep=1, **own), "sources", "fields")
    never(lambda **own: s.rerank(model, keep=1, **own), "prompt", "max_batch_tokens", "scores")
    with pytest.raises(tamis.InvalidArgument, match=r"fallback must hold stages .* got int"):
        s.deduplicate(keep=1, fallback=[3])  # type: ignore[list-item]


def test_a_cascade(model: Any) -> None:
    stages = [s.rerank(model, keep=1, limit=9)]
    cascade = tamis.Cascade(stages)
    never(lambda **own: tamis.Cascade(**{"stages": stages, **own}), "stages", "budget_ms")
    never(lambda **own: cascade.run("a", TEXTS, **own), "budget_ms", "cancel", "fields")
    never(lambda **own: cascade.run_many(**{"queries": ["a"], "candidates": [TEXTS], **own}),
          "budget_ms", "cancel")  # fmt: skip
    never(lambda cancel: asyncio.run(cascade.arun("a", TEXTS, cancel=cancel)), "cancel")
    for bad in (3, "ab", None):
        with pytest.raises(tamis.InvalidArgument, match="queries must be a list"):
            cascade.run_many(bad, [TEXTS])  # type: ignore[arg-type]
    for path in (None, 3, b"x", "", "a\0b", "\ud800"):
        for call in (cascade.save_costs, cascade.load_costs):
            with pytest.raises(tamis.InvalidArgument, match="path must be a path"):
                call(path)  # type: ignore[arg-type]


def test_fields_of_documents_that_have_none(model: Any) -> None:
    cascade = tamis.Cascade([s.rerank(model, keep=1, limit=9)])
    late = tamis.LateInteraction("tiny")
    for given in ({"text": "body"}, {"fields": ["body"]}):
        with pytest.raises(tamis.InvalidArgument, match="these documents are str"):
            cascade.run("a", TEXTS, **given)  # type: ignore[arg-type]
        with pytest.raises(tamis.InvalidArgument, match="Passages are encoded"):
            late.rank("a", late.encode_passages(TEXTS), **given)  # type: ignore[arg-type]


def test_late_interaction(tmp_path: Path) -> None:
    late = tamis.LateInteraction("tiny")
    passages = late.encode_passages(TEXTS)
    never(lambda **own: late.encode_passages(TEXTS, **own), "cancel", "on_truncation")
    never(lambda **own: late.embed_passages(TEXTS, **own), "cancel", "on_truncation")
    never(lambda **own: late.score("a", passages, **own), "cancel", "on_truncation")
    for call in (late.encode_passages, late.embed_passages, late.embed_queries):
        with pytest.raises(tamis.InvalidArgument, match="progress must be a function"):
            call(TEXTS, progress=3)  # type: ignore[operator]
    never(lambda **own: tamis.LateInteraction("tiny", **own),
          "precision", "query_prefix", "passage_prefix", "max_length", "cache_bytes")  # fmt: skip
    passages.save(tmp_path / "kept")
    with pytest.raises(tamis.InvalidArgument, match="verify must be a bool, got 1"):
        late.open_passages(tmp_path / "kept", verify=1)  # type: ignore[arg-type]
    for path in (None, 3, object()):
        for name in (late.open_passages, passages.save, tamis.Tokenizer.load):
            with pytest.raises(tamis.InvalidArgument, match=r"(path|folder) must be a path, got"):
                name(path)
    with pytest.raises(tamis.InvalidArgument, match="indices must be a list, got 3"):
        passages.select(3)  # type: ignore[arg-type]


def test_flags_where_numpy_is_of_before_version_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(np, "bool")
    late = tamis.LateInteraction("tiny")
    assert len(late.rank("a", late.encode_passages(TEXTS))) == len(TEXTS)


def test_a_tokenizer(one_label: Path) -> None:
    tokenizer = tamis.Tokenizer.load(one_label)
    pair = tokenizer.encode_pair
    never(lambda **own: pair("a", "b", **own),
          "truncation", "max_length", "max_query_tokens", "max_document_tokens")  # fmt: skip
    for texts in ("ab", None, 3, object()):
        with pytest.raises(tamis.InvalidArgument, match="texts must be a list, got"):
            tokenizer.encode_batch(texts)  # type: ignore[arg-type]
    assert [ids.tolist() for ids in tokenizer.encode_batch(("a", "b"))]  # type: ignore[arg-type]


def test_a_number_of_threads() -> None:
    for value in (np.zeros(2), object(), None, "2", True):
        with pytest.raises(tamis.InvalidArgument, match="count must be a whole number"):
            tamis.set_num_threads(value)  # type: ignore[arg-type]


def test_the_constructor(one_label: Path) -> None:
    folder = str(one_label)
    never(lambda **own: tamis.CrossEncoder(folder, **own), "cache_folder", "revision", "num_labels")
    for token in (3, ["secret"], b"secret"):
        with pytest.raises(tamis.InvalidArgument, match="token must be a str or a bool") as caught:
            tamis.CrossEncoder(folder, token=token)  # type: ignore[arg-type]
        assert "secret" not in str(caught.value)
    with pytest.raises(tamis.InvalidArgument, match="keep_in_fp32_modules must be a list"):
        tamis.CrossEncoder(folder, keep_in_fp32_modules=3)  # type: ignore[arg-type]
    with pytest.raises(tamis.InvalidArgument, match="a key of config_kwargs must be a str"):
        tamis.CrossEncoder(folder, config_kwargs={1: 2})  # type: ignore[dict-item]
    with pytest.raises(tamis.InvalidArgument, match="model_name_or_path must be a str, got ndarr"):
        tamis.CrossEncoder(np.zeros(2))  # type: ignore[arg-type]


def test_flags(one_label: Path, model: Any) -> None:
    """What Python takes for true or false will do; an array is neither, whose own error says not
    which argument it was."""
    several = np.zeros(2)
    for name in ("apply_softmax", "convert_to_numpy", "convert_to_tensor", "show_progress_bar"):
        with pytest.raises(tamis.InvalidArgument, match=f"{name} must be a bool, got ndarray"):
            model.predict([("a", "b")], **{name: several})
    with pytest.raises(tamis.InvalidArgument, match="return_documents must be a bool"):
        model.rank("a", TEXTS, return_documents=several)
    assert model.rank("a", TEXTS, return_documents=1, show_progress_bar=np.False_)[0]["text"]
    for name in ("trust_remote_code", "local_files_only"):
        with pytest.raises(tamis.InvalidArgument, match=f"{name} must be a bool"):
            tamis.CrossEncoder(str(one_label), **{name: several})  # type: ignore[arg-type]


def test_arrays_in_the_dictionaries(one_label: Path) -> None:
    several: Any = np.zeros(2)
    folder = str(one_label)
    with pytest.raises(tamis.InvalidArgument, match="unknown device 'ndarray'"):
        tamis.CrossEncoder(folder, model_kwargs={"device_map": several})
    with pytest.raises(tamis.InvalidArgument, match="one model has one revision"):
        tamis.CrossEncoder(folder, model_kwargs={"revision": several}, revision="main")
    with pytest.raises(ValueError, match="Unsupported backend"):
        tamis.CrossEncoder(folder, backend=several)


def test_what_is_besides_scoring(model: Any) -> None:
    for path in (None, 3, "", "a\0b"):
        with pytest.raises(tamis.InvalidArgument, match="path must be a path"):
            model.save_pretrained(path)
    for pool in (None, 3, {}, []):
        with pytest.raises(tamis.InvalidArgument, match="pool must be what"):
            model.stop_multi_process_pool(pool)
    with pytest.raises(tamis.InvalidArgument, match="target_devices must be a list"):
        model.start_multi_process_pool(3)
    with pytest.raises(tamis.InvalidArgument, match="evaluator must be one of"):
        model.evaluate("ndcg")


def test_services() -> None:
    pytest.importorskip("tamis._remote")
    judge = {"base_url": "http://127.0.0.1:9", "model": "m", "api_key": "secret"}
    never(lambda **own: tamis.Judge(**{**judge, **own}),
          "model", "mode", "rubric", "highest_grade", "prompt", "max_passage_bytes", "window",
          "step", "retries", "backoff_ms", "price", "name")  # fmt: skip
    cohere = {"service": "cohere", "keep": 1, "api_key": "secret", "base_url": judge["base_url"]}
    never(lambda **own: s.hosted_rerank(**{**cohere, **own}),
          "model", "instruction", "max_tokens_per_document", "truncate", "max_documents",
          "max_tokens", "price", "retries", "backoff_ms", "name")  # fmt: skip
    with pytest.raises(tamis.InvalidArgument, match="HttpOptions has no option 'timeout', only ca"):
        tamis.Judge(**judge, http={"timeout": 3})  # type: ignore[arg-type]
    for key in (b"secret", "secret\ud800", ["secret"]):
        with pytest.raises(tamis.InvalidArgument, match="api_key must be a str or None") as caught:
            tamis.Judge(**{**judge, "api_key": key})  # type: ignore[arg-type]
        assert "secret" not in str(caught.value)
    grader = tamis.Judge(**judge)  # type: ignore[arg-type]
    for passages in (None, "ab", [3]):
        with pytest.raises(tamis.InvalidArgument, match="passage"):
            grader.grade("q", passages)  # type: ignore[arg-type]


def test_databases(tmp_path: Path) -> None:
    pytest.importorskip("tamis._store")
    path = tmp_path / "docs.db"
    with sqlite3.connect(path) as database:
        database.execute("create virtual table docs using fts5(text)")
    own = {"path": path, "table": "docs"}
    never(lambda **given: stores.sqlite(**{**own, **given}),
          "table", "id", "text", "vectors", "vector", "fusion", "connections",
          "timeout_ms", "embed")  # fmt: skip
    store = stores.sqlite(**own)  # type: ignore[arg-type]
    never(lambda **given: store.search("a", **given), "k")
    with pytest.raises(tamis.InvalidArgument, match="budget_ms must be a number or None"):
        store.search("a", budget_ms="1")  # type: ignore[arg-type]


def test_a_set_has_no_order(model: Any) -> None:
    for call in (
        lambda: model.predict({("q", "a"), ("q", "b")}),
        lambda: model.rank("q", {"a", "b"}),
        lambda: model.rank("q", frozenset({"a", "b"})),
    ):
        with pytest.raises(tamis.InvalidArgument, match="is a set, which has no order"):
            call()
