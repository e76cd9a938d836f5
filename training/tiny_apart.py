"""The smaller model, further: every text of a step is compared with every other, on a CPU too.

    python -m training.tiny_apart --model python/tamis/models/default --start FOLDER --work WORK \\
        --out python/tamis/models/tiny

`--start` is what `tiny.py` exported, `--work` a work folder with the files of `joint_data.py`. The
student reads texts apart, and so does the default model here, whose states of all texts are
computed once (5 GB of memory). A step encodes groups of neighbouring queries and some passages for
each of them; the student learns the teacher's states of these texts, and to rank all of the
passages for each query as the teacher does, a labelled passage lifted. An interrupted training goes
on from its last checkpoint.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from training import joint
from training.distil import by_parts, losses
from training.export import export, load
from training.gpu_teacher import Reading, Rows
from training.joint import Data, Pairs, halves
from training.model import TamisInteraction, maxima
from training.progress import further_parser, settings_of
from training.tiny import distances, joined

NEAREST = 32
"""Passages of the pool nearest to a query, of which some are drawn."""

PARTS = 4
"""In which a step's passages are encoded, by length."""


@dataclasses.dataclass
class Settings(joint.Settings):
    """What a run can change; the defaults are those of the shipped model. A step has `groups` of
    `neighbours` queries, and for each of them a labelled passage, one of BM25's and `candidates`
    of the nearest; every `long`-th reads joined texts besides."""

    steps: int = 3000
    groups: int = 6
    neighbours: int = 6
    candidates: int = 2
    lift: float = 1.0
    seed: int = 13
    long: int = 10
    closed: int = 2
    by_length: int = 0
    apart_every: int = 0
    rate: float = 3e-4
    dev_every: int = 1000


class Alone(nn.Module):
    """Final states of texts, each encoded alone."""

    def __init__(self, model: TamisInteraction) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor, segment: int) -> Tensor:
        return self.model.closed(ids, mask, segment)


class Teacher:
    """The default model's states of the pool's texts, and what it says of pairs of them."""

    def __init__(self, model: TamisInteraction, data: Data) -> None:
        self.model = model.to(data.device, torch.bfloat16)
        self.mix = model.interaction.mix.detach().float()
        self.queries = Reading(self.model, _first(data, "query", len(data.arrays["labels"])), 0)
        self.passages = Reading(self.model, _first(data, "passage", data.about["passages"]), 1)

    def logits(self, queries: Tensor, passages: Tensor) -> Tensor:
        """Of some queries and passages, [Q, P]."""
        cosine = self.queries.means[queries] @ self.passages.means[passages].T
        asked, query_mask = self.queries.take(queries)
        found = torch.empty_like(cosine)
        for part in _parts(self.passages.rows, passages):
            read, mask = self.passages.take(passages[part])
            best = maxima(asked.bfloat16(), read.bfloat16(), mask).float() * query_mask[:, None]
            found[:, part] = best.sum(-1) / query_mask.sum(1)[:, None]
        return self.mix[0] * found + self.mix[1] * cosine


def _first(data: Data, name: str, count: int) -> Rows:
    begin = data.arrays[f"{name}_at"][: count + 1]
    return Rows(data.arrays[name][: begin[-1]], begin, data.device)


def _parts(texts: Rows, chosen: Tensor) -> list[Tensor]:
    """Places in `chosen`, by length."""
    lengths = texts.lengths[chosen].tolist()
    return [torch.tensor(part, device=chosen.device) for part in by_parts(lengths, PARTS)]


