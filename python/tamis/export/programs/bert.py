"""BERT, RoBERTa (with XLM-R and CamemBERT) and ELECTRA sequence classifiers."""

# torch is not analysed, so nn.Module is Any to mypy.
# mypy: disallow-subclassing-any=False

from typing import Any

import torch
from torch import Tensor, nn

from tamis.export.programs.layers import (
    ClassificationHead,
    Embeddings,
    Encoder,
    first_tokens,
)


class _Pooler(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)

    def forward(self, states: Tensor) -> Tensor:
        return torch.tanh(self.dense(states))


def _embeddings(config: dict[str, Any], width: int) -> Embeddings:
    return Embeddings(
        config["vocab_size"],
        config["max_position_embeddings"],
        config["type_vocab_size"],
        width,
        config["layer_norm_eps"],
    )


def _encoder(config: dict[str, Any]) -> Encoder:
    return Encoder(
        config["num_hidden_layers"],
        config["hidden_size"],
        config["num_attention_heads"],
        config["intermediate_size"],
        config["hidden_act"],
        config["layer_norm_eps"],
    )


class _BertModel(nn.Module):
    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.embeddings = _embeddings(config, config["hidden_size"])
        self.encoder = _encoder(config)
        self.pooler = _Pooler(config["hidden_size"])

    def forward(
        self, ids: Tensor, type_ids: Tensor, positions: Tensor, cu_seqlens: Tensor, max_seqlen: int
    ) -> Tensor:
        states = self.embeddings(ids, type_ids, positions)
        states = self.encoder(states, cu_seqlens, max_seqlen)
        return self.pooler(first_tokens(states, cu_seqlens))


class BertClassifier(nn.Module):
    def __init__(self, config: dict[str, Any], labels: int) -> None:
        super().__init__()
        self.bert = _BertModel(config)
        self.classifier = nn.Linear(config["hidden_size"], labels)

    def forward(
        self, ids: Tensor, type_ids: Tensor, positions: Tensor, cu_seqlens: Tensor, max_seqlen: int
    ) -> Tensor:
        return self.classifier(self.bert(ids, type_ids, positions, cu_seqlens, max_seqlen))


def roberta_positions(ids: Tensor, positions: Tensor, pad: int) -> Tensor:
    """Positions that count from pad + 1 and skip padding tokens.

    A text may contain the padding token literally; it gets position `pad` and is not counted.
    """
    counted = ids.ne(pad).long()
    total = counted.cumsum(0)
    starts = torch.arange(ids.size(0), device=ids.device) - positions
    before = (total - counted).index_select(0, starts)
    return (total - before) * counted + pad


class _RobertaModel(nn.Module):
    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.embeddings = _embeddings(config, config["hidden_size"])
        self.encoder = _encoder(config)
        self.pad: int = config["pad_token_id"]

    def forward(
        self, ids: Tensor, type_ids: Tensor, positions: Tensor, cu_seqlens: Tensor, max_seqlen: int
    ) -> Tensor:
        states = self.embeddings(ids, type_ids, roberta_positions(ids, positions, self.pad))
        return first_tokens(self.encoder(states, cu_seqlens, max_seqlen), cu_seqlens)


class RobertaClassifier(nn.Module):
    def __init__(self, config: dict[str, Any], labels: int) -> None:
        super().__init__()
        self.roberta = _RobertaModel(config)
        self.classifier = ClassificationHead(config["hidden_size"], labels, "tanh")

    def forward(
        self, ids: Tensor, type_ids: Tensor, positions: Tensor, cu_seqlens: Tensor, max_seqlen: int
    ) -> Tensor:
        return self.classifier(self.roberta(ids, type_ids, positions, cu_seqlens, max_seqlen))


class _ElectraModel(nn.Module):
    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        narrow, width = config["embedding_size"], config["hidden_size"]
        self.embeddings = _embeddings(config, narrow)
        if narrow != width:
            self.embeddings_project: nn.Module = nn.Linear(narrow, width)
        else:
            self.embeddings_project = nn.Identity()
        self.encoder = _encoder(config)

    def forward(
        self, ids: Tensor, type_ids: Tensor, positions: Tensor, cu_seqlens: Tensor, max_seqlen: int
    ) -> Tensor:
        states = self.embeddings_project(self.embeddings(ids, type_ids, positions))
        return first_tokens(self.encoder(states, cu_seqlens, max_seqlen), cu_seqlens)


class ElectraClassifier(nn.Module):
    def __init__(self, config: dict[str, Any], labels: int) -> None:
        super().__init__()
        self.electra = _ElectraModel(config)
        self.classifier = ClassificationHead(config["hidden_size"], labels, "gelu")

    def forward(
        self, ids: Tensor, type_ids: Tensor, positions: Tensor, cu_seqlens: Tensor, max_seqlen: int
    ) -> Tensor:
        return self.classifier(self.electra(ids, type_ids, positions, cu_seqlens, max_seqlen))
