"""Bad input: an error of the documented type that names what is wrong, or the documented result."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tamis

BAD_TEXTS = [None, 3, 2.5, b"bytes", True, float("nan"), object(), ["nested"], np.int64(4)]


@pytest.mark.parametrize("bad", BAD_TEXTS, ids=repr)
def test_pairs_name_the_index(model: Any, bad: Any) -> None:
    with pytest.raises(tamis.InvalidArgument, match="the document of pair 1") as caught:
        model.predict([("a", "b"), ("c", bad)])
    assert isinstance(caught.value, ValueError)
    with pytest.raises(tamis.InvalidArgument, match="the query of pair 2"):
        model.predict([("a", "b"), ("c", "d"), (bad, "e")])


@pytest.mark.parametrize("bad", BAD_TEXTS, ids=repr)
def test_documents_name_the_index(model: Any, bad: Any) -> None:
    with pytest.raises(tamis.InvalidArgument, match="document 1"):
        model.rank("a", ["b", bad])
    with pytest.raises(tamis.InvalidArgument, match="the query must be a str"):
        model.rank(bad, ["b"])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("a query", "pair 0 must be a query and a document, got str"),
        (["only one"], "pair 0 must hold a query and a document, got 1"),
        ([("a", "b", "c")], "pair 0 must hold a query and a document, got 3"),
        ([("a", "b"), "c"], "pair 1 must be a query and a document, got str"),
        (None, "inputs must be pairs of texts, got NoneType"),
        (7, "inputs must be pairs of texts, got int"),
        ({"query": "a"}, "pair 0 must be a query and a document, got dict"),
    ],
)
def test_no_pairs(model: Any, inputs: Any, message: str) -> None:
    with pytest.raises(tamis.InvalidArgument, match=message):
        model.predict(inputs)


@pytest.mark.parametrize("documents", ["one text", b"x", {"text": "a"}, None, 3], ids=repr)
def test_no_list_of_documents(model: Any, documents: Any) -> None:
    with pytest.raises(tamis.InvalidArgument, match="documents must be a list"):
        model.rank("a", documents)


def test_errors_say_whose_document_and_what_can_be_done(model: Any) -> None:
    with pytest.raises(tamis.InvalidArgument, match=r"^document 1 of query 1 must be a str"):
        model.rank_many(["a", "b"], [["c"], ["d", None]])
    with pytest.raises(tamis.InvalidArgument, match=r"^the document of pair 0 .* itself$"):
        model.predict([("a", {"body": "x"})])
    with pytest.raises(tamis.InvalidArgument, match=r"^the query is a dict .* itself$"):
        model.rank({"body": "x"}, ["a"])
    with pytest.raises(tamis.InvalidArgument, match=r"^document 0 .*with text= or fields=$"):
        model.rank("a", [{"body": "x"}])


def test_where_the_text_is(model: Any) -> None:
    documents = [{"title": "a"}, {"title": "b"}]
    by_text = model.rank("q", documents, text="title")
    assert model.rank("q", documents, fields="title") == by_text
    assert model.rank("q", documents, fields=iter(["title"])) == by_text
    twice = model.rank_many(iter(["q", "q"]), iter([documents, documents]), fields=iter(["title"]))
    assert twice == [by_text, by_text]
    for wrong in (
        {"text": 1},
        {"text": ""},
        {"fields": 1},
        {"fields": [1]},
        {"fields": []},
        {"text": "title", "fields": ["title"]},
    ):
        with pytest.raises(tamis.InvalidArgument, match=r"text|fields"):
            model.rank("q", documents, **wrong)
    for unused in ({"text": str.lower}, {"fields": ["title"]}):
        with pytest.raises(tamis.InvalidArgument, match="these documents are str"):
            model.rank("q", ["a", "b"], **unused)
    for queries in ("q", {"text": "q"}, 3):
        with pytest.raises(tamis.InvalidArgument, match="queries must be a list"):
            model.rank_many(queries, [documents])


def test_a_function_reads_documents_of_any_type(model: Any) -> None:
    found = model.rank("q", [3, None, 2.5, b"x"], text=str, return_documents=True)
    texts = model.rank("q", ["3", "None", "2.5", "b'x'"])
    assert [(hit["corpus_id"], hit["score"]) for hit in found] == [
        (hit["corpus_id"], hit["score"]) for hit in texts
    ]
    assert {hit["text"] for hit in found} == {"3", "None", "2.5", "b'x'"}
    with pytest.raises(tamis.InvalidArgument, match="document 0: its text must be a str, got int"):
        model.rank("q", [3], text=lambda document: document)


def test_empty_texts_have_scores(model: Any) -> None:
    scores = model.predict([("", ""), ("a", ""), ("", "b"), (" \t\n", "\x00")])
    assert np.isfinite(scores).all()


def test_lone_surrogates_read_as_the_replacement_character(model: Any) -> None:
    scores = model.predict([("a\ud800b", "c\udfff"), ("a�b", "c�")])
    assert scores[0] == scores[1]


@pytest.mark.parametrize(
    "option",
    [
        {"max_query_tokens": 0},
        {"max_doc_tokens": -1},
        {"max_batch_tokens": 1.5},
        {"window_stride": 0},
        {"on_truncation": "cut"},
        {"aggregate": "sum", "on_truncation": "window"},
        {"truncation": "longest_last"},
        {"processing_kwargs": {"image": {}}},
        {"processing_kwargs": {"text": {"stride": 3}}},
        {"activation_fn": "no-such"},
        {"activation_fn": 3},
    ],
    ids=str,
)
def test_bad_options(model: Any, option: dict[str, Any]) -> None:
    with pytest.raises(tamis.InvalidArgument):
        model.predict([("a", "b")], **option)


def test_misspelt_options(model: Any) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'on_truncated'"):
        model.predict([("a", "b")], on_truncated="warn")


def test_an_activation_must_keep_the_pairs(model: Any) -> None:
    with pytest.raises(tamis.InvalidArgument, match="must keep the pairs"):
        model.predict([("a", "b"), ("c", "d")], activation_fn=lambda scores: scores[:1])
    with pytest.raises(tamis.InvalidArgument, match="must keep the pairs"):
        model.predict([("a", "b")], activation_fn=lambda scores: scores.sum())


@pytest.mark.parametrize("given", [None, "x", ["a", "b"], [1j, 1j], [[1], [1, 2]]], ids=repr)
def test_an_activation_must_return_numbers(model: Any, given: Any) -> None:
    with pytest.raises(tamis.InvalidArgument, match="must return an array or tensor of numbers"):
        model.predict([("a", "b"), ("c", "d")], activation_fn=lambda scores: given)


def test_an_activation_must_give_numbers(model: Any) -> None:
    def broken(scores: Any) -> Any:
        scores[1:] = float("nan")
        return scores

    for call in (model.predict, lambda pairs, **options: model.rank("a", ["b", "c"], **options)):
        with pytest.raises(tamis.NonFiniteScore, match="activation_fn gave NaN") as caught:
            call([("a", "b"), ("a", "c")], activation_fn=broken)
        assert caught.value.indices == [1]


# --- folders


def _copy(source: Path, target: Path) -> Path:
    shutil.copytree(source, target)
    return target


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="not found"):
        tamis.CrossEncoder(str(tmp_path / "absent"))
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError):
        tamis.CrossEncoder(str(tmp_path / "file"))
    with pytest.raises(tamis.InvalidArgument, match="must be a str"):
        tamis.CrossEncoder(7)


def test_a_mistyped_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.chdir(tmp_path)
    for name, said in (("my-modle", "cross-encoder/my-modle"), ("runs/last", "runs/last")):
        with pytest.raises(
            tamis.ModelError, match=rf"no folder '{name}' in .* '{said}' can"
        ) as caught:
            tamis.CrossEncoder(name, local_files_only=True)
        assert isinstance(caught.value.__cause__, hub.errors.LocalEntryNotFoundError)


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(tamis.ModelError, match=r"holds no model"):
        tamis.CrossEncoder(str(tmp_path))


def test_a_model_is_of_its_folder_wherever_the_process_goes(
    one_label: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _copy(one_label, tmp_path / "m")
    monkeypatch.chdir(tmp_path)
    models = (tamis.CrossEncoder("m"), tamis.LateInteraction("tiny"))
    pickled = [pickle.dumps(model) for model in models]
    monkeypatch.chdir("/")
    again = [pickle.loads(data) for data in pickled]
    assert again[0].predict(("a", "b")) == models[0].predict(("a", "b"))
    assert again[1].rank("a", ["b"]) == models[1].rank("a", ["b"])
    shutil.rmtree(tmp_path / "m")
    assert np.isfinite(models[0].predict(("a", "b")))
    with pytest.raises(tamis.ModelError, match=r"folder .*/m is not there any more"):
        pickle.loads(pickled[0])
    with pytest.raises(tamis.InvalidArgument, match="path must be a path"):
        models[0].save_pretrained("")


def test_broken_config(one_label: Path, tmp_path: Path) -> None:
    folder = _copy(one_label, tmp_path / "m")
    (folder / "config.json").write_text("{")
    with pytest.raises(tamis.ModelError, match=r"config\.json"):
        tamis.CrossEncoder(str(folder))


@pytest.mark.parametrize("lost", ["model.safetensors", "tokenizer.json"])
def test_missing_file(one_label: Path, tmp_path: Path, lost: str) -> None:
    folder = _copy(one_label, tmp_path / "m")
    (folder / lost).unlink()
    (folder / "vocab.txt").unlink(missing_ok=True)
    with pytest.raises((tamis.ModelError, tamis.TokenizerError)):
        tamis.CrossEncoder(str(folder))


def test_truncated_weights(one_label: Path, tmp_path: Path) -> None:
    folder = _copy(one_label, tmp_path / "m")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(tamis.ModelError):
        tamis.CrossEncoder(str(folder))


def _relocate(weights: Path, tensor: str, begin: int, end: int) -> None:
    """Rewrite the header of a safetensors file so that a tensor lies elsewhere."""
    content = weights.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header[tensor]["data_offsets"] = [begin, end]
    text = json.dumps(header).encode()
    weights.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])


@pytest.mark.parametrize(("place", "said"), [("outside", "lie outside"), ("over", "overlap")])
def test_tensors_outside_the_file_or_over_each_other(
    one_label: Path, tmp_path: Path, place: str, said: str
) -> None:
    folder = _copy(one_label, tmp_path / "m")
    weights = folder / "model.safetensors"
    header = json.loads(
        weights.read_bytes()[8 : 8 + int.from_bytes(weights.read_bytes()[:8], "little")]
    )
    begin, end = header["classifier.bias"]["data_offsets"]
    shift = weights.stat().st_size if place == "outside" else 0
    start = shift or next(
        entry["data_offsets"][0]
        for name, entry in header.items()
        if name not in ("__metadata__", "classifier.bias")
    )
    _relocate(weights, "classifier.bias", start, start + end - begin)
    with pytest.raises(tamis.ModelError, match=said):
        tamis.CrossEncoder(str(folder))


def test_no_classification_head(one_label: Path, tmp_path: Path) -> None:
    save = pytest.importorskip("safetensors.torch")
    folder = _copy(one_label, tmp_path / "m")
    tensors = save.load_file(folder / "model.safetensors")
    del tensors["classifier.weight"]
    save.save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(tamis.ModelError, match=r"classifier\.weight"):
        tamis.CrossEncoder(str(folder))


def _changed(source: Path, target: Path, **values: float) -> Path:
    """A copy with some tensors filled with one value; `__` stands for a dot."""
    save = pytest.importorskip("safetensors.torch")
    folder = _copy(source, target)
    tensors = save.load_file(folder / "model.safetensors")
    for name, value in values.items():
        tensors[name.replace("__", ".")][:] = value
    save.save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def test_nan_weights(one_label: Path, tmp_path: Path) -> None:
    folder = _changed(one_label, tmp_path / "m", classifier__bias=float("nan"))
    with pytest.raises(tamis.ModelError, match=r"classifier\.bias.* NaN"):
        tamis.CrossEncoder(str(folder))


def test_an_overflow_names_the_pairs(one_label: Path, tmp_path: Path) -> None:
    # A pooler of ones, and a head that sums them beyond what fp32 holds.
    folder = _changed(
        one_label, tmp_path / "m", bert__pooler__dense__bias=100, classifier__weight=3e38
    )
    model = tamis.CrossEncoder(str(folder))
    with pytest.raises(tamis.NonFiniteScore) as caught:
        model.predict([("a", "b"), ("c", "d")])
    assert list(caught.value.indices) == [0, 1]
    with pytest.raises(tamis.NonFiniteScore, match="for 4 of 4 pairs, first for pair 0;") as caught:
        model.predict([(str(i), "b") for i in range(4)], device=["cpu", "cpu"], chunk_size=1)
    assert list(caught.value.indices) == [0, 1, 2, 3]


def test_language_models_and_stacks_are_named(one_label: Path, tmp_path: Path) -> None:
    causal = _copy(one_label, tmp_path / "causal")
    config = json.loads((causal / "config.json").read_text())
    (causal / "config.json").write_text(json.dumps({**config, "architectures": ["XForCausalLM"]}))
    with pytest.raises(tamis.ModelError, match=r"language model \(XForCausalLM\)"):
        tamis.CrossEncoder(str(causal))
    stack = _copy(one_label, tmp_path / "stack")
    modules = [
        {"idx": i, "path": path, "type": f"sentence_transformers.base.modules.{kind}"}
        for i, (path, kind) in enumerate([("", "Transformer"), ("1_Dense", "Dense")])
    ]
    (stack / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(tamis.ModelError, match=r"stack of modules \(Transformer, Dense\)"):
        tamis.CrossEncoder(str(stack))


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_rows_of_a_table_are_no_pairs(model: Any, rows: int) -> None:
    inputs = [{"query": "who?", "text": f"Shakespeare {n}."} for n in range(rows)]
    with pytest.raises(tamis.InvalidArgument, match="pair 0 must"):
        model.predict(inputs)


def test_a_pair_of_documents_is_a_pair(model: Any) -> None:
    given = ({"text": "who?"}, {"text": "Shakespeare."})
    assert model.predict(given) == model.predict(("who?", "Shakespeare."))


def test_a_report_is_the_same_as_another(model: Any) -> None:
    first, second = (model.predict_with_report([("a", "b"), ("a", "c")]) for _ in range(2))
    assert first.report == second.report
    assert first.report != model.predict_with_report([("a", "b " * 2000), ("a", "c")]).report
