"""`tamis_interaction`: a BERT encoder that ends in late interaction; see training/model.py.

A pair is [CLS] query [SEP] [CLS] document [SEP], segments 0 and 1, positions restart in the second.
"""

# torch is not analysed, so nn.Module is Any to mypy.
# mypy: disallow-subclassing-any=False

from typing import Any

import torch
from torch import Tensor, nn

from tamis.export.programs.layers import Embeddings, Encoder, first_tokens


class _Interaction(nn.Module):
    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        layers, heads = config["num_hidden_layers"], config["num_attention_heads"]
        self.token_weight = nn.Linear(config["hidden_size"], 1)
        self.head = nn.Linear(config["hidden_size"], 1)
        self.attention_bias = nn.Parameter(torch.zeros(layers, heads))
        self.mix = nn.Parameter(torch.zeros(2))
        # Whether [CLS] and [SEP] take part in the comparison of tokens.
        self.trim: int = 0 if config.get("interaction_special_tokens", True) else 1

    def forward(self, states: Tensor, bounds: Tensor) -> Tensor:
        """`bounds` [2 * pairs + 1]: where each segment starts -> logits [pairs, 1]."""
        unit = nn.functional.normalize(states, dim=-1)
        weights = torch.sigmoid(self.token_weight(states).squeeze(-1))
        logits = torch.jit.annotate(list[Tensor], [])
        edges: list[int] = bounds.long().tolist()
        for i in range(0, len(edges) - 1, 2):
            begin, middle, end = edges[i], edges[i + 1], edges[i + 2]
            query = states[begin:middle].mean(0)
            document = states[middle:end].mean(0)
            cosine = torch.cosine_similarity(query, document, dim=0)
            a, b = begin + self.trim, middle - self.trim
            products = unit[a:b] @ unit[middle + self.trim : end - self.trim].transpose(0, 1)
            weight = weights[a:b]
            maxsim = (weight * products.amax(-1)).sum() / weight.sum()
            logits.append(self.mix[0] * maxsim + self.mix[1] * cosine)
        return torch.stack(logits).unsqueeze(1) + self.head(first_tokens(states, bounds[::2]))


class InteractionClassifier(nn.Module):
    def __init__(self, config: dict[str, Any], labels: int) -> None:
        super().__init__()
        eps = config["layer_norm_eps"]
        self.embeddings = Embeddings(
            config["vocab_size"],
            config["max_position_embeddings"],
            config["type_vocab_size"],
            config["hidden_size"],
            eps,
        )
        self.encoder = Encoder(
            config["num_hidden_layers"],
            config["hidden_size"],
            config["num_attention_heads"],
            config["intermediate_size"],
            config["hidden_act"],
            eps,
        )
        self.interaction = _Interaction(config)
        self.closed_layers: int = config["closed_layers"]
        self.by_length: bool = config.get("attention_bias_by_length", False)

    def forward(
        self, ids: Tensor, type_ids: Tensor, positions: Tensor, cu_seqlens: Tensor, max_seqlen: int
    ) -> Tensor:
        starts = cu_seqlens[:-1].long()
        lengths = cu_seqlens.diff().long()
        pair = torch.arange(lengths.size(0), device=ids.device).repeat_interleave(lengths)
        second = type_ids.ne(0).long()
        first_length = torch.zeros_like(lengths).index_add(0, pair, 1 - second)
        # Every segment is a sequence of its own, until the open layers join the two of a pair.
        middles = starts + first_length
        bounds = torch.cat([torch.stack([starts, middles], 1).flatten(), cu_seqlens[-1:].long()])
        bounds = bounds.int()
        restarted = positions - second * first_length.index_select(0, pair)
        share = (first_length / (lengths - first_length)).log().index_select(0, pair)
        share = torch.where(second.eq(1), -share, share).unsqueeze(1)

        states = self.embeddings(ids, type_ids, restarted)
        for i, layer in enumerate(self.encoder.layer):
            if i < self.closed_layers:
                states = layer(states, bounds, max_seqlen)
            else:
                bias = self.interaction.attention_bias[i]
                if self.by_length:
                    bias = bias + share.to(bias.dtype)
                states = layer(states, cu_seqlens, max_seqlen, second, bias)
        return self.interaction(states, bounds)
