"""Activations: from the constructor, the configuration, by name; saved and loaded again."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tamis
from tamis import activation as activations

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("name", ["Sigmoid", "Tanh", "Identity", "Softmax"])
@given(st.lists(st.floats(-200, 200, width=32), min_size=2, max_size=2), st.integers(1, 5))
def test_equal_to_torch(name: str, logits: list[float], rows: int) -> None:
    values = np.array([logits] * rows, dtype=np.float32)
    module = torch.nn.Softmax(dim=1) if name == "Softmax" else getattr(torch.nn, name)()
    found = activations.resolve(name).apply(values)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, module(torch.from_numpy(values)).numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("given_", "path"),
    [
        ("sigmoid", "torch.nn.modules.activation.Sigmoid"),
        ("torch.nn.Sigmoid", "torch.nn.modules.activation.Sigmoid"),
        ("torch.nn.modules.linear.Identity", "torch.nn.modules.linear.Identity"),
        (torch.nn.Tanh(), "torch.nn.modules.activation.Tanh"),
        (torch.nn.Tanh, "torch.nn.modules.activation.Tanh"),
        ("torch.nn.modules.activation.ELU", "torch.nn.modules.activation.ELU"),
    ],
    ids=str,
)
def test_names_and_modules(model: Any, given_: Any, path: str) -> None:
    resolved = activations.resolve(given_)
    assert resolved.path == path
    model.activation_fn = given_
    kind = type(model.activation_fn)
    assert f"{kind.__module__}.{kind.__name__}" == path


def test_softmax_over_another_axis_is_the_callers_module() -> None:
    resolved = activations.resolve(torch.nn.Softmax(dim=0))
    values = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    np.testing.assert_allclose(resolved.apply(values).sum(axis=0), [1, 1], atol=1e-6)


def test_functions_of_arrays_and_of_tensors(model: Any) -> None:
    pairs = [("a", "b"), ("c", "d")]
    plain = model.predict(pairs, scores="logit")
    by_array = model.predict(pairs, activation_fn=lambda x: x.astype(np.float64).clip(0))
    np.testing.assert_allclose(by_array, plain.clip(0), atol=1e-6)
    by_tensor = model.predict(pairs, activation_fn=lambda x: torch.clamp(x, min=0))
    np.testing.assert_allclose(by_tensor, plain.clip(0), atol=1e-6)

    def broken(scores: Any) -> Any:
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        model.predict(pairs, activation_fn=broken)


def test_an_activation_may_give_several_scores_of_one_label(both: Any) -> None:
    pairs = [("a", "b"), ("c", "d"), ("e", "f")]

    def two(logits: Any) -> Any:
        return torch.cat([logits, -logits], dim=1)

    ours, theirs = (each.predict(pairs, activation_fn=two) for each in both(1))
    assert ours.shape == theirs.shape == (3, 2)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    with pytest.raises(tamis.InvalidArgument, match="gives 2 scores of a pair"):
        both(1).ours.rank("a", ["b"], activation_fn=two)


def test_none_is_no_activation(both: Any, model: Any) -> None:
    pairs = [("a", "b"), ("c", "d")]
    theirs = both(1).theirs
    before = theirs.activation_fn
    model.activation_fn = theirs.activation_fn = None
    try:
        expected = theirs.predict(pairs)
    finally:
        theirs.activation_fn = before
    np.testing.assert_allclose(model.predict(pairs), expected, atol=1e-4)
    np.testing.assert_array_equal(model.predict(pairs), model.predict(pairs, scores="logit"))
    assert model.score_space == "logit"


def test_a_call_does_not_change_the_default(model: Any) -> None:
    model.predict([("a", "b")], activation_fn=torch.nn.Identity())
    assert isinstance(model.activation_fn, torch.nn.Sigmoid)
    with pytest.warns(DeprecationWarning, match="`default_activation_function` property"):
        assert isinstance(model.default_activation_function, torch.nn.Sigmoid)


def _configured(source: Path, target: Path, file: str, **values: Any) -> Path:
    shutil.copytree(source, target)
    path = target / file
    config = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**config, **values}))
    return target


TANH = "torch.nn.modules.activation.Tanh"


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("config.json", {"sentence_transformers": {"activation_fn": TANH}}),
        ("config.json", {"sbert_ce_default_activation_function": TANH}),
    ],
    ids=str,
)
def test_from_the_configuration(one_label: Path, tmp_path: Path, file: str, values: Any) -> None:
    from sentence_transformers import CrossEncoder

    folder = _configured(one_label, tmp_path / "m", file, **values)
    ours = tamis.CrossEncoder(str(folder))
    theirs = CrossEncoder(str(folder), device="cpu")
    assert type(ours.activation_fn) is type(theirs.activation_fn) is torch.nn.Tanh
    np.testing.assert_allclose(ours.predict([("a", "b")]), theirs.predict([("a", "b")]), atol=1e-4)


def test_untrusted_paths(one_label: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tamis.CrossEncoder(str(one_label)).save_pretrained(tmp_path / "saved")
    folder = _configured(
        tmp_path / "saved",
        tmp_path / "m",
        "config_sentence_transformers.json",
        activation_fn="os.system",
    )
    caplog.set_level(logging.WARNING)
    model = tamis.CrossEncoder(str(folder))
    assert isinstance(model.activation_fn, torch.nn.Sigmoid)
    assert "'os.system' is not trusted, using default activation function instead." in caplog.text
    with pytest.raises(tamis.InvalidArgument, match="executes nothing that a repository names"):
        tamis.CrossEncoder(str(folder), trust_remote_code=True)
    tamis.CrossEncoder(str(folder), trust_remote_code=False, activation_fn="tanh")


@pytest.mark.parametrize(
    "path",
    [
        "torch.distributed.run.main",
        "torch.utils.collect_env.main",
        "torch.nn.functional.relu",
        "torch.nn.modules_of_mine.Relu",
    ],
)
def test_functions_of_torch_are_not_trusted(
    one_label: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    folder = _configured(
        one_label, tmp_path / "m", "config.json", sentence_transformers={"activation_fn": path}
    )
    caplog.set_level(logging.WARNING)
    assert isinstance(tamis.CrossEncoder(str(folder)).activation_fn, torch.nn.Sigmoid)
    assert f"'{path}' is not trusted" in caplog.text
    with pytest.raises(tamis.InvalidArgument, match="executes nothing that a repository names"):
        tamis.CrossEncoder(str(folder), trust_remote_code=True)
    with pytest.raises(tamis.InvalidArgument, match="unknown activation"):
        tamis.CrossEncoder(str(one_label), activation_fn=path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("torch.nn.modules.module.register_module_forward_hook", "is no torch.nn.Module"),
        ("torch.nn.modules.module.OrderedDict", "is no torch.nn.Module"),
        ("torch.nn.init", "is no torch.nn.Module"),
        ("torch.nn.modules.linear.Linear", "cannot be made without arguments"),
        ("torch.nn.modules.activation.None", "cannot be imported"),
    ],
)
def test_what_is_no_activation_is_not_called(
    one_label: Path, tmp_path: Path, path: str, message: str
) -> None:
    folder = _configured(
        one_label, tmp_path / "m", "config.json", sentence_transformers={"activation_fn": path}
    )
    with pytest.raises(tamis.InvalidArgument, match=message):
        tamis.CrossEncoder(str(folder))


@pytest.mark.parametrize("activation", [None, torch.nn.Tanh(), torch.nn.Identity()], ids=str)
def test_saved_for_both_libraries(one_label: Path, tmp_path: Path, activation: Any) -> None:
    from sentence_transformers import CrossEncoder

    model = tamis.CrossEncoder(
        str(one_label),
        activation_fn=activation,
        max_length=77,
        prompts={"q": "query: "},
        default_prompt_name="q",
    )
    model.save_pretrained(tmp_path / "saved")
    expected = model.predict([("a", "b")])
    for kind in (tamis.CrossEncoder, CrossEncoder):
        loaded = kind(str(tmp_path / "saved"), device="cpu")
        assert type(loaded.activation_fn) is type(model.activation_fn)
        assert loaded.max_seq_length == 77
        assert loaded.prompts == {"q": "query: "}
        assert loaded.default_prompt_name == "q"
        np.testing.assert_allclose(loaded.predict([("a", "b")]), expected, atol=1e-4)


@pytest.mark.parametrize("activation", ["tanh", "identity"])
def test_exports_and_the_native_loader_read_what_is_saved(
    one_label: Path, tmp_path: Path, activation: str
) -> None:
    from tamis import _native
    from tamis.export import export_model

    prompts = {"q": "query: ", "none": ""}
    model = tamis.CrossEncoder(str(one_label), activation_fn=activation, prompts=prompts)
    model.default_prompt_name = "q"
    model.save_pretrained(tmp_path / "saved")
    export_model(tmp_path / "saved", tmp_path / "bundle")
    for folder in (tmp_path / "saved", tmp_path / "bundle"):
        native = _native.CrossEncoder.load(str(folder))
        assert (native.activation, native.prompts) == (activation, prompts)
        assert native.default_prompt == "q"
        again = tamis.CrossEncoder(str(folder))
        assert again.score_space == model.score_space
        assert again.predict(("a", "b")) == model.predict(("a", "b"))
        assert again.predict(("a", "b"), prompt="") != model.predict(("a", "b"))


def test_a_bundle_is_saved_with_its_settings(one_label: Path, tmp_path: Path) -> None:
    from tamis import _native
    from tamis.export import export_model

    export_model(one_label, tmp_path / "bundle")
    model = tamis.CrossEncoder(
        str(tmp_path / "bundle"),
        activation_fn="identity",
        max_length=33,
        prompts={"q": "query: "},
        default_prompt_name="q",
    )
    model.save_pretrained(tmp_path / "saved")
    again = tamis.CrossEncoder(str(tmp_path / "saved"))
    assert (again.max_seq_length, again.score_space) == (33, "logit")
    assert (again.prompts, again.default_prompt_name) == ({"q": "query: "}, "q")
    assert again.predict(("a", "b")) == model.predict(("a", "b"))
    assert _native.CrossEncoder.load(str(tmp_path / "saved")).activation == "identity"

    model.activation_fn = torch.nn.ELU()
    with pytest.raises(tamis.InvalidArgument, match="a bundle cannot hold the activation"):
        model.save_pretrained(tmp_path / "other")


def test_saved_without_a_tokenizer_configuration(one_label: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(one_label, tmp_path / "m"))
    (folder / "tokenizer_config.json").unlink()
    model = tamis.CrossEncoder(str(folder), max_length=64)
    model.save_pretrained(tmp_path / "saved")
    again = tamis.CrossEncoder(str(tmp_path / "saved"))
    assert again.max_seq_length == 64
    assert again.predict(("a", "b")) == model.predict(("a", "b"))


def test_saving_what_cannot_be(model: Any, tmp_path: Path) -> None:
    with pytest.raises(tamis.InvalidArgument, match="safetensors only"):
        model.save_pretrained(tmp_path / "x", safe_serialization=False)
    packaged = tamis.CrossEncoder("tiny")
    with pytest.raises(tamis.InvalidArgument, match="is the package's own; save to another"):
        packaged.save_pretrained(packaged.path)


def test_loads_what_sentence_transformers_saves(one_label: Path, tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder

    theirs = CrossEncoder(str(one_label), device="cpu", activation_fn=torch.nn.Tanh())
    theirs.save_pretrained(str(tmp_path / "m"))
    ours = tamis.CrossEncoder(str(tmp_path / "m"))
    assert isinstance(ours.activation_fn, torch.nn.Tanh)
    np.testing.assert_allclose(ours.predict([("a", "b")]), theirs.predict([("a", "b")]), atol=1e-4)


def test_a_greater_logit_never_has_a_smaller_sigmoid() -> None:
    logits = np.sort(np.random.default_rng(0).normal(0, 2, 1_000_000).astype(np.float32))
    assert (np.diff(activations.sigmoid(logits)) >= 0).all()
