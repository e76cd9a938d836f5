"""Which files save_pretrained leaves in a folder, whatever was there, and who has it mapped."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tamis


@pytest.fixture(scope="module")
def another(bert_maker: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reranker with other weights than `one_label`."""
    return bert_maker(tmp_path_factory.mktemp("models") / "another", seed=11)


@pytest.fixture(scope="module")
def in_shards(another: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`another`, with its weights in several files."""
    import transformers

    folder = Path(shutil.copytree(another, tmp_path_factory.mktemp("models") / "in-shards"))
    model = transformers.BertForSequenceClassification.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="1MB")
    assert (folder / "model.safetensors.index.json").is_file()
    return folder


def test_a_model_that_has_the_folder_mapped_stays_as_it_is(
    one_label: Path, another: Path, pairs: Any, tmp_path: Path
) -> None:
    tamis.CrossEncoder(str(one_label)).save_pretrained(tmp_path)
    serving = tamis.CrossEncoder(str(tmp_path))
    before = serving.predict(pairs[:7])
    newer = tamis.CrossEncoder(str(another))
    newer.save_pretrained(tmp_path)
    np.testing.assert_array_equal(serving.predict(pairs[:7]), before)
    again = tamis.CrossEncoder(str(tmp_path))
    np.testing.assert_array_equal(again.predict(pairs[:7]), newer.predict(pairs[:7]))


def test_nothing_of_an_earlier_save_is_read(
    one_label: Path, in_shards: Path, pairs: Any, tmp_path: Path
) -> None:
    from tamis.export import export_model

    bundle = tmp_path / "bundle"
    export_model(one_label, bundle, compare_rankings=False)
    for source in (one_label, in_shards, one_label, bundle, in_shards):
        model = tamis.CrossEncoder(str(source))
        model.save_pretrained(tmp_path / "saved")
        again = tamis.CrossEncoder(str(tmp_path / "saved"))
        np.testing.assert_array_equal(again.predict(pairs[:7]), model.predict(pairs[:7]))


def test_what_is_the_users_stays(one_label: Path, tmp_path: Path) -> None:
    own = ("notes.txt", "model-best.safetensors", "README.md")
    for name in own:
        (tmp_path / name).write_text("the user's")
    stale = tmp_path / "added_tokens.json"
    stale.write_text("{}")
    tamis.CrossEncoder(str(one_label)).save_pretrained(tmp_path)
    assert {(tmp_path / name).read_text() for name in own} == {"the user's"}
    assert not stale.exists()


def test_into_the_folder_it_came_from(one_label: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(one_label, tmp_path / "m"))
    (tmp_path / "link").symlink_to(folder)
    model = tamis.CrossEncoder(str(folder), activation_fn="tanh", max_length=64)
    expected = model.predict(("a", "b"))
    for path in (folder, tmp_path / "link"):
        model.save_pretrained(path)
        again = tamis.CrossEncoder(str(folder))
        assert again.max_seq_length == 64
        assert again.predict(("a", "b")) == model.predict(("a", "b")) == expected
    assert {path.name for path in one_label.iterdir()} < {path.name for path in folder.iterdir()}


def test_what_cannot_be_written_leaves_the_folder_as_it_was(
    one_label: Path, another: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tamis.CrossEncoder(str(one_label)).save_pretrained(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        if source.suffix == ".safetensors":
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space left"):
        tamis.CrossEncoder(str(another)).save_pretrained(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
