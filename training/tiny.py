"""The smaller embedded model: two layers of the default one, taught to give its states.

    python -m training.tiny --teacher python/tamis/models/default --work WORK \\
        --out python/tamis/models/tiny

`--work` is a work folder of `training.run`, of which the pool, the dev lists and MiniLM's states
(for which texts are near each other) are read. The teacher reads texts apart, so the student learns
text by text: the direction of each token's state and of their mean, and besides the logits of the
batch's queries over its passages. Embeddings are the teacher's and stay as they are. An interrupted
training goes on from its last checkpoint.
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

from training.distil import draw, losses
from training.evaluate import dev_figures, figures
from training.export import export, load
from training.model import CLOSED, TamisInteraction, mean_state
from training.progress import Progress, Steps, further_parser, settings_of, share
from training.scoring import QUERY_TOKENS, Collection, closed_states
from training.teacher import LONGEST, Pool, pooled
from training.texts import Tokenizer, by_length, pad, pad_states

LONG = 480
"""Tokens of the texts that are several passages joined: positions that no passage reaches."""


@dataclasses.dataclass
class Settings(Steps):
    """What a run can change; the defaults are those of the shipped model. Every `long`-th step
    reads joined texts; `layers` are the teacher's, from 0."""

    sharpness: float = 1.0
    dev_every: int = 350
    steps: int = 700
    long: int = 10
    layers: str = "0,5"
    rate: float = 4e-4
    mix_rate: float = 1e-2


def taken(teacher: TamisInteraction, layers: Sequence[int]) -> TamisInteraction:
    """The embeddings, some layers and the readout of a model, cross-attention shut in all."""
    config = dataclasses.replace(
        teacher.config, num_hidden_layers=len(layers), closed_layers=len(layers)
    )
    model = TamisInteraction(config)
    state = teacher.state_dict()
    for name in [name for name in state if name.startswith("encoder.")]:
        del state[name]
    for place, layer in enumerate(layers):
        for name, tensor in teacher.encoder.layer[layer].state_dict().items():
            state[f"encoder.layer.{place}.{name}"] = tensor
    state["interaction.attention_bias"] = torch.full_like(model.interaction.attention_bias, CLOSED)
    model.load_state_dict(state)
    return model


