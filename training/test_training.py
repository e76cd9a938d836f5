"""Fast checks of the recipe on a tiny random model: `pytest training`."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import random
from collections import Counter
from types import SimpleNamespace

import pytest
import torch

from training import label, openness
from training.distil import Settings, apart, losses, together
from training.export import closed_layers, dequantise, export, load, quantise
from training.model import CLOSED, Config, TamisInteraction
from training.pools import cut_sentence, keywords, plain, windows
from training.scoring import closed_states, open_scores
from training.texts import by_length, pad
from training.tiny import taken

TINY = Config(
    vocab_size=200,
    hidden_size=24,
    num_hidden_layers=4,
    num_attention_heads=3,
    intermediate_size=48,
    max_position_embeddings=40,
    closed_layers=2,
)


def tiny() -> TamisInteraction:
    torch.manual_seed(0)
    return TamisInteraction(TINY).eval()


def test_cached_states_give_the_same_logits() -> None:
    model = tiny()
    queries, passages = [[101, 5, 102], [101, 7, 8, 102]], [[101, 9, 10, 11, 102], [101, 5, 102]]
    pairs = [(0, 0), (1, 0), (1, 1)]
    cached = open_scores(
        model, closed_states(model, queries, 0), closed_states(model, passages, 1), pairs
    )
    for (query, passage), score in zip(pairs, cached, strict=True):
        alone = model(*pad([queries[query]]), *pad([passages[passage]]))
        assert abs(alone.item() - score.item()) < 2e-2  # the cache is fp16


def test_padding_does_not_change_a_logit() -> None:
    model = tiny()
    query, passage = [[101, 5, 6, 102]], [[101, 9, 102], [101, 9, 10, 11, 12, 13, 102]]
    both = model(*pad(query * 2), *pad(passage))
    assert abs(both[0].item() - model(*pad(query), *pad(passage[:1])).item()) < 1e-4


def test_closed_attention_is_the_bi_encoder() -> None:
    model = tiny()
    with torch.no_grad():
        model.interaction.attention_bias[2:] = CLOSED
    query, passage = pad([[101, 5, 6, 102]]), pad([[101, 9, 10, 102]])
    apart = model.closed(*query, 0, 4), model.closed(*passage, 1, 4)
    expected = model.readout(apart[0], query[1], apart[1], passage[1])
    assert torch.allclose(model(*query, *passage), expected, atol=1e-4)


def test_quantised_weights_are_close_and_interaction_is_exact() -> None:
    state = tiny().state_dict()
    back = dequantise(quantise(state))
    assert back.keys() == state.keys()
    for name, tensor in state.items():
        if name.startswith("interaction."):
            assert torch.equal(back[name], tensor)
        else:
            assert (back[name] - tensor).abs().max() <= tensor.abs().max() / 127


def test_matrix_is_the_readout_of_every_pair() -> None:
    model = tiny()
    torch.nn.init.normal_(model.interaction.token_weight.weight)
    query, passage = pad([[101, 5, 6, 102], [101, 7, 102]]), pad([[101, 9, 102], [101, 5, 9, 102]])
    asked, read = model.closed(*query, 0, 4), model.closed(*passage, 1, 4)
    found = model.matrix(asked, query[1], read, passage[1])
    for at in (0, 1):
        alone = model.readout(asked, query[1], read[[at, at]], passage[1][[at, at]])
        assert torch.allclose(found[:, at], alone, atol=1e-4)


def test_batches_by_length_give_columns_and_rows_in_their_places() -> None:
    model = tiny()
    with torch.no_grad():
        model.interaction.attention_bias[2:] = -1e4
    rows = [[101, *range(5, 5 + size), 102] for size in (9, 2, 7, 4, 1)]
    pool = SimpleNamespace(
        queries=closed_states(model, rows[:3], 0), passages=closed_states(model, rows, 1)
    )
    passages = [4, 0, 2, 1, 3]
    matrix = apart(model, pool, [2, 0], passages)
    lists = torch.tensor([[0, 3], [4, 1]])
    pairs = together(model, pool, [2, 0], lists)
    for row in (0, 1):
        for column, passage in enumerate(lists[row].tolist()):
            expected = matrix[row, passages.index(passage)]
            assert abs(pairs[row, column] - expected) < 0.1  # bf16


def test_loss_is_least_at_the_teacher() -> None:
    target = torch.tensor([[1.5, 0.0, -1.5]])
    settings = Settings()
    at = losses(target * settings.sharpness, target, settings)["total"]
    away = losses(-target, target, settings)["total"]
    assert at.abs() < 1e-5 < away


def test_texts() -> None:
    assert plain("the `` a -lrb- b -rrb- '' .") == 'the " a (b) ".'
    text = "One two three four. Five six seven eight nine. Ten is enough for all of us here now."
    assert " ".join(windows(text, 6)) == text
    query, rest = cut_sentence(text, random.Random(1))
    assert query.split()[0] in text
    assert rest
    words = keywords("Copper mines of Zambia", Counter(), random.Random(1)).split()
    assert words
    assert set(words) <= {"copper", "mines", "zambia"}


def test_batches_hold_every_row_once() -> None:
    lengths = [5, 1, 9, 3, 3]
    batches = list(by_length(lengths, 10))
    assert sorted(at for batch in batches for at in batch) == [0, 1, 2, 3, 4]
    assert all(
        len(batch) == 1 or max(lengths[a] for a in batch) * len(batch) <= 10 for batch in batches
    )


def test_all_layers_taken_are_the_teacher() -> None:
    teacher = tiny()
    with torch.no_grad():
        teacher.interaction.attention_bias.fill_(CLOSED)
    query, passage = pad([[101, 5, 6, 102]]), pad([[101, 9, 10, 102]])
    expected = teacher(*query, *passage)
    assert torch.allclose(taken(teacher, range(4))(*query, *passage), expected, atol=1e-5)
    some = taken(teacher, [0, 3])
    assert some.config.num_hidden_layers == 2
    ours, theirs = some.encoder.layer[1].state_dict(), teacher.encoder.layer[3].state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def some_lists(tmp_path: pathlib.Path) -> label.Lists:
    """Ten queries; each has one labelled passage of ten tokens that no other query has."""
    model, rng = tiny(), random.Random(5)
    words = [[rng.randint(5, 199) for _ in range(10)] for _ in range(10)]
    queries = closed_states(model, [[101, *row[:3], 102] for row in words], 0)
    passages = closed_states(model, [[101, *row, 102] for row in words], 1)
    logits = torch.zeros(10)
    found = {
        at: (torch.arange(10), logits.index_fill(0, torch.tensor((at + 1) % 10), 9.0))
        for at in range(10)
    }
    torch.save({"queries": queries, "passages": passages, "found": found}, tmp_path / "start.pt")
    sources = ["a"] * 8 + ["title"] * 2
    pool = {"queries": [{"source": source, "positives": [at]} for at, source in enumerate(sources)]}
    (tmp_path / "pool.json").write_text(json.dumps(pool))
    return label.Lists(tmp_path, tmp_path / "start.pt")


def test_labelled_lists(tmp_path: pathlib.Path) -> None:
    lists = some_lists(tmp_path)
    settings = label.Settings(queries=4, candidates=6, invented=0.5)
    drawn = lists.draw(settings, random.Random(2))
    assert sorted(at >= 8 for at in drawn) == [False, False, True, True]
    passages, logits = lists.candidates(3, settings, random.Random(2))
    assert passages[0] == 3  # the labelled one
    assert 4 not in passages  # far above it: a right answer without a label
    assert len(set(passages)) == len(logits) == 6
    lengths = [label.longest_at(step, label.Settings(steps=9, lengths="8,16")) for step in range(9)]
    assert lengths == [8] * 5 + [16] * 4


def test_labels_are_learnt_with_attention_open(tmp_path: pathlib.Path) -> None:
    lists = some_lists(tmp_path)
    settings = label.Settings(queries=6, candidates=4, rate=1e-3)
    training = label.Training(tiny(), tmp_path / "run", settings)
    assert (training.model.interaction.attention_bias[2:] == settings.bias).all()
    words = training.model.embeddings.word_embeddings.weight.clone()
    found = []
    for step in range(40):
        rng = random.Random(step)
        parts = label.lesson(training.model, lists, settings, rng, 8)
        found.append(parts["labels"].item())
        training.update(parts["total"], 1.0)
    assert sum(found[-5:]) < 0.8 * sum(found[:5])
    assert torch.equal(training.model.embeddings.word_embeddings.weight, words)


def test_openness_is_chosen_by_both_means_and_closes_the_layers_below(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert openness.biases("3:-3.5 1:-1") == {3: -3.5, 1: -1.0}
    model = tiny()
    for setting, closed in (("2:-1 3:-1", 2), ("3:-1", 3), ("shut", 4)):
        openness.set_openness(model, setting)
        assert closed_layers(model) == closed
        assert (model.interaction.attention_bias[closed:] == -1).all()
    monkeypatch.setattr(openness, "SETTINGS", ("shut", "2:-1 3:-1", "3:0.5"))
    words = tmp_path / "vocab.txt"
    words.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefgh"]))
    longer = TamisInteraction(dataclasses.replace(TINY, max_position_embeddings=512))
    export(longer, words, tmp_path / "model")
    passages = ["a b c", "d e f", "g h a", "b d"]
    entry = {"set": "one", "query": "a b", "passages": passages, "bm25": [1.0, 3.0, 2.0, 0.0]}
    entry |= {"grades": [1.0, 0.0, 0.0, 2.0], "judged": [1.0, 2.0]}
    (tmp_path / "dev.json").write_text(json.dumps([entry, {**entry, "set": "two", "away": True}]))
    figures = openness.choose_openness(tmp_path / "model", tmp_path, tmp_path / "opened")
    curve = (tmp_path / "openness" / "curve.jsonl").read_text()
    lines = [json.loads(line) for line in curve.splitlines()]
    assert [line["setting"] for line in lines] == ["shut", "2:-1 3:-1", "3:0.5"]
    best = max(line["dev"]["mean"] + line["blended"]["mean"] for line in lines)
    assert figures["dev"]["mean"] + figures["blended"]["mean"] == best
    shipped = load(tmp_path / "opened")
    openness.set_openness(model, figures["setting"])
    assert torch.equal(shipped.interaction.attention_bias, model.interaction.attention_bias)
    assert shipped.config.closed_layers == closed_layers(model)
    openness.choose_openness(tmp_path / "model", tmp_path, tmp_path / "opened")
    assert (tmp_path / "openness" / "curve.jsonl").read_text() == curve  # not measured again
