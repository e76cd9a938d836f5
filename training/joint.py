"""The step after the recipe, on a GPU: query and passage read together.

    python -m training.joint --model FOLDER --e5 E5 --work WORK --name NAME

`--model` is an exported model, `--work` a work folder with the files of `joint_data.py`. Attention
between the texts is opened above the first `closed` layers, and all layers but the first `frozen`
are trained, on millions of pairs; embeddings stay. The target of a list is what the teacher says of
it (`gpu_teacher.py`), in units of the starting model's logits, the labelled passage lifted (without
`--e5` the starting model teaches alone); the loss is that of `distil.py`. Every `apart_every`-th
step reads the texts apart, so that late interaction by the same weights stays good. The arithmetic
is bf16, the weights and their average are fp32. Where `seconds` is not zero, the run is cut to what
that time allows, and the learning rate falls accordingly.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from training.distil import losses
from training.evaluate import BLEND, measure
from training.export import load
from training.gpu_teacher import Candidates, Reading, Rows, candidates, e5
from training.model import CLOSED, SHUT, TamisInteraction
from training.progress import Progress, Steps, further_parser, settings_of
from training.texts import by_length

TOKENS = 98304
"""Padded passage tokens that are encoded at once."""

BIAS = "model.interaction.attention_bias"


@dataclasses.dataclass
class Settings(Steps):
    """What a run can change; the shipped model's runs state theirs (README.md). `lift` is in
    logits; `queries` lists of `candidates` are a step; `invented` is the share of synthetic
    queries; `without` names a source whose queries are left out."""

    candidates: int = 16
    sharpness: float = 1.0
    squared: float = 0.01
    average: float = 0.998
    dev_every: int = 500
    steps: int = 2000
    seconds: float = 0.0
    queries: int = 96
    invented: float = 0.35
    without: str = ""
    lexical: float = 0.3
    lift: float = 3.0
    closed: int = 3
    frozen: int = 0
    by_length: int = 1
    bias: float = -2.0
    apart_every: int = 4
    rate: float = 1e-4
    bias_rate: float = 1e-2
    mix_rate: float = 1e-2


class Pairs(nn.Module):
    """The model over pairs of texts: a query may stand in many of them."""

    def __init__(self, model: TamisInteraction) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, query: tuple[Tensor, Tensor], which: Tensor, passage: tuple[Tensor, Tensor]
    ) -> Tensor:
        """Ids and masks of queries, of passages, and the query of each passage -> logits."""
        asked = self.model.closed(*query, 0)[which]
        read = self.model.closed(*passage, 1)
        mask = query[1][which]
        states = self.model.open(asked, mask, read, passage[1])
        return self.model.readout(states[0].float(), mask, states[1].float(), passage[1])


def halves(pairs: Pairs, shut: bool = False) -> dict[str, Tensor]:
    """The parameters in bf16, what is not the encoder's in fp32; `shut`: attention between the
    texts is."""
    found = {
        name: value if ".interaction." in name else value.bfloat16()
        for name, value in pairs.named_parameters()
    }
    if shut:
        found[BIAS] = torch.full_like(found[BIAS], SHUT)
    return found


def logits_of(
    pairs: Pairs, parameters: dict[str, Tensor], queries: Rows, passages: Rows, which: Tensor
) -> Tensor:
    """Logits of (query, passage) [B, 2], encoded in parts of about equal length."""
    found, order = [], []
    for batch in by_length(passages.lengths[which[:, 1]].tolist(), TOKENS):
        part = torch.tensor(batch, device=which.device)
        asked, at = which[part, 0].unique(return_inverse=True)
        given = queries.take(asked), at, passages.take(which[part, 1])
        found.append(torch.func.functional_call(pairs, parameters, given))
        order.append(part)
    flat = torch.cat(found)
    return torch.empty_like(flat).index_copy(0, torch.cat(order), flat)


class Data:
    """Token ids and the dev lists; `score` fills in the candidates."""

    def __init__(self, work: pathlib.Path, device: torch.device) -> None:
        self.arrays = dict(np.load(work / "joint.npz"))
        self.about = json.loads((work / "joint.json").read_text())
        self.device = device
        self.queries, self.passages = self.rows("query"), self.rows("passage")
        self.dev = self.about["dev"]
        first = len(self.queries) - len(self.dev)
        pairs = [(first + n, p) for n, entry in enumerate(self.dev) for p in entry["passages"]]
        self.dev_pairs = torch.tensor(pairs, device=device)

    def rows(self, name: str) -> Rows:
        return Rows(self.arrays[name], self.arrays[f"{name}_at"], self.device)

    def score(
        self, model: TamisInteraction, other: pathlib.Path | None, settings: Settings
    ) -> None:
        """Compute the teacher's scores, centred, in units of the logits of the model read apart.
        `other`: multilingual-e5-small, if it teaches too."""
        first = model.to(self.device, torch.bfloat16)
        readings = [(Reading(first, self.queries, 0), Reading(first, self.passages, 1))]
        if other:
            second = e5(other).to(self.device, torch.bfloat16)
            rows = self.rows("e5_query"), self.rows("e5_passage")
            readings.append((Reading(second, rows[0], 0), Reading(second, rows[1], 0)))
        pool = self.about["passages"]
        self.found, own = candidates(self.arrays, readings, pool, settings.lexical, settings.seed)
        kept = self.found.scores.isfinite()
        said = (own * model.interaction.mix.detach().flip(0).float()).sum(-1)
        centred = [
            (part - ((part * kept).sum(1) / kept.sum(1))[:, None]).masked_fill(~kept, 0)
            for part in (said, self.found.scores.masked_fill(~kept, 0))
        ]
        fit = (centred[0] * centred[1]).sum() / centred[1].square().sum()
        self.found.scores = (fit * centred[1]).masked_fill(~kept, float("-inf"))
        print(f"teacher's scores times {fit.item():.3f}", flush=True)

    @torch.no_grad()
    def figures(self, pairs: Pairs, shut: bool = False) -> dict[str, dict[str, float]]:
        """nDCG@10 on the dev lists, alone and blended."""
        parameters = halves(pairs, shut)
        parts = [
            logits_of(pairs, parameters, self.queries, self.passages, which)
            for which in self.dev_pairs.split(8192)
        ]
        scores = torch.cat(parts).float().cpu().split([len(e["passages"]) for e in self.dev])
        return {"dev": measure(self.dev, scores), "blended": measure(self.dev, scores, BLEND)}

    def weights(self, settings: Settings) -> Tensor:
        """How likely each query of the pool is drawn: real ones by the root of their source's
        size."""
        source = torch.from_numpy(self.arrays["source"]).to(self.device).long()
        size = source.bincount(minlength=len(self.about["sources"])).float()
        made = torch.from_numpy(self.arrays["invented"]).to(self.device)
        mass = size.sqrt()
        if settings.without:
            mass[self.about["sources"].index(settings.without)] = 0
        mass = torch.where(
            made,
            mass / (mass * made).sum().clamp_min(1e-9) * settings.invented,
            mass / (mass * ~made).sum().clamp_min(1e-9) * (1 - settings.invented),
        )
        return (mass / size.clamp_min(1))[source]


def draw(found: Candidates, chosen: Tensor, count: int, rng: torch.Generator) -> Tensor:
    """Places of `count` candidates of each chosen query: the labelled one, half of the rest by a
    softmax of half the teacher's scores (Gumbel's trick), the others at random."""
    scores, label = found.scores[chosen], found.label[chosen]
    rows = torch.arange(len(chosen), device=scores.device)

    def noise() -> Tensor:
        uniform = torch.rand(scores.shape, generator=rng, device=scores.device)
        return -(-uniform.clamp_min(1e-9).log()).log()

    keys = scores / 2 + noise()
    keys[rows[label >= 0], label[label >= 0]] = float("inf")
    first = keys.topk(count // 2 + 1, dim=1).indices
    keys = noise().masked_fill(scores.isinf(), -1e9).scatter(1, first, -2e9)
    return torch.cat([first, keys.topk(count - first.shape[1], dim=1).indices], 1)


def target_of(found: Candidates, chosen: Tensor, places: Tensor, lift: float) -> Tensor:
    """The teacher's scores of the drawn candidates, the labelled one's lifted."""
    target = found.scores[chosen].gather(1, places).clamp_min(-20.0)
    return target + lift * (places == found.label[chosen][:, None])


def opened(model: TamisInteraction, settings: Settings) -> TamisInteraction:
    """`model` before the training's first step."""
    model.config.closed_layers = settings.closed
    model.config.attention_bias_by_length = bool(settings.by_length)
    with torch.no_grad():
        model.interaction.attention_bias[: settings.closed] = CLOSED
        model.interaction.attention_bias[settings.closed :] = settings.bias
    return model


