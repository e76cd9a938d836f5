"""On a CUDA device, through the TorchScript program; skipped where there is none."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tamis
from tamis import _torch_loader


def _cuda_is_here() -> bool:
    torch = pytest.importorskip("torch")
    return bool(_torch_loader.exists() and torch.cuda.is_available())


pytestmark = pytest.mark.skipif(
    not _cuda_is_here(), reason="needs a CUDA device and a tamis that was built with torch"
)

PAIRS = [
    ("how many people live in berlin?", "about " + "3.5 million people " * (n % 23) + "live there")
    for n in range(100)
]


@pytest.fixture(scope="module")
def cuda(one_label: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAMIS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield tamis.CrossEncoder(str(one_label), device="cuda")


def test_scores_are_those_of_the_engine(cuda: Any, one_label: Path) -> None:
    assert "cuda" in cuda.description
    expected = tamis.CrossEncoder(str(one_label), device="cpu", precision="fp32").predict(PAIRS)
    found = cuda.predict(PAIRS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_scores_are_those_of_sentence_transformers(cuda: Any, one_label: Path) -> None:
    peer = pytest.importorskip("sentence_transformers")
    theirs = peer.CrossEncoder(str(one_label), device="cuda").predict(PAIRS)
    np.testing.assert_allclose(cuda.predict(PAIRS), theirs, atol=1e-4)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_lower_precisions(cuda: Any, one_label: Path, precision: str) -> None:
    lower = tamis.CrossEncoder(str(one_label), device="cuda", precision=precision)
    found, expected = lower.predict(PAIRS), cuda.predict(PAIRS)
    np.testing.assert_allclose(found, expected, atol=0.1)
    assert not np.array_equal(found, expected)


def test_batches_of_any_size(cuda: Any) -> None:
    whole = cuda.predict(PAIRS)
    for size in (1, 7, 100):
        np.testing.assert_allclose(cuda.predict(PAIRS, batch_size=size), whole, atol=1e-5)


def test_it_moves_and_is_copied(cuda: Any) -> None:
    expected = cuda.predict(PAIRS[:5])
    for other in (copy.deepcopy(cuda), pickle.loads(pickle.dumps(cuda)), cuda.to("cuda:0")):
        np.testing.assert_allclose(other.predict(PAIRS[:5]), expected, atol=1e-5)


def test_tensors_stay_where_the_peer_leaves_them(cuda: Any) -> None:
    torch = pytest.importorskip("torch")
    found = cuda.predict(PAIRS[:5], convert_to_tensor=True)
    assert isinstance(found, torch.Tensor)
    np.testing.assert_allclose(found.cpu().numpy(), cuda.predict(PAIRS[:5]), atol=1e-6)


def test_threads_share_one_model(cuda: Any) -> None:
    expected = cuda.predict(PAIRS)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: cuda.predict(PAIRS), range(16)):
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_device_that_is_not_there(cuda: Any, one_label: Path) -> None:
    with pytest.raises(tamis.DeviceError, match="does not exist: this machine has"):
        tamis.CrossEncoder(str(one_label), device="cuda:99")


def test_rank_and_a_list_of_devices(cuda: Any) -> None:
    documents = [document for _, document in PAIRS[:9]]
    on_cuda = cuda.rank(PAIRS[0][0], documents)
    assert sorted(hit["corpus_id"] for hit in on_cuda) == list(range(9))
    pool = cuda.start_multi_process_pool(["cuda:0"])
    try:
        np.testing.assert_allclose(cuda.predict(PAIRS, pool=pool), cuda.predict(PAIRS), atol=1e-5)
    finally:
        cuda.stop_multi_process_pool(pool)
