"""The `tamis_interaction` model: a BERT encoder that reads query and passage together, by late
interaction.

Layout of one pair: `[CLS] query [SEP] [CLS] passage [SEP]`. The two segments have token types 0
and 1, and positions restart at 0 in the second. In the first `closed_layers` layers a token
attends only to its own segment, so those layers give each text the states it has when encoded
alone (they can be cached). In the others, attention logits between tokens of different segments
get a learned bias for each layer and head. With `attention_bias_by_length`, log(n / m) is added to
it where n tokens of the asking token's segment face m of the other: where all logits are equal, the
other text then gets exp(bias) times the attention that the own gets, however long either is.

The readout compares the last hidden states of the two segments (special tokens included): `logit =
a * maxsim + b * cosine + head`. With a zero head and uniform token weights the model is the
bi-encoder it starts from, read by MaxSim and cosine.

Here the two segments are separate padded batches, which is the same arithmetic: attention does not
care about order, and positions are part of the embeddings.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

CLOSED = float("-inf")
SHUT = -1e4
"""A logit's part that leaves nothing of it, and is finite in bf16."""


@dataclasses.dataclass
class Config:
    """The keys of config.json that shape the computation."""

    vocab_size: int = 30522
    hidden_size: int = 384
    num_hidden_layers: int = 6
    num_attention_heads: int = 12
    intermediate_size: int = 1536
    layer_norm_eps: float = 1e-12
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    pad_token_id: int = 0
    closed_layers: int = 3
    attention_bias_by_length: bool = False
    interaction_special_tokens: bool = True

    @classmethod
    def load(cls, folder: str | pathlib.Path, **changes: object) -> Config:
        """Read config.json of a Hugging Face folder; keys that are absent keep their defaults."""
        found = json.loads((pathlib.Path(folder) / "config.json").read_text())
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**({key: found[key] for key in found if key in names} | changes))


def _holder(**parts: nn.Module) -> nn.Module:
    """A module with the given children and no forward: it only gives tensors their BERT names."""
    holder = nn.Module()
    for name, part in parts.items():
        holder.add_module(name, part)
    return holder


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    hidden: Tensor,
    across: tuple[Tensor, tuple[Tensor, Tensor]] | None = None,
) -> Tensor:
    """Attention [B, heads, L, D] that leaves out the `hidden` [B, L].

    `across`: the side of each token [L], false or true, and the bias [B or 1, heads] that logits to
    the other side get where false asks, and where true does. Both are products of a few more
    dimensions and no mask, which the fast kernels of a GPU do not take.
    """
    batch, heads, length, wide = query.shape
    if query.device.type == "cpu" and query.requires_grad and across is None:
        # There the gradient of the fused function is the slow part of a step.
        logits = query * wide**-0.5 @ key.transpose(-1, -2)
        shut = hidden.to(query.dtype)[:, None, None] * SHUT
        return torch.softmax(logits + shut, -1) @ value
    one = query.new_ones(batch, heads, length)
    asks = [one]
    keys = [hidden.to(query.dtype)[:, None] * SHUT * one]
    if across is not None:
        side = across[0].to(query.dtype)
        first, second = (bias.clamp_min(SHUT).to(query.dtype)[..., None] for bias in across[1])
        asks += [one * side, one * (1 - side)]
        keys += [one * (second * (1 - side)), one * (first * side)]
    empty = [torch.zeros_like(one)] * (-len(asks) % 8)
    asks, keys = [*asks, *empty], [*(part * wide**0.5 for part in keys), *empty]
    mixed = F.scaled_dot_product_attention(
        torch.cat([query, torch.stack(asks, -1)], -1),
        torch.cat([key, torch.stack(keys, -1)], -1),
        F.pad(value, (0, len(asks))),
        scale=wide**-0.5,
    )
    return mixed[..., :wide]


