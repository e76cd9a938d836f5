"""The embedded model's engine logits equal those that its PyTorch definition gave."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pytest

import tamis
from tamis import _native

FOLDER = pathlib.Path(tamis.__file__).parent / "models" / "default"
REFERENCE = json.loads((FOLDER / "reference.json").read_text(encoding="utf-8"))["pairs"]


@pytest.mark.parametrize("isa", ["portable", "avx2", "avx512"])
def test_reference_logits(isa: str) -> None:
    try:
        scorer = _native.FusedEncoderScorer.load(str(FOLDER), isa=isa)
    except _native.InvalidArgument as error:
        pytest.skip(str(error))
    found = scorer.score(
        [pair["input_ids"] for pair in REFERENCE], [pair["token_type_ids"] for pair in REFERENCE]
    )
    expected = np.array([[pair["logit"]] for pair in REFERENCE], dtype=np.float32)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_text_to_logit() -> None:
    model = _native.CrossEncoder.load(str(FOLDER))
    result = model.logits(
        [pair["query"] for pair in REFERENCE], [pair["passage"] for pair in REFERENCE]
    )
    expected = np.array([[pair["logit"]] for pair in REFERENCE], dtype=np.float32)
    np.testing.assert_allclose(result.logits, expected, atol=1e-4)
