"""The textbook's cascade: hybrid retrieval 200 -> cross-encoder 25 -> judge 8, in 1.5 s; with a
judge that is well, slow, busy or gone.

    python 050_textbook.py [--abstracts 600] [--budget 1500]          # 5183 are all
    python 050_textbook.py --base-url http://localhost:8080/v1 --model qwen3-8b     # a real judge

Without a URL the judge is the stand-in of stand_in_judge.py, which is no language model.
"""

import argparse
import warnings

from stand_in_judge import Manner, serving
from tamis import Cascade, CascadeWarning, CrossEncoder, Index, LateInteraction
from tamis import stages as s
from tamis.demo.cascade import part_of
from tamis.demo.collection import load_abstracts, load_claims, sample

parser = argparse.ArgumentParser()
parser.add_argument("--abstracts", type=int, default=600)
parser.add_argument("--budget", type=float, default=1500)
parser.add_argument("--base-url")
parser.add_argument("--model", default="stand-in")
args = parser.parse_args()

warnings.simplefilter("ignore", CascadeWarning)  # the trace is printed, and tells of all
claims = sample(load_claims(), seed=0)[:3]
abstracts = part_of(load_abstracts(), claims, args.abstracts)
index = Index.build(
    [{"id": each.id, "text": each.passage} for each in abstracts],
    model=LateInteraction(precision="auto", max_length=128),
    on_truncation="ignore",
)
encoder = CrossEncoder(precision="auto", max_length=128)


def run(base_url):
    """The last of three claims: from the first two the cascade learns what its stages cost."""
    cascade = Cascade(
        [
            s.retrieve(index, keep=200),  # BM25 and dense vectors, fused by RRF
            s.rerank(encoder, keep=25, chunk=8, share=0.6, on_truncation="ignore"),
            s.judge(
                base_url=base_url,
                model=args.model,
                rubric="3: supports or refutes the claim. 0: is about something else.",
                keep=8,
                http={"connections": 8},  # requests under way at once
            ),
        ],
        budget_ms=args.budget,
    )
    for claim in claims:
        result = cascade.run(claim.text)
    return claim, result


def show(title, claim, result):
    print(f"--- {title}\n{claim.text}\n   rerank  judge")
    for hit in result.hits:
        scores = {name: f"{hit.scores[name]:.2f}" for name in hit.scores}
        mark = "*" if hit.id in claim.relevant else " "  # what people marked as evidence
        told = f"{scores.get('rerank', '-'):>8} {scores.get('judge', '-'):>6}"
        print(f"{mark}{told}  {hit.text[:80]}")
    print(f"{result.trace}\n")


if args.base_url:
    show(args.model, *run(args.base_url))
else:
    for title, manner in {
        "the judge is well": Manner(),
        "the judge is slow: what it has graded by the deadline counts": Manner(delay_s=0.2),
        "the judge is busy: a wait that does not fit is not begun": Manner(refuses=True),
        "the judge hangs up": Manner(hangs_up=True),
    }.items():
        with serving(manner) as base_url:
            show(title, *run(base_url))
    show("nobody is there", *run(base_url))
