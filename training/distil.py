"""Step 3: train the open layers and the interaction on the teacher's scores.

Two phases. *Apart*: cross-attention is shut, so the student is a bi-encoder read by late
interaction; a passage encoded once is compared with every query of the batch, whose queries are
neighbours of each other, so that one step learns from thousands of pairs. *Together*: attention
between query and passage is opened and pairs are encoded one by one, each query with its hardest
passages.

In both, the loss of a query is the divergence from the teacher's distribution over its passages
and a small squared error between centred scores (it keeps the order of the lower ranks). A label
lifts one passage in the teacher's scores. Only the layers above the closed ones are trained, from
cached states. Weights are averaged (EMA); dev figures are those of the average, and each phase is
constant until its last fifth, so that any checkpoint is usable.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import random
import time
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from training.evaluate import dev_figures
from training.export import load
from training.model import CLOSED, TamisInteraction
from training.progress import Progress, Steps, share
from training.scoring import Collection
from training.teacher import Pool, Teacher
from training.texts import Tokenizer, pad_states


@dataclasses.dataclass
class Settings(Steps):
    """What a run can change; the defaults are those of the shipped model."""

    apart: int = 600
    together: int = 0
    lexical: float = 0.3
    lift: float = 0.7
    rate: float = 1e-4
    interaction_rate: float = 2e-3
    bias_rate: float = 2e-2
    bias: float = -4.0


def losses(logits: Tensor, target: Tensor, settings: Steps) -> dict[str, Tensor]:
    """The parts of the loss; `total` is what is minimised."""
    sharp = target * settings.sharpness
    listwise = F.kl_div(logits.log_softmax(1), sharp.softmax(1), reduction="batchmean")
    centred = logits - logits.mean(1, keepdim=True)
    squared = F.mse_loss(centred, sharp - sharp.mean(1, keepdim=True))
    total = listwise + settings.squared * squared
    return {"total": total, "listwise": listwise, "squared": squared}


def draw(teacher: Pool, settings: Steps, rng: random.Random) -> tuple[list[int], list[int]]:
    """The queries and passages of a step: groups of neighbouring queries, their candidates."""
    queries: list[int] = []
    for seed in rng.sample(range(len(teacher.entries)), settings.groups):
        queries += [seed, *rng.sample(teacher.beside[seed][1:], settings.neighbours - 1)]
    queries = list(dict.fromkeys(queries))
    passages = [p for at in queries for p in teacher.candidates(at, rng, settings.candidates)]
    return queries, list(dict.fromkeys(passages))


def lifted(teacher: Teacher, queries: Sequence[int], passages: Sequence[int], lift: float):
    """The teacher's scores [Q, P], with a lift for the best of each query's labelled passages."""
    target = teacher.scores(queries, passages)
    place = {passage: at for at, passage in enumerate(passages)}
    for row, query in enumerate(queries):
        found = [place[p] for p in teacher.entries[query]["positives"] if p in place]
        if found:
            target[row, max(found, key=target[row].__getitem__)] += lift
    return target


def by_parts(lengths: Sequence[int], parts: int) -> list[list[int]]:
    """Indices in order of length, in `parts` pieces."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    size = -(-len(order) // parts)
    return [order[start : start + size] for start in range(0, len(order), size)]


def apart(
    model: TamisInteraction, teacher: Teacher, queries: Sequence[int], passages: Sequence[int]
) -> Tensor:
    """Logits [Q, P] of texts encoded alone."""
    states, mask = pad_states([teacher.queries[at] for at in queries])
    with torch.autocast("cpu", torch.bfloat16):
        asked = model.alone(states, mask)
    logits = torch.empty(len(queries), len(passages))
    found, order = [], []
    for chosen in by_parts([len(teacher.passages[at]) for at in passages], 4):
        states, read_mask = pad_states([teacher.passages[passages[n]] for n in chosen])
        with torch.autocast("cpu", torch.bfloat16):
            read = model.alone(states, read_mask)
        found.append(model.matrix(asked.float(), mask, read.float(), read_mask))
        order += chosen
    return logits.index_copy(1, torch.tensor(order), torch.cat(found, 1))


def together(
    model: TamisInteraction, teacher: Teacher, queries: Sequence[int], lists: Tensor
) -> Tensor:
    """Logits [Q, n] of each query with its passages, encoded in pairs."""
    pairs = [(at, p) for at, row in zip(queries, lists.tolist(), strict=True) for p in row]
    found, order = [], []
    for chosen in by_parts([len(teacher.passages[p]) for _, p in pairs], 4):
        query, query_mask = pad_states([teacher.queries[pairs[n][0]] for n in chosen])
        passage, passage_mask = pad_states([teacher.passages[pairs[n][1]] for n in chosen])
        with torch.autocast("cpu", torch.bfloat16):
            states = model.open(query, query_mask, passage, passage_mask)
        found.append(model.readout(states[0].float(), query_mask, states[1].float(), passage_mask))
        order += chosen
    return (
        torch.empty(len(pairs)).index_copy(0, torch.tensor(order), torch.cat(found)).view_as(lists)
    )


