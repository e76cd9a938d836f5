"""The recipe's part for a CPU: the first phase, and the last layer opened.

    python -m training.run --data DATA --encoder MINILM --e5 E5 --work WORK --out FOLDER

`--data` holds the collections in BEIR form, `--encoder` is the Hugging Face folder of
all-MiniLM-L6-v2, `--e5` that of multilingual-e5-small. Steps that have left their files in
`--work` are not run again; an interrupted training goes on from its last checkpoint.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Sequence

import torch

from training.distil import Settings, distil
from training.openness import choose_openness
from training.prepare import LARGE_SEED, PLANS, prepare
from training.progress import add_flags, path_parser, settings_of
from training.ship import choose_and_ship
from training.teacher import teach


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: one flag for each of the settings of `distil`."""
    parser = path_parser(__doc__, ("data", "encoder", "e5", "work", "out"))
    parser.add_argument("--name", default="run", help="folder of this run inside --work")
    parser.add_argument("--start", type=pathlib.Path, help="an exported model to go on from")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the queries")
    parser.add_argument("--dev", type=int, default=40, help="held-out queries of each dev set")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", choices=("prepare", "teacher", "distil", "export", "open"))
    add_flags(parser, Settings)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    settings = settings_of(options, Settings)
    work, only = options.work, options.only
    if only in (None, "prepare") and not (work / "dev.json").exists():
        prepare(options.data, work, options.scale, options.dev, settings.seed, PLANS["small"])
    if only in (None, "teacher") and not (work / "states.pt").exists():
        teach(options.encoder, options.e5, work)
    if only in (None, "distil"):
        distil(options.encoder, work, options.name, settings, options.start)
    if only in (None, "export"):
        result = choose_and_ship(options.encoder, work / options.name, work / "shut")
        print(json.dumps(result, indent=2))
    if only in (None, "open"):
        large = work / "large"
        if not (large / "dev.json").exists():
            prepare(options.data, large, 1.0, 80, LARGE_SEED, PLANS["large"])
        print(json.dumps(choose_openness(work / "shut", large, options.out), indent=2))


if __name__ == "__main__":
    main()
