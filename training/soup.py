"""Trainings of `joint.py` averaged with each other and with their start.

    python -m training.soup --model FOLDER --work WORK --runs ONE TWO --out OUT

What a training learnt of its own domains it paid for with a little of what its start knew of all
others; between the two lie weights that have most of both (M. Wortsman et al., "Robust fine-tuning
of zero-shot models", CVPR 2022, and "Model soups", ICML 2022). Each run alone and the mean of all,
at each of SHARES, is measured on the dev lists, and the best by the mean of nDCG@10 alone and
blended is exported. Figures are kept in WORK/soup.jsonl.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Sequence

import torch

from training.export import export, load
from training.joint import Data, Pairs, Settings, opened
from training.model import TamisInteraction
from training.progress import path_parser

SHARES = (0.25, 0.5, 0.75, 1.0)
"""Of the trainings; the rest is the start's."""


def last(run: pathlib.Path) -> dict:
    """The last checkpoint of a run."""
    steps = {int(path.stem.partition("-")[2]): path for path in run.glob("step-*.pt")}
    return torch.load(steps[max(steps)], weights_only=False, map_location="cpu")


@torch.no_grad()
def mixed(model: pathlib.Path, runs: Sequence[dict], share: float) -> TamisInteraction:
    """The start of the runs, with `share` of their mean weights."""
    start = opened(load(model), Settings(**runs[0]["settings"]))
    for name, ours in start.state_dict().items():
        mean = sum(run["mean"][name] for run in runs) / len(runs)
        ours.copy_(torch.where(ours.isfinite(), torch.lerp(ours, mean.to(ours), share), ours))
    return start


def candidates(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Each run alone, and all together."""
    alone = [(name,) for name in names]
    return alone if len(names) == 1 else [*alone, tuple(names)]


def choose(
    model: pathlib.Path, work: pathlib.Path, names: Sequence[str], data: Data
) -> tuple[dict, TamisInteraction]:
    """What is known of the best average by the dev lists (the first of equal ones), and it."""
    runs = {name: last(work / name) for name in names}
    lines = []
    for chosen in candidates(names):
        for share in SHARES:
            pairs = Pairs(mixed(model, [runs[name] for name in chosen], share).to(data.device))
            found = data.figures(pairs)
            score = (found["dev"]["mean"] + found["blended"]["mean"]) / 2
            lines.append({"runs": chosen, "share": share, "score": score, **found})
            with open(work / "soup.jsonl", "a", encoding="utf-8") as curve:
                curve.write(json.dumps(lines[-1]) + "\n")
    best = max(lines, key=lambda line: line["score"])
    return best, mixed(model, [runs[name] for name in best["runs"]], best["share"])


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = path_parser(__doc__, ("model", "work", "out"))
    parser.add_argument("--runs", nargs="+", required=True, help="folders inside --work")
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args(arguments)
    data = Data(options.work, torch.device(options.device))
    line, model = choose(options.model, options.work, options.runs, data)
    export(model, options.model / "vocab.txt", options.out)
    print(json.dumps(line, indent=2))


if __name__ == "__main__":
    main()
