"""predict beside sentence-transformers': values, types, shapes and dtypes over the options."""

from __future__ import annotations

import itertools
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import tamis
from tamis.device import Device

torch = pytest.importorskip("torch")

TOLERANCE = 1e-4


def _column(pairs: list[tuple[str, str]]) -> Any:
    datasets = pytest.importorskip("datasets")
    return datasets.Dataset.from_dict({"pairs": [list(pair) for pair in pairs]})["pairs"]


INPUTS = {
    "pairs": lambda pairs: pairs,
    "lists": lambda pairs: [list(pair) for pair in pairs],
    "tuple of pairs": tuple,
    "array": lambda pairs: np.array(pairs),
    "object array": lambda pairs: np.array(pairs, dtype=object),
    "column": _column,
    "one": lambda pairs: pairs[:1],
    "single tuple": lambda pairs: pairs[0],
    "single list": lambda pairs: list(pairs[2]),
    "single array": lambda pairs: np.array(pairs[1]),
    "empty": lambda pairs: [],
    "empty array": lambda pairs: np.array([], dtype=str),
}
ACTIVATIONS = {
    "default": None,
    "Identity": torch.nn.Identity(),
    "Sigmoid": torch.nn.Sigmoid(),
    "Tanh": torch.nn.Tanh(),
    "Softmax": torch.nn.Softmax(dim=-1),
    "LeakyReLU": torch.nn.LeakyReLU(),
    "function": torch.sigmoid,
    "lambda": lambda scores: scores * 2 + 1,
}


def assert_same(ours: Any, theirs: Any) -> None:
    assert type(ours) is type(theirs)
    if isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other)
        return
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    if isinstance(theirs, torch.Tensor):
        assert ours.device == theirs.device
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("labels", [1, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("form", INPUTS)
def test_equal(both: Any, pairs: Any, labels: int, activation: str, form: str) -> None:
    ours, theirs = both(labels)
    inputs = INPUTS[form]([pair for pair in pairs if len(pair[0] + pair[1]) < 200])
    for to_tensor, to_numpy, softmax in itertools.product((False, True), repeat=3):
        options = {
            "activation_fn": ACTIVATIONS[activation],
            "convert_to_tensor": to_tensor,
            "convert_to_numpy": to_numpy,
            "apply_softmax": softmax,
            "show_progress_bar": False,
        }
        assert_same(ours.predict(inputs, **options), theirs.predict(inputs, **options))


@pytest.mark.filterwarnings("ignore::tamis.TruncationWarning")
@pytest.mark.parametrize("batch_size", [1, 2, 7, 1000])
def test_batch_size_changes_no_score(both: Any, pairs: Any, batch_size: int) -> None:
    ours, theirs = both(1)
    expected = ours.predict(pairs)
    found = ours.predict(pairs, batch_size=batch_size)
    assert found.tobytes() == expected.tobytes()
    assert_same(found, theirs.predict(pairs, batch_size=batch_size))


@pytest.mark.filterwarnings("ignore::tamis.TruncationWarning")
@pytest.mark.parametrize(
    "options",
    [
        {"prompt": "query: "},
        {"prompt": ""},
        {"processing_kwargs": {"text": {"max_length": 16, "truncation": True}}},
        {"processing_kwargs": {"text": {"max_length": 40, "truncation": "only_second"}}},
        {"device": "cpu"},
        {"device": ["cpu", "cpu"], "chunk_size": 3},
    ],
    ids=str,
)
def test_options(both: Any, options: dict[str, Any]) -> None:
    pairs = [("how many people live in berlin?", "Berlin had 3,520,031 inhabitants " * 3)] * 3
    ours, theirs = both(1)
    peer = {k: v for k, v in options.items() if k not in ("device", "chunk_size")}
    assert_same(ours.predict(pairs, **options), theirs.predict(pairs, **peer))


def test_positions(both: Any, pairs: Any) -> None:
    ours, theirs = both(3)
    arguments = (pairs[:3], None, "p: ", 2, False, torch.nn.Sigmoid(), True, False, True, "cpu")
    assert_same(ours.predict(*arguments), theirs.predict(*arguments))


def test_prompts(one_label: Any, pairs: Any) -> None:
    from sentence_transformers import CrossEncoder

    settings = {"prompts": {"q": "query: ", "d": ""}, "default_prompt_name": "q"}
    ours = tamis.CrossEncoder(str(one_label), **settings)
    theirs = CrossEncoder(str(one_label), device="cpu", **settings)
    for options in (
        {},
        {"prompt_name": "d"},
        {"prompt": "x "},
        {"prompt": "x", "prompt_name": "d"},
    ):
        assert_same(ours.predict(pairs[:4], **options), theirs.predict(pairs[:4], **options))
    for each in (ours, theirs):
        with pytest.raises(ValueError, match="Prompt name 'z' not found in the configured prompts"):
            each.predict(pairs[:1], prompt_name="z")
    with pytest.raises(ValueError, match="Default prompt name 'z' not found"):
        tamis.CrossEncoder(str(one_label), default_prompt_name="z")


@pytest.mark.parametrize("batch_size", [0, -1])
def test_batch_size_must_be_positive(both: Any, pairs: Any, batch_size: int) -> None:
    texts = []
    for each in both(1):
        with pytest.raises(ValueError, match="batch_size must be a positive integer") as caught:
            each.predict(pairs, batch_size=batch_size)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


def test_inputs_are_not_changed(model: Any) -> None:
    inputs = [["b", "a longer text"], ["a", "text"]]
    copy = [list(pair) for pair in inputs]
    prompt = {"q": "query: "}
    model.predict(inputs, prompt="x ")
    tamis.CrossEncoder(model.path, prompts=prompt).predict(inputs, prompt_name="q")
    assert inputs == copy
    assert prompt == {"q": "query: "}


def test_the_caller_may_change_what_he_gets(model: Any) -> None:
    scores = model.predict([("a", "b"), ("c", "d")])
    before = scores.copy()
    scores += 1
    np.testing.assert_array_equal(scores, before + 1)
    np.testing.assert_array_equal(model.predict([("a", "b"), ("c", "d")]), before)


@pytest.mark.parametrize("device", ["cpu", ["cpu", "cpu"]])
@pytest.mark.parametrize("form", [{"convert_to_tensor": True}, {"convert_to_numpy": False}])
def test_tensors_are_where_they_were_made(model: Any, device: Any, form: dict[str, bool]) -> None:
    """Not where the model is: one of a CUDA device scores here on the CPU."""
    home = replace(model._loaded.recipe, device=Device("cuda:0"))
    model._loaded = replace(model._loaded, recipe=home)
    assert str(model.device) == "cuda:0"
    found = model.predict([("a", "b"), ("c", "d")], device=device, **form)
    assert [str(score.device) for score in found] == ["cpu", "cpu"]


def test_many_pairs_keep_their_order(model: Any) -> None:
    pairs = [(f"query {i % 17}", "word " * (i * 7919 % 23) + str(i % 31)) for i in range(2000)]
    scores = model.predict(pairs)
    for i in (0, 1, 999, 1999):
        assert scores[i] == model.predict(pairs[i])


def test_nothing_warns_about_short_pairs(model: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict([("a", "b")])
