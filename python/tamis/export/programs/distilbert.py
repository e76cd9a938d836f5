"""DistilBERT sequence classifiers: BERT without segments, by other names."""

# torch is not analysed, so nn.Module is Any to mypy.
# mypy: disallow-subclassing-any=False

import math
from typing import Any

import torch
from torch import Tensor, nn

from tamis.export.programs.layers import ACTIVATIONS, first_tokens

_EPS = 1e-12  # fixed in DistilBERT's definition, absent from its config


class _Embeddings(nn.Module):
    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config["vocab_size"], config["dim"])
        self.position_embeddings = nn.Embedding(config["max_position_embeddings"], config["dim"])
        self.LayerNorm = nn.LayerNorm(config["dim"], eps=_EPS)

    def forward(self, ids: Tensor, positions: Tensor) -> Tensor:
        return self.LayerNorm(self.word_embeddings(ids) + self.position_embeddings(positions))


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.q_lin = nn.Linear(width, width)
        self.k_lin = nn.Linear(width, width)
        self.v_lin = nn.Linear(width, width)
        self.out_lin = nn.Linear(width, width)
        self.heads = heads
        self.scale = 1.0 / math.sqrt(width // heads)

    def forward(self, states: Tensor, cu_seqlens: Tensor, max_seqlen: int) -> Tensor:
        shape = [states.size(0), self.heads, -1]
        mixed = torch.ops.tamis.varlen_attention(
            self.q_lin(states).view(shape),
            self.k_lin(states).view(shape),
            self.v_lin(states).view(shape),
            cu_seqlens,
            max_seqlen,
            self.scale,
        )
        return self.out_lin(mixed.reshape(states.size(0), -1))


class _FeedForward(nn.Module):
    def __init__(self, width: int, inner: int, activation: str) -> None:
        super().__init__()
        self.lin1 = nn.Linear(width, inner)
        self.lin2 = nn.Linear(inner, width)
        self.activation = ACTIVATIONS[activation]()

    def forward(self, states: Tensor) -> Tensor:
        return self.lin2(self.activation(self.lin1(states)))


class _Layer(nn.Module):
    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        width = config["dim"]
        self.attention = _Attention(width, config["n_heads"])
        self.sa_layer_norm = nn.LayerNorm(width, eps=_EPS)
        self.ffn = _FeedForward(width, config["hidden_dim"], config["activation"])
        self.output_layer_norm = nn.LayerNorm(width, eps=_EPS)

    def forward(self, states: Tensor, cu_seqlens: Tensor, max_seqlen: int) -> Tensor:
        attended = self.attention(states, cu_seqlens, max_seqlen)
        states = self.sa_layer_norm(attended + states)
        return self.output_layer_norm(self.ffn(states) + states)


class _Transformer(nn.Module):
    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.layer = nn.ModuleList(_Layer(config) for _ in range(config["n_layers"]))

    def forward(self, states: Tensor, cu_seqlens: Tensor, max_seqlen: int) -> Tensor:
        for layer in self.layer:
            states = layer(states, cu_seqlens, max_seqlen)
        return states


class _DistilBertModel(nn.Module):
    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.embeddings = _Embeddings(config)
        self.transformer = _Transformer(config)

    def forward(
        self, ids: Tensor, positions: Tensor, cu_seqlens: Tensor, max_seqlen: int
    ) -> Tensor:
        states = self.transformer(self.embeddings(ids, positions), cu_seqlens, max_seqlen)
        return first_tokens(states, cu_seqlens)


class DistilBertClassifier(nn.Module):
    def __init__(self, config: dict[str, Any], labels: int) -> None:
        super().__init__()
        self.distilbert = _DistilBertModel(config)
        self.pre_classifier = nn.Linear(config["dim"], config["dim"])
        self.classifier = nn.Linear(config["dim"], labels)

    def forward(
        self, ids: Tensor, type_ids: Tensor, positions: Tensor, cu_seqlens: Tensor, max_seqlen: int
    ) -> Tensor:
        states = self.distilbert(ids, positions, cu_seqlens, max_seqlen)
        return self.classifier(torch.relu(self.pre_classifier(states)))
