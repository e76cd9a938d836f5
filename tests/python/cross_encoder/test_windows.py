"""Windows against transformers' own: the same windows, scored one by one, then aggregated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tamis

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

QUERY = "what do pandas eat"
DOCUMENT = " ".join(f"{i} pandas and {i * 7919 % 97} bears, or bamboo" for i in range(120))
LIMIT = 64
AGGREGATES = {"max": np.max, "mean": np.mean, "first": lambda logits: logits[0]}


class Windows:
    """A document's windows by transformers: their character spans and logits."""

    def __init__(self, folder: str, stride: int) -> None:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        room = LIMIT - 3 - len(tokenizer(QUERY, add_special_tokens=False)["input_ids"])
        found = tokenizer(
            QUERY, DOCUMENT, truncation="only_second", max_length=LIMIT, stride=room - stride,
            return_overflowing_tokens=True, return_offsets_mapping=True, padding=True,
            return_tensors="pt",
        )  # fmt: skip
        del found["overflow_to_sample_mapping"]
        offsets = found.pop("offset_mapping").numpy()
        second = found["token_type_ids"].numpy() == 1
        self.spans = [
            (int(own[0, 0]), int(own[-2, 1]))  # without [SEP]
            for own in (rows[of] for rows, of in zip(offsets, second, strict=True))
        ]
        model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
        with torch.inference_mode():
            self.logits = model(**found).logits[:, 0].numpy()
        self.full = [int(of.sum()) - 1 == room for of in second]


@pytest.mark.parametrize("stride", [7, 20, 50])
def test_aggregates_and_the_winning_span(one_label: Any, stride: int) -> None:
    expected = Windows(str(one_label), stride)
    # Ours ends the last window at the document's end and leaves none of them short.
    kept = [i for i, full in enumerate(expected.full) if full]
    assert len(kept) > 5
    model = tamis.CrossEncoder(str(one_label), max_length=LIMIT)
    options = {"on_truncation": "window", "window_stride": stride, "scores": "logit"}
    cut = DOCUMENT[: expected.spans[kept[-1]][1]]  # then both have the same windows
    logits = expected.logits[kept]
    for name, aggregate in AGGREGATES.items():
        (hit,) = model.rank(QUERY, [cut], aggregate=name, **options)
        assert hit["score"] == pytest.approx(float(aggregate(logits)), abs=1e-4), name
        if name == "max":
            assert hit["span"] == expected.spans[kept[int(np.argmax(logits))]]


def test_a_long_query_leaves_room_for_the_document(one_label: Any) -> None:
    model = tamis.CrossEncoder(str(one_label), max_length=LIMIT)
    _, report = model.predict_with_report(
        [("a long query " * 100, DOCUMENT)], on_truncation="window"
    )
    assert report.document_tokens_cut.tolist() == [0]
    assert report.query_tokens_cut[0] == 300 - (LIMIT - 3) // 2


def test_a_limit_of_the_document_goes_before_its_windows(one_label: Any) -> None:
    model = tamis.CrossEncoder(str(one_label), max_length=LIMIT)
    (hit,), report = model.rank_with_report(
        QUERY, [DOCUMENT], on_truncation="window", max_doc_tokens=100
    )
    assert report.document_tokens_cut[0] > 500
    assert hit["span"][1] < len(DOCUMENT) / 4
