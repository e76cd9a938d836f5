"""A step after the recipe: labels with hard negatives, query and passage encoded together.

    python -m training.label --model FOLDER --work WORK --out OUT

`--model` is an exported model, read apart to begin with; `--work` is a work folder of
`training.run`, of which the pool and the dev lists are read. Cross-attention is opened above the
first `closed` layers, and the layers there are trained on queries whose passage is known, each
among passages that BM25 finds and the starting model likes: the loss is the cross-entropy of the
labelled passage, and the divergence from the starting model's distribution, which keeps what the
labels do not speak of. Real questions are drawn evenly from the collections, invented ones besides.
Passages are short at first and longer later. What the starting model says of each query's
candidates is computed once and kept. An interrupted training goes on from its last checkpoint.
"""

from __future__ import annotations

import dataclasses
import json
import math
import pathlib
import random
import time
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from training.distil import by_parts
from training.evaluate import dev_figures
from training.export import load
from training.model import TamisInteraction
from training.progress import Progress, Steps, further_parser, settings_of, share
from training.scoring import QUERY_TOKENS, Collection, closed_states
from training.ship import choose_and_ship
from training.teacher import LONGEST, finish
from training.texts import Tokenizer, pad_states

INVENTED = ("title", "keywords", "sentence")
SHORTLIST = 40


@dataclasses.dataclass
class Settings(Steps):
    """What a run can change; the defaults are those of the run that the model card tells of.

    `lengths`: the most tokens of a passage, in equal parts of the run. `anchor`: the weight of the
    divergence from the starting model. `above`: a passage that the starting model puts so many
    logits above the labelled one is taken for a right answer without a label, and left out.
    """

    dev_every: int = 100
    steps: int = 400
    queries: int = 10
    candidates: int = 10
    invented: float = 0.3
    lengths: str = "80,120,200"
    closed: int = 3
    anchor: float = 0.5
    above: float = 4.0
    rate: float = 1e-4
    bias: float = -4.0
    bias_rate: float = 5e-2
    mix_rate: float = 1e-2


class Lists:
    """The pool's labelled queries with their candidates, and what the starting model makes of them.

    `queries`, `passages`: states after the closed layers. `found`: query -> passages and logits.
    """

    def __init__(self, work: pathlib.Path, cache: pathlib.Path) -> None:
        self.entries = json.loads((work / "pool.json").read_text())["queries"]
        known = torch.load(cache, mmap=True)
        self.queries, self.passages, self.found = (
            known[key] for key in ("queries", "passages", "found")
        )
        self.real: dict[str, list[int]] = {}
        self.invented: list[int] = []
        for query in self.found:
            source = self.entries[query]["source"]
            invented = source in INVENTED
            (self.invented if invented else self.real.setdefault(source, [])).append(query)

    def draw(self, settings: Settings, rng: random.Random) -> list[int]:
        """The queries of a step: real ones evenly by the root of their collection's size."""
        made = round(settings.queries * settings.invented)
        weights = [math.sqrt(len(queries)) for queries in self.real.values()]
        sources = rng.choices(list(self.real), weights, k=settings.queries - made)
        real = [rng.choice(self.real[source]) for source in sources]
        return real + rng.sample(self.invented, made)

    def candidates(
        self, query: int, settings: Settings, rng: random.Random
    ) -> tuple[list[int], list[float]]:
        """A labelled passage, then others, most of them hard: passages and logits."""
        passages, logits = (part.tolist() for part in self.found[query])
        labelled = set(self.entries[query]["positives"])
        right = rng.choice([n for n, passage in enumerate(passages) if passage in labelled])
        wrong = [
            n
            for n, passage in enumerate(passages)
            if passage not in labelled and logits[n] < logits[right] + settings.above
        ]
        hard = 2 * (settings.candidates - 1) // 3
        # Gumbel's trick: a draw without replacement, by a softmax of half the logits.
        liked = sorted(wrong, key=lambda n: -logits[n] / 2 + math.log(rng.expovariate(1)))[:hard]
        others = sorted(set(wrong) - set(liked))
        liked += rng.sample(others, min(len(others), settings.candidates - 1 - len(liked)))
        return [passages[n] for n in [right, *liked]], [logits[n] for n in [right, *liked]]


@torch.no_grad()
def remember(
    model: TamisInteraction, tokenizer: Tokenizer, pool: dict, cache: pathlib.Path
) -> None:
    """Compute what `Lists` reads: states of all texts, logits of the labelled queries' lists."""
    with torch.autocast("cpu", torch.bfloat16):
        queries = closed_states(
            model, tokenizer([entry["query"] for entry in pool["queries"]], QUERY_TOKENS), 0
        )
        passages = closed_states(model, tokenizer(pool["passages"], LONGEST), 1)
        asked, read = finish(model, queries), finish(model, passages)
    found = {}
    for at, entry in enumerate(pool["queries"]):
        near = [passage for passage, _ in entry["bm25"]][:SHORTLIST]
        near += [passage for passage in entry["positives"] if passage not in near][:2]
        if not entry["positives"] or len(near) < 4:
            continue
        states = pad_states([asked[at]]), pad_states([read[passage] for passage in near])
        found[at] = torch.tensor(near), model.matrix(*states[0], *states[1])[0]
    cache.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"queries": queries, "passages": passages, "found": found}, cache)


