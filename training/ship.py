"""From the checkpoints of a run to the folder that the package embeds."""

from __future__ import annotations

import json
import pathlib

import torch

from training.evaluate import figures
from training.export import closed_layers, export
from training.model import Config, TamisInteraction
from training.texts import Tokenizer


def best_checkpoint(folder: pathlib.Path) -> pathlib.Path:
    """The checkpoint whose average has the best mean dev nDCG, alone and blended together."""
    curve = [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]
    found = {
        line["step"]: line["dev"]["mean"] + line["blended"]["mean"]
        for line in curve
        if "dev" in line
    }
    kept = {step: score for step, score in found.items() if (folder / f"step-{step}.pt").exists()}
    return folder / f"step-{max(kept, key=kept.__getitem__)}.pt"


def ship(start: pathlib.Path, checkpoint: pathlib.Path, out: pathlib.Path, dev: list[dict]) -> dict:
    """Export a checkpoint's averaged weights, with the vocabulary of `start`; returns dev figures
    before and after quantisation."""
    saved = torch.load(checkpoint, weights_only=False)
    model = TamisInteraction(Config(**saved["config"])).eval()
    model.load_state_dict(saved["mean"])
    model.config.closed_layers = closed_layers(model)
    stored = export(model, start / "vocab.txt", out)
    tokenizer = Tokenizer(start)
    return {
        "checkpoint": checkpoint.name,
        "fp32": figures(model, tokenizer, dev, 192),
        "int8": figures(stored, tokenizer, dev, 192),
    }


def choose_and_ship(start: pathlib.Path, run: pathlib.Path, out: pathlib.Path) -> dict:
    """Export the best checkpoint of a run (its folder is in the work folder), and keep and return
    its figures."""
    dev = json.loads((run.parent / "dev.json").read_text())
    result = ship(start, best_checkpoint(run), out, dev)
    (run / "export.json").write_text(json.dumps(result, indent=2))
    return result
