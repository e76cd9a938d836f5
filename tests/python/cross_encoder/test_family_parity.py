"""Every family beside sentence-transformers, from text: real kinds of tokenizers, spread logits."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tamis

torch = pytest.importorskip("torch")
peer = pytest.importorskip("sentence_transformers")

_spec = importlib.util.spec_from_file_location(
    "stand_ins", Path(__file__).with_name("stand_ins.py")
)
assert _spec is not None
assert _spec.loader is not None
stand_ins = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(stand_ins)

pytestmark = pytest.mark.filterwarnings("ignore::tamis.TruncationWarning")
SCORERS = ["engine", "torchscript"]
DOCUMENTS = [document for _, document in stand_ins.TEXTS]


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Path]:
    """The stand-in of a family, made once."""
    root = tmp_path_factory.mktemp("families")

    def folder_of(family: str, labels: int) -> Path:
        folder = root / f"{family}-{labels}"
        made = (folder / "model.safetensors").exists()
        return folder if made else Path(stand_ins.make(family, folder, labels))

    return folder_of


def load(folder: Path, scorer: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ours."""
    if scorer == "torchscript" and importlib.util.find_spec("tamis._torch") is None:
        pytest.skip("this tamis was built without torch")
    monkeypatch.setenv("TAMIS_CACHE", str(folder.parent / "cache"))
    return tamis.CrossEncoder(str(folder), scorer=scorer)


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("labels", [1, 3])
@pytest.mark.parametrize("family", stand_ins.FAMILIES)
def test_scores(
    folder_of: Any, family: str, labels: int, scorer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(family, labels)
    theirs = peer.CrossEncoder(str(folder), device="cpu")
    ours = load(folder, scorer, monkeypatch)
    logits = {"activation_fn": torch.nn.Identity()}
    expected = theirs.predict(stand_ins.TEXTS, **logits)
    assert expected.std(axis=0).min() > 1.0, "logits near zero would hide errors"
    assert ours.max_seq_length == theirs.max_seq_length == stand_ins.LIMIT
    np.testing.assert_allclose(ours.predict(stand_ins.TEXTS, **logits), expected, atol=1e-4, rtol=0)
    np.testing.assert_allclose(
        ours.predict(stand_ins.TEXTS), theirs.predict(stand_ins.TEXTS), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("family", stand_ins.FAMILIES)
def test_rankings(folder_of: Any, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(family, 1)
    theirs = peer.CrossEncoder(str(folder), device="cpu").rank("what do pandas eat", DOCUMENTS)
    ours = load(folder, "engine", monkeypatch).rank("what do pandas eat", DOCUMENTS)
    assert [hit["corpus_id"] for hit in ours] == [hit["corpus_id"] for hit in theirs]
