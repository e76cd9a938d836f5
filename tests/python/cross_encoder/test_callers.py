"""The arguments are sentence-transformers', and the calls that frameworks make of it work."""

from __future__ import annotations

import copy
import inspect
import json
import logging
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

import tamis
from tamis import model_source

torch = pytest.importorskip("torch")
peer = pytest.importorskip("sentence_transformers")

QUERY = "how many people live in berlin?"
TEXTS = ["Berlin is well known for its museums.", "Berlin had 3,520,031 inhabitants."]


@pytest.mark.parametrize("method", ["__init__", "predict", "rank"])
def test_names_order_and_defaults(method: str) -> None:
    theirs = inspect.signature(inspect.unwrap(getattr(peer.CrossEncoder, method))).parameters
    ours = inspect.signature(getattr(tamis.CrossEncoder, method)).parameters
    for name, parameter in theirs.items():
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            assert ours[name].default == parameter.default, name
            assert ours[name].kind == parameter.kind, name
    shared = [name for name in ours if name in theirs and name != "kwargs"]
    assert shared == [name for name in theirs if name != "kwargs"]


def test_public_names_are_there_or_explained(one_label: Path) -> None:
    """What their class has, ours has, or says why not and what to do."""
    model = tamis.CrossEncoder(str(one_label))
    theirs = [
        kind for kind in peer.CrossEncoder.__mro__ if kind.__module__.startswith("sentence_tr")
    ]
    for name in sorted({name for kind in theirs for name in vars(kind) if name[0] != "_"}):
        if not hasattr(model, name):
            with pytest.raises(AttributeError, match=r"sentence_transformers|huggingface_hub"):
                getattr(model, name)
    for name in ("train", "parameters", "state_dict", "register_full_backward_hook", "to_empty"):
        with pytest.raises(AttributeError, match="sentence_transformers"):
            getattr(model, name)
    for use in (lambda: model([("a", "b")]), lambda: len(model), lambda: model[0]):
        with pytest.raises(TypeError):
            use()
    assert model.supports("text")
    assert not model.supports("image")


def test_haystack(one_label: Path) -> None:
    model = tamis.CrossEncoder(
        model_name_or_path=str(one_label),
        device="cpu",
        token=None,
        trust_remote_code=False,
        model_kwargs=None,
        tokenizer_kwargs={"model_max_length": 128},
        config_kwargs=None,
        backend="torch",
    )
    hits = model.rank(
        query=QUERY,
        documents=TEXTS,
        batch_size=16,
        activation_fn=torch.nn.Sigmoid(),
        convert_to_numpy=True,
        return_documents=False,
    )
    assert [set(hit) for hit in hits] == [{"corpus_id", "score"}] * 2
    json.dumps(hits)


def test_langchain_and_llama_index(one_label: Path) -> None:
    langchain = tamis.CrossEncoder(str(one_label), **{"device": "cpu"})
    scores = langchain.predict([(QUERY, text) for text in TEXTS])
    ranked = sorted(zip(TEXTS, scores.tolist(), strict=True), key=lambda each: -each[1])
    hits = langchain.rank(QUERY, TEXTS, return_documents=True)
    assert [text for text, _ in ranked] == [hit["text"] for hit in hits]
    llama_index = tamis.CrossEncoder(
        str(one_label), max_length=512, device="cpu", trust_remote_code=False
    )
    llama_index.activation_fn = torch.nn.Identity()
    assert [type(score.item()) for score in llama_index.predict([(QUERY, TEXTS[0])])] == [float]


def test_the_hubs_arguments_are_handed_over(
    one_label: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    seen: dict[str, Any] = {}

    def download(name: str, **options: Any) -> str:
        seen.update(options, name=name)
        return str(one_label)

    monkeypatch.setattr(hub, "snapshot_download", download)
    given = {"revision": "abc", "token": "secret", "local_files_only": True}
    tamis.CrossEncoder("someone/reranker", cache_folder="somewhere", **given)
    patterns = seen.pop("allow_patterns")
    assert seen == {"name": "someone/reranker", "cache_dir": "somewhere", **given}
    assert patterns == model_source._WANTED
    for never in ("modeling.py", "tokenizer.py", "tokenization_x.py", "pytorch_model.bin", "x.pkl"):
        assert not [pattern for pattern in patterns if fnmatch(never, pattern)]


def test_documents_and_options_are_not_changed(one_label: Path) -> None:
    model = tamis.CrossEncoder(str(one_label))
    documents = [{"text": text, "meta": {"tags": ["a"]}} for text in reversed(TEXTS)]
    settings = {"text": {"max_length": 64, "truncation": True}}
    before = copy.deepcopy((documents, settings))
    hits = model.rank(QUERY, documents, return_documents=True, processing_kwargs=settings)
    model.rank_many([QUERY], [documents], prompt="x ", processing_kwargs=settings)
    assert (documents, settings) == before
    assert all(hit["document"] is documents[hit["corpus_id"]] for hit in hits)


def test_equal_pairs_are_computed_once(one_label: Path) -> None:
    model = tamis.CrossEncoder(str(one_label))
    pairs = [(QUERY, text) for text in TEXTS]
    once, many = model.predict_with_report(pairs), model.predict_with_report(pairs * 50)
    assert many.report.tokens == once.report.tokens
    assert many.scores.tolist() == once.scores.tolist() * 50


def test_nothing_is_logged_or_printed(
    one_label: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    tamis.CrossEncoder(str(one_label), device="cpu").rank(QUERY, TEXTS)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_a_list_of_devices_is_checked(one_label: Path) -> None:
    model = tamis.CrossEncoder(str(one_label), device="cpu")
    pairs = [(QUERY, text) for text in TEXTS]
    expected = model.predict(pairs)
    assert model.predict(pairs, device=["cpu", "cpu"]).tobytes() == expected.tobytes()
    with pytest.raises(tamis.InvalidArgument, match="unknown device 'gpu'"):
        model.predict(pairs, device=["cpu", "gpu"])
    if not torch.cuda.is_available():
        with pytest.raises(
            tamis.DeviceError, match=r"finds no CUDA device here|built without torch"
        ):
            model.predict(pairs, device=["cpu", "cuda"])
