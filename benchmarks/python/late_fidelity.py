"""What int8 vectors and lower precisions cost late interaction, against PyTorch in fp32.

    python benchmarks/python/late_fidelity.py [--encoder MINILM]

The reference encodes texts with training/model.py and compares whole vectors; LateInteraction keeps
those of passages as int8. Claims and abstracts are those of the demo.
"""

from __future__ import annotations

import argparse
import pathlib
import sys

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from training.export import load
from training.model import TamisInteraction
from training.scoring import QUERY_TOKENS
from training.texts import Tokenizer, pad

from tamis import LateInteraction
from tamis.demo.collection import load_abstracts, load_claims
from tamis.eval.precision import kendall_tau
from tamis.model_source import EMBEDDED

QUERIES, PASSAGES = 4, 32


@torch.no_grad()
def expected(
    model: TamisInteraction, folder: pathlib.Path, queries: list[str], passages: list[str]
) -> np.ndarray:
    """Logits [Q, P] of texts that are encoded apart."""
    tokenizer, layers = Tokenizer(folder), model.config.num_hidden_layers
    found = []
    for segment, (texts, longest) in enumerate(((queries, QUERY_TOKENS), (passages, 512))):
        ids, mask = pad(tokenizer(texts, longest))
        found += [model.closed(ids, mask, segment, layers), mask]
    return np.asarray(model.matrix(*found))


def plain(encoder: pathlib.Path) -> TamisInteraction:
    """A bi-encoder, MaxSim and cosine added as they are."""
    model = TamisInteraction.from_encoder(encoder).eval()
    model.interaction.mix.data.fill_(1.0)
    return model


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=pathlib.Path)
    options = parser.parse_args()
    queries = [claim.text for claim in load_claims()][:QUERIES]
    passages = [abstract.passage for abstract in load_abstracts()][:PASSAGES]
    models = [(EMBEDDED["default"], load(EMBEDDED["default"]))]
    if options.encoder:
        models.append((options.encoder, plain(options.encoder)))
    for folder, model in models:
        wanted = expected(model, folder, queries, passages)
        print(f"{folder.name}: spread of a query's logits {wanted.std(1).mean():.3f}")
        for precision in ("fp32", "bf16", "int8"):
            late = LateInteraction(str(folder), precision=precision)
            kept = late.encode_passages(passages)
            found = np.stack([late.score(query, kept) for query in queries])
            off = np.abs(found - wanted)
            tau = np.mean([kendall_tau(*both) for both in zip(wanted, found, strict=True)])
            print(
                f"  {precision}: off by {off.mean():.4f} (at most {off.max():.4f}), tau {tau:.4f}"
            )


if __name__ == "__main__":
    main()
