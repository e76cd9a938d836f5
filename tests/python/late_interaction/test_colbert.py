"""ColBERT folders give what transformers and NumPy, and pylate where it is installed, give."""

from __future__ import annotations

import json
import shutil
import string
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tamis
from tamis import Cascade, LateInteraction
from tamis import stages as s

from .texts import TEXTS

QUERIES = ["how many people live in berlin?", "what, do pandas eat?!", "", "population " * 60]
DIM = 96
Folder = Callable[..., Path]


def export_model(*arguments: Any, **options: Any) -> Any:
    pytest.importorskip("torch")
    from tamis.export import export_model

    return export_model(*arguments, **options)


def save(path: Path, minilm: Path, layout: str, **settings: Any) -> Path:
    """all-MiniLM-L6-v2 with a random projection, as pylate or the Stanford code saves a model."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    safetensors = pytest.importorskip("safetensors.torch")
    tokenizer = transformers.AutoTokenizer.from_pretrained(minilm)
    model = transformers.AutoModel.from_pretrained(minilm)
    generator = torch.Generator().manual_seed(5)
    weight = torch.randn(DIM, 384, generator=generator) / 20
    if layout == "stanford":
        model.save_pretrained(path)
        tokenizer.save_pretrained(path)
        tensors = safetensors.load_file(path / "model.safetensors")
        tensors = {f"bert.{name}": value for name, value in tensors.items()}
        safetensors.save_file({**tensors, "linear.weight": weight}, path / "model.safetensors")
        config = json.loads((path / "config.json").read_text())
        (path / "config.json").write_text(json.dumps({**config, "architectures": ["HF_ColBERT"]}))
        (path / "artifact.metadata").write_text(json.dumps(settings))
        return path
    tokenizer.add_tokens(["[Q] ", "[D] "])
    model.resize_token_embeddings(len(tokenizer))
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    (path / "1_Dense").mkdir()
    safetensors.save_file({"linear.weight": weight}, path / "1_Dense" / "model.safetensors")
    dense = {
        "in_features": 384,
        "out_features": DIM,
        "bias": False,
        "activation_function": "torch.nn.modules.linear.Identity",
        "use_residual": False,
    }
    (path / "1_Dense" / "config.json").write_text(json.dumps(dense))
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Dense", "type": "pylate.models.Dense.Dense"},
    ]
    (path / "modules.json").write_text(json.dumps(modules))
    (path / "config_sentence_transformers.json").write_text(json.dumps(settings))
    (path / "sentence_bert_config.json").write_text(
        json.dumps({"max_seq_length": 511, "do_lower_case": False})
    )
    return path


@pytest.fixture
def folder(tmp_path: Path, minilm: Path) -> Folder:
    return lambda layout="pylate", **settings: save(tmp_path / "model", minilm, layout, **settings)


def reference(
    path: Path,
    queries: list[str],
    texts: list[str],
    markers: tuple[str, str] = ("[Q] ", "[D] "),
    lengths: tuple[int, int] = (32, 180),
    expand: bool = True,
    attend: bool = False,
    skipped: str = string.punctuation,
) -> np.ndarray:
    """[queries, texts]: sums of the best cosines, one text in a batch."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    load = pytest.importorskip("safetensors.torch").load_file
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    dense = path / "1_Dense" / "model.safetensors"
    weight = load(dense if dense.is_file() else path / "model.safetensors")["linear.weight"]
    config = transformers.BertConfig.from_pretrained(path)
    model = transformers.BertModel(config, add_pooling_layer=False).eval()
    tensors = load(path / "model.safetensors")
    own = {name.removeprefix("bert."): tensor for name, tensor in tensors.items()}
    missing, _ = model.load_state_dict(own, strict=False)
    assert not [name for name in missing if "position_ids" not in name]

    def vectors(text: str, is_query: bool) -> np.ndarray:
        length = lengths[0 if is_query else 1]
        ids = tokenizer(text, truncation=True, max_length=length - 1)["input_ids"]
        marker = tokenizer.convert_tokens_to_ids(markers[0 if is_query else 1])
        ids = [ids[0], marker, *ids[1:]]
        mask = [1] * len(ids)
        if is_query and expand:
            more = length - len(ids)
            ids, mask = ids + [tokenizer.mask_token_id] * more, mask + [int(attend)] * more
        with torch.no_grad():
            out = model(torch.tensor([ids]), torch.tensor([mask])).last_hidden_state[0]
        found = torch.nn.functional.normalize(out @ weight.T, dim=-1).numpy()
        skip = [] if is_query else tokenizer.convert_tokens_to_ids(list(skipped))
        return found[[i not in skip for i in ids]]

    documents = [vectors(text, False) for text in texts]
    asked = [vectors(query, True) for query in queries]
    return np.array([[(q @ d.T).max(1).sum() for d in documents] for q in asked])


