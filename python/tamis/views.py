"""`model.tokenizer`, `model.model` and the model card: what scoring code reads, without torch.

Scoring uses none of them: they show sentence-transformers' callers what they look for.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tamis.drop_in import DropIn

_CHANGES = ("add_", "set_", "train", "save", "push", "resize", "_")


# Of the models that are alive: loading one takes as long as scoring a page of passages.
_tokenizers: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


class TokenizerView:
    """The length limit, and transformers' tokenizer of the same files for everything else."""

    _model: DropIn

    def __init__(self, model: DropIn) -> None:
        object.__setattr__(self, "_model", model)

    @property
    def model_max_length(self) -> int:
        """Tokens of a pair, special ones included."""
        return self._model.max_seq_length

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "model_max_length":
            raise AttributeError(
                f"tokenizer.{name} cannot be set: tamis tokenizes by the model's own files"
            )
        self._model._set_max_length(name, value)

    def _transformers(self, wanted: str) -> Any:
        try:
            from transformers import AutoTokenizer
        except ImportError:
            raise AttributeError(
                f"tokenizer.{wanted} needs transformers, which is not installed; tamis's own "
                "tokenizer is tamis.Tokenizer"
            ) from None
        loaded = self._model._loaded.native
        tokenizer = _tokenizers.get(loaded)
        if tokenizer is None:
            tokenizer = AutoTokenizer.from_pretrained(
                self._model.path, local_files_only=True, trust_remote_code=False
            )
            _tokenizers[loaded] = tokenizer
        tokenizer.model_max_length = self.model_max_length
        return tokenizer

    def __getattr__(self, name: str) -> Any:
        if name.startswith(_CHANGES):
            raise AttributeError(f"tokenizer.{name} is not available: the tokenizer cannot change")
        return getattr(self._transformers(name), name)

    def __len__(self) -> int:
        return len(self._transformers("__len__"))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._transformers("__call__")(*args, **kwargs)


class ModelView:
    """`model.model`: configuration, device and dtype of what runs; no torch module is there."""

    def __init__(self, model: DropIn) -> None:
        self._model = model

    @property
    def config(self) -> Any:
        """The model's configuration."""
        return self._model.config

    @property
    def device(self) -> Any:
        """Where it runs."""
        return self._model.device

    @property
    def dtype(self) -> Any:
        """What it computes in."""
        return self._model.dtype

    def to(self, *args: Any, **kwargs: Any) -> ModelView:
        """Moves, or changes the precision of, the CrossEncoder it belongs to."""
        self._model.to(*args, **kwargs)
        return self

    def eval(self) -> ModelView:
        """Without effect: tamis only scores."""
        return self

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"model.model.{name}: tamis runs its own engine and has no torch module; load "
            "sentence_transformers.CrossEncoder for its layers and parameters"
        )


class CardData:
    """`model.model_card_data`: keeps what evaluators store; tamis writes no model card."""

    def __init__(self) -> None:
        self.metrics: dict[str, Any] = {}

    def set_evaluation_metrics(
        self, evaluator: Any, metrics: dict[str, Any], epoch: int = 0, step: int = 0
    ) -> None:
        """Called by sentence-transformers' evaluators."""
        self.metrics.update(metrics)
