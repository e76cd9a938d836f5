"""What a training carries from step to step, and how it goes on after an interruption."""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

WARM = 60
"""Steps in which the learning rate rises."""


@dataclasses.dataclass
class Steps:
    """The settings that every training has."""

    groups: int = 4
    neighbours: int = 6
    candidates: int = 4
    sharpness: float = 2.0
    squared: float = 0.02
    average: float = 0.997
    dev_every: int = 300
    seed: int = 7


def path_parser(about: str | None, paths: Sequence[str]) -> argparse.ArgumentParser:
    """A command line of required `paths`."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for flag in paths:
        parser.add_argument(f"--{flag}", type=pathlib.Path, required=True)
    return parser


def further_parser(about: str | None, paths: Sequence[str], name: str, kind: type[Steps]):
    """The command line of a training that goes on from an exported model; `name` is the default of
    its folder in the work folder."""
    parser = path_parser(about, paths)
    parser.add_argument("--name", default=name, help="folder of this run inside --work")
    parser.add_argument("--threads", type=int, default=2)
    add_flags(parser, kind)
    return parser


Kind = TypeVar("Kind", bound=Steps)


def add_flags(parser: argparse.ArgumentParser, kind: type[Steps]) -> None:
    """One flag for each of the settings."""
    for field in dataclasses.fields(kind):
        flag = f"--{field.name.replace('_', '-')}"
        parser.add_argument(flag, type=type(field.default), default=field.default)


def settings_of(options: argparse.Namespace, kind: type[Kind]) -> Kind:
    """What the flags of `add_flags` were given."""
    names = [field.name for field in dataclasses.fields(kind)]
    return kind(**{name: getattr(options, name) for name in names})


def share(at: int, length: int, fall: float = 0.2) -> float:
    """Of the peak rate: a rise, constant, and a fall in the last part of `length` steps."""
    return min((at + 1) / WARM, 1.0, max((length - at) / (fall * length), 0.05))


class Progress:
    """Model, average, optimiser, step. Saved to and resumed from `run.pt`."""

    def __init__(self, model: nn.Module, folder: pathlib.Path, settings: Steps) -> None:
        self.model, self.folder, self.settings = model, folder, settings
        self.mean = copy.deepcopy(model).eval()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.step, self.seconds = 0, 0.0
        self.window: dict[str, list[float]] = {}

    def optimise(self, rates: dict[str, tuple[Iterable[nn.Parameter], float, float]]) -> None:
        """A fresh optimiser: name -> parameters, peak rate, weight decay."""
        self.rates = [rate for _, rate, _ in rates.values()]
        groups = [
            {"params": list(parameters), "lr": rate, "weight_decay": decay}
            for parameters, rate, decay in rates.values()
        ]
        self.optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98))

    def resume(self) -> None:
        """Go on from `run.pt`, if there is one."""
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
            "config": dataclasses.asdict(self.model.config),
        }
        torch.save(state, self.folder / "run.tmp")
        (self.folder / "run.tmp").rename(self.folder / name)

    def log(self, **values: Any) -> None:
        """Append one line to the curve."""
        line = {"step": self.step, "seconds": round(self.seconds), **values}
        with open(self.folder / "curve.jsonl", "a", encoding="utf-8") as curve:
            curve.write(json.dumps(line) + "\n")

    def count(self, parts: dict[str, Tensor], every: int) -> None:
        """Keep a step's losses; their means are logged, and the state saved, `every` so many."""
        for part, value in parts.items():
            self.window.setdefault(part, []).append(value.item())
        if self.step % every == 0:
            self.log(**{key: round(sum(v) / len(v), 4) for key, v in self.window.items()})
            self.window = {}
            self.save()

    def update(self, loss: Tensor, share: float) -> None:
        """One optimiser step at `share` of the rates, and the average after it."""
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * share
        loss.backward()
        trained = [p for p in self.model.parameters() if p.grad is not None]
        nn.utils.clip_grad_norm_(trained, 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        decay = min(self.settings.average, self.step / (self.step + 9))
        with torch.no_grad():
            for ours, new in zip(self.mean.parameters(), self.model.parameters(), strict=True):
                if new.requires_grad:
                    finite = torch.isfinite(new)
                    ours.copy_(torch.where(finite, ours * decay + new * (1 - decay), new))
