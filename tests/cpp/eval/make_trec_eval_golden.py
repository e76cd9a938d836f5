"""Writes trec_eval_golden.inc: rankings, judgements and what trec_eval says of them.

pip install pytrec-eval-terrier==0.5.11 numpy && python tests/cpp/eval/make_trec_eval_golden.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytrec_eval

SEED, CASES = 20, 24


def main() -> None:
    random = np.random.default_rng(SEED)
    lines = [
        "// Written by make_trec_eval_golden.py (seed 20). Each case: the grades in",
        "// ranking order, all judged grades, then ndcg_cut_10, recip_rank, recall_5, map.",
        "// clang-format off",
    ]
    for _ in range(CASES):
        documents = [f"d{i}" for i in range(40)]
        judged = {
            d: int(random.integers(-1, 4)) for d in random.choice(documents, 12, replace=False)
        }
        ranked = list(random.permutation(documents)[: random.integers(1, 31)])
        names = {"ndcg_cut.10", "recip_rank", "recall.5", "map"}
        run = {"q": {d: float(-i) for i, d in enumerate(ranked)}}
        value = pytrec_eval.RelevanceEvaluator({"q": judged}, names).evaluate(run)["q"]
        grades = ", ".join(str(judged.get(d, 0)) for d in ranked)
        all_grades = ", ".join(map(str, judged.values()))
        numbers = ", ".join(
            repr(value[key]) for key in ("ndcg_cut_10", "recip_rank", "recall_5", "map")
        )
        lines.append(f"{{{{{grades}}}, {{{all_grades}}}, {numbers}}},")
    Path(__file__).with_name("trec_eval_golden.inc").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
