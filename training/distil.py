"""Step 3: train the open layers and the interaction on the teacher's scores, with a light share of
labels.

Only the layers above the closed ones are trained, from cached states. The loss of a list is the
divergence from the teacher's distribution, a small squared error between centred scores (it keeps
the order of the lower ranks), and where a label exists a smoothed cross-entropy. The lists of the
long stage are mixed in after the short ones (`--long-from`). Weights are averaged (EMA); dev
figures are those of the average.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import random
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from training.evaluate import BLEND, measure
from training.model import TamisInteraction
from training.scoring import Collection
from training.teacher import ensemble
from training.texts import Tokenizer, pad_states


@dataclasses.dataclass
class Settings:
    """What a run can change; the defaults are those of the shipped model.

    `steps` shapes the schedule (decay of rates, start of the long stage); `stop` ends it early.
    """

    steps: int = 1300
    stop: int = 325
    lists_per_step: int = 8
    long_from: float = 0.6
    lexical: float = 0.3
    sharpness: float = 2.0
    labels: float = 0.2
    squared: float = 0.05
    rate: float = 7e-5
    interaction_rate: float = 5e-3
    average: float = 0.995
    bias: float = -6.0
    dev_every: int = 325
    dev_share: int = 3
    seed: int = 7


class Lists:
    """The scored lists of one stage over their cached states."""

    def __init__(self, work: pathlib.Path, stage: str, lexical: float) -> None:
        self.entries = json.loads((work / f"{stage}.json").read_text())
        states = torch.load(work / f"{stage}.pt")
        self.queries, self.passages = states["queries"], states["passages"]
        scores = np.array([entry["scores"] for entry in self.entries])
        self.target = torch.tensor(ensemble(scores, lexical), dtype=torch.float32)

    def order(self, per_step: int, rng: random.Random) -> list[list[int]]:
        """One shuffled epoch: batches of lists of about equal length, in random order."""
        chosen = rng.sample(range(len(self.entries)), len(self.entries))
        batches = []
        for start in range(0, len(chosen), per_step * 16):
            block = sorted(
                chosen[start : start + per_step * 16],
                key=lambda at: sum(len(self.passages[p]) for p in self.entries[at]["candidates"]),
            )
            batches += [block[at : at + per_step] for at in range(0, len(block), per_step)]
        rng.shuffle(batches)
        return [batch for batch in batches if len(batch) == per_step]

    def logits(self, model: TamisInteraction, batch: list[int], parts: int) -> Tensor:
        """Student logits [lists, candidates], computed in `parts` pieces of similar length."""
        pairs = [(at, place) for at in batch for place in self.entries[at]["candidates"]]
        order = sorted(range(len(pairs)), key=lambda n: len(self.passages[pairs[n][1]]))
        size = -(-len(order) // parts)
        found = []
        for start in range(0, len(order), size):
            chosen = [pairs[n] for n in order[start : start + size]]
            query, query_mask = pad_states([self.queries[at] for at, _ in chosen])
            passage, passage_mask = pad_states([self.passages[place] for _, place in chosen])
            states = model.open(query, query_mask, passage, passage_mask)
            found.append(model.readout(states[0], query_mask, states[1], passage_mask))
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(order))
        return torch.cat(found)[back].view(len(batch), -1)


def losses(
    logits: Tensor, target: Tensor, positives: Tensor, settings: Settings
) -> dict[str, Tensor]:
    """The parts of the loss; `total` is what is minimised."""
    sharp = target * settings.sharpness
    listwise = F.kl_div(logits.log_softmax(1), sharp.softmax(1), reduction="batchmean")
    centred = logits - logits.mean(1, keepdim=True)
    squared = F.mse_loss(centred, sharp)
    labelled = positives >= 0
    label = logits.sum() * 0.0
    if labelled.any():
        label = F.cross_entropy(
            logits[labelled], positives[labelled], label_smoothing=0.1, reduction="sum"
        ) / len(logits)
    total = listwise + settings.squared * squared + settings.labels * label
    return {"total": total, "listwise": listwise, "squared": squared, "label": label}


class Training:
    """The state of a run: model, average, optimiser, step. Saved to and resumed from `run.pt`."""

    def __init__(self, encoder: pathlib.Path, work: pathlib.Path, name: str, settings: Settings):
        self.settings, self.folder = settings, work / name
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(settings.seed)
        self.model = TamisInteraction.from_encoder(encoder, settings.bias)
        self.mean = TamisInteraction.from_encoder(encoder, settings.bias).eval()
        self.model.requires_grad_(False)
        first = self.model.config.closed_layers
        layers = list(self.model.encoder.layer[first:].requires_grad_(True).parameters())
        interaction = self.model.interaction.requires_grad_(True)
        vectors = [interaction.token_weight.weight, interaction.head.weight]
        few = [p for p in interaction.parameters() if all(p is not v for v in vectors)]
        groups = [
            {"params": layers, "lr": settings.rate, "weight_decay": 0.01},
            {"params": vectors, "lr": settings.interaction_rate / 10, "weight_decay": 0.0},
            {"params": few, "lr": settings.interaction_rate, "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98))
        self.peaks = [group["lr"] for group in groups]
        self.step, self.seconds = 0, 0.0
        if (self.folder / "run.pt").exists():
            saved = torch.load(self.folder / "run.pt", weights_only=False)
            self.model.load_state_dict(saved["model"])
            self.mean.load_state_dict(saved["mean"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.step, self.seconds = saved["step"], saved["seconds"]

    def save(self, name: str = "run.pt") -> None:
        """Write the state, atomically."""
        state = {
            "model": self.model.state_dict(),
            "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "settings": dataclasses.asdict(self.settings),
        }
        torch.save(state, self.folder / "run.tmp")
        (self.folder / "run.tmp").rename(self.folder / name)

    def log(self, **values: object) -> None:
        """Append one line to the curve."""
        line = {"step": self.step, "seconds": round(self.seconds), **values}
        with open(self.folder / "curve.jsonl", "a", encoding="utf-8") as curve:
            curve.write(json.dumps(line) + "\n")

    def update(self, loss: Tensor) -> None:
        """One optimiser step, and the average after it."""
        share = min((self.step + 1) / 50, 1 - 0.9 * self.step / self.settings.steps)
        for group, peak in zip(self.optimiser.param_groups, self.peaks, strict=True):
            group["lr"] = peak * share
        loss.backward()
        trained = [p for p in self.model.parameters() if p.requires_grad]
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        decay = min(self.settings.average, self.step / (self.step + 9))
        with torch.no_grad():
            for ours, new in zip(self.mean.parameters(), self.model.parameters(), strict=True):
                if new.requires_grad:
                    finite = torch.isfinite(new)
                    ours.copy_(torch.where(finite, ours * decay + new * (1 - decay), new))


def schedule(settings: Settings, stages: dict[str, Lists]) -> list[tuple[str, list[int]]]:
    """The batches of all steps: short ones first, then short and long in turn."""
    rng = random.Random(settings.seed)
    queues: dict[str, list[list[int]]] = {stage: [] for stage in stages}
    plan = []
    for step in range(settings.steps):
        late = step >= settings.long_from * settings.steps
        stage = "long" if "long" in stages and late and step % 2 else "short"
        if not queues[stage]:
            queues[stage] = stages[stage].order(settings.lists_per_step, rng)
        plan.append((stage, queues[stage].pop()))
    return plan


def distil(encoder: pathlib.Path, work: pathlib.Path, name: str, settings: Settings) -> None:
    """Run the training, or go on with it; dev figures are those of the `step-N.pt` written."""
    names = [stage for stage in ("short", "long") if (work / f"{stage}.json").exists()]
    stages = {stage: Lists(work, stage, settings.lexical) for stage in names}
    dev = json.loads((work / "dev.json").read_text())[:: settings.dev_share]
    collection = Collection(Tokenizer(encoder), dev, 192)
    training = Training(encoder, work, name, settings)
    plan = schedule(settings, stages)
    window: dict[str, list[float]] = {}
    started = time.time()

    def check() -> None:
        scores = collection.scores(training.mean)
        blended = measure(dev, scores, BLEND)["mean"]
        bias = training.mean.interaction.attention_bias[training.model.config.closed_layers :]
        training.log(
            dev=measure(dev, scores),
            blended=blended,
            mix=training.mean.interaction.mix.tolist(),
            bias=[round(row.mean().item(), 3) for row in bias],
        )

    if not training.step:
        check()
        started = time.time()
    last = min(settings.stop, settings.steps)
    while training.step < last:
        stage, batch = plan[training.step]
        lists = stages[stage]
        logits = lists.logits(training.model, batch, 4 if stage == "short" else 8)
        positives = torch.tensor([lists.entries[at]["positive"] for at in batch])
        parts = losses(logits, lists.target[batch], positives, settings)
        training.update(parts["total"])
        training.seconds += time.time() - started
        started = time.time()
        for part, value in parts.items():
            window.setdefault(f"{stage}_{part}", []).append(value.item())
        if training.step % 50 == 0:
            training.log(**{key: round(sum(v) / len(v), 4) for key, v in window.items()})
            window = {}
            training.save()
        if training.step % settings.dev_every == 0 or training.step == last:
            training.save(f"step-{training.step}.pt")
            check()
            started = time.time()
