"""A model's logits made log-odds, as the sigmoid of a score takes them to be.

    python -m training.calibrate --model FOLDER --dev WORK/joint/dev.json

What a training leaves is of an arbitrary scale and far from zero. Here one factor and one offset
are fitted to the labels of the dev lists by logistic regression (J. Platt, "Probabilistic Outputs
for Support Vector Machines", 1999), every set with the same weight, and put into the readout's
`mix` and `head`: no ranking changes. What a probability means is that of the lists: a passage among
the best 20 to 30 by BM25, of which one in six is relevant. `--tensors` names a file that holds
these tensors instead of the folder's (the multilingual model's trained ones).

It is the last step: a training that goes on from a calibrated model has other units.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Sequence

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from training.export import load, write_config, write_reference
from training.progress import path_parser


def weights_of(lists: Sequence[dict]) -> Tensor:
    """Of each pair of some lists: their sets weigh the same, their sum is 1."""
    names = [entry["set"] for entry in lists for _ in entry["passages"]]
    sets, place = np.unique(names, return_inverse=True)
    counts = np.bincount(place)
    return torch.from_numpy(1.0 / (counts[place] * len(sets)))


def fit(scores: Tensor, relevant: Tensor, weight: Tensor) -> tuple[float, float]:
    """The factor and the offset of the likeliest log-odds factor * score + offset."""
    middle, spread = scores.mean(), scores.std()
    unit = (scores - middle) / spread
    line = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([line], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        odds = line[0] * unit + line[1]
        found = torch.nn.functional.binary_cross_entropy_with_logits(
            odds, relevant, weight, reduction="sum"
        )
        found.backward()
        return found

    optimiser.step(loss)
    factor = line[0].item() / spread.item()
    return factor, line[1].item() - factor * middle.item()


def reliability(odds: Tensor, relevant: Tensor, weight: Tensor) -> list[tuple[float, float, int]]:
    """For ten ranges of probability: the mean probability, how many were relevant, pairs."""
    probability = odds.sigmoid()
    places = (probability * 10).long().clamp_max(9)
    rows = []
    for place in range(10):
        kept = places == place
        share = weight[kept] / weight[kept].sum()
        rows.append(
            (
                round((share * probability[kept]).sum().item(), 3),
                round((share * relevant[kept]).sum().item(), 3),
                int(kept.sum()),
            )
        )
    return rows


def apply(tensors: dict[str, Tensor], factor: float, offset: float) -> dict[str, Tensor]:
    """The tensors of a readout whose logits are factor * logit + offset."""
    made = dict(tensors)
    made["interaction.mix"] = tensors["interaction.mix"] * factor
    if "interaction.head.weight" in tensors:
        made["interaction.head.weight"] = tensors["interaction.head.weight"] * factor
    bias = tensors.get("interaction.head.bias", torch.zeros(1))
    made["interaction.head.bias"] = bias * factor + offset
    return made


def dev_scores(model: pathlib.Path, lists: Sequence[dict]) -> Tensor:
    """The engine's logits of all pairs of the lists, in bf16."""
    import tamis

    pairs = [(entry["query"], text) for entry in lists for text in entry["passages"]]
    found = tamis.CrossEncoder(str(model), precision="bf16").predict(
        pairs, scores="logit", on_truncation="ignore"
    )
    return torch.from_numpy(np.asarray(found, np.float64))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = path_parser(__doc__, ("model", "dev"))
    parser.add_argument("--tensors", type=pathlib.Path, help="default: MODEL/model.safetensors")
    options = parser.parse_args(arguments)
    lists = json.loads(options.dev.read_text())
    scores, weight = dev_scores(options.model, lists), weights_of(lists)
    grades = [grade > 0 for entry in lists for grade in entry["grades"]]
    relevant = torch.tensor(grades, dtype=torch.float64)
    factor, offset = fit(scores, relevant, weight)
    path = options.tensors or options.model / "model.safetensors"
    save_file(apply(load_file(str(path)), factor, offset), str(path), {"format": "pt"})
    path.chmod(0o644)
    if options.tensors is None:
        model = load(options.model)
        write_config(options.model, model, calibrated=True)
        write_reference(options.model, model)
    rows = reliability(factor * scores + offset, relevant, weight)
    print(json.dumps({"factor": factor, "offset": offset, "reliability": rows}))


if __name__ == "__main__":
    main()
