"""Other languages: BM25, the English default by late interaction, and the multilingual model.

    python benchmarks/python/languages.py --data DATA [--sets ar de … ja fr] [--queries 200]

nDCG@10 of reranking BM25's candidates (words, or pairs of characters where a script has no
spaces; no stemming), on XQuAD's languages, JaQuAD's dev questions (ja) and PIAF (fr).
`multilingual` is `CrossEncoder`, `apart` the same weights as `LateInteraction`. `+ BM25` adds
z-scores per query, at equal weights. In brackets: the 95% interval of the difference from BM25, by
paired bootstrap. `l/t`: the letters of a token of the English vocabulary, median over passages
(`tamis.fragmentation`). DATA holds xquad/<language>, jaquad_ja and piaf_fr in BEIR form.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from training.beir import Dataset, read

import tamis
from tamis.eval import ndcg, paired_bootstrap
from tamis.fragmentation import letters_per_token
from tamis.retrieval.lexical import Lexical

XQUAD = ("en", "ar", "de", "el", "es", "hi", "ro", "ru", "th", "tr", "vi", "zh")
OTHERS = {"ja": ("jaquad_ja", "dev"), "fr": ("piaf_fr", "train")}


def zscore(values: np.ndarray) -> np.ndarray:
    """Of one query's scores."""
    return (values - values.mean()) / (values.std() or 1.0)


class Language:
    """A collection's questions with BM25's candidates."""

    def __init__(self, data: Dataset, queries: int, depth: int) -> None:
        names = list(data.docs)
        texts = [data.docs[name] for name in names]
        bm25 = Lexical.build(texts, None)
        self.entries = []
        self.passages = texts
        for key in list(data.queries)[:queries]:
            rows, scores = bm25.top(data.queries[key], depth)
            grades = data.qrels[key]
            self.entries.append(
                {
                    "query": data.queries[key],
                    "passages": [texts[row] for row in rows],
                    "bm25": scores.astype(np.float64),
                    "grades": [int(grades.get(names[row], 0)) for row in rows],
                    "judged": [int(grade) for grade in grades.values()],
                }
            )

    def scores(self, model: tamis.LateInteraction | tamis.CrossEncoder) -> list[np.ndarray]:
        """The logits of each query's candidates."""
        if isinstance(model, tamis.LateInteraction):
            return self.apart(model)
        pairs = [(entry["query"], text) for entry in self.entries for text in entry["passages"]]
        flat = np.asarray(model.predict(pairs, scores="logit", on_truncation="ignore"), np.float64)
        return np.split(flat, np.cumsum([len(entry["passages"]) for entry in self.entries])[:-1])

    def apart(self, model: tamis.LateInteraction) -> list[np.ndarray]:
        """The same by late interaction; each passage is encoded once."""
        texts = list(dict.fromkeys(text for entry in self.entries for text in entry["passages"]))
        place = {text: at for at, text in enumerate(texts)}
        passages = model.encode_passages(texts, on_truncation="ignore")
        found = []
        for entry in self.entries:
            every = model.score(entry["query"], passages)
            found.append(every[[place[text] for text in entry["passages"]]].astype(np.float64))
        return found

    def values(self, scores: Sequence[np.ndarray]) -> list[float]:
        """nDCG@10 of each question."""
        return [
            ndcg(np.array(entry["grades"])[np.argsort(-found, kind="stable")], entry["judged"])
            if len(found)
            else 0.0
            for entry, found in zip(self.entries, scores, strict=True)
        ]


def row(
    language: Language, models: dict[str, tamis.LateInteraction | tamis.CrossEncoder]
) -> dict[str, list[float]]:
    """nDCG@10 of each question by each way."""
    bm25 = [entry["bm25"] for entry in language.entries]
    found = {"BM25": language.values(bm25)}
    for name, model in models.items():
        scores = language.scores(model)
        both = [zscore(a) + zscore(b) if len(a) else a for a, b in zip(scores, bm25, strict=True)]
        found[name] = language.values(scores)
        found[f"{name} + BM25"] = language.values(both)
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="*", default=[*XQUAD, *OTHERS])
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--depth", type=int, default=50)
    parser.add_argument("--precision", default="fp32")
    options = parser.parse_args()
    warnings.simplefilter("ignore", tamis.FragmentationWarning)
    models = {
        "default": tamis.LateInteraction(precision=options.precision),
        "multilingual": tamis.CrossEncoder("multilingual", precision=options.precision),
        "apart": tamis.LateInteraction("multilingual", precision=options.precision),
    }
    names = ["l/t", "BM25", *(label for name in models for label in (name, f"{name} + BM25"))]
    print(f"| | {' | '.join(names)} |")
    print("|---" * (len(names) + 1) + "|")
    for name in options.sets:
        folder, split = OTHERS.get(name, (f"xquad/{name}", "test"))
        language = Language(read(options.data / folder, split), options.queries, options.depth)
        cut = [letters_per_token([text]) for text in language.passages[:200]]
        cells = [f"{statistics.median(value for value in cut if value):.1f}"]
        found = row(language, models)
        for values in found.values():
            cell = f"{statistics.mean(values):.3f}"
            if values is not found["BM25"]:
                interval = paired_bootstrap(found["BM25"], values)
                cell += f" [{interval.low:+.3f}, {interval.high:+.3f}]"
            cells.append(cell)
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
