"""An exported model averaged with the encoder it came from, cross-attention shut.

python -m training.average --encoder MINILM --model FOLDER --work WORK --out OUT --share 0.5

Half-way between the encoder and its distilled form a model keeps more of what the encoder knew
outside the training's domains. The readout weighs MaxSim and cosine by their deviations in lists
of training queries and BM25's candidates.
"""

from __future__ import annotations

import json
import random

import torch

from training.export import export, load
from training.model import CLOSED, TamisInteraction
from training.progress import path_parser
from training.scoring import QUERY_TOKENS, closed_states
from training.teacher import LONGEST, Readings, finish
from training.texts import Tokenizer

SHARPNESS = 2.0


def averaged(encoder: TamisInteraction, model: TamisInteraction, share: float) -> TamisInteraction:
    """`model` with `share` of its encoder's weights and the rest of `encoder`'s, apart."""
    ours, theirs = encoder.state_dict(), model.state_dict()
    for name, tensor in theirs.items():
        if not name.startswith("interaction."):
            theirs[name] = torch.lerp(ours[name], tensor, share)
    model.load_state_dict(theirs)
    with torch.no_grad():
        for parameter in model.interaction.parameters():
            parameter.zero_()
        model.interaction.attention_bias.fill_(CLOSED)
    return model


@torch.no_grad()
def weigh(
    model: TamisInteraction, tokenizer: Tokenizer, pool: dict, maxsim: float, count: int = 30
) -> None:
    """Set the readout: MaxSim's share is `maxsim` times that of cosine, in deviations."""
    asked = random.Random(1).sample(pool["queries"], count)
    lists = [[at for at, _ in query["bm25"][:12]] for query in asked]
    texts = sorted({at for places in lists for at in places})
    rows = [pool["passages"][at] for at in texts]
    states = [
        finish(model, closed_states(model, tokenizer(part, longest), segment))
        for segment, (part, longest) in enumerate(
            [([query["query"] for query in asked], QUERY_TOKENS), (rows, LONGEST)]
        )
    ]
    place = {text: at for at, text in enumerate(texts)}
    readings = Readings(*states)
    spread = torch.stack(
        [
            readings([at], [place[text] for text in places])[0].std(0, unbiased=False)
            for at, places in enumerate(lists)
            if len(places) > 1
        ]
    ).mean(0)
    share = torch.tensor([maxsim, 1.0]) / (maxsim + 1.0)
    model.interaction.mix.copy_(SHARPNESS * share / spread[[1, 0]])


def main() -> None:
    """The command line."""
    parser = path_parser(__doc__, ("encoder", "model", "work", "out"))
    parser.add_argument("--share", type=float, default=0.5, help="of the distilled weights")
    parser.add_argument("--maxsim", type=float, default=1.5, help="MaxSim's share over cosine's")
    options = parser.parse_args()
    encoder = TamisInteraction.from_encoder(options.encoder).eval()
    model = averaged(encoder, load(options.model), options.share)
    pool = json.loads((options.work / "pool.json").read_text())
    weigh(model, Tokenizer(options.encoder), pool, options.maxsim)
    export(model, options.encoder / "vocab.txt", options.out)
    print(model.interaction.mix.tolist())


if __name__ == "__main__":
    main()
