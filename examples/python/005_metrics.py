"""Compare two rankings: nDCG, MRR, recall and a paired interval."""

from tamis.eval import evaluate, mean, paired_bootstrap

qrels = {"q1": {"d1": 3, "d4": 1}, "q2": {"d2": 2}, "q3": {"d5": 1}}
before = {"q1": ["d3", "d1", "d4"], "q2": ["d1", "d3", "d2"], "q3": ["d5", "d1"]}
after = {"q1": ["d1", "d4", "d3"], "q2": ["d2", "d1", "d3"], "q3": ["d5", "d1"]}

metrics = ["ndcg@10", "mrr@10", "recall@100"]
first, second = evaluate(before, qrels, metrics), evaluate(after, qrels, metrics)
for name in metrics:
    gain = paired_bootstrap(list(first[name].values()), list(second[name].values()))
    print(
        f"{name:<11} {mean(first[name]):.3f} -> {mean(second[name]):.3f}   "
        f"gain {gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
    )
