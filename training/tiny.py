"""The smaller embedded model: two layers of the default one, taught to give its states.

    python -m training.tiny --model python/tamis/models/default --e5 E5 --work WORK \\
        --out python/tamis/models/tiny

`--work` is a work folder with the files of `joint_data.py`. The student reads texts apart, and so
does the default model, whose states it learns text by text: the direction of each token's and of
their mean. Besides it learns the lists of `joint.py`, labels and all, which a student of two layers
ranks otherwise than its teacher even where its states are near. Embeddings are the teacher's and
stay as they are. An interrupted training goes on from its last checkpoint.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from training import joint
from training.export import export, load
from training.gpu_teacher import Rows
from training.joint import Data, Pairs
from training.joint_data import rows
from training.model import CLOSED, TamisInteraction, mean_state
from training.progress import further_parser, settings_of

LONG = 480
"""Tokens of the texts that are several passages joined: positions that few passages reach."""


@dataclasses.dataclass
class Settings(joint.Settings):
    """What a run can change; the defaults are those of the shipped model. A step compares the
    states of `texts` passages and as many queries as it ranks; every `long`-th step reads joined
    texts instead."""

    steps: int = 355
    lift: float = 1.0
    seed: int = 11
    texts: int = 384
    long: int = 10
    closed: int = 2
    by_length: int = 0
    apart_every: int = 0
    rate: float = 4e-4


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


def joined(passages: Rows, count: int, rng: np.random.Generator) -> Rows:
    """Long texts: passages laid end to end."""
    ids, begin = passages.ids.cpu().numpy(), passages.begin.cpu().numpy()
    found = []
    for _ in range(count):
        chosen = rng.integers(len(passages), size=12)
        inner = np.concatenate([ids[begin[at] + 1 : begin[at + 1] - 1] for at in chosen])
        found.append([ids[0], *inner[: LONG - 2], ids[begin[1] - 1]])
    return Rows(*rows("", found).values(), passages.ids.device)


def distances(found: Tensor, wanted: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """1 - cosine of states [B, L, H] and the teacher's: of tokens [tokens], of means [B]."""
    tokens = 1 - F.cosine_similarity(found, wanted, dim=-1)[mask]
    means = 1 - F.cosine_similarity(mean_state(found, mask), mean_state(wanted, mask), dim=-1)
    return tokens, means


class Training(joint.Training):
    """The student on its way."""

    settings: Settings

    def __init__(
        self,
        student: TamisInteraction,
        teacher: TamisInteraction,
        folder: pathlib.Path,
        settings: Settings,
        data: Data,
    ) -> None:
        super().__init__(student, folder, settings, data)
        self.teacher = teacher.to(data.device, torch.bfloat16)
        self.joined = joined(data.passages, 2000, np.random.default_rng(settings.seed))

    def compare(self, texts: Rows, chosen: Tensor, segment: int) -> tuple[Tensor, Tensor]:
        """`distances` of some texts."""
        ids, mask = texts.take(chosen)
        with torch.no_grad():
            layers = self.teacher.config.num_hidden_layers
            wanted = self.teacher.closed(ids, mask, segment, layers).float()
        with torch.autocast(ids.device.type, torch.bfloat16):
            found = self.model.closed(ids, mask, segment).float()
        return distances(found, wanted, mask)

    def lesson(self, chances: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """The parts of a step's loss."""
        parts = super().lesson(chances, rng)
        settings, data = self.settings, self.data
        long = self.step % settings.long == 0
        texts, count = (self.joined, 64) if long else (data.passages, settings.texts)
        chosen = torch.randint(len(texts), (count,), generator=rng, device=data.device)
        asked = chances.multinomial(settings.queries, generator=rng)
        found = [self.compare(texts, chosen, 1), self.compare(data.queries, asked, 0)]
        tokens, means = (torch.cat(part).mean() for part in zip(*found, strict=True))
        return {
            "total": parts["total"] + tokens + means,
            "lists": parts["total"],
            "tokens": tokens,
            "means": means,
        }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: one flag for each of the settings."""
    parser = further_parser(__doc__, ("model", "e5", "work", "out"), "tiny", Settings)
    parser.add_argument(
        "--layers", default="0,5", help="of --model, that a new student begins with"
    )
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    settings = settings_of(options, Settings)
    data = Data(options.work, torch.device(options.device))
    data.score(load(options.model), options.e5, settings)
    teacher = load(options.model)
    layers = [int(layer) for layer in options.layers.split(",")]
    run = options.work / options.name
    training = Training(taken(teacher, layers), teacher, run, settings, data)
    joint.train(data, training)
    stored = export(training.mean.cpu(), options.model / "vocab.txt", options.out)
    print(json.dumps(data.figures(Pairs(stored.to(data.device))), indent=2))


if __name__ == "__main__":
    main()
