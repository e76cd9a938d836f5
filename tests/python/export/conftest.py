"""Small random classifiers of every family, with heads wide enough that parity means something."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

# Tiny models: more threads than one only wait for each other.
torch.set_num_threads(1)

_VOCABULARY = """
[PAD] [UNK] [CLS] [SEP] [MASK] the a of and in is what who wind light ##house keeper wrote down hour
names ships that passed sent book to harbour office at end every month capital france paris city
large ##st ban ##anas are rich potass ##ium how do vacc ##ines work train ##s immune system an empty
query still has answer some kind kept ' s , . ? ! ; : @ % & 1 2 3 4 5
"""
WORDS = _VOCABULARY.split()

SMALL = {
    "vocab_size": 160,
    "hidden_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "max_position_embeddings": 130,
    "pad_token_id": 0,
}
DISTIL = {
    "vocab_size": 160,
    "dim": 48,
    "n_layers": 3,
    "n_heads": 4,
    "hidden_dim": 96,
    "max_position_embeddings": 130,
}

FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("Bert", SMALL),
    "bert-gelu-new": ("Bert", SMALL | {"hidden_act": "gelu_new"}),
    "roberta": ("Roberta", SMALL | {"type_vocab_size": 1}),
    "xlm-roberta": ("XLMRoberta", SMALL | {"pad_token_id": 1, "type_vocab_size": 1}),
    "camembert": ("Camembert", SMALL | {"pad_token_id": 1, "type_vocab_size": 1}),
    "distilbert": ("DistilBert", DISTIL),
    "electra": ("Electra", SMALL | {"embedding_size": 32}),
    "electra-wide": ("Electra", SMALL | {"embedding_size": 48}),
}


def spread(model: Any, widen: float = 4.0) -> Any:
    """Widen weights, then scale the head so that logits differ by several units.

    A fresh model's logits all lie near 0, where a tolerance of 1e-4 hides every error.
    """
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2:
                parameter.mul_(widen)
            elif "LayerNorm" not in name and "layer_norm" not in name:
                parameter.normal_(0.0, 0.2)
        model.eval()
        ids = torch.randint(5, len(WORDS), (64, 12))
        ids[:, 0] = 2
        head = model.classifier
        head = getattr(head, "out_proj", head)
        off = model(input_ids=ids).logits
        head.weight.mul_(3.0 / off.std(0).unsqueeze(1))
        head.bias.zero_()
        head.bias.sub_(model(input_ids=ids).logits.mean(0))
    return model


def write_tokenizer(folder: Path, segments: bool = True) -> None:
    """A WordPiece tokenizer; `segments`: whether it gives token_type_ids."""
    folder.mkdir(exist_ok=True)
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    tokenizer = transformers.BertTokenizer(
        str(folder / "vocab.txt"),
        model_max_length=128,
        model_input_names=inputs if segments else ["input_ids", "attention_mask"],
    )
    tokenizer.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def make_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function (family, labels) -> Hugging Face folder, made once each."""
    made: dict[tuple[str, int], Path] = {}

    def make(family: str, labels: int = 1) -> Path:
        if (family, labels) not in made:
            name, config = FAMILIES[family]
            folder = tmp_path_factory.mktemp(f"{family}-{labels}")
            torch.manual_seed(7)
            settings = getattr(transformers, name + "Config")(**config, num_labels=labels)
            model = getattr(transformers, name + "ForSequenceClassification")(settings)
            spread(model).save_pretrained(folder)
            write_tokenizer(folder, segments=config.get("type_vocab_size", 2) > 1)
            made[family, labels] = folder
        return made[family, labels]

    return make
