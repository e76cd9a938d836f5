"""Writes tiny TorchScript bundles and what they must score, for the C++ tests.

Each folder has a manifest, model.pt and expected.logits: one line for each pair of PAIRS.
"""

import hashlib
import json
import pathlib
import sys
import warnings

import torch
from torch import Tensor, nn

warnings.filterwarnings("ignore", message=r".*torch\.jit", category=DeprecationWarning)
PAIRS = [[2, 5, 3, 7, 3], [2, 5, 3, 8, 9, 10, 3], [2, 3, 3], [2, 11, 12, 13, 3, 4, 4, 4, 4, 4, 3]]
VOCAB, WIDTH, HEADS = 16, 8, 2

library = torch.library.Library("tamis", "FRAGMENT")
library.define(
    "varlen_attention(Tensor query, Tensor key, Tensor value, Tensor cu_seqlens, int max_seqlen, "
    "float scale, Tensor? segments=None, Tensor? cross_bias=None) -> Tensor"
)


class Packed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCAB, WIDTH)
        self.places = nn.Embedding(32, WIDTH)
        self.types = nn.Embedding(2, WIDTH)
        self.out = nn.Linear(WIDTH, 2)

    def forward(
        self, ids: Tensor, type_ids: Tensor, positions: Tensor, cu_seqlens: Tensor, max_seqlen: int
    ) -> Tensor:
        states = self.words(ids) + self.places(positions) + self.types(type_ids)
        heads = states.view([-1, 2, 4])
        mixed = torch.ops.tamis.varlen_attention(
            heads, heads, heads, cu_seqlens, max_seqlen, 0.5
        ).reshape(-1, 8)
        return self.out(mixed.index_select(0, cu_seqlens[:-1].long()))

    def expected(self, ids: list[int]) -> list[float]:
        index = torch.tensor(ids)
        states = self.words(index) + self.places(torch.arange(len(ids)))
        states = states + self.types(types_of(ids))
        heads = states.view(-1, HEADS, 4).transpose(0, 1)
        mixed = ((heads @ heads.transpose(1, 2)) * 0.5).softmax(-1) @ heads
        return self.out(mixed.transpose(0, 1).reshape(-1, WIDTH)[0]).tolist()


class Padded(nn.Module):
    """The masked mean of word vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCAB, 1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        mask = attention_mask.float()
        return (self.words(input_ids).squeeze(-1) * mask).sum(1) / mask.sum(1)


class InTuple(Padded):
    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        mask = attention_mask.float()
        means = (self.words(input_ids).squeeze(-1) * mask).sum(1) / mask.sum(1)
        return means.unsqueeze(1), mask


class InDict(Padded):
    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        mask = attention_mask.float()
        means = (self.words(input_ids).squeeze(-1) * mask).sum(1) / mask.sum(1)
        return {"mask": mask, "logits": means.unsqueeze(1)}


class WrongShape(Padded):
    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.words(input_ids)


class WrongType(Padded):
    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> int:
        return input_ids.size(0)


class Raises(Padded):
    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        if input_ids.size(0) > 0:
            raise ValueError("this program never works")
        return self.words(input_ids)


class OutOfMemory(Padded):
    """As a GPU behaves that has room for two pairs."""

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        if input_ids.size(0) > 2:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        mask = attention_mask.float()
        return (self.words(input_ids).squeeze(-1) * mask).sum(1) / mask.sum(1)


class NoMemory(Padded):
    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        if input_ids.size(0) > 0:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return self.words(input_ids)


def types_of(ids: list[int]) -> Tensor:
    """0 up to the first 3, 1 after it; the C++ side does the same."""
    first = ids.index(3)
    return torch.tensor([int(i > first) for i in range(len(ids))])


def write(
    folder: pathlib.Path, module: nn.Module, rows: list[list[float]], **facts: object
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    torch.jit.save(torch.jit.script(module.eval()), str(folder / "model.pt"))
    text = "\n".join(" ".join(f"{x:.9g}" for x in row) for row in rows)
    (folder / "expected.logits").write_text(text + "\n")
    manifest = {
        "format_version": 1,
        "architecture": "test",
        "config": {"vocab_size": VOCAB, "pad_token_id": 0},
        "max_length": 32,
        "labels": 1,
        "activation": "identity",
        "convention": "padded",
        "inputs": ["input_ids", "attention_mask"],
        "files": {"model.pt": hashlib.sha256((folder / "model.pt").read_bytes()).hexdigest()},
    } | facts
    (folder / "tamis.json").write_text(json.dumps(manifest))


def main(root: pathlib.Path) -> None:
    torch.manual_seed(11)
    with torch.no_grad():
        packed = Packed()
        rows = [packed.expected(ids) for ids in PAIRS]
        write(root / "packed", packed, rows, labels=2, convention="packed", inputs=[])
        for name, module in [
            ("padded", Padded()),
            ("tuple", InTuple()),
            ("dict", InDict()),
            ("wrong_shape", WrongShape()),
            ("wrong_type", WrongType()),
            ("raises", Raises()),
            ("out_of_memory", OutOfMemory()),
            ("no_memory", NoMemory()),
        ]:
            words = module.words.weight[:, 0]
            write(root / name, module, [[float(words[ids].mean())] for ids in PAIRS])


main(pathlib.Path(sys.argv[1]))
