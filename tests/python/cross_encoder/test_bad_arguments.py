"""Arguments of the wrong kind: refused by name, in one sentence, without the caller's texts."""

from __future__ import annotations

import asyncio
import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tamis
from tamis import stages

PAIRS = [("SECRET", "b")]


@pytest.mark.parametrize(
    "option",
    [
        {"batch_size": 2.5},
        {"batch_size": None},
        {"batch_size": "8"},
        {"batch_size": True},
        {"chunk_size": 1.5},
        {"max_query_tokens": True},
        {"max_doc_tokens": "3"},
        {"cancel": 1},
        {"prompt": 3},
        {"prompt_name": ["q"]},
        {"truncation": 3},
        {"aggregate": 3, "on_truncation": "window"},
        {"on_truncation": ["warn"]},
        {"pool": {}},
        {"pool": 3},
        {"processing_kwargs": 3},
        {"processing_kwargs": {"text": 3}},
        {"processing_kwargs": {"text": {"max_length": "9"}}},
        {"processing_kwargs": {"text": {"truncation": ["only_first"]}}},
    ],
    ids=str,
)
def test_of_a_call(model: Any, option: dict[str, Any]) -> None:
    name = next(iter(option)).removesuffix("_kwargs")
    with pytest.raises(tamis.InvalidArgument, match=rf"{name}|max_length|truncation") as caught:
        model.predict(PAIRS, **option)
    assert "SECRET" not in str(caught.value)
    with pytest.raises(tamis.InvalidArgument):
        model.rank("SECRET", ["b"], **option)


@pytest.mark.parametrize(
    "option",
    [
        {"aggregate": "mean"},
        {"window_stride": 10},
        {"truncation": "only_second", "on_truncation": "window"},
        {"processing_kwargs": {"text": {"truncation": "only_first"}}, "on_truncation": "window"},
    ],
    ids=str,
)
def test_without_effect(model: Any, option: dict[str, Any]) -> None:
    with pytest.raises(tamis.InvalidArgument, match="window"):
        model.predict(PAIRS, **option)


HUGE = [2**64, 10**30, -(2**63) - 1]


@pytest.mark.parametrize("value", HUGE)
@pytest.mark.parametrize(
    "name",
    ["batch_size", "chunk_size", "max_query_tokens", "max_doc_tokens", "max_batch_tokens"],
)
def test_numbers_that_no_machine_counts_to(model: Any, name: str, value: int) -> None:
    with pytest.raises(tamis.InvalidArgument, match=f"{name} must be"):
        model.predict(PAIRS, **{name: value})


@pytest.mark.parametrize("value", HUGE)
def test_such_numbers_elsewhere(model: Any, one_label: Path, value: int) -> None:
    late = tamis.LateInteraction("tiny")
    calls: dict[str, Callable[[], Any]] = {
        "window_stride": lambda: model.predict(PAIRS, on_truncation="window", window_stride=value),
        "top_k": lambda: model.rank("a", ["b"], top_k=value),
        "max_length": lambda: tamis.CrossEncoder(str(one_label), max_length=value),
        "keep": lambda: stages.deduplicate(keep=value),
        "cache_bytes": lambda: tamis.LateInteraction("tiny", cache_bytes=value),
        "count": lambda: tamis.set_num_threads(value),
        "maxsim_weight": lambda: tamis.LateInteraction("tiny", maxsim_weight=str(value)),
        "query_prefix": lambda: tamis.LateInteraction("tiny", query_prefix=value),
        "an index": lambda: late.encode_passages(["a"]).select([value]),
        "max_query_tokens": lambda: tamis.Tokenizer.load(one_label).encode_pair(
            "a", "b", max_query_tokens=value
        ),
    }
    for name, call in calls.items():
        with pytest.raises(ValueError, match=f"^{name} must be"):
            call()


@pytest.mark.parametrize("bad", ["0.5", float("nan"), True, [1]], ids=repr)
def test_min_score(model: Any, bad: Any) -> None:
    with pytest.raises(tamis.InvalidArgument, match="min_score must be a number"):
        model.rank("a", ["b"], min_score=bad)
    with pytest.raises(tamis.InvalidArgument, match="min_score must be a number"):
        tamis.LateInteraction().rank("a", ["b"], min_score=bad)
    assert len(model.rank("a", ["b"], min_score=np.float32(-100))) == 1


@pytest.mark.parametrize(
    "option",
    [
        {"prompts": ["a"]},
        {"prompts": {"a": 3}},
        {"prompts": {3: "a"}},
        {"prompts": {"a": "b"}, "default_prompt_name": 3},
        {"max_length": True},
        {"max_length": 2.5},
        {"precision": 3},
        {"model_kwargs": 3},
        {"processor_kwargs": ["x"]},
        {"keep_in_fp32_modules": "classifier"},
    ],
    ids=str,
)
def test_of_the_constructor(one_label: Path, option: dict[str, Any]) -> None:
    with pytest.raises(tamis.InvalidArgument, match="must be"):
        tamis.CrossEncoder(str(one_label), **option)


