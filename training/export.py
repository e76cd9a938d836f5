"""Step 4: the folder that the package embeds (int8 weights, config, vocabulary, references)."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import shutil

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from training.model import CLOSED, Config, TamisInteraction
from training.texts import Tokenizer, pad

_VITAMIN = (
    "In a randomised trial of 25,871 participants, supplemental vitamin D3 did not lower the "
    "risk of total, non-vertebral or hip fractures compared with placebo. Results did not differ "
    "by age, sex, race, body-mass index or baseline 25-hydroxyvitamin D level."
)
_BRIDGE = (
    "The old bridge was a narrow wooden structure that had been repaired many times. " * 8
    + "Its steel successor, drawn by the engineer Maria Lindqvist, was opened in June 1931."
)
REFERENCE = [
    ("what causes high blood pressure", "A diet rich in salt can raise blood pressure over time."),
    (
        "how long do tulips bloom",
        "Tulips flower for one to two weeks in spring, longer if it is cool.",
    ),
    ("how long do tulips bloom", "The stock exchange of Amsterdam opened in the year 1602."),
    ("Zürich café opening hours?", "The café in Zürich opens at 7 a.m. and closes at 6 p.m."),
    ("aspirin", "Aspirin (acetylsalicylic acid, C9H8O4) reduces pain, fever and inflammation."),
    ("Do vitamin D supplements prevent fractures in older adults?", _VITAMIN),
    ("x", "y"),
    ("who designed the bridge and when was it opened to traffic", _BRIDGE),
]


def quantise(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Symmetric int8 for each row of the encoder's matrices, with `<name>.scale`; the rest F32."""
    stored: dict[str, Tensor] = {}
    for name, tensor in state.items():
        tensor = tensor.detach().float().contiguous()
        if tensor.dim() != 2 or name.startswith("interaction."):
            stored[name] = tensor
            continue
        scale = (tensor.abs().amax(1) / 127).clamp_min(1e-12)
        stored[name] = (tensor / scale[:, None]).round().clamp(-127, 127).to(torch.int8)
        stored[name + ".scale"] = scale
    return stored


def dequantise(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `quantise`: fp32 tensors under their own names."""
    state = {}
    for name, tensor in stored.items():
        if name + ".scale" in stored:
            state[name] = tensor.float() * stored[name + ".scale"][:, None]
        elif not name.endswith(".scale"):
            state[name] = tensor.float()
    return state


def load(folder: str | pathlib.Path) -> TamisInteraction:
    """The model of an exported folder, in fp32."""
    folder = pathlib.Path(folder)
    model = TamisInteraction(Config.load(folder))
    model.load_state_dict(dequantise(load_file(str(folder / "model.safetensors"))))
    return model.eval()


def closed_layers(model: TamisInteraction) -> int:
    """So many of the first layers are shut to the other text."""
    shut = (model.interaction.attention_bias == CLOSED).all(1)
    return int(shut.long().cumprod(0).sum())


def config(model: TamisInteraction) -> dict[str, object]:
    """config.json of an exported folder."""
    return {
        "architectures": ["TamisInteractionForReranking"],
        "model_type": "tamis_interaction",
        **dataclasses.asdict(model.config),
        "closed_layers": closed_layers(model),
        "hidden_act": "gelu",
        "position_embedding_type": "absolute",
        "pair_template": "cls_sep_cls_sep",
        "restart_positions": True,
        "score_space": "logit",
        "quantization": {
            "weights": "int8",
            "scheme": "symmetric_per_row",
            "scale_suffix": ".scale",
        },
    }


@torch.no_grad()
def reference(model: TamisInteraction, tokenizer: Tokenizer) -> list[dict[str, object]]:
    """Pairs with their token ids and the fp32 logits of `model`."""
    entries: list[dict[str, object]] = []
    for query, passage in REFERENCE:
        query_ids, passage_ids = tokenizer([query], 512)[0], tokenizer([passage], 512)[0]
        logit = model(*pad([query_ids]), *pad([passage_ids])).item()
        entries.append(
            {
                "query": query,
                "passage": passage,
                "input_ids": query_ids + passage_ids,
                "token_type_ids": [0] * len(query_ids) + [1] * len(passage_ids),
                "position_ids": [*range(len(query_ids)), *range(len(passage_ids))],
                "logit": logit,
            }
        )
    return entries


def export(
    model: TamisInteraction, vocabulary: pathlib.Path, folder: pathlib.Path
) -> TamisInteraction:
    """Write `folder`; returns the model read back from it, that is, of the int8 weights."""
    folder.mkdir(parents=True, exist_ok=True)
    if vocabulary.resolve() != (folder / "vocab.txt").resolve():
        shutil.copy(vocabulary, folder / "vocab.txt")
    save_file(quantise(model.state_dict()), str(folder / "model.safetensors"), {"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    write_config(folder, model)
    tokenizer_config = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": True,
        "tokenize_chinese_chars": True,
        "strip_accents": None,
        "unk_token": "[UNK]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "mask_token": "[MASK]",
        "model_max_length": 512,
    }
    _write(folder / "tokenizer_config.json", tokenizer_config)
    stored = load(folder)
    write_reference(folder, stored)
    return stored


def write_config(folder: pathlib.Path, model: TamisInteraction, calibrated: bool = False) -> None:
    """config.json; `calibrated`: the logits are log-odds (calibrate.py). A record of lower
    precisions is of other logits, and gone."""
    more = {"calibrated": True} if calibrated else {}
    _write(folder / "config.json", config(model) | more)


def write_reference(folder: pathlib.Path, model: TamisInteraction) -> None:
    """reference.json, of the model as it is stored."""
    entries = reference(model, Tokenizer(folder))
    _write(folder / "reference.json", {"max_length": 512, "pairs": entries})


def _write(path: pathlib.Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
