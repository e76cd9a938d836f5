"""Settings of a folder that change what the model is handed."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tamis


@pytest.mark.parametrize(
    "names", [["input_ids", "attention_mask"], ["input_ids", "token_type_ids", "attention_mask"]]
)
def test_type_ids_only_where_the_folder_names_them(
    names: list[str], one_label: Path, pairs: Any, tmp_path: Path
) -> None:
    peer = pytest.importorskip("sentence_transformers")
    folder = tmp_path / "model"
    shutil.copytree(one_label, folder)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_input_names": names}))
    ours = tamis.CrossEncoder(str(folder), device="cpu").predict(pairs)
    theirs = peer.CrossEncoder(str(folder), device="cpu").predict(pairs)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    same = np.allclose(ours, tamis.CrossEncoder(str(one_label), device="cpu").predict(pairs))
    assert same == ("token_type_ids" in names)


def _with(folder: Path, target: Path, config: dict[str, Any], **changed: Any) -> str:
    """A copy of the folder with other settings, and other parts of tokenizer.json."""
    shutil.copytree(folder, target)
    for name, changes in (("tokenizer_config.json", config), ("tokenizer.json", changed)):
        path = target / name
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return str(target)


GENERAL = ["PreTrainedTokenizerFast", "TokenizersBackend"]
SETTINGS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    *[({"tokenizer_class": name}, {}) for name in (*GENERAL, "DistilBertTokenizer")],
    *[({"tokenizer_class": name, "sep_token": "[MASK]"}, {}) for name in GENERAL],
    *[({"tokenizer_class": name}, {"post_processor": None}) for name in GENERAL],
    ({"sep_token": "[MASK]"}, {}),
    ({"cls_token": "[unused5]"}, {}),
    ({"sep_token": "[unused7]"}, {"added_tokens": [], "post_processor": None}),
]


@pytest.mark.parametrize(("config", "changed"), SETTINGS, ids=str)
def test_the_tokenizers_class_decides_as_in_transformers(
    config: dict[str, Any], changed: dict[str, Any], one_label: Path, pairs: Any, tmp_path: Path
) -> None:
    peer = pytest.importorskip("sentence_transformers")
    folder = _with(one_label, tmp_path / "model", config, **changed)
    ours = tamis.CrossEncoder(folder, device="cpu").predict(pairs[:7])
    theirs = peer.CrossEncoder(folder, device="cpu").predict(pairs[:7])
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    plain = tamis.CrossEncoder(str(one_label), device="cpu").predict(pairs[:7])
    assert not np.allclose(ours, plain, atol=1e-2)


def test_the_side_of_padding_changes_no_score(one_label: Path, pairs: Any, tmp_path: Path) -> None:
    peer = pytest.importorskip("sentence_transformers")
    folder = _with(one_label, tmp_path / "model", {"padding_side": "left"})
    ours = tamis.CrossEncoder(folder, device="cpu").predict(pairs[:7])
    assert (ours == tamis.CrossEncoder(str(one_label), device="cpu").predict(pairs[:7])).all()
    alone = peer.CrossEncoder(folder, device="cpu")  # a batch moves BERT's positions there
    np.testing.assert_allclose(ours, [alone.predict(pair) for pair in pairs[:7]], atol=1e-4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.skipif(importlib.util.find_spec("tamis._torch") is None, reason="built without torch")
@pytest.mark.parametrize("convention", ["packed", "padded"])
def test_nor_does_it_in_a_bundle(
    convention: str, one_label: Path, pairs: Any, tmp_path: Path
) -> None:
    export = pytest.importorskip("tamis.export")
    folder = _with(one_label, tmp_path / "model", {"padding_side": "left"})
    export.export_model(folder, tmp_path / "bundle", convention=convention)
    bundle = tamis.CrossEncoder(str(tmp_path / "bundle"), scorer="torchscript")
    plain = tamis.CrossEncoder(str(one_label), device="cpu").predict(pairs[:7])
    np.testing.assert_allclose(bundle.predict(pairs[:7]), plain, atol=1e-4)


@pytest.mark.parametrize("kind", ["SentenceTransformer", None])
def test_settings_that_are_not_a_cross_encoders(
    kind: str | None, one_label: Path, pairs: Any, tmp_path: Path
) -> None:
    peer = pytest.importorskip("sentence_transformers")
    model = tamis.CrossEncoder(str(one_label), prompts={"q": "pandas "}, default_prompt_name="q")
    model.activation_fn = "tanh"
    model.save_pretrained(tmp_path / "saved")
    path = tmp_path / "saved/config_sentence_transformers.json"
    saved = json.loads(path.read_text()) | {"model_type": kind}
    path.write_text(json.dumps({name: value for name, value in saved.items() if value}))
    ours = tamis.CrossEncoder(str(tmp_path / "saved"), device="cpu")
    theirs = peer.CrossEncoder(str(tmp_path / "saved"), device="cpu")
    assert ours.prompts.get("q") == theirs.prompts.get("q")
    assert ours.default_prompt_name is theirs.default_prompt_name is None
    np.testing.assert_allclose(ours.predict(pairs[:7]), theirs.predict(pairs[:7]), atol=1e-4)


def test_where_the_files_come_from_may_stand_in_any_dictionary(
    one_label: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    asked: list[dict[str, Any]] = []

    def download(name: str, **options: Any) -> str:
        asked.append(options)
        return str(one_label)

    monkeypatch.setattr(hub, "snapshot_download", download)
    tamis.CrossEncoder(
        "org/name",
        model_kwargs={"token": "SECRET"},
        tokenizer_kwargs={"cache_dir": "/there"},
        config_kwargs={"local_files_only": True},
    )
    found = {name: asked[0][name] for name in ("token", "cache_dir", "local_files_only")}
    assert found == {"token": "SECRET", "cache_dir": "/there", "local_files_only": True}
    with pytest.raises(tamis.InvalidArgument, match="one token; hand it in as token=") as caught:
        tamis.CrossEncoder("org/name", token="SECRET", model_kwargs={"token": "OTHER"})
    assert "SECRET" not in str(caught.value)


def test_one_model_has_one_revision(one_label: Path) -> None:
    with pytest.raises(tamis.InvalidArgument, match=r"got 'a', 'b'; hand it in as revision="):
        tamis.CrossEncoder(
            str(one_label), model_kwargs={"revision": "a"}, config_kwargs={"revision": "b"}
        )


def test_modules_that_a_folder_keeps_in_fp32(one_label: Path, tmp_path: Path) -> None:
    peer = pytest.importorskip("sentence_transformers")
    folder = shutil.copytree(one_label, tmp_path / "model")
    saved = peer.CrossEncoder(
        str(folder), device="cpu", keep_in_fp32_modules=["0.model.classifier"]
    )
    saved.save_pretrained(str(tmp_path / "saved"))
    theirs = peer.CrossEncoder(str(tmp_path / "saved"), device="cpu")
    ours = tamis.CrossEncoder(str(tmp_path / "saved"), device="cpu")
    assert ours.keep_in_fp32_modules == theirs.keep_in_fp32_modules == ["0.model.classifier"]
    with pytest.raises(tamis.InvalidArgument, match="keep_in_fp32_modules names torch modules"):
        tamis.CrossEncoder(str(tmp_path / "saved"), device="cpu", precision="bf16")
    tamis.CrossEncoder(
        str(tmp_path / "saved"), device="cpu", precision="bf16", keep_in_fp32_modules=[]
    )
