"""A loaded model is not loaded again, and threads that ask at the same time load it once."""

from __future__ import annotations

import gc
import os
import pickle
import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import tamis

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="counts the process's mappings"
)


def mappings(folder: Path) -> int:
    """How often this process has the model's weights mapped: once for each load that is alive."""
    weights = os.path.realpath(folder / "model.safetensors")
    return Path("/proc/self/maps").read_text().count(weights)


@pytest.fixture
def fresh(one_label: Path, tmp_path: Path) -> Path:
    """A folder that nothing has loaded."""
    return Path(shutil.copytree(one_label, tmp_path / "fresh"))


def test_concurrent_first_loads_load_once(fresh: Path) -> None:
    workers = 16
    together = threading.Barrier(workers)

    def load(_: int) -> tamis.CrossEncoder:
        together.wait(timeout=60)
        return tamis.CrossEncoder(str(fresh))

    with ThreadPoolExecutor(workers) as threads:
        models = list(threads.map(load, range(workers)))
    assert mappings(fresh) == 1
    assert len({model.predict(("a", "b")).tobytes() for model in models}) == 1


def test_loads_share_and_the_last_one_frees(fresh: Path) -> None:
    model = tamis.CrossEncoder(str(fresh))
    others = [tamis.CrossEncoder(str(fresh), max_length=64), pickle.loads(pickle.dumps(model))]
    os.symlink(fresh, fresh.parent / "link")
    others.append(tamis.CrossEncoder(str(fresh.parent / "link")))
    assert mappings(fresh) == 1
    del others
    model.predict(("a", "b"))
    del model
    gc.collect()
    assert mappings(fresh) == 0


def test_settings_are_each_objects_own(fresh: Path) -> None:
    model = tamis.CrossEncoder(str(fresh))
    other = tamis.CrossEncoder(str(fresh), activation_fn="identity", prompts={"q": "x"})
    assert (model.score_space, other.score_space) == ("probability", "logit")
    assert model.prompts == {}


def test_changed_files_are_loaded_anew(fresh: Path) -> None:
    save = pytest.importorskip("safetensors.torch")
    model = tamis.CrossEncoder(str(fresh))
    before = model.predict(("a", "b"))
    tensors = save.load_file(fresh / "model.safetensors")
    tensors["classifier.bias"] += 1
    (fresh / "model.safetensors").unlink()  # the old model goes on with the old file
    save.save_file(tensors, fresh / "model.safetensors", metadata={"format": "pt"})
    assert tamis.CrossEncoder(str(fresh)).predict(("a", "b")) > before
    assert model.predict(("a", "b")) == before
