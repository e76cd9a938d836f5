"""Files of a folder or bundle that are no JSON object, lead nowhere, or say what cannot be."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tamis

REFUSED = (tamis.ModelError, tamis.TokenizerError)


@pytest.fixture(scope="module")
def exported(one_label: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    export = pytest.importorskip("tamis.export")
    folder = tmp_path_factory.mktemp("bundles") / "bundle"
    export.export_model(one_label, folder)
    return folder


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "bundle"))


@pytest.fixture
def folder(one_label: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(one_label, tmp_path / "model"))


def _change(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def _load(folder: Path) -> Any:
    return tamis.CrossEncoder(str(folder), scorer="engine")


@pytest.mark.parametrize("content", ["[1]", "3", "null", '"a"', "{"])
@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
def test_what_is_no_object_is_named(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content)
    with pytest.raises(REFUSED, match=rf"{name} (is no JSON object|cannot be read as JSON)"):
        tamis.CrossEncoder(str(folder))


# What Python's json writes and reads, and JSON has not.
LITERALS = ', "unread": [NaN, -Infinity, "NaN \\" Infinity"]}'


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
def test_literals_of_python(folder: Path, one_label: Path, name: str) -> None:
    peer = pytest.importorskip("sentence_transformers")
    content = (folder / name).read_text().rstrip()
    assert content.endswith("}")
    (folder / name).write_text(content[:-1] + LITERALS)
    if name == "tokenizer_config.json":
        _change(folder / name, model_max_length=float("inf"))
    pairs = [("a query", "some text"), ("b", "other")]
    ours = tamis.CrossEncoder(str(folder))
    np.testing.assert_array_equal(
        ours.predict(pairs), tamis.CrossEncoder(str(one_label)).predict(pairs)
    )
    if name != "tokenizer.json":  # whose reader there is strict
        theirs = peer.CrossEncoder(str(folder), device="cpu").predict(pairs)
        np.testing.assert_allclose(ours.predict(pairs), theirs, atol=1e-4)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_field_that_is_no_number(folder: Path, value: float) -> None:
    _change(folder / "config.json", num_hidden_layers=value)
    with pytest.raises(tamis.ModelError, match=r"config\.json: field 'num_hidden_layers' is "):
        tamis.CrossEncoder(str(folder))


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
def test_a_byte_order_mark(folder: Path, one_label: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(b"\xef\xbb\xbf" + content)
    pairs = [("a query", "some text")]
    scores = tamis.CrossEncoder(str(folder)).predict(pairs)
    np.testing.assert_array_equal(scores, tamis.CrossEncoder(str(one_label)).predict(pairs))


@pytest.mark.parametrize("content", ["[1]", "3", '"a"', "{"])
def test_a_manifest_that_is_no_object_is_named(bundle: Path, content: str) -> None:
    (bundle / "tamis.json").write_text(content)
    for scorer in (None, "engine"):
        with pytest.raises(tamis.ModelError, match=r"tamis\.json "):
            tamis.CrossEncoder(str(bundle), scorer=scorer)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize(
    "name",
    [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "modules.json",
        "config_sentence_transformers.json",
    ],
)
def test_brackets_without_end(folder: Path, name: str, opening: str) -> None:
    closing = {"[": "]", '{"a":': "}"}[opening]
    (folder / "modules.json").write_text(json.dumps([{"type": "x.Transformer", "path": ""}]))
    text = f'{{"model_type": "bert", "x": {opening * 100_000}1{closing * 100_000}}}'
    (folder / name).write_text(text)
    with pytest.raises(REFUSED, match=rf"{name}.* nests"):
        tamis.CrossEncoder(str(folder))


def test_brackets_without_end_in_a_header(folder: Path) -> None:
    header = b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(tamis.ModelError, match=r"model\.safetensors nests deeper than 100"):
        _load(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("kind", ["loop", "folder", "pipe"])
def test_what_is_no_file(folder: Path, name: str, kind: str) -> None:
    path = folder / name
    path.unlink()
    if kind == "loop":
        path.symlink_to(name)
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(REFUSED, match=rf"{name}"):
        tamis.CrossEncoder(str(folder))


def test_a_link_to_itself_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(FileNotFoundError, match="a link that leads to no folder"):
        tamis.CrossEncoder(str(tmp_path / "loop"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"activation": "foo"}, "unknown activation 'foo'; it must be identity, sigmoid or tanh"),
        ({"default_prompt": "q"}, "Default prompt name 'q' not found .* default_prompt_name="),
        ({"max_length": -1}, "'max_length' is -1, expected a whole number"),
        ({"max_length": 2}, "limits a pair to 2 tokens, but .* 3 special .* correct its max_leng"),
        ({"format_version": 1.5}, "'format_version' is 1.5"),
        ({"format_version": True}, "'format_version' is true"),
        ({"format_version": 10**30}, "'format_version' is 1e"),
        ({"format_version": "1"}, "'format_version' is \"1\""),
        ({"format_version": 2}, "format 2, this version of tamis reads up to 1; upgrade tamis"),
        ({"labels": 1.0}, "'labels' is 1.0"),
        ({"files": {}}, "no hash of 'config.json', which would be read unverified"),
    ],
    ids=str,
)
def test_manifests_that_say_what_cannot_be(
    bundle: Path, values: dict[str, Any], message: str
) -> None:
    _change(bundle / "tamis.json", **values)
    with pytest.raises((*REFUSED, tamis.InvalidArgument), match=rf"tamis\.json.*{message}"):
        _load(bundle)


@pytest.mark.parametrize("lost", ["model.pt", "tokenizer.json", "tokenizer_config.json"])
def test_every_file_that_is_read_has_a_hash(bundle: Path, lost: str) -> None:
    files = json.loads((bundle / "tamis.json").read_text())["files"]
    del files[lost]
    _change(bundle / "tamis.json", files=files)
    with pytest.raises(
        tamis.ModelError, match=rf"tamis\.json: its 'files' has no hash of '{lost}'"
    ):
        _load(bundle)


def test_files_for_people_need_no_hash(bundle: Path, exported: Path) -> None:
    (bundle / "README.md").write_text("for people")
    (bundle / ".gitattributes").write_text("* binary")
    assert _load(bundle).predict(("a", "b")) == _load(exported).predict(("a", "b"))


def test_limits_that_leave_no_room(folder: Path) -> None:
    _change(folder / "tokenizer_config.json", model_max_length=2)
    with pytest.raises(
        tamis.ModelError, match=r"tokenizer_config\.json: it limits .*its model_max_length"
    ):
        _load(folder)


def test_a_default_prompt_that_is_not_there(folder: Path, tmp_path: Path) -> None:
    prompts = {"web": "search: "}
    saved = tamis.CrossEncoder(str(folder), prompts=prompts, default_prompt_name="web")
    saved.save_pretrained(tmp_path / "saved")
    _change(tmp_path / "saved/config_sentence_transformers.json", default_prompt_name="absent")
    with pytest.raises(
        ValueError, match=r"config_sentence_transformers\.json: .*'absent' not found"
    ):
        tamis.CrossEncoder(str(tmp_path / "saved"))
    named = tamis.CrossEncoder(str(tmp_path / "saved"), default_prompt_name="web")
    assert named.predict(("a", "b")) == saved.predict(("a", "b"))


def test_names_that_are_no_utf8(one_label: Path, tmp_path: Path) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/m\xff")
    shutil.copytree(one_label, folder)
    expected = tamis.CrossEncoder(str(one_label)).predict([("a", "b")])
    np.testing.assert_array_equal(tamis.CrossEncoder(folder).predict([("a", "b")]), expected)
    Path(folder, "model.safetensors").write_bytes(b"x")
    with pytest.raises(tamis.ModelError, match="m\udcff/model\\.safetensors is too short"):
        tamis.CrossEncoder(folder)