def check(path: Path, **settings: Any) -> None:
    """Up to int8 vectors of the documents: 0.003 for each vector of a query."""
    model = LateInteraction(path)
    passages = model.encode_passages(TEXTS, on_truncation="ignore")
    for query, expected in zip(QUERIES, reference(path, QUERIES, TEXTS, **settings), strict=True):
        scores = model.score(query, passages, on_truncation="ignore")
        np.testing.assert_allclose(scores, expected, atol=0.1)
        assert np.corrcoef(scores, expected)[0, 1] > 0.9995


@pytest.mark.parametrize("attend", [False, True])
@pytest.mark.parametrize("expand", [True, False])
def test_pylate_layout(folder: Folder, expand: bool, attend: bool) -> None:
    path = folder(do_query_expansion=expand, attend_to_expansion_tokens=attend)
    check(path, expand=expand, attend=attend)


def test_lengths_markers_and_skipped_words(folder: Folder) -> None:
    path = folder(
        query_length=16,
        document_length=24,
        query_prefix="[unused3]",
        document_prefix="[unused4]",
        skiplist_words=["b", ",", "."],
    )
    check(path, lengths=(16, 24), markers=("[unused3]", "[unused4]"), skipped="b,.")


@pytest.mark.parametrize("mask", [True, False])
def test_stanford_layout(folder: Folder, mask: bool) -> None:
    path = folder("stanford", query_maxlen=20, doc_maxlen=220, mask_punctuation=mask)
    skipped = string.punctuation if mask else ""
    check(path, markers=("[unused0]", "[unused1]"), lengths=(20, 220), skipped=skipped)


def test_equals_pylate(folder: Folder) -> None:
    models = pytest.importorskip("pylate.models")
    scores = pytest.importorskip("pylate.scores")
    path = folder()
    model = models.ColBERT(str(path), device="cpu")
    documents = [model.encode([text], is_query=False)[0] for text in TEXTS]
    own = LateInteraction(path)
    passages = own.encode_passages(TEXTS, on_truncation="ignore")
    for query in QUERIES:
        asked = model.encode([query], is_query=True)[0]
        expected = [float(scores.colbert_scores(asked[None], d[None])[0, 0]) for d in documents]
        found = own.score(query, passages, on_truncation="ignore")
        np.testing.assert_allclose(found, expected, atol=0.1)


def test_it_is_a_late_interaction_like_others(folder: Folder, tmp_path: Path) -> None:
    path = folder()
    model = LateInteraction(path)
    assert model.max_length == 180
    passages = model.encode_passages(TEXTS)
    assert passages.nbytes == (passages.tokens + len(TEXTS)) * (DIM + 4)
    passages.save(tmp_path / "texts.passages")
    opened = model.open_passages(tmp_path / "texts.passages")
    np.testing.assert_array_equal(model.score("berlin", opened), model.score("berlin", passages))
    best = Cascade([s.late_interaction(model, keep=2, limit=9)]).run(QUERIES[0], TEXTS)
    assert best.hits[0].document == TEXTS[0]
    with pytest.raises(tamis.TruncationError, match="limit of 32"):
        model.score(QUERIES[3], passages, on_truncation="error")
    with pytest.raises(tamis.ModelError, match="makes a vector of a text"):
        model.embed_queries(["a"])
    assert LateInteraction(path, max_length=50).max_length == 50
    with pytest.raises(tamis.InvalidArgument, match="maxsim_weight cannot be given"):
        LateInteraction(path, maxsim_weight=2.0)


def change(path: Path, name: str, **fields: Any) -> None:
    saved = json.loads((path / name).read_text())
    (path / name).write_text(json.dumps({**saved, **fields}))


def test_bad_folders(folder: Folder) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    path = folder()
    before = LateInteraction(path).fingerprint
    change(path, "config_sentence_transformers.json", skiplist_words=["a"])
    assert LateInteraction(path).fingerprint != before
    for fields, words in (
        ({"query_prefix": "[nobody]"}, r"marker '\[nobody\]'"),
        ({"query_prefix": "[Q] ", "query_length": 2}, "length of 2"),
        ({"query_length": 9999}, "length of 9999"),
        ({"query_length": "x"}, "query_length"),
    ):
        change(path, "config_sentence_transformers.json", **fields)
        with pytest.raises(tamis.ModelError, match=words):
            LateInteraction(path)
    change(path, "config_sentence_transformers.json", query_length=32)
    change(path, "1_Dense/config.json", use_residual=True)
    with pytest.raises(tamis.ModelError, match="residual"):
        LateInteraction(path)
    change(path, "1_Dense/config.json", use_residual=False)
    stored = path / "1_Dense" / "model.safetensors"
    weights = safetensors.load_file(stored)
    safetensors.save_file({name: values[:0] for name, values in weights.items()}, stored)
    with pytest.raises(tamis.ModelError, match="no rows"):
        LateInteraction(path)
    (path / "1_Dense" / "model.safetensors").unlink()
    with pytest.raises(tamis.ModelError, match="1_Dense"):
        LateInteraction(path)
    (path / "modules.json").write_text("{")
    with pytest.raises(tamis.ModelError, match=r"modules\.json"):
        LateInteraction(path)