def hardest(target: Tensor, passages: Sequence[int], count: int, rng: random.Random):
    """For each query half of `count` from its best passages, half from the next: ids, scores."""
    ranked = target.argsort(1, descending=True)
    best, rest = count // 2, range(count // 2, min(4 * count, len(passages)))
    places = torch.stack(
        [row[[*range(best), *sorted(rng.sample(rest, count - best))]] for row in ranked]
    )
    return torch.tensor(passages)[places], target.gather(1, places)


class Training(Progress):
    """The model on its way from the encoder (or an exported model), and what of it is trained."""

    settings: Settings

    def __init__(
        self,
        encoder: pathlib.Path,
        teacher: Teacher,
        folder: pathlib.Path,
        settings: Settings,
        start: pathlib.Path | None = None,
    ) -> None:
        torch.manual_seed(settings.seed)
        model = TamisInteraction.from_encoder(encoder, CLOSED)
        if start:
            model.load_state_dict(load(start).state_dict())
        with torch.no_grad():
            model.interaction.attention_bias.fill_(CLOSED)
            model.interaction.mix.copy_(settings.sharpness / 2 / teacher.spread[[1, 0]])
        super().__init__(model, folder, settings)
        self.begin()
        self.resume()

    def begin(self) -> None:
        """Choose what is trained, with a fresh optimiser."""
        self.model.requires_grad_(False)
        first, settings = self.model.config.closed_layers, self.settings
        layers = self.model.encoder.layer[first:].requires_grad_(True)
        new = self.model.interaction.requires_grad_(True)
        vectors = [*new.token_weight.parameters(), *new.head.parameters()]
        self.optimise(
            {
                "layers": (layers.parameters(), settings.rate, 0.01),
                "vectors": (vectors, settings.interaction_rate, 0.0),
                "mix": ([new.mix], settings.interaction_rate * 5, 0.0),
                "bias": ([new.attention_bias], settings.bias_rate, 0.0),
            }
        )

    def unlock(self) -> None:
        """Begin the second phase: the bias that opens cross-attention, a fresh optimiser."""
        first = self.model.config.closed_layers
        self.model.load_state_dict(self.mean.state_dict())
        with torch.no_grad():
            for model in (self.model, self.mean):
                model.interaction.attention_bias[first:] = self.settings.bias
        self.begin()

    def share(self) -> float:
        """Of the peak rate, at this step of its phase."""
        settings = self.settings
        if self.step < settings.apart:
            return share(self.step, settings.apart)
        return share(self.step - settings.apart, settings.together)


def distil(
    encoder: pathlib.Path,
    work: pathlib.Path,
    name: str,
    settings: Settings,
    start: pathlib.Path | None = None,
) -> None:
    """Run the training, or go on with it; dev figures are those of the `step-N.pt` written.

    `start` is an exported model whose weights it starts from, instead of the encoder's.
    """
    teacher = Teacher(work, settings.lexical)
    teacher.report()
    dev = json.loads((work / "dev.json").read_text())
    collection = Collection(Tokenizer(encoder), dev, 192)
    training = Training(encoder, teacher, work / name, settings, start)
    started = time.time()

    def check() -> None:
        training.log(**dev_figures(dev, collection, training.mean))

    if not training.step:
        check()
        started = time.time()
    while training.step < settings.apart + settings.together:
        rng = random.Random(settings.seed * 1_000_003 + training.step)
        queries, passages = draw(teacher, settings, rng)
        if training.step < settings.apart:
            target = lifted(teacher, queries, passages, settings.lift)
            logits = apart(training.model, teacher, queries, passages)
        else:
            if training.step == settings.apart:
                training.unlock()
            target = lifted(teacher, queries, passages, settings.lift)
            chosen = sorted(rng.sample(range(len(queries)), 8))
            lists, target = hardest(target[chosen], passages, 8, rng)
            logits = together(training.model, teacher, [queries[at] for at in chosen], lists)
        parts = losses(logits, target, settings)
        training.update(parts["total"], training.share())
        training.seconds += time.time() - started
        started = time.time()
        training.count(parts, 50)
        last = training.step in (settings.apart, settings.apart + settings.together)
        if training.step % settings.dev_every == 0 or last:
            training.save(f"step-{training.step}.pt")
            check()
            started = time.time()