class Training(Progress):
    """The model on its way: all layers, the biases that are open, the mix."""

    settings: Settings

    def __init__(
        self, model: TamisInteraction, folder: pathlib.Path, settings: Settings, data: Data
    ) -> None:
        torch.manual_seed(settings.seed)
        model = opened(model, settings).to(data.device).float().requires_grad_(False)
        super().__init__(model, folder, settings)
        self.data, self.pairs, self.average = data, Pairs(model), Pairs(self.mean)
        layers = model.encoder.layer[settings.frozen :]
        self.optimise(
            {
                "layers": (layers.requires_grad_(True).parameters(), settings.rate, 0.01),
                "bias": (
                    [model.interaction.attention_bias.requires_grad_(True)],
                    settings.bias_rate,
                    0.0,
                ),
                "mix": ([model.interaction.mix.requires_grad_(True)], settings.mix_rate, 0.0),
            }
        )
        self.resume()

    def lesson(self, chances: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """The parts of a step's loss."""
        settings, data = self.settings, self.data
        chosen = chances.multinomial(settings.queries, generator=rng)
        places = draw(data.found, chosen, settings.candidates, rng)
        passages = data.found.passages[chosen].gather(1, places)
        which = torch.stack([chosen[:, None].expand_as(passages), passages], -1).view(-1, 2)
        shut = settings.apart_every > 0 and self.step % settings.apart_every == 0
        parameters = halves(self.pairs, shut)
        logits = logits_of(self.pairs, parameters, data.queries, data.passages, which)
        target = target_of(data.found, chosen, places, settings.lift)
        parts = losses(logits.view_as(target), target, settings)
        return {"total": parts["total"], ("apart" if shut else "together"): parts["total"]}

    def check(self) -> None:
        """Log the dev figures of the average, read together and apart."""
        new = self.mean.interaction
        bias = [round(row.mean().item(), 3) for row in new.attention_bias[self.settings.closed :]]
        data = self.data
        apart = {name: found["mean"] for name, found in data.figures(self.average, True).items()}
        self.log(**data.figures(self.average), read_apart=apart, mix=new.mix.tolist(), bias=bias)

    def done(self) -> float:
        """How much of the run is behind."""
        steps = self.step / self.settings.steps
        limit = self.settings.seconds
        return max(steps, self.seconds / limit) if limit else steps


def train(data: Data, training: Training) -> None:
    """Run the training, or go on with it; dev figures are those of the `step-N.pt` written."""
    settings = training.settings
    chances = data.weights(settings)
    if not training.step:
        training.check()
    while training.done() < 1:
        started = time.time()
        rng = torch.Generator(data.device).manual_seed(settings.seed * 1_000_003 + training.step)
        parts = training.lesson(chances, rng)
        falls = (1 - training.done()) / 0.6
        training.update(parts["total"], max(0.02, min(1.0, falls, (training.step + 1) / 100)))
        if training.step % 9 == 0:  # prime to most of `apart_every`
            training.count({name: part.detach() for name, part in parts.items()}, 90)
        training.seconds += time.time() - started
        if training.step % settings.dev_every == 0 and training.done() < 1:
            training.save(f"step-{training.step}.pt")
            training.check()
    training.save(f"step-{training.step}.pt")
    training.check()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: one flag for each of the settings."""
    parser = further_parser(__doc__, ("model", "work"), "joint", Settings)
    parser.add_argument("--e5", type=pathlib.Path)
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    settings = settings_of(options, Settings)
    data = Data(options.work, torch.device(options.device))
    data.score(load(options.model), options.e5, settings)
    train(data, Training(load(options.model), options.work / options.name, settings, data))


if __name__ == "__main__":
    main()