WITHOUT_TORCH = """
import sys
import numpy as np
from tamis import LateInteraction
model = LateInteraction(sys.argv[1])
texts, query = ["Berlin is a city.", "Pandas eat bamboo!"], "what do pandas eat?"
np.save(sys.argv[2], model.score(query, model.encode_passages(texts)))
assert "torch" not in sys.modules
"""


@pytest.mark.parametrize("layout", ["pylate", "stanford"])
def test_a_bundle_gives_what_its_folder_gives(folder: Folder, tmp_path: Path, layout: str) -> None:
    settings = {
        "query_length": 24,
        "attend_to_expansion_tokens": True,
        "skiplist_words": [".", "a"],
    }
    path = folder(layout, **(settings if layout == "pylate" else {"query_maxlen": 24}))
    report = export_model(path, tmp_path / "bundle")
    assert report.convention == "none"
    assert report.parity["max_abs_score_difference"] == 0
    shutil.rmtree(path)  # the bundle needs nothing of it
    own = LateInteraction(tmp_path / "bundle")
    assert own.max_length == 180
    manifest = json.loads((tmp_path / "bundle" / "tamis.json").read_text())
    assert manifest["colbert"]["query"]["length"] == 24
    assert manifest["colbert"]["projections"] == ["projection.0"]
    assert set(manifest["parity"]) == {"fp32", "bf16", "int8"}
    asked = [sys.executable, "-c", WITHOUT_TORCH, tmp_path / "bundle", tmp_path / "scores.npy"]
    subprocess.run(asked, check=True)
    texts, query = ["Berlin is a city.", "Pandas eat bamboo!"], "what do pandas eat?"
    scores = own.score(query, own.encode_passages(texts))
    np.testing.assert_array_equal(np.load(tmp_path / "scores.npy"), scores)


def test_a_bundles_scores_are_transformers(folder: Folder, tmp_path: Path) -> None:
    path = folder(query_length=16, document_length=24, prompts={"query": "", "document": "b "})
    export_model(path, tmp_path / "bundle")
    both = [LateInteraction(one) for one in (path, tmp_path / "bundle")]
    found = [
        [
            model.score(
                query, model.encode_passages(TEXTS, on_truncation="ignore"), on_truncation="ignore"
            )
            for query in QUERIES
        ]
        for model in both
    ]
    np.testing.assert_array_equal(found[0], found[1])
    texts = ["b " + text for text in TEXTS]
    expected = reference(path, QUERIES, texts, lengths=(16, 24))
    np.testing.assert_allclose(found[1], expected, atol=0.1)


def test_bad_bundles(folder: Folder, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    path = folder()
    with pytest.raises(tamis.ExportError, match="no program"):
        export_model(path, bundle, convention="packed")
    assert not bundle.exists()
    export_model(path, bundle, max_length=60)
    assert LateInteraction(bundle).max_length == 60
    with pytest.raises(tamis.ModelError, match="no classification head"):
        tamis.CrossEncoder(bundle)
    saved = json.loads((bundle / "tamis.json").read_text())["colbert"]
    for fields, words in (
        ({"filler": 10**6}, "filler 1000000 is no token"),
        ({"query": {"marker": 1, "length": 0}}, "'length' is 0"),
        ({"document": {"marker": 1, "length": 9999}}, "length of 9999"),
        ({"document": 7}, "'document' is no object"),
        ({"skipped": ["a"]}, "skipped"),
        ({"projections": []}, "names no projections"),
        ({"projections": ["projection.7"]}, r"projection\.7\.weight' is missing"),
    ):
        change(bundle, "tamis.json", colbert={**saved, **fields})
        with pytest.raises(tamis.ModelError, match=words):
            LateInteraction(bundle)
    change(bundle, "tamis.json", colbert=saved)
    LateInteraction(bundle)
    weights = bytearray((bundle / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (bundle / "model.safetensors").write_bytes(weights)
    with pytest.raises(tamis.ModelError, match="changed or damaged"):
        LateInteraction(bundle)
    change(path, "1_Dense/config.json", use_residual=True)
    with pytest.raises(tamis.ExportError, match="residual"):
        export_model(path, tmp_path / "another")
    assert not (tmp_path / "another").exists()