class Training(joint.Training):
    """The student on its way."""

    settings: Settings

    def __init__(
        self,
        student: TamisInteraction,
        teacher: Teacher,
        folder: pathlib.Path,
        settings: Settings,
        data: Data,
    ) -> None:
        super().__init__(student, folder, settings, data)
        self.teacher, self.alone = teacher, Alone(self.model)
        self.labels, self.bm25 = (
            torch.from_numpy(data.arrays[name]).to(data.device).long()
            for name in ("labels", "bm25")
        )
        self.joined = joined(teacher.passages.rows, 2000, np.random.default_rng(settings.seed))

    def draw(self, chances: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """The queries and the passages of a step."""
        settings, teacher = self.settings, self.teacher
        seeds = chances.multinomial(settings.groups, generator=rng)
        means = teacher.queries.means
        queries = (means[seeds] @ means.T).topk(settings.neighbours, dim=1).indices.unique()
        count = min(NEAREST, len(teacher.passages.means))
        near = (means[queries] @ teacher.passages.means.T).topk(count, dim=1).indices
        found = [
            _drawn(self.labels[queries], 1, rng),
            _drawn(self.bm25[queries], 1, rng),
            _drawn(near, settings.candidates, rng),
        ]
        passages = torch.cat(found, 1).unique()
        return queries, passages[passages >= 0]

    def target(self, queries: Tensor, passages: Tensor) -> Tensor:
        """The teacher's logits [Q, P], that of the labelled passage it likes best lifted."""
        said = self.teacher.logits(queries, passages)
        labelled = (self.labels[queries][:, :, None] == passages).any(1)
        best = said.masked_fill(~labelled, float("-inf")).max(1, keepdim=True).values
        return said + self.settings.lift * (labelled & (said == best))

    def states(self, parameters: dict[str, Tensor], texts: Rows, chosen: Tensor, segment: int):
        """The student's states [B, L, H] of some texts, and their mask."""
        ids, mask = texts.take(chosen)
        found = torch.func.functional_call(self.alone, parameters, (ids, mask, segment))
        return found.float(), mask

    def far(self, parameters: dict[str, Tensor], chosen: Tensor) -> tuple[Tensor, Tensor]:
        """`distances` of some joined texts."""
        found, mask = self.states(parameters, self.joined, chosen, 1)
        model = self.teacher.model
        with torch.no_grad():
            ids, _ = self.joined.take(chosen)
            wanted = model.closed(ids, mask, 1, model.config.num_hidden_layers).float()
        return distances(found, wanted, mask)

    def lesson(self, chances: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """The parts of a step's loss."""
        settings, teacher = self.settings, self.teacher
        queries, passages = self.draw(chances, rng)
        parameters = halves(self.alone)
        asked = self.states(parameters, teacher.queries.rows, queries, 0)
        found = [_near(*asked, teacher.queries, queries)]
        logits = torch.empty(len(queries), len(passages), device=queries.device)
        for part in _parts(teacher.passages.rows, passages):
            read = self.states(parameters, teacher.passages.rows, passages[part], 1)
            found.append(_near(*read, teacher.passages, passages[part]))
            logits = logits.index_copy(1, part, self.model.matrix(*asked, *read))
        if self.step % settings.long == 0:
            some = torch.randint(len(self.joined), (16,), generator=rng, device=queries.device)
            found.append(self.far(parameters, some))
        lists = losses(logits, self.target(queries, passages), settings)["total"]
        tokens, means = (torch.cat(part).mean() for part in zip(*found, strict=True))
        return {"total": lists + tokens + means, "lists": lists, "tokens": tokens, "means": means}


def _near(states: Tensor, mask: Tensor, teacher: Reading, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """`distances` to the teacher's states, of which directions and means are kept."""
    wanted, _ = teacher.take(chosen)
    return distances(states, wanted.float(), mask, teacher.means[chosen])


def _drawn(of: Tensor, count: int, rng: torch.Generator) -> Tensor:
    """`count` of each row [N, C], of those that are none (-1) only where there are no others."""
    noise = torch.rand(of.shape, generator=rng, device=of.device)
    return of.gather(1, noise.masked_fill(of < 0, -1.0).topk(count, dim=1).indices)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: one flag for each of the settings."""
    parser = further_parser(__doc__, ("model", "start", "work", "out"), "tiny-apart", Settings)
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    settings = settings_of(options, Settings)
    data = Data(options.work, torch.device(options.device))
    teacher = Teacher(load(options.model), data)
    run = options.work / options.name
    training = Training(load(options.start), teacher, run, settings, data)
    joint.train(data, training)
    stored = export(training.mean.cpu(), options.start / "vocab.txt", options.out)
    print(json.dumps(data.figures(Pairs(stored.to(data.device))), indent=2))


if __name__ == "__main__":
    main()
