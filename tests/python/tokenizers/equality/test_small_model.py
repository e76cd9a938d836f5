"""The proofs that need no files from elsewhere: the shipped vocabulary, and models trained here."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hard_texts import hard_texts
from sentences import SENTENCES, train_sentencepiece
from tokenizer_kinds import XLMR_CONFIG, Both, read_both, write_config

import tamis

TEXTS = [*SENTENCES, *hard_texts("small", SENTENCES, 10_000)]
MODEL_TYPES = {"XLMRobertaTokenizer": "xlm-roberta", "CamembertTokenizer": "camembert"}


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """BERT's uncased vocabulary, which is part of the package."""
    source = Path(tamis.__file__).parent / "models" / "default" / "vocab.txt"
    if not source.is_file():
        pytest.skip(f"{source} is not there")
    folder = tmp_path_factory.mktemp("shipped")
    shutil.copy(source, folder)
    write_config(folder, "bert", {"tokenizer_class": "BertTokenizer", "do_lower_case": True})
    return read_both("shipped", folder, auto=True)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Both]:
    """A unigram model of a few hundred pieces, trained on the sentences, read as a class asks."""
    folder = tmp_path_factory.mktemp("trained")
    train_sentencepiece(folder / "model", vocab_size=600, character_coverage=0.98)

    def read(kind: str) -> Both:
        one = folder / kind
        one.mkdir(exist_ok=True)
        shutil.copy(folder / "model.model", one / "sentencepiece.bpe.model")
        write_config(one, MODEL_TYPES[kind], {**XLMR_CONFIG, "tokenizer_class": kind})
        return read_both(kind, one, auto=True)

    return read


def test_shipped_vocabulary(shipped: Both) -> None:
    shipped.check(TEXTS)


@pytest.mark.parametrize("kind", list(MODEL_TYPES))
def test_trained_model(kind: str, trained: Callable[[str], Both], tmp_path: Path) -> None:
    both = trained(kind)
    both.check(TEXTS)
    # The same tokenizer, saved by transformers as tokenizer.json.
    both.theirs.save(str(tmp_path / "tokenizer.json"))
    read_both(f"{kind} as JSON", tmp_path, auto=False).check(TEXTS)


def test_older_json_is_read_as_its_class_asks(
    trained: Callable[[str], Both], tmp_path: Path
) -> None:
    both = trained("XLMRobertaTokenizer")
    older = json.loads(both.theirs.to_str())
    collapse = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "\u2581"}
    older["normalizer"] = {"type": "Sequence", "normalizers": [older["normalizer"], collapse]}
    older["pre_tokenizer"] = older["pre_tokenizer"]["pretokenizers"][1]
    for kind in ("XLMRobertaTokenizer", "PreTrainedTokenizerFast"):
        folder = tmp_path / kind
        write_config(folder, "xlm-roberta", {**XLMR_CONFIG, "tokenizer_class": kind})
        (folder / "tokenizer.json").write_text(json.dumps(older))
        read_both(kind, folder, auto=True).check(TEXTS)


def test_any_number_of_threads(shipped: Both) -> None:
    alone = [ids.tolist() for ids in shipped.ours.encode_batch(TEXTS)]
    with ThreadPoolExecutor(8) as pool:
        runs = pool.map(lambda _: shipped.ours.encode_batch(TEXTS), range(8))
    for run in runs:
        assert [ids.tolist() for ids in run] == alone
