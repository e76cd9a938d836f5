"""The embedded models' engine logits equal those that their PyTorch definition gave."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import pytest

import tamis
from tamis import _native

MODELS = pathlib.Path(tamis.__file__).parent / "models"


@pytest.fixture(params=["default", "tiny"])
def folder(request: pytest.FixtureRequest) -> pathlib.Path:
    return MODELS / request.param


@pytest.fixture
def reference(folder: pathlib.Path) -> list[dict[str, Any]]:
    return json.loads((folder / "reference.json").read_text(encoding="utf-8"))["pairs"]


@pytest.mark.parametrize("isa", ["portable", "avx2", "avx512"])
def test_reference_logits(folder: pathlib.Path, reference: list[dict[str, Any]], isa: str) -> None:
    try:
        scorer = _native.FusedEncoderScorer.load(str(folder), isa=isa)
    except _native.InvalidArgument as error:
        pytest.skip(str(error))
    found = scorer.score(
        [pair["input_ids"] for pair in reference], [pair["token_type_ids"] for pair in reference]
    )
    expected = np.array([[pair["logit"]] for pair in reference], dtype=np.float32)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_text_to_logit(folder: pathlib.Path, reference: list[dict[str, Any]]) -> None:
    model = _native.CrossEncoder.load(str(folder))
    result = model.logits(
        [pair["query"] for pair in reference], [pair["passage"] for pair in reference]
    )
    expected = np.array([[pair["logit"]] for pair in reference], dtype=np.float32)
    np.testing.assert_allclose(result.logits, expected, atol=1e-4)
