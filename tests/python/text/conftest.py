"""Our tokenizers and their originals, over the same files.

The originals are the `tokenizers` package's, as transformers builds them, run beside ours: nothing is
recorded. Texts and vocabularies are in $TAMIS_SHARED_DATA (default: shared/data beside the
repository); where it is not there, WordPiece is checked with the vocabulary in the repository.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
DEFAULT_MODEL = REPOSITORY / "python" / "tamis" / "models" / "default"
SHARED = Path(os.environ.get("TAMIS_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))

os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")


@pytest.fixture(scope="session")
def shared() -> Path:
    if not (SHARED / "tokenizers").is_dir():
        pytest.skip(f"{SHARED} is not there; set TAMIS_SHARED_DATA to the folder of collections")
    return SHARED


def texts_of(collection: Path) -> Iterator[str]:
    """Every text and query of a collection in BEIR's form."""
    for path in sorted(collection.rglob("*.jsonl*")):
        if not path.name.startswith(("corpus", "queries")):
            continue
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                item = json.loads(line)
                if item.get("title"):
                    yield item["title"]
                yield item["text"]


def collections(shared: Path) -> list[Path]:
    return [
        p
        for p in sorted(shared.iterdir())
        if p.is_dir() and p.name not in ("models", "tokenizers", "wire")
    ]


def make_folder(folder: Path, source: Path, names: list[str], **config: Any) -> Path:
    """A folder with some files of another one and a tokenizer_config.json of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).symlink_to(source / name)
    if config:
        (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    return folder


def original(folder: Path, kind: str = "AutoTokenizer") -> Any:
    """The `tokenizers.Tokenizer` that transformers makes of the folder."""
    import transformers

    tokenizer = getattr(transformers, kind).from_pretrained(str(folder))._tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def assert_equal_ids(ours: Any, theirs: Any, texts: list[str], size: int = 2000) -> int:
    """How many texts were compared."""
    for begin in range(0, len(texts), size):
        batch = texts[begin : begin + size]
        expected = theirs.encode_batch_fast(batch, add_special_tokens=False)
        for text, want, got in zip(batch, expected, ours.encode_batch(batch), strict=True):
            assert got.tolist() == want.ids, f"{text[:200]!r}: {want.tokens[:60]}"
    return len(texts)


def assert_equal_encoded(ours: Any, expected: list[Any], texts: list[str]) -> int:
    for text, want, got in zip(texts, expected, ours.encode_batch(texts), strict=True):
        assert got.tolist() == want.ids, f"{text[:200]!r}: {want.tokens[:60]}"
    return len(texts)


@pytest.fixture(scope="session")
def load() -> Any:
    from tamis._native import Tokenizer

    return Tokenizer.load


@pytest.fixture(scope="session")
def default_pair(load: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """(ours, theirs) for the vocabulary in the repository."""
    folder = make_folder(
        tmp_path_factory.mktemp("bert"),
        DEFAULT_MODEL,
        ["vocab.txt"],
        do_lower_case=True,
        model_max_length=512,
    )
    return load(folder), original(folder, "BertTokenizer")
