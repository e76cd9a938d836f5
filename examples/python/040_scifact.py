"""SciFact through retrieve -> late interaction -> cross-encode: quality and time after each stage,
and inside time budgets.

    python 040_scifact.py [--claims 10] [--abstracts 600]     # 5183 are all
    python 040_scifact.py --export FOLDER [--letters 300]     # for examples/cpp, cut to so many

`tamis demo` does more of this: it compares fusions, and sizes itself to the machine.
"""

import argparse
from pathlib import Path

from tamis import Cascade, CrossEncoder, Index, LateInteraction
from tamis import stages as s
from tamis.demo.cascade import part_of
from tamis.demo.collection import load_abstracts, load_claims, sample
from tamis.eval import evaluate, mean

parser = argparse.ArgumentParser()
parser.add_argument("--claims", type=int, default=10)
parser.add_argument("--abstracts", type=int, default=600)
parser.add_argument("--export", type=Path)
parser.add_argument("--letters", type=int)
args = parser.parse_args()

claims = sample(load_claims(), seed=0)[: args.claims]
abstracts = part_of(load_abstracts(), claims, args.abstracts)

if args.export:
    args.export.mkdir(parents=True, exist_ok=True)
    files = {
        "documents.tsv": [
            (each.id, " ".join(each.passage.split())[: args.letters]) for each in abstracts
        ],
        "queries.tsv": [(claim.id, claim.text) for claim in claims],
        "qrels.tsv": [(c.id, id, str(grade)) for c in claims for id, grade in c.relevant.items()],
    }
    for name, rows in files.items():
        text = "".join("\t".join(row) + "\n" for row in rows)
        (args.export / name).write_text(text, encoding="utf-8")
    raise SystemExit

# Another model than the cross-encoder's: the same one would give nearly the same scores.
index = Index.build(
    [{"id": each.id, "text": each.passage} for each in abstracts],
    model=LateInteraction("tiny", precision="auto", max_length=128),
    token_vectors=True,
    on_truncation="ignore",
)
model = CrossEncoder(precision="auto")
blend = {"bm25": 0.3}
stages = [
    s.retrieve(index, keep=200),
    s.callable(index.compare, keep=25, divisible=True, blend=blend),
    s.rerank(model, keep=10, chunk=2, blend=blend, on_truncation="ignore"),
]
qrels = {claim.id: claim.relevant for claim in claims}


def measured(results):
    """Mean recall of all hits, and nDCG@10."""
    run = {c.id: [hit.id for hit in r.hits] for c, r in zip(claims, results, strict=True)}
    values = evaluate(run, qrels, ["recall", "ndcg@10"])
    return mean(values["recall"]), mean(values["ndcg@10"])


print(f"{len(index)} abstracts, {len(claims)} claims\n")
print(f"{'after':12} {'recall':>8} {'nDCG@10':>8} {'ms':>8}")
for count in range(1, len(stages) + 1):
    cascade = Cascade(stages[:count])
    results = [cascade.run(claim.text) for claim in claims]
    ms = sum(result.trace.stages[-1].real_ms for result in results) / len(results)
    recall, ndcg = measured(results)
    print(f"{stages[count - 1].name:12} {recall:8.3f} {ndcg:8.3f} {ms:8.1f}")

print(f"\n{'budget':>9} {'nDCG@10':>8} {'ms':>8}")
for budget in (1500, 500, 200, 100, 50):  # smaller runs teach it more of its costs
    results = [cascade.run(claim.text, budget_ms=budget) for claim in claims]
    ms = sum(result.trace.total_ms for result in results) / len(results)
    ndcg = measured(results)[1]
    print(f"{budget:6} ms {ndcg:8.3f} {ms:8.0f}  {'#' * round(50 * ndcg)}")
