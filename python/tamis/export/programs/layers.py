"""The parts that BERT-shaped encoders share."""

# torch is not analysed, so nn.Module is Any to mypy.
# mypy: disallow-subclassing-any=False

import math

import torch
from torch import Tensor, nn

ACTIVATIONS = {
    "gelu": lambda: nn.GELU(),
    "gelu_new": lambda: nn.GELU("tanh"),
    "gelu_pytorch_tanh": lambda: nn.GELU("tanh"),
    "relu": lambda: nn.ReLU(),
    "silu": lambda: nn.SiLU(),
    "swish": lambda: nn.SiLU(),
    "tanh": lambda: nn.Tanh(),
}


class SelfAttention(nn.Module):
    """Projections and attention inside each sequence."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.heads = heads
        self.scale = 1.0 / math.sqrt(width // heads)

    def forward(
        self,
        states: Tensor,
        cu_seqlens: Tensor,
        max_seqlen: int,
        segments: Tensor | None,
        cross_bias: Tensor | None,
    ) -> Tensor:
        shape = [states.size(0), self.heads, -1]
        mixed = torch.ops.tamis.varlen_attention(
            self.query(states).view(shape),
            self.key(states).view(shape),
            self.value(states).view(shape),
            cu_seqlens,
            max_seqlen,
            self.scale,
            segments,
            cross_bias,
        )
        return mixed.reshape(states.size(0), -1)


class AddNorm(nn.Module):
    """Projection, residual sum, layer norm."""

    def __init__(self, width_in: int, width: int, eps: float) -> None:
        super().__init__()
        self.dense = nn.Linear(width_in, width)
        self.LayerNorm = nn.LayerNorm(width, eps=eps)

    def forward(self, states: Tensor, residual: Tensor) -> Tensor:
        return self.LayerNorm(self.dense(states) + residual)


class Attention(nn.Module):
    """`self` and `output`, by BERT's names."""

    def __init__(self, width: int, heads: int, eps: float) -> None:
        super().__init__()
        self.self = SelfAttention(width, heads)
        self.output = AddNorm(width, width, eps)

    def forward(
        self,
        states: Tensor,
        cu_seqlens: Tensor,
        max_seqlen: int,
        segments: Tensor | None,
        cross_bias: Tensor | None,
    ) -> Tensor:
        mixed = self.self(states, cu_seqlens, max_seqlen, segments, cross_bias)
        return self.output(mixed, states)


class Intermediate(nn.Module):
    """The widening half of the feed-forward block."""

    def __init__(self, width: int, inner: int, activation: str) -> None:
        super().__init__()
        self.dense = nn.Linear(width, inner)
        self.activation = ACTIVATIONS[activation]()

    def forward(self, states: Tensor) -> Tensor:
        return self.activation(self.dense(states))


class Layer(nn.Module):
    """One post-norm layer."""

    def __init__(self, width: int, heads: int, inner: int, activation: str, eps: float) -> None:
        super().__init__()
        self.attention = Attention(width, heads, eps)
        self.intermediate = Intermediate(width, inner, activation)
        self.output = AddNorm(inner, width, eps)

    def forward(
        self,
        states: Tensor,
        cu_seqlens: Tensor,
        max_seqlen: int,
        segments: Tensor | None = None,
        cross_bias: Tensor | None = None,
    ) -> Tensor:
        attended = self.attention(states, cu_seqlens, max_seqlen, segments, cross_bias)
        return self.output(self.intermediate(attended), attended)


class Encoder(nn.Module):
    """The layers, one after another."""

    def __init__(
        self, layers: int, width: int, heads: int, inner: int, activation: str, eps: float
    ) -> None:
        super().__init__()
        self.layer = nn.ModuleList(
            Layer(width, heads, inner, activation, eps) for _ in range(layers)
        )

    def forward(self, states: Tensor, cu_seqlens: Tensor, max_seqlen: int) -> Tensor:
        for layer in self.layer:
            states = layer(states, cu_seqlens, max_seqlen)
        return states


class Embeddings(nn.Module):
    """Word, position and segment embeddings."""

    def __init__(self, vocab: int, positions: int, types: int, width: int, eps: float) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab, width)
        self.position_embeddings = nn.Embedding(positions, width)
        self.token_type_embeddings = nn.Embedding(types, width)
        self.LayerNorm = nn.LayerNorm(width, eps=eps)
        self.types: int = types

    def forward(self, ids: Tensor, type_ids: Tensor, positions: Tensor) -> Tensor:
        if self.types == 1:  # a model without segments may come with a tokenizer that has them
            type_ids = torch.zeros_like(type_ids)
        # Summed in Hugging Face's order, for equal rounding.
        summed = self.word_embeddings(ids) + self.token_type_embeddings(type_ids)
        return self.LayerNorm(summed + self.position_embeddings(positions))


class ClassificationHead(nn.Module):
    """RoBERTa's and ELECTRA's head: dense, activation, projection."""

    def __init__(self, width: int, labels: int, activation: str) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.activation = ACTIVATIONS[activation]()
        self.out_proj = nn.Linear(width, labels)

    def forward(self, states: Tensor) -> Tensor:
        return self.out_proj(self.activation(self.dense(states)))


def first_tokens(states: Tensor, cu_seqlens: Tensor) -> Tensor:
    """The state of each sequence's first token, [pairs, width]."""
    return states.index_select(0, cu_seqlens[:-1].long())
