"""Where models come from and where bundles go: hub names, and two exports at once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

import tamis
from tamis.export import ExportError, bundle_writer, export_model


def test_a_hub_name_goes_through_the_hubs_cache(
    make_model: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    snapshot = tmp_path / "snapshots" / commit
    shutil.copytree(make_model("bert"), snapshot)
    asked: dict[str, Any] = {}

    def snapshot_download(name: str, **options: Any) -> str:
        asked.update(options, name=name)
        return str(snapshot)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    export_model("someone/reranker", tmp_path / "bundle", revision="main", token="secret")
    assert asked["name"] == "someone/reranker"
    assert asked["revision"] == "main"
    assert asked["token"] == "secret"
    assert not any(pattern.endswith(".py") for pattern in asked["allow_patterns"])
    text = (tmp_path / "bundle" / "tamis.json").read_text()
    manifest = json.loads(text)
    assert manifest["source"] == "someone/reranker"
    assert manifest["revision"] == commit
    assert "secret" not in text


def test_the_hubs_refusal_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def snapshot_download(name: str, **options: Any) -> str:
        raise FileNotFoundError("no such revision\nand a long tail")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    with pytest.raises(ExportError, match=r"'a/b' cannot be had: no such revision$"):
        export_model("a/b", tmp_path / "bundle")


def test_the_names_of_cross_encoder(
    make_model: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tamis export` finds what `CrossEncoder` finds."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    cached = tmp_path / "hub" / "models--cross-encoder--short"
    shutil.copytree(make_model("bert"), cached / "snapshots" / commit)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(commit)
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path / "hub"))
    export_model("short", tmp_path / "short", local_files_only=True)
    export_model("tiny", tmp_path / "tiny")
    revisions = []
    for name in ("short", "tiny"):
        manifest = json.loads((tmp_path / name / "tamis.json").read_text())
        assert manifest["source"] == name
        assert manifest["library_version"] == tamis.__version__
        revisions.append(manifest["revision"])
    assert revisions == [commit, None]


def test_the_first_of_two_exports_wins(tmp_path: Path) -> None:
    dest = tmp_path / "bundle"
    with bundle_writer.new_bundle(dest, overwrite=False) as folder:
        (folder / "tamis.json").write_text("second")
        dest.mkdir()
        (dest / "tamis.json").write_text("first")
    assert (dest / "tamis.json").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_the_first_of_two_that_overwrite_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = tmp_path / "bundle"
    dest.mkdir()
    (dest / "tamis.json").write_text("old")
    rename = Path.rename

    def interrupted(path: Path, target: Path) -> Path:
        moved = rename(path, target)
        if path == dest:
            dest.mkdir()
            (dest / "tamis.json").write_text("first")
        return moved

    monkeypatch.setattr(Path, "rename", interrupted)
    with bundle_writer.new_bundle(dest, overwrite=True) as folder:
        (folder / "tamis.json").write_text("second")
    assert (dest / "tamis.json").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_an_export_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with bundle_writer.new_bundle(tmp_path / "deep" / "bundle", overwrite=False) as folder:
            (folder / "model.pt").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list((tmp_path / "deep").iterdir()) == []