class Lessons(Pool):
    """The pool as token ids, and the teacher's states of its texts, computed when first asked."""

    def __init__(self, teacher: TamisInteraction, tokenizer: Tokenizer, work: pathlib.Path) -> None:
        pool = json.loads((work / "pool.json").read_text())
        means = [pooled(part) for part in torch.load(work / "states.pt", mmap=True)["minilm"]]
        super().__init__(pool["queries"], *means)
        self.teacher = teacher
        self.rows = (
            tokenizer([entry["query"] for entry in self.entries], QUERY_TOKENS),
            tokenizer(pool["passages"], LONGEST),
        )
        self.joined = range(len(self.rows[1]), len(self.rows[1]) + len(self.rows[1]) // 40)
        self.rows[1].extend(joined(self.rows[1], len(self.joined), random.Random(1)))
        self._known: tuple[dict[int, Tensor], dict[int, Tensor]] = ({}, {})

    def states(self, segment: int, chosen: Sequence[int]) -> tuple[Tensor, Tensor]:
        """The teacher's states of some texts, padded, and their mask."""
        known, rows = self._known[segment], self.rows[segment]
        missing = [at for at in dict.fromkeys(chosen) if at not in known]
        with torch.autocast("cpu", torch.bfloat16):
            found = closed_states(
                self.teacher,
                [rows[at] for at in missing],
                segment,
                self.teacher.config.num_hidden_layers,
            )
        known.update(zip(missing, found, strict=True))
        return pad_states([known[at] for at in chosen])


def joined(rows: Sequence[Sequence[int]], count: int, rng: random.Random) -> list[list[int]]:
    """Long texts: passages laid end to end."""
    found = []
    for _ in range(count):
        inner = [token for row in rng.sample(rows, 12) for token in row[1:-1]]
        found.append([rows[0][0], *inner[: LONG - 2], rows[0][-1]])
    return found


def distances(found: Tensor, wanted: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """1 - cosine of states [B, L, H] and the teacher's: of tokens [tokens], of means [B]."""
    tokens = 1 - F.cosine_similarity(found, wanted, dim=-1)[mask]
    means = 1 - F.cosine_similarity(mean_state(found, mask), mean_state(wanted, mask), dim=-1)
    return tokens, means


def lesson(
    model: TamisInteraction,
    lessons: Lessons,
    queries: Sequence[int],
    passages: Sequence[int],
    settings: Steps,
) -> dict[str, Tensor]:
    """The parts of a step's loss; `total` is what is minimised."""
    layers = model.config.num_hidden_layers

    def read(segment: int, chosen: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        ids, mask = pad([lessons.rows[segment][at] for at in chosen])
        with torch.autocast("cpu", torch.bfloat16):
            states = model.closed(ids, mask, segment, layers)
        return states.float(), lessons.states(segment, chosen)[0], mask

    asked, wished, asked_mask = read(0, queries)
    parts = [distances(asked, wished, asked_mask)]
    logits, target = [], []
    for places in by_length([len(lessons.rows[1][at]) for at in passages], 2048):
        states, wanted, mask = read(1, [passages[n] for n in places])
        parts.append(distances(states, wanted, mask))
        logits.append(model.matrix(asked, asked_mask, states, mask))
        with torch.no_grad():
            target.append(lessons.teacher.matrix(wished, asked_mask, wanted, mask))
    tokens, means = (torch.cat(part).mean() for part in zip(*parts, strict=True))
    ranking = losses(torch.cat(logits, 1), torch.cat(target, 1), settings)
    total = tokens + means + ranking["total"]
    return {"total": total, "tokens": tokens, "means": means, "listwise": ranking["listwise"]}


class Training(Progress):
    """The student on its way."""

    settings: Settings

    def __init__(self, teacher: TamisInteraction, folder: pathlib.Path, settings: Settings) -> None:
        torch.manual_seed(settings.seed)
        model = taken(teacher, [int(layer) for layer in settings.layers.split(",")])
        model.requires_grad_(False)
        super().__init__(model, folder, settings)
        layers = model.encoder.requires_grad_(True).parameters()
        mix = model.interaction.mix.requires_grad_(True)
        self.optimise(
            {"layers": (layers, settings.rate, 0.01), "mix": ([mix], settings.mix_rate, 0.0)}
        )
        self.resume()


def distil(
    teacher: TamisInteraction,
    tokenizer: Tokenizer,
    work: pathlib.Path,
    name: str,
    settings: Settings,
) -> Training:
    """Run the training, or go on with it; dev figures are those of the `step-N.pt` written."""
    lessons = Lessons(teacher, tokenizer, work)
    dev = json.loads((work / "dev.json").read_text())
    collection = Collection(tokenizer, dev, 192)
    training = Training(teacher, work / name, settings)

    def check() -> None:
        collection.forget()
        training.log(**dev_figures(dev, collection, training.mean))

    while training.step < settings.steps:
        started = time.time()
        rng = random.Random(settings.seed * 1_000_003 + training.step)
        queries, passages = draw(lessons, settings, rng)
        if training.step % settings.long == 0:
            passages = rng.sample(lessons.joined, 8)
        parts = lesson(training.model, lessons, queries, passages, settings)
        training.update(parts["total"], share(training.step, settings.steps, 0.7))
        training.seconds += time.time() - started
        training.count(parts, 25)
        if training.step % settings.dev_every == 0 or training.step == settings.steps:
            training.save(f"step-{training.step}.pt")
            check()
    return training


def main() -> None:
    """The command line: one flag for each of the settings."""
    parser = further_parser(__doc__, "teacher", "tiny", Settings)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = settings_of(options, Settings)
    teacher, tokenizer = load(options.teacher), Tokenizer(options.teacher)
    model = distil(teacher, tokenizer, options.work, options.name, settings).mean
    dev = json.loads((options.work / "dev.json").read_text())
    stored = export(model, options.teacher / "vocab.txt", options.out)
    result = {
        "teacher": figures(teacher, tokenizer, dev, 192),
        "fp32": figures(model, tokenizer, dev, 192),
        "int8": figures(stored, tokenizer, dev, 192),
    }
    (options.work / options.name / "export.json").write_text(json.dumps(result, indent=2))
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
