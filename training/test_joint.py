"""Fast checks of the step that reads query and passage together: `pytest training`."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import pathlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from training import joint, multilingual, recipe
from training import tiny as smaller
from training.beir import Dataset
from training.export import dequantise
from training.gpu_teacher import Candidates, Rows
from training.joint import (
    Data,
    Pairs,
    Settings,
    Training,
    draw,
    halves,
    logits_of,
    opened,
    target_of,
)
from training.joint_data import rows
from training.model import CLOSED, Config, TamisInteraction, attend
from training.ship import ship
from training.soup import choose

TINY = Config(
    vocab_size=60,
    hidden_size=24,
    num_hidden_layers=3,
    num_attention_heads=3,
    intermediate_size=48,
    max_position_embeddings=40,
    closed_layers=3,
)
CPU = torch.device("cpu")


def tiny(**changes: int) -> TamisInteraction:
    torch.manual_seed(0)
    model = TamisInteraction(dataclasses.replace(TINY, **changes)).eval()
    model.interaction.attention_bias.data.fill_(CLOSED)
    return model


def texts(count: int, seed: int) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [[1, *rng.integers(3, 60, rng.integers(2, 12)).tolist(), 2] for _ in range(count)]


def losses_of(
    training: Training, data: Data, monkeypatch: pytest.MonkeyPatch, part: str = "total"
) -> list[float]:
    """Run a training; a part of its loss at every step."""
    found, lesson = [], training.lesson

    def noted(*given: object) -> dict[str, torch.Tensor]:
        parts = lesson(*given)
        found.append(parts[part].item())
        return parts

    monkeypatch.setattr(training, "lesson", noted)
    joint.train(data, training)
    return found


def test_attention_is_that_of_a_mask() -> None:
    torch.manual_seed(1)
    query, key, value = (torch.randn(2, 3, 7, 8) for _ in range(3))
    hidden = torch.arange(7) >= torch.tensor([7, 4])[:, None]
    side = torch.arange(7) >= 3
    bias = torch.tensor([-1.0, 2.0, CLOSED])
    mask = torch.zeros(2, 1, 1, 7).masked_fill(hidden[:, None, None], CLOSED)
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    assert torch.allclose(attend(query, key, value, hidden), expected, atol=1e-5)
    trained = query.clone().requires_grad_()
    assert torch.allclose(attend(trained, key, value, hidden), expected, atol=1e-5)
    across = torch.where(side[:, None] != side, bias[:, None, None], torch.zeros(()))
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=mask + across)
    found = attend(query, key, value, hidden, (side, (bias[None], bias[None])))
    # A row of padding may see nothing at all.
    assert torch.allclose(found[0], expected[0], atol=1e-3)
    assert torch.allclose(found[1, :, :3], expected[1, :, :3], atol=1e-3)


def test_pairs_in_parts_have_the_models_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny()
    model.config.closed_layers = 1
    model.interaction.attention_bias.data[1:] = -0.5
    queries = Rows(*rows("a", texts(4, 1)).values(), CPU)
    passages = Rows(*rows("a", texts(9, 2)).values(), CPU)
    which = torch.tensor([[q, p] for q in range(4) for p in range(9)])
    pairs = Pairs(model)
    monkeypatch.setattr(joint, "TOKENS", 60)
    with torch.no_grad():
        found = logits_of(pairs, dict(pairs.named_parameters()), queries, passages, which)
        low = logits_of(pairs, halves(pairs), queries, passages, which)
        shut = logits_of(pairs, halves(pairs, True), queries, passages, which)
        expected = torch.cat([model(*queries.take(w[:1]), *passages.take(w[1:])) for w in which])
    assert torch.allclose(found, expected, atol=1e-4)
    assert (low - expected).abs().max() < 0.3
    assert (shut - low).abs().max() > 1e-3


def test_draws_have_the_label_and_no_passage_twice() -> None:
    scores = torch.randn(5, 20)
    scores[:, 7] = -torch.inf
    found = Candidates(torch.arange(100).view(5, 20), scores, torch.tensor([3, -1, 0, 19, -1]))
    chosen = torch.tensor([4, 3, 2])
    places = draw(found, chosen, 12, torch.Generator().manual_seed(3))
    assert places.shape == (3, 12)
    assert all(len(set(row.tolist())) == 12 and 7 not in row for row in places)
    assert 19 in places[1]
    assert 0 in places[2]
    lifted = target_of(found, chosen, places, 5.0) - target_of(found, chosen, places, 0.0)
    assert (lifted.sum(1) == torch.tensor([0.0, 5.0, 5.0])).all()


def work_folder(folder: pathlib.Path) -> None:
    """A pool of 8 queries and 40 passages, and one dev list."""
    labels = np.full((8, 4), -1, np.int32)
    labels[:5, 0] = range(5)
    np.savez(
        folder / "joint.npz",
        **rows("query", texts(9, 1)),
        **rows("passage", texts(40, 2)),
        **rows("e5_query", texts(9, 3)),
        **rows("e5_passage", texts(40, 4)),
        bm25=np.stack([np.random.default_rng(n).permutation(40)[:24] for n in range(8)]),
        bm25_scores=np.sort(np.random.default_rng(9).random((8, 24)), 1)[:, ::-1].copy(),
        labels=labels,
        source=np.array([0, 0, 0, 1, 1, 1, 1, 0], np.int8),
        invented=np.array([False, True]),
    )
    grades = [1.0, 0.0, 0.0, 0.0]
    dev = {"set": "a", "grades": grades, "judged": grades, "bm25": grades}
    about = {"sources": ["a", "b"], "passages": 40, "dev": [dev | {"passages": [3, 4, 5, 6]}]}
    (folder / "joint.json").write_text(json.dumps(about))


def test_the_training_lowers_its_loss_and_goes_on(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_folder(tmp_path)
    monkeypatch.setattr(joint, "e5", lambda _: tiny())
    monkeypatch.setattr("training.ship.figures", lambda *_: {})
    monkeypatch.setattr("training.export.reference", lambda *_: [])  # has longer texts
    settings = Settings(
        steps=40, queries=6, candidates=8, closed=1, dev_every=20, rate=3e-3, apart_every=0
    )
    data = Data(tmp_path, CPU)
    data.score(tiny(), tmp_path, settings)
    found = data.found
    assert found.label.tolist()[5:] == [-1, -1, -1]
    assert (found.label[:5] >= 0).all()
    kept = found.scores.isfinite()
    assert kept[:, :4].sum() == 5
    assert (kept.sum(1) >= 24).all()
    for row, kind in zip(found.passages, kept, strict=True):
        assert len(set(row[kind].tolist())) == kind.sum()
    training = Training(tiny(), tmp_path / "run", settings, data)
    before = training.pairs.model.encoder.layer[0].output.dense.weight.clone()
    losses = losses_of(training, data, monkeypatch)
    assert sum(losses[-10:]) < 0.9 * sum(losses[:10])
    assert not torch.equal(before, training.model.encoder.layer[0].output.dense.weight)
    bias = training.mean.interaction.attention_bias
    assert (bias[0] == CLOSED).all()
    assert (bias[1:] != settings.bias).any()
    curve = [json.loads(line) for line in (tmp_path / "run/curve.jsonl").read_text().splitlines()]
    assert [line["step"] for line in curve if "dev" in line] == [0, 20, 40]
    assert {path.name for path in (tmp_path / "run").glob("step-*")} == {"step-20.pt", "step-40.pt"}
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n")
    shipped = ship(tmp_path, tmp_path / "run/step-40.pt", tmp_path / "out", [])
    assert shipped["checkpoint"] == "step-40.pt"
    config = json.loads((tmp_path / "out/config.json").read_text())
    assert config["attention_bias_by_length"]
    assert config["closed_layers"] == 1


def test_a_soup_is_between_its_start_and_its_runs(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_folder(tmp_path)
    monkeypatch.setattr("training.soup.load", lambda _: tiny())
    settings = Settings(closed=1)
    data = Data(tmp_path, CPU)
    for number, name in enumerate(("one", "two")):
        run = Training(tiny(), tmp_path / name, settings, data)
        run.mean.interaction.mix.data.fill_(20.0 + 10.0 * number)
        run.save("step-3.pt")
    line, model = choose(tmp_path, tmp_path, ["one", "two"], data)
    lines = [json.loads(text) for text in (tmp_path / "soup.jsonl").read_text().splitlines()]
    assert len(lines) == 12
    assert line["score"] == max(found["score"] for found in lines)
    runs = {("one",): 20.0, ("two",): 30.0, ("one", "two"): 25.0}
    assert (model.interaction.mix == 10 + line["share"] * (runs[line["runs"]] - 10)).all()
    assert (model.interaction.attention_bias[0] == CLOSED).all()
    assert (model.interaction.attention_bias[1:] == settings.bias).all()
    assert model.config.closed_layers == 1


def test_a_source_can_be_left_out(tmp_path: pathlib.Path) -> None:
    work_folder(tmp_path)
    data = Data(tmp_path, CPU)
    source = torch.from_numpy(data.arrays["source"])
    whole = data.weights(Settings())
    assert (whole > 0).all()
    some = data.weights(Settings(without="a"))
    assert ((some > 0) == (source == 1)).all()
    assert some.isfinite().all()


def test_frozen_layers_stay(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work_folder(tmp_path)
    settings = Settings(steps=4, queries=4, candidates=6, closed=2, frozen=2, dev_every=9)
    data = Data(tmp_path, CPU)
    start = tiny()
    data.score(tiny(), None, settings)
    training = Training(tiny(), tmp_path / "run", settings, data)
    losses_of(training, data, monkeypatch)
    before, after = start.state_dict(), training.mean.state_dict()
    moved = {name for name in after if not torch.equal(before[name], after[name])}
    assert {name for name in moved if name.startswith("encoder")} == {
        name for name in after if name.startswith("encoder.layer.2.") and "key.bias" not in name
    } | (moved & {"encoder.layer.2.attention.self.key.bias"})
    monkeypatch.setattr("training.soup.load", lambda _: tiny())
    line = multilingual.ship(tmp_path, [tmp_path / "run"], data, tmp_path / "trained.safetensors")
    shipped = load_file(str(tmp_path / "trained.safetensors"))
    kept = dequantise(shipped)
    assert {int(name.split(".")[2]) for name in kept if name.startswith("encoder")} == {2}
    after["interaction.attention_bias"][:2] = CLOSED
    for name, tensor in kept.items():
        start_of = opened(tiny(), settings).state_dict()[name]
        between = torch.lerp(start_of, after[name], line["share"])
        expected = torch.where(start_of.isfinite(), between, start_of)
        assert torch.allclose(tensor, expected, atol=2e-3), name


def test_the_smaller_model_comes_nearer_its_teacher_and_goes_on(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_folder(tmp_path)
    monkeypatch.setattr(joint, "e5", lambda _: tiny())
    monkeypatch.setattr(smaller, "LONG", 30)
    settings = smaller.Settings(
        steps=95, queries=4, candidates=6, texts=12, dev_every=50, rate=4e-3, long=5
    )
    data = Data(tmp_path, CPU)
    data.score(tiny(), tmp_path, settings)
    student = smaller.taken(tiny(), (0, 2))
    training = smaller.Training(student, tiny(), tmp_path / "run", settings, data)
    words = training.model.embeddings.word_embeddings.weight.clone()
    ids, mask = training.joined.take(torch.arange(3))
    assert (ids[:, 0] == 1).all()
    assert (ids[mask.cumsum(1) == mask.sum(1, keepdim=True)][:1] == 2).all()
    assert not ({1, 2} & set(ids[0, 1 : mask[0].sum() - 1].tolist()))
    found = losses_of(training, data, monkeypatch, "tokens")
    assert sum(found[-10:]) < 0.8 * sum(found[:10])
    assert torch.equal(training.model.embeddings.word_embeddings.weight, words)
    again = smaller.Training(
        smaller.taken(tiny(), (0, 2)), tiny(), tmp_path / "run", settings, data
    )
    assert again.step == 90  # of run.pt
    assert training.mean.config.closed_layers == 2


def test_every_step_of_the_recipe_takes_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("data", "encoder", "e5", "work", "out")
    given = argparse.Namespace(**{name: pathlib.Path("/a") / name for name in names}, device="cpu")
    read, seen = argparse.ArgumentParser.parse_args, []

    class Parsed(Exception):
        pass

    def parse(parser: argparse.ArgumentParser, arguments: list[str]) -> None:
        seen.append(read(parser, arguments))
        raise Parsed

    steps = recipe.commands(given)
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse)
    for name, arguments in steps:
        with pytest.raises(Parsed):
            importlib.import_module(f"training.{name}").main(arguments)
    assert [options.out.name for options in seen if hasattr(options, "out")] == [
        "first",
        "default",
        "tiny",
    ]
    tiny, *calibrated = seen[-3:]
    assert tiny.model == seen[-4].out == calibrated[0].model
    assert calibrated[1].model == tiny.out
    assert tiny.lift == smaller.Settings.lift


def test_questions_of_held_out_paragraphs_are_not_trained_on() -> None:
    docs = {"a": "東京の川は長い", "b": "大阪の城は古い", "c": "京都の寺は静か"}
    queries = {"1": "長い川は東京に", "2": "古い城は大阪に", "3": "静かな寺は京都に"}
    grades = {"1": {"a": 1.0}, "2": {"b": 1.0}, "3": {"c": 1.0}}
    found = Dataset(docs, dict.fromkeys(docs, ""), queries, grades)
    passages, entries = multilingual.entries(found, {"b"}, 7)
    assert passages == [docs["a"], docs["c"]]
    assert [(entry["query"], entry["positives"]) for entry in entries] == [
        (queries["1"], [7]),
        (queries["3"], [8]),
    ]
    assert [entry["bm25"][0][0] for entry in entries] == [7, 8]
    (line,) = multilingual.dev_lists(found, ["2"])
    assert line["passages"][0] == docs["b"]
    assert line["grades"][0] == 1.0
    assert line["away"]
