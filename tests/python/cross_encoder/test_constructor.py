"""The constructor: sentence-transformers' arguments, old names, positions, what is refused."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

import tamis
from tamis import deprecated

torch = pytest.importorskip("torch")


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    caplog.clear()
    return [text for text in found if "deprecated" in text]


@pytest.mark.parametrize(
    ("positions", "names"),
    [
        ((1,), {}),
        ((1, 128), {}),
        ((1, 128, torch.nn.Identity(), "cpu"), {}),
        ((), {"automodel_args": {"torch_dtype": torch.float32}}),
        ((), {"tokenizer_args": {"model_max_length": 64}}),
        ((), {"tokenizer_kwargs": {"model_max_length": 64}}),
        ((), {"config_args": {"classifier_dropout": 0.2}}),
        ((), {"classifier_dropout": 0.2}),
        ((), {"cache_dir": None}),
        ((), {"default_activation_function": torch.nn.Identity()}),
    ],
    ids=str,
)
def test_old_arguments(
    one_label: Path, caplog: pytest.LogCaptureFixture, positions: Any, names: Any
) -> None:
    from sentence_transformers import CrossEncoder

    caplog.set_level(logging.WARNING)
    theirs = CrossEncoder(str(one_label), *positions, **names)
    expected = _warnings(caplog)
    ours = tamis.CrossEncoder(str(one_label), *positions, **names)
    assert _warnings(caplog) == expected
    assert expected
    assert ours.max_seq_length == theirs.max_seq_length
    assert type(ours.activation_fn) is type(theirs.activation_fn)
    assert ours.config.classifier_dropout == theirs.config.classifier_dropout


def test_model_name(one_label: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert tamis.CrossEncoder(model_name=str(one_label)).path == str(one_label)
    assert "`model_name` argument was renamed" in caplog.text


@pytest.mark.parametrize("method", ["predict", "rank"])
@pytest.mark.parametrize(
    "old",
    [
        {"num_workers": 2},
        {"activation_fct": torch.nn.Identity()},
        {"apply_softmax": True},
        {"convert_to_numpy": True},
        {"convert_to_tensor": False},
    ],
    ids=str,
)
def test_old_call_arguments(
    both: Any, caplog: pytest.LogCaptureFixture, method: str, old: dict[str, Any]
) -> None:
    caplog.set_level(logging.WARNING)
    counts, results = [], []
    for each in both(1):
        call = getattr(each, method)
        arguments = ([("a", "b")],) if method == "predict" else ("a", ["b"])
        results.append(call(*arguments, **old))
        counts.append(len(_warnings(caplog)))
    assert counts[0] == counts[1]
    assert type(results[0]) is type(results[1])


def test_sentences(both: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    for each in both(1):
        assert len(each.predict(sentences=[("a", "b")])) == 1
        assert "`sentences` argument was renamed" in caplog.text
        caplog.clear()


def test_too_many_positions(one_label: Path) -> None:
    with pytest.raises(TypeError, match="at most 5 positional"):
        tamis.CrossEncoder(str(one_label), 1, 2, None, "cpu", "more")


@pytest.mark.parametrize(
    "arguments",
    [
        {"modules": []},
        {"model_kwargs": {"torch_dtype": torch.float64}},
        {"model_kwargs": {"quantization_config": 1}},
        {"model_kwargs": {"file_name": "onnx/model_qint8.onnx"}, "backend": "onnx"},
        {"model_kwargs": {"device_map": {"a": 0, "b": 1}}},
        {"processor_kwargs": {"do_lower_case": False}},
        {"processor_kwargs": {"chat_template": "x"}},
        {"config_kwargs": {"hidden_act": "relu"}},
        {"max_length": 0},
        {"max_length": "many"},
        {"device": "gpu"},
        {"scorer": "onnx"},
        {"precision": "fp32", "model_kwargs": {"torch_dtype": "bfloat16"}},
        {"precision": "int4"},
    ],
    ids=str,
)
def test_refused(one_label: Path, arguments: dict[str, Any]) -> None:
    with pytest.raises(tamis.InvalidArgument):
        tamis.CrossEncoder(str(one_label), **arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"model_kwargs": {"torch_dtype": "float32", "attn_implementation": "eager"}},
        {"model_kwargs": {"dtype": "auto", "device_map": "cpu"}},
        {"processor_kwargs": {"use_fast": True, "model_max_length": 100}},
        {"config_kwargs": {"num_labels": 1}},
        {"trust_remote_code": True},
        {"token": False, "revision": None, "local_files_only": True},
        {"backend": "onnx"},
        {"keep_in_fp32_modules": ["classifier"]},
        {"num_labels": 1},
    ],
    ids=str,
)
def test_accepted(one_label: Path, model: Any, arguments: dict[str, Any]) -> None:
    scores = tamis.CrossEncoder(str(one_label), **arguments).predict([("a", "b")])
    assert scores == model.predict([("a", "b")])


def test_backends(one_label: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert tamis.CrossEncoder(str(one_label), backend="openvino").get_backend() == "openvino"
    assert "tamis scores with its own engine" in caplog.text
    with pytest.raises(ValueError, match="Unsupported backend 'x'"):
        tamis.CrossEncoder(str(one_label), backend="x")


def test_a_fresh_head_is_refused(one_label: Path) -> None:
    with pytest.raises(tamis.ModelError, match="num_labels=3 was asked for"):
        tamis.CrossEncoder(str(one_label), num_labels=3)


def test_max_length(one_label: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = tamis.CrossEncoder(str(one_label), max_length=100)
    assert (model.max_seq_length, model.tokenizer.model_max_length) == (100, 100)
    with pytest.warns(DeprecationWarning, match="`max_length` property was renamed"):
        model.max_length = 50
    assert model.tokenizer.model_max_length == 50
    model.tokenizer.model_max_length = 60
    assert model.max_seq_length == model.get_max_seq_length() == 60
    caplog.set_level(logging.WARNING)
    model.max_seq_length = 5000  # the position table has 512 rows
    assert model.max_seq_length == 512
    assert "max_seq_length=5000 is above what the model reads" in caplog.text


@pytest.mark.parametrize("value", [0, -3, 1.5, "9", True])
def test_a_bad_length_is_refused_by_the_name_it_was_given(one_label: Path, value: Any) -> None:
    def refused(name: str) -> Any:
        return pytest.raises(tamis.InvalidArgument, match=f"^{name} must be a positive integer")

    with refused("max_length"):
        tamis.CrossEncoder(str(one_label), max_length=value)
    with refused("model_max_length"):
        tamis.CrossEncoder(str(one_label), processor_kwargs={"model_max_length": value})
    model = tamis.CrossEncoder(str(one_label))
    with refused("max_seq_length"):
        model.max_seq_length = value
    with refused("model_max_length"):
        model.tokenizer.model_max_length = value
    with pytest.warns(DeprecationWarning, match="renamed"), refused("max_length"):
        model.max_length = value
    assert model.max_seq_length == 512


@pytest.mark.parametrize(
    "said",
    [
        {"num_labels": 3},  # labels without names, as older versions wrote them
        {"id2label": {"0": "a", "1": "b", "2": "c"}, "label2id": {"a": 0, "b": 1, "c": 2}},
        {"id2label": {"0": "a", "1": "b", "2": "c"}, "problem_type": "multi_label_classification"},
    ],
)
def test_what_transformers_adds_to_a_configuration(
    three_labels: Path, tmp_path: Path, said: dict[str, Any]
) -> None:
    transformers = pytest.importorskip("transformers")
    folder = Path(shutil.copytree(three_labels, tmp_path / "m"))
    config = json.loads((folder / "config.json").read_text())
    del config["id2label"], config["label2id"]
    (folder / "config.json").write_text(json.dumps(config | said))
    ours = tamis.CrossEncoder(str(folder)).config
    theirs = transformers.AutoConfig.from_pretrained(folder)
    for name in ("id2label", "label2id", "problem_type", "name_or_path"):
        assert getattr(ours, name) == getattr(theirs, name), name


def test_attributes(both: Any) -> None:
    for labels in (1, 3):
        ours, theirs = both(labels)
        for name in ("num_labels", "max_seq_length", "device", "dtype", "prompts", "backend"):
            assert getattr(ours, name) == getattr(theirs, name), name
        assert ours.model.device == theirs.model.device
        for name in ("hidden_size", "model_type", "num_labels", "architectures", "name_or_path"):
            assert getattr(ours.config, name) == getattr(theirs.config, name), name
        assert ours.config.to_dict()["vocab_size"] == theirs.config.vocab_size
        assert ours.tokenizer("a", "b")["input_ids"] == theirs.tokenizer("a", "b")["input_ids"]
        assert ours.eval() is ours
        assert ours.to("cpu") is ours
        assert ours.float().cpu() is ours
        assert "score_space=" in repr(ours)


@pytest.mark.parametrize("name", ["fit", "parameters", "train", "push_to_hub", "forward"])
def test_what_it_has_not_is_explained(model: Any, name: str) -> None:
    with pytest.raises(AttributeError, match=r"sentence_transformers|huggingface_hub"):
        getattr(model, name)
    with pytest.raises(AttributeError, match=r"has no attribute 'nonsense'"):
        _ = model.nonsense
    with pytest.raises(AttributeError, match="no torch module"):
        _ = model.model.classifier
    with pytest.raises(AttributeError, match="cannot change"):
        _ = model.tokenizer.add_tokens


def test_the_root_logger_is_left_alone(one_label: Path) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    tamis.CrossEncoder(str(one_label)).predict([("a", "b")])
    assert (root.level, list(root.handlers)) == before
    assert not logging.getLogger("tamis").handlers


def test_progress_follows_the_log_level(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("tamis.cross_encoder")
    model.predict([("a", "b")] * 3)
    assert "Batches" not in capsys.readouterr().err
    try:
        logger.setLevel(logging.INFO)
        model.predict([("a", "b")] * 3)
    finally:
        logger.setLevel(logging.NOTSET)
    assert "Batches" in capsys.readouterr().err
    model.predict([("a", "b")] * 3, show_progress_bar=True, batch_size=1)
    assert "3/3" in capsys.readouterr().err


@pytest.mark.parametrize(("chunk_size", "shown"), [(None, "20/20"), (3, "7/7")])
def test_progress_of_a_pool_counts_chunks(
    model: Any, capsys: pytest.CaptureFixture[str], chunk_size: int | None, shown: str
) -> None:
    """As sentence-transformers does, which makes ten chunks a worker."""
    pairs = [("a", str(i)) for i in range(20)]
    model.predict(pairs, device=["cpu", "cpu"], chunk_size=chunk_size, show_progress_bar=True)
    err = capsys.readouterr().err
    assert "Chunks: 100%" in err
    assert shown in err


def test_progress_without_tqdm(
    model: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "tqdm.autonotebook", None)
    model.predict([("a", "b")] * 3, show_progress_bar=True, batch_size=1)
    assert "Batches: 3/3" in capsys.readouterr().err


def test_warnings_come_once(model: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(3):
        model.predict([("a", "b")], num_workers=2)
    assert caplog.text.count("num_workers") == 1
    deprecated.warning_once.cache_clear()