def logits_of(
    model: TamisInteraction,
    lists: Lists,
    pairs: Sequence[tuple[int, int]],
    longest: int,
    parts: int = 4,
) -> Tensor:
    """Logits of (query, passage) pairs that are encoded together; passages cut at `longest`."""
    found, order = [], []
    for chosen in by_parts([len(lists.passages[passage]) for _, passage in pairs], parts):
        query = pad_states([lists.queries[pairs[n][0]] for n in chosen])
        passage = pad_states([lists.passages[pairs[n][1]][:longest] for n in chosen])
        with torch.autocast("cpu", torch.bfloat16):
            states = model.open(*query, *passage)
        found.append(model.readout(states[0].float(), query[1], states[1].float(), passage[1]))
        order += chosen
    return torch.empty(len(pairs)).index_copy(0, torch.tensor(order), torch.cat(found))


def longest_at(step: int, settings: Settings) -> int:
    """Tokens of a passage at most, at that step."""
    lengths = [int(length) for length in settings.lengths.split(",")]
    return lengths[min(step * len(lengths) // settings.steps, len(lengths) - 1)]


def lesson(
    model: TamisInteraction, lists: Lists, settings: Settings, rng: random.Random, longest: int
) -> dict[str, Tensor]:
    """The parts of a step's loss; `total` is what is minimised. `before` is the starting model's
    cross-entropy."""
    queries = lists.draw(settings, rng)
    drawn = [lists.candidates(query, settings, rng) for query in queries]
    pairs = [
        (query, passage)
        for query, (passages, _) in zip(queries, drawn, strict=True)
        for passage in passages
    ]
    logits = logits_of(model, lists, pairs, longest)
    sizes = [len(passages) for passages, _ in drawn]
    labels, anchors, before = [], [], []
    for found, (_, start) in zip(logits.split(sizes), drawn, strict=True):
        said = torch.tensor(start)
        labels.append(-found.log_softmax(0)[0])
        anchors.append(F.kl_div(found.log_softmax(0), said.softmax(0), reduction="sum"))
        before.append(-said.log_softmax(0)[0])
    parts = {"labels": labels, "anchor": anchors, "before": before}
    losses = {name: torch.stack(values).mean() for name, values in parts.items()}
    return {"total": losses["labels"] + settings.anchor * losses["anchor"], **losses}


class Training(Progress):
    """The model on its way: the layers that are not closed, their bias, the mix."""

    settings: Settings

    def __init__(self, model: TamisInteraction, folder: pathlib.Path, settings: Settings) -> None:
        torch.manual_seed(settings.seed)
        first = model.config.closed_layers
        model.requires_grad_(False)
        with torch.no_grad():
            model.interaction.attention_bias[first:] = settings.bias
        super().__init__(model, folder, settings)
        layers = model.encoder.layer[first:].requires_grad_(True).parameters()
        bias = model.interaction.attention_bias.requires_grad_(True)
        mix = model.interaction.mix.requires_grad_(True)
        self.optimise(
            {
                "layers": (layers, settings.rate, 0.01),
                "bias": ([bias], settings.bias_rate, 0.0),
                "mix": ([mix], settings.mix_rate, 0.0),
            }
        )
        self.resume()


def train(start: pathlib.Path, work: pathlib.Path, name: str, settings: Settings) -> None:
    """Run the training, or go on with it; dev figures are those of the `step-N.pt` written."""
    tokenizer, model = Tokenizer(start), load(start)
    model.config.closed_layers = settings.closed
    model.config.attention_bias_by_length = False  # as in the run that the card tells of
    cache = work / name / "start.pt"
    if not cache.exists():
        remember(model, tokenizer, json.loads((work / "pool.json").read_text()), cache)
    lists = Lists(work, cache)
    dev = json.loads((work / "dev.json").read_text())
    collection = Collection(tokenizer, dev, 192)
    training = Training(model, work / name, settings)

    def check() -> None:
        training.log(**dev_figures(dev, collection, training.mean))

    if not training.step:
        training.save("step-0.pt")
        check()
    while training.step < settings.steps:
        started = time.time()
        rng = random.Random(settings.seed * 1_000_003 + training.step)
        longest = longest_at(training.step, settings)
        parts = lesson(training.model, lists, settings, rng, longest)
        training.update(parts["total"], share(training.step, settings.steps, 0.5))
        training.seconds += time.time() - started
        training.count(parts, 25)
        if training.step % settings.dev_every == 0 or training.step == settings.steps:
            training.save(f"step-{training.step}.pt")
            check()


def main() -> None:
    """The command line: one flag for each of the settings."""
    parser = further_parser(__doc__, ("model", "work", "out"), "label", Settings)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    train(options.model, options.work, options.name, settings_of(options, Settings))
    result = choose_and_ship(options.model, options.work / options.name, options.out)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