def test_numbers_of_numpy(model: Any) -> None:
    three = np.int64(3)
    few = model.predict([("a b c d", "e f g h")], max_query_tokens=3, on_truncation="ignore")
    assert model.predict(
        [("a b c d", "e f g h")],
        max_query_tokens=three,
        batch_size=three,
        chunk_size=three,
        on_truncation="ignore",
    ) == pytest.approx(few)
    model.max_seq_length = np.int64(40)
    assert (model.max_seq_length, type(model.max_seq_length)) == (40, int)


@pytest.mark.parametrize(
    ("move", "kind", "message"),
    [
        (lambda m, torch: m.to(torch.float64), tamis.InvalidArgument, "dtype float64"),
        (lambda m, torch: m.to(dtype="float64"), tamis.InvalidArgument, "dtype float64"),
        (lambda m, _: m.to(foo=1), TypeError, "unexpected keyword argument 'foo'"),
        (lambda m, _: m.to("gpu"), tamis.InvalidArgument, "unknown device 'gpu'"),
    ],
)
def test_to(model: Any, move: Callable[..., Any], kind: type[Exception], message: str) -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(kind, match=message):
        move(model, torch)
    assert model.to("cpu", torch.float32, non_blocking=True) is model


def test_a_pool_is_of_one_model(model: Any, bert_maker: Any, tmp_path: Path) -> None:
    other = tamis.CrossEncoder(str(bert_maker(tmp_path / "other", seed=3)))
    pool = other.start_multi_process_pool("cpu")
    try:
        with pytest.raises(tamis.InvalidArgument, match=r"of another model .*other"):
            model.predict(PAIRS, pool=pool)
        assert other.predict(PAIRS, pool=pool) == other.predict(PAIRS)
        assert tamis.CrossEncoder(other.path).predict(PAIRS, pool=pool) == other.predict(PAIRS)
    finally:
        other.stop_multi_process_pool(pool)


def test_a_pool_has_its_devices(model: Any) -> None:
    pool = model.start_multi_process_pool(["cpu"])
    try:
        for device in ("cpu", ["cpu"]):
            with pytest.raises(tamis.InvalidArgument, match="leave out one of pool= and device="):
                model.predict(PAIRS, pool=pool, device=device)
    finally:
        model.stop_multi_process_pool(pool)
    with pytest.raises(tamis.InvalidArgument, match="at least one device"):
        model.predict(PAIRS, device=[])


def test_prompts_that_were_set_after_loading(model: Any) -> None:
    for prompts, message in (
        ({"z": 3}, "the prompt 'z' must be a str, got 3"),
        (3, "model.prompts must be a dictionary of texts, got int"),
    ):
        model.prompts = prompts
        with pytest.raises(tamis.InvalidArgument, match=message):
            model.predict(PAIRS, prompt_name="z")
    model.prompts = {"z": None}
    assert model.predict(PAIRS, prompt_name="z") == model.predict(PAIRS)


def test_a_folder_cannot_name_a_function(model: Any, tmp_path: Path) -> None:
    for function in (lambda x: x, functools.partial(np.multiply, 2), np.tanh):
        model.activation_fn = function
        with pytest.raises(tamis.InvalidArgument, match="activation_fn is a function"):
            model.save_pretrained(tmp_path / "saved")
        assert not (tmp_path / "saved").exists()


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("config.json", {"architectures": 3}, None),
        ("config.json", {"id2label": {"yes": "a"}}, None),
        ("modules.json", {}, "must be a list of modules"),
        ("modules.json", 3, "must be a list of modules"),
    ],
)
def test_odd_files(
    one_label: Path, tmp_path: Path, file: str, change: Any, message: str | None
) -> None:
    folder = Path(shutil.copytree(one_label, tmp_path / "m"))
    if file == "config.json":
        change = {**json.loads((folder / file).read_text()), **change}
    (folder / file).write_text(json.dumps(change))
    if message is None:
        assert tamis.CrossEncoder(str(folder)).config.model_type == "bert"
        return
    with pytest.raises(tamis.ModelError, match=message):
        tamis.CrossEncoder(str(folder))


class DataFrame:
    """Looks like pandas'."""

    def __iter__(self) -> Any:
        return iter(["title", "text"])


def test_a_data_frame_is_no_list_of_documents(model: Any) -> None:
    with pytest.raises(tamis.InvalidArgument, match="give one column"):
        model.rank("a", DataFrame())


def test_coroutines_take_what_the_methods_take(model: Any) -> None:
    ranked = asyncio.run(model.arank("a", ["b", "c"], 1))
    assert ranked == model.rank("a", ["b", "c"], 1)
    assert asyncio.run(model.apredict(sentences=PAIRS)) == model.predict(PAIRS)


@pytest.mark.parametrize("name", ["modules", "training", "double"])
def test_what_torchs_modules_have_is_explained(model: Any, name: str) -> None:
    with pytest.raises(AttributeError, match="only scores and has no"):
        getattr(model, name)


def test_the_tokenizer_is_loaded_once(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    transformers = pytest.importorskip("transformers")
    assert len(model.tokenizer) == 30522

    def again(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("loaded again")

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", again)
    assert model.tokenizer("a")["input_ids"][0] == 101


def test_a_file_that_is_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tamis import cli

    (tmp_path / "latin").write_bytes("café".encode("latin-1"))
    assert cli.main(["rerank", "a", str(tmp_path / "latin")]) == 2
    assert "latin is no UTF-8" in capsys.readouterr().err
