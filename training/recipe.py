"""The default model and the smaller one, from the collections to the folders, in one command.

    python -m training.recipe --data DATA --encoder MINILM --e5 E5 --work WORK --out FOLDER

`FOLDER/default` and `FOLDER/tiny` are written. The first step wants no GPU; trainings go on from
their last checkpoints where the command is given again. `--only` runs some of STEPS.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence

from training.progress import path_parser

_JOINT = (
    "joint --model {work}/first --e5 {e5} --work {work}/joint --dev-every 300 --device {device}"
)
STEPS = (
    "run --data {data} --encoder {encoder} --e5 {e5} --work {work} --out {work}/first",
    "joint_data --data {data} --model {work}/first --e5 {e5} --work {work}/joint",
    f"{_JOINT} --name one --lift 6 --steps 548",
    f"{_JOINT} --name two --lift 3 --steps 572 --seed 11",
    "soup --model {work}/first --work {work}/joint --runs one two --out {out}/default"
    " --device {device}",
    "tiny --model {out}/default --e5 {e5} --work {work}/joint --out {out}/tiny --device {device}",
    "calibrate --model {out}/default --dev {work}/joint/dev.json",
    "calibrate --model {out}/tiny --dev {work}/joint/dev.json",
)
"""Modules of this package and their arguments: what the shipped models were made by."""


def commands(options: argparse.Namespace) -> list[tuple[str, list[str]]]:
    """Module and arguments of each step."""
    steps = [step.split() for step in STEPS]
    return [(name, [word.format(**vars(options)) for word in rest]) for name, *rest in steps]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = path_parser(__doc__, ("data", "encoder", "e5", "work", "out"))
    parser.add_argument("--device", default="cuda", help="of all but the first two steps")
    names = sorted({step.split()[0] for step in STEPS})
    parser.add_argument("--only", nargs="+", choices=names, help="steps; all without it")
    options = parser.parse_args(arguments)
    for name, rest in commands(options):
        if options.only is None or name in options.only:
            print("training." + name, *rest, flush=True)
            importlib.import_module(f"training.{name}").main(rest)


if __name__ == "__main__":
    main()
