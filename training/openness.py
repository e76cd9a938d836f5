"""The recipe's last step: how much the two texts see of each other, chosen on the dev lists.

    python -m training.openness --model FOLDER --work WORK --out OUT

The encoder knows each text alone. A bias on the attention logits between the texts, the same for
all heads of a layer and by length (`attention_bias_by_length`), lets a token see a little of the
other text too; nothing is trained. Each of SETTINGS is measured on the dev lists of `--work`, and
the best by the mean of nDCG@10 alone and blended is exported. Measured settings are kept in
WORK/openness/curve.jsonl and not measured again.
"""

from __future__ import annotations

import hashlib
import json
import pathlib

import torch

from training.evaluate import BLEND, measure
from training.export import export, load
from training.model import CLOSED, TamisInteraction
from training.progress import path_parser
from training.scoring import QUERY_TOKENS, Collection
from training.texts import Tokenizer

SETTINGS = (
    "shut",
    "5:-3",
    "5:-2.5",
    "5:-2",
    "5:-1.5",
    "5:-1",
)
"""Layers that are open, and their bias."""


def biases(setting: str) -> dict[int, float]:
    """ "4:-3 5:-1" -> {4: -3.0, 5: -1.0}; "shut" -> {}."""
    pairs = [part.split(":") for part in setting.split() if part != "shut"]
    return {int(layer): float(bias) for layer, bias in pairs}


def set_openness(model: TamisInteraction, setting: str) -> None:
    """Open those layers and shut all others."""
    model.config.attention_bias_by_length = setting != "shut"
    with torch.no_grad():
        model.interaction.attention_bias.fill_(CLOSED)
        for layer, bias in biases(setting).items():
            model.interaction.attention_bias[layer] = bias


def choose(found: dict[str, dict]) -> str:
    """The setting whose means, alone and blended, are best together; of equal ones the first."""
    return max(found, key=lambda name: found[name]["dev"]["mean"] + found[name]["blended"]["mean"])


def measured(folder: pathlib.Path, work: pathlib.Path, longest: int) -> dict[str, dict]:
    """Dev figures of every setting, in bf16, passages cut at `longest` tokens."""
    dev = json.loads((work / "dev.json").read_text())
    weights = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()[:8]
    curve = work / "openness" / "curve.jsonl"
    curve.parent.mkdir(parents=True, exist_ok=True)
    lines = curve.read_text().splitlines() if curve.exists() else []
    known = {
        (line["weights"], line["longest"], line["setting"]): line
        for line in map(json.loads, lines)
        if line.get("by_length")
    }
    model = load(folder)
    model.config.closed_layers = min(layer for setting in SETTINGS for layer in biases(setting))
    collection = Collection(Tokenizer(folder), dev, longest)
    for setting in SETTINGS:
        if (weights, longest, setting) in known:
            continue
        set_openness(model, setting)
        with torch.autocast("cpu", torch.bfloat16):
            scores = collection.scores(model)
        line = {"weights": weights, "longest": longest, "by_length": True, "setting": setting}
        line |= {"dev": measure(dev, scores), "blended": measure(dev, scores, BLEND)}
        known[weights, longest, setting] = line
        with open(curve, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    return {setting: known[weights, longest, setting] for setting in SETTINGS}


def choose_openness(
    folder: pathlib.Path, work: pathlib.Path, out: pathlib.Path, longest: int = 512 - QUERY_TOKENS
) -> dict:
    """Export the model of `folder` with the best setting; returns its figures."""
    found = measured(folder, work, longest)
    chosen = choose(found)
    model = load(folder)
    set_openness(model, chosen)
    export(model, folder / "vocab.txt", out)
    return found[chosen]


def main() -> None:
    """The command line."""
    parser = path_parser(__doc__, ("model", "work", "out"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--longest", type=int, default=512 - QUERY_TOKENS, help="passage tokens")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    chosen = choose_openness(options.model, options.work, options.out, options.longest)
    print(json.dumps(chosen, indent=2))


if __name__ == "__main__":
    main()