class Layer(nn.Module):
    """One BERT layer (post-norm), over one segment or over two that see each other by a bias."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        wide, inner, eps = config.hidden_size, config.intermediate_size, config.layer_norm_eps
        self.heads = config.num_attention_heads
        self.attention = _holder(
            self=_holder(
                query=nn.Linear(wide, wide), key=nn.Linear(wide, wide), value=nn.Linear(wide, wide)
            ),
            output=_holder(dense=nn.Linear(wide, wide), LayerNorm=nn.LayerNorm(wide, eps)),
        )
        self.intermediate = _holder(dense=nn.Linear(wide, inner))
        self.output = _holder(dense=nn.Linear(inner, wide), LayerNorm=nn.LayerNorm(wide, eps))

    def forward(
        self,
        states: Tensor,
        hidden: Tensor,
        across: tuple[Tensor, tuple[Tensor, Tensor]] | None = None,
    ) -> Tensor:
        """`states` [B, L, H]; `hidden` [B, L] true at padding; `across` as in `attend`."""
        batch, length, wide = states.shape
        parts = dict(self.attention.named_children())
        inner, outer = parts["self"], parts["output"]

        def split(linear: nn.Module) -> Tensor:
            return linear(states).view(batch, length, self.heads, -1).transpose(1, 2)

        query, key, value = split(inner.query), split(inner.key), split(inner.value)
        mixed = attend(query, key, value, hidden, across)
        mixed = mixed.transpose(1, 2).reshape(batch, length, wide)
        states = outer.LayerNorm(states + outer.dense(mixed))
        inner_states = F.gelu(self.intermediate.dense(states))
        return self.output.LayerNorm(states + self.output.dense(inner_states))


class TamisInteraction(nn.Module):
    """The whole model; parameter names are BERT's, and `interaction.*` for what is new."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        wide, layers = config.hidden_size, config.num_hidden_layers
        self.embeddings = _holder(
            word_embeddings=nn.Embedding(config.vocab_size, wide),
            position_embeddings=nn.Embedding(config.max_position_embeddings, wide),
            token_type_embeddings=nn.Embedding(config.type_vocab_size, wide),
            LayerNorm=nn.LayerNorm(wide, config.layer_norm_eps),
        )
        self.encoder = _holder(layer=nn.ModuleList(Layer(config) for _ in range(layers)))
        self.interaction = _holder(token_weight=nn.Linear(wide, 1), head=nn.Linear(wide, 1))
        bias = torch.full((layers, config.num_attention_heads), -4.0)
        bias[: config.closed_layers] = CLOSED
        self.interaction.attention_bias = nn.Parameter(bias)
        self.interaction.mix = nn.Parameter(torch.tensor([10.0, 10.0]))
        for linear in (self.interaction.token_weight, self.interaction.head):
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)

    @classmethod
    def from_encoder(cls, folder: str | pathlib.Path, bias: float = -4.0, **changes: object):
        """Start from a bi-encoder's folder: at a bias of -inf the model scores as it does."""
        model = cls(Config.load(folder, **changes))
        state = load_file(str(pathlib.Path(folder) / "model.safetensors"))
        state = {name.removeprefix("bert."): tensor for name, tensor in state.items()}
        types = state["embeddings.token_type_embeddings.weight"]
        types[1] = types[0]
        own = {n for n in model.state_dict() if not n.startswith("interaction.")}
        model.load_state_dict({name: state[name] for name in own}, strict=False)
        with torch.no_grad():
            model.interaction.attention_bias[model.config.closed_layers :] = bias
        return model

    def embed(self, ids: Tensor, segment: int) -> Tensor:
        """The embedding sum of one segment, [B, L] -> [B, L, H]."""
        parts = self.embeddings
        positions = torch.arange(ids.shape[1], device=ids.device)
        summed = parts.word_embeddings(ids) + parts.position_embeddings(positions)
        return parts.LayerNorm(summed + parts.token_type_embeddings.weight[segment])

    def closed(self, ids: Tensor, mask: Tensor, segment: int, layers: int | None = None) -> Tensor:
        """States of one segment by itself after the closed layers (or after `layers` layers)."""
        states = self.embed(ids, segment)
        for layer in self.encoder.layer[: self.config.closed_layers if layers is None else layers]:
            states = layer(states, ~mask)
        return states

    def alone(self, states: Tensor, mask: Tensor) -> Tensor:
        """Final states of one segment by itself, from its states after the closed layers."""
        for layer in self.encoder.layer[self.config.closed_layers :]:
            states = layer(states, ~mask)
        return states

    def open(self, query: Tensor, query_mask: Tensor, passage: Tensor, passage_mask: Tensor):
        """The other layers, over both segments together: final states of each segment."""
        length = query.shape[1]
        states = torch.cat([query, passage], 1)
        hidden = ~torch.cat([query_mask, passage_mask], 1)
        side = torch.arange(states.shape[1], device=states.device) >= length
        first = self.config.closed_layers
        share = torch.zeros(len(states), 1, device=states.device)
        if self.config.attention_bias_by_length:
            share = (query_mask.sum(1, keepdim=True) / passage_mask.sum(1, keepdim=True)).log()
        for number, layer in enumerate(self.encoder.layer[first:], first):
            bias = self.interaction.attention_bias[number]
            states = layer(states, hidden, (side, (bias + share, bias - share)))
        return states[:, :length], states[:, length:]

    def readout(self, query: Tensor, query_mask: Tensor, passage: Tensor, passage_mask: Tensor):
        """Final states of pairs -> logits [B]."""
        cosine = F.cosine_similarity(
            mean_state(query, query_mask), mean_state(passage, passage_mask), dim=-1
        )
        passage_mask = self._compared(passage_mask)
        products = F.normalize(query, dim=-1) @ F.normalize(passage, dim=-1).transpose(1, 2)
        best = products.masked_fill(~passage_mask[:, None, :], -2.0).amax(-1)
        maxsim = (self._weights(query, query_mask) * best).sum(-1)
        return self._logit(query, maxsim, cosine)

    def matrix(self, query: Tensor, query_mask: Tensor, passage: Tensor, passage_mask: Tensor):
        """Final states of Q queries and P passages, each encoded alone -> logits [Q, P]."""
        means = [mean_state(query, query_mask), mean_state(passage, passage_mask)]
        cosine = F.normalize(means[0], dim=-1) @ F.normalize(means[1], dim=-1).T
        passage_mask = self._compared(passage_mask)
        best = maxima(F.normalize(query, dim=-1), F.normalize(passage, dim=-1), passage_mask)
        maxsim = (self._weights(query, query_mask)[:, None] * best).sum(-1)
        return self._logit(query, maxsim.T, cosine.T).T

    def _compared(self, mask: Tensor) -> Tensor:
        return mask if self.config.interaction_special_tokens else _inside(mask)

    def _weights(self, query: Tensor, mask: Tensor) -> Tensor:
        """The share of each query token in MaxSim, [B, L]."""
        weight = torch.sigmoid(self.interaction.token_weight(query).squeeze(-1))
        weight = weight * self._compared(mask)
        return weight / weight.sum(-1, keepdim=True)

    def _logit(self, query: Tensor, maxsim: Tensor, cosine: Tensor) -> Tensor:
        head = self.interaction.head(query[:, 0]).squeeze(-1)
        return self.interaction.mix[0] * maxsim + self.interaction.mix[1] * cosine + head

    def forward(
        self, query_ids: Tensor, query_mask: Tensor, passage_ids: Tensor, passage_mask: Tensor
    ):
        """Token ids with [CLS] and [SEP], right-padded, and boolean masks -> logits [B]."""
        query = self.closed(query_ids, query_mask, 0)
        passage = self.closed(passage_ids, passage_mask, 1)
        query, passage = self.open(query, query_mask, passage, passage_mask)
        return self.readout(query, query_mask, passage, passage_mask)


def mean_state(states: Tensor, mask: Tensor) -> Tensor:
    """The mean of each text's token states, [B, L, H] -> [B, H]."""
    weight = mask.to(states.dtype)[..., None]
    return (states * weight).sum(1) / weight.sum(1)


def maxima(query: Tensor, passage: Tensor, passage_mask: Tensor) -> Tensor:
    """Each query token's greatest product with a token of each passage, [Q, P, Lq]."""
    queries, length, wide = query.shape
    products = query.reshape(-1, wide) @ passage.reshape(-1, wide).T
    products = products.view(queries * length, *passage.shape[:2])
    best = products.masked_fill(~passage_mask, -2.0).amax(-1)
    return best.view(queries, length, -1).transpose(1, 2)


def _inside(mask: Tensor) -> Tensor:
    """The mask without each row's first and last token ([CLS] and [SEP])."""
    inside = mask.clone()
    inside[:, 0] = False
    inside[torch.arange(len(mask), device=mask.device), mask.sum(1) - 1] = False
    return inside
