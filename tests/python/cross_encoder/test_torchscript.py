"""scorer="torchscript": exports on the way, kept for the next time, made once; hashed once."""

from __future__ import annotations

import importlib.util
import json
import pickle
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tamis
from tamis import export_cache, loaded

needs_torch_module = pytest.mark.skipif(
    importlib.util.find_spec("tamis._torch") is None, reason="this tamis was built without torch"
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's exports are kept."""
    monkeypatch.setenv("TAMIS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The exports that were made, each slow and empty."""
    export = pytest.importorskip("tamis.export")
    made = []

    def fake(source: str, dest: str, *, compare_rankings: bool) -> None:
        assert not compare_rankings, "nobody would read it"
        made.append(dest)
        time.sleep(0.1)
        Path(dest).mkdir(parents=True)
        (Path(dest) / "tamis.json").write_text("{}")

    monkeypatch.setattr(export, "export_model", fake)
    return made


def test_an_export_is_kept(one_label: Path, cache: Path, exports: list[str]) -> None:
    bundle = export_cache.bundle_of(one_label)
    assert (bundle / "tamis.json").is_file()
    assert export_cache.bundle_of(one_label) == bundle
    assert len(exports) == 1
    assert [path.name for path in (cache / "exports").iterdir()] == [bundle.name]
    assert export_cache.bundle_of(one_label, revision="abc") != bundle


def test_every_file_of_weights_tells_exports_apart(
    tmp_path: Path, cache: Path, exports: list[str]
) -> None:
    for name in ("model.safetensors", "pytorch_model.bin", "pytorch_model-00001-of-00002.bin"):
        bundles = set()
        for content in ("one", "two"):
            folder = tmp_path / name / content / "model"
            folder.mkdir(parents=True)
            (folder / "config.json").write_text("{}")
            (folder / name).write_text(content)
            bundles.add(export_cache.bundle_of(folder))
        assert len(bundles) == 2


def test_the_cache_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAMIS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert export_cache.cache_root() == tmp_path / "tamis"


def test_threads_export_once(one_label: Path, cache: Path, exports: list[str]) -> None:
    with ThreadPoolExecutor(8) as threads:
        bundles = set(threads.map(lambda _: export_cache.bundle_of(one_label), range(8)))
    assert len(bundles) == len(exports) == 1


def test_processes_export_once(one_label: Path, cache: Path, tmp_path: Path) -> None:
    code = """
        import os, sys, time
        from pathlib import Path
        import tamis.export
        from tamis import export_cache, loaded

        def fake(source, dest, *, compare_rankings):
            (Path(sys.argv[2]) / str(os.getpid())).touch()
            time.sleep(0.5)
            Path(dest).mkdir(parents=True)
            (Path(dest) / "tamis.json").write_text("{}")

        tamis.export.export_model = fake
        print(export_cache.bundle_of(Path(sys.argv[1])))
    """
    pytest.importorskip("tamis.export")
    made = tmp_path / "made"
    made.mkdir()
    command = [sys.executable, "-c", textwrap.dedent(code), str(one_label), str(made)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = {process.communicate(timeout=120)[0] for process in running}
    assert [process.returncode for process in running] == [0, 0]
    assert len(outputs) == len(list(made.iterdir())) == 1


def test_without_locks_the_first_to_finish_wins(
    one_label: Path, cache: Path, exports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("this file system has no locks")

    monkeypatch.setattr(export_cache.fcntl, "flock", refuse)
    both_started = threading.Barrier(2)
    mkdtemp = export_cache.tempfile.mkdtemp

    def started(**options: Any) -> str:
        both_started.wait(timeout=30)
        return str(mkdtemp(**options))

    monkeypatch.setattr(export_cache.tempfile, "mkdtemp", started)
    with ThreadPoolExecutor(2) as threads:
        bundles = set(threads.map(lambda _: export_cache.bundle_of(one_label), range(2)))
    assert len(bundles) == 1
    assert len(exports) == 2
    assert [path.name for path in (cache / "exports").iterdir()] == [bundles.pop().name]


@needs_torch_module
def test_torchscript(one_label: Path, pairs: Any, cache: Path) -> None:
    short = [pair for pair in pairs if len(pair[0] + pair[1]) < 200]
    engine = tamis.CrossEncoder(str(one_label), device="cpu")
    script = tamis.CrossEncoder(str(one_label), device="cpu", scorer="torchscript")
    assert script.description != engine.description
    np.testing.assert_allclose(script.predict(short), engine.predict(short), atol=1e-4)
    copied = pickle.loads(pickle.dumps(script))
    np.testing.assert_array_equal(copied.predict(short), script.predict(short))
    assert script.path == str(one_label)
    (bundle,) = (cache / "exports").iterdir()
    assert tamis.CrossEncoder(str(bundle)).predict(short[0]) == engine.predict(short[0])


@pytest.mark.parametrize(
    "scorer", ["engine", pytest.param("torchscript", marks=needs_torch_module)]
)
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_on_a_cpu(
    one_label: Path, pairs: Any, cache: Path, dtype: str, scorer: Any
) -> None:
    torch = pytest.importorskip("torch")
    full = tamis.CrossEncoder(str(one_label))
    half = tamis.CrossEncoder(
        str(one_label), scorer=scorer, model_kwargs={"torch_dtype": getattr(torch, dtype)}
    )
    assert half.description.startswith(scorer)
    assert half.dtype == getattr(torch, dtype)
    options = {"scores": "logit", "on_truncation": "ignore"}
    found, expected = half.predict(pairs, **options), full.predict(pairs, **options)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=0.25)
    assert half.float().predict(pairs, **options) == pytest.approx(expected, abs=1e-4)


@needs_torch_module
def test_a_bundle_is_hashed_once(
    one_label: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tamis import _torch_loader

    load: Callable[..., Any] = _torch_loader.load_torchscript

    def then_damaged(bundle: str, **options: Any) -> Any:
        scorer = load(bundle, **options)
        with (Path(bundle) / "tokenizer.json").open("a") as file:
            file.write("\n")  # a second look at the hashes would see it
        return scorer

    bundle = export_cache.bundle_of(one_label)
    monkeypatch.setattr(_torch_loader, "load_torchscript", then_damaged)
    tamis.CrossEncoder(str(bundle), scorer="torchscript")
    with pytest.raises(tamis.ModelError, match="changed or damaged"):
        tamis.CrossEncoder(str(bundle), scorer="torchscript")


def test_torchscript_needs_the_torch_module(one_label: Path) -> None:
    if importlib.util.find_spec("tamis._torch") is not None:
        pytest.skip("this tamis was built with torch")
    with pytest.raises(ImportError, match="built without torch"):
        tamis.CrossEncoder(str(one_label), scorer="torchscript")


def test_what_only_torch_runs_says_so(
    one_label: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaded._torch_loader, "exists", lambda: False)
    other = Path(shutil.copytree(one_label, tmp_path / "other"))
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "model_type": "deberta-v2"}))
    with pytest.raises(tamis.ModelError, match=r"'deberta-v2'.*TAMIS_TORCH=1 pip install"):
        tamis.CrossEncoder(str(other))
