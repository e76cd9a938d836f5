"""Settings of a folder that change what the model is handed."""

from __future__ import annotations

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


def test_one_model_has_one_revision(one_label: Path) -> None:
    with pytest.raises(tamis.InvalidArgument, match=r"got 'a', 'b'; hand it in as revision="):
        tamis.CrossEncoder(
            str(one_label), model_kwargs={"revision": "a"}, config_kwargs={"revision": "b"}
        )
