"""Fast checks of the smaller model's second training, on random models."""

from __future__ import annotations

import pathlib

import pytest
import torch

from training import tiny as smaller
from training import tiny_apart
from training.joint import Data
from training.model import attend
from training.test_joint import CPU, losses_of, tiny, work_folder


def training_of(folder: pathlib.Path) -> tiny_apart.Training:
    settings = tiny_apart.Settings(
        steps=95, groups=2, neighbours=3, candidates=3, dev_every=50, rate=4e-3, long=5
    )
    data = Data(folder, CPU)
    student = smaller.taken(tiny(), (0, 2))
    return tiny_apart.Training(
        student, tiny_apart.Teacher(tiny(), data), folder / "run", settings, data
    )


@pytest.fixture
def training(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> tiny_apart.Training:
    monkeypatch.setattr(smaller, "LONG", 30)
    work_folder(tmp_path)
    return training_of(tmp_path)


def test_it_comes_nearer_its_teacher_and_goes_on(
    training: tiny_apart.Training, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = training.model.embeddings.word_embeddings.weight.clone()
    data = training.data
    found = losses_of(training, data, monkeypatch, "tokens")
    assert sum(found[-10:]) < 0.8 * sum(found[:10])
    assert torch.equal(training.model.embeddings.word_embeddings.weight, words)
    assert training.mean.config.closed_layers == 2
    assert training_of(tmp_path).step == 90  # of run.pt


def test_a_step_has_each_querys_label_and_lifts_it(training: tiny_apart.Training) -> None:
    rng = torch.Generator().manual_seed(3)
    queries, passages = training.draw(torch.ones(8), rng)
    assert len(queries.unique()) == len(queries) >= 3
    assert len(passages.unique()) == len(passages)
    for query in queries.tolist():
        if query < 5:  # those that have one
            assert query in passages
    lift = training.target(queries, passages) - training.teacher.logits(queries, passages)
    for row, query in zip(lift, queries.tolist(), strict=True):
        expected = training.settings.lift * (passages == query) * (query < 5)
        assert torch.allclose(row, expected.float(), atol=1e-5)


def test_the_teacher_says_what_the_model_says_of_texts_apart(training: tiny_apart.Training) -> None:
    queries, passages = torch.arange(4), torch.arange(9)
    teacher = training.teacher
    model = tiny().eval()
    layers = model.config.num_hidden_layers
    texts = [
        part.rows.take(at)
        for part, at in zip((teacher.queries, teacher.passages), (queries, passages), strict=True)
    ]
    with torch.no_grad():
        states = [model.closed(*text, segment, layers) for segment, text in enumerate(texts)]
        expected = model.matrix(states[0], texts[0][1], states[1], texts[1][1])
    found = teacher.logits(queries, passages)
    assert torch.allclose(found, expected, atol=0.3)
    assert torch.corrcoef(torch.stack([found.flatten(), expected.flatten()]))[0, 1] > 0.99


def test_attention_that_is_trained_on_a_cpu_is_the_same() -> None:
    torch.manual_seed(1)
    query, key, value = (torch.randn(2, 3, 7, 8) for _ in range(3))
    hidden = torch.arange(7) >= torch.tensor([7, 4])[:, None]
    expected = attend(query, key, value, hidden)
    assert torch.allclose(attend(query.requires_grad_(), key, value, hidden), expected, atol=1e-5)
