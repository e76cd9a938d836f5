"""What sentence-transformers' class has besides scoring: attributes, moving, saving, pools."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from tamis import absent, checks, documents, model_settings, model_source, pools, saving
from tamis import activation as activations
from tamis import device as devices
from tamis.activation import Activation
from tamis.errors import InvalidArgument
from tamis.load_options import precision_of
from tamis.loaded import Elsewhere, Loaded
from tamis.views import ModelView, TokenizerView

logger = logging.getLogger("tamis.cross_encoder")

_DTYPES = {
    "fp32": "float32",
    "fp16": "float16",
    "bf16": "bfloat16",
    "int8": "int8",
}


class DropIn:
    """The base of CrossEncoder; the settings are the caller's to change, the model is not."""

    trust_remote_code: bool
    backend: str
    prompts: dict[str, str]
    default_prompt_name: str | None
    model_card_data: Any
    _loaded: Loaded
    _elsewhere: Elsewhere
    _default_activation: Activation
    _activation: Activation
    _max_length: int
    _shown_config: dict[str, Any]

    # --- what it is

    @property
    def path(self) -> str:
        """The folder that was loaded."""
        return str(self._loaded.recipe.path)

    @property
    def num_labels(self) -> int:
        """Scores of one pair."""
        return self._loaded.native.labels

    @property
    def score_space(self) -> str:
        """What `predict` gives by default: 'logit', 'probability', or 'custom' for an activation
        that is neither. Declared, never guessed from values."""
        return model_settings.score_space(self._loaded, self._activation)

    @property
    def description(self) -> str:
        """What scores: 'engine fp32 avx2'."""
        return self._loaded.native.description

    @property
    def config(self) -> model_settings.Config:
        """config.json, to read."""
        return model_settings.Config.of(self._loaded, self._shown_config)

    @property
    def tokenizer(self) -> TokenizerView:
        """Its length limit, and transformers' tokenizer of the same files."""
        return TokenizerView(self)

    @property
    def model(self) -> ModelView:
        """Configuration, device and dtype of what runs."""
        return ModelView(self)

    processor = tokenizer
    transformers_model = model
    model_type = "CrossEncoder"
    default_huggingface_organization = model_source.HUB_ORGANIZATION

    def supports(self, modality: Any) -> bool:
        """Whether inputs may be of this kind: only text may."""
        return modality in self.modalities

    @property
    def modalities(self) -> list[str]:
        """Text only."""
        return ["text"]

    def get_backend(self) -> str:
        """The `backend` argument."""
        return self.backend

    # --- settings

    @property
    def activation_fn(self) -> Any:
        """The activation that `predict` and `rank` apply by default. Set it to a torch module, a
        name or a callable; None is no activation, as in sentence-transformers."""
        return activations.as_caller_sees(self._activation)

    @activation_fn.setter
    def activation_fn(self, value: Any) -> None:
        self._activation = activations.resolve("identity" if value is None else value)

    @property
    def default_activation_function(self) -> Any:
        """The older name of `activation_fn`."""
        warnings.warn(
            "The `default_activation_function` property was renamed and is now deprecated. "
            "Please use `activation_fn` instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.activation_fn

    def get_default_activation_fn(self) -> Any:
        """The model's own."""
        return activations.as_caller_sees(self._default_activation)

    @property
    def max_seq_length(self) -> int:
        """Tokens of a pair that are read, special ones included; lower it to read less."""
        return self._max_length

    @max_seq_length.setter
    def max_seq_length(self, value: int | None) -> None:
        self._set_max_length("max_seq_length", value)

    def _set_max_length(self, name: str, value: int | None) -> None:
        """`name`: what the caller calls it."""
        limit = self._loaded.native.max_length
        if value is None:
            value = limit
        value = checks.positive(name, value)
        if value > limit:
            logger.warning("%s=%d is above what the model reads; using %d", name, value, limit)
        self._max_length = min(value, limit)

    def get_max_seq_length(self) -> int:
        """The older form of `max_seq_length`."""
        return self._max_length

    @property
    def max_length(self) -> int:
        """The older name of `max_seq_length`."""
        self._warn_max_length()
        return self._max_length

    @max_length.setter
    def max_length(self, value: int | None) -> None:
        self._warn_max_length()
        self._set_max_length("max_length", value)

    @staticmethod
    def _warn_max_length() -> None:
        warnings.warn(
            "The `max_length` property was renamed and is now deprecated. Please use "
            "`max_seq_length` instead.",
            DeprecationWarning,
            stacklevel=3,
        )

    def _resolve_prompt(self, prompt: str | None, prompt_name: str | None) -> str | None:
        if prompt is not None:
            if prompt_name is not None:
                logger.warning(
                    "Provide either a `prompt`, a `prompt_name`, or neither, but not both. "
                    "Ignoring the `prompt_name` in favor of `prompt`."
                )
            return checks.text("prompt", prompt)
        name = prompt_name if prompt_name is not None else self.default_prompt_name
        if name is None:
            return None
        checks.text("prompt_name", name)
        if not isinstance(self.prompts, Mapping):  # the caller may have set it after loading
            kind = type(self.prompts).__name__
            raise InvalidArgument(f"model.prompts must be a dictionary of texts, got {kind}")
        if name not in self.prompts:
            raise InvalidArgument(
                f"Prompt name '{name}' not found in the configured prompts dictionary with keys "
                f"{list(self.prompts)!r}."
            )
        found = self.prompts[name]
        return None if found is None else checks.text(f"the prompt '{name}'", found)

    # --- device and precision

    @property
    def device(self) -> Any:
        """Where it runs: a torch.device where the process uses torch."""
        return devices.as_caller_sees(self._loaded.recipe.device)

    def _place_of_scores(self, device: Any, pool: Any) -> Any:
        """Where sentence-transformers leaves them: where they were made, the CPU for a pool's."""
        if pool is not None or isinstance(device, (list, tuple)):
            return "cpu"
        return self.device if device is None else devices.resolve(device)

    @property
    def _target_device(self) -> Any:
        logger.warning("`CrossEncoder._target_device` has been deprecated. Please use `device`.")
        return self.device

    @_target_device.setter
    def _target_device(self, device: Any) -> None:
        logger.warning(
            "`CrossEncoder._target_device` has been deprecated. Please use `to(device)` instead."
        )
        self.to(device)

    @property
    def dtype(self) -> Any:
        """What it computes in: a torch.dtype where the process uses torch, else its name."""
        name = _DTYPES.get(self._loaded.recipe.precision, self._loaded.recipe.precision)
        return getattr(sys.modules.get("torch"), name, name)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Move to a device, or change the precision; returns the model itself."""
        for name in kwargs.keys() - {"device", "dtype", "non_blocking", "memory_format"}:
            raise TypeError(f"CrossEncoder.to() got an unexpected keyword argument '{name}'")
        changes: dict[str, Any] = {}
        for value in (*args, *(kwargs.get(name) for name in ("device", "dtype"))):
            dtype = str(value).startswith("torch.") or value is kwargs.get("dtype")
            name = str(value).removeprefix("torch.")
            if value is not None and (dtype or name in _DTYPES.values() or name in _DTYPES):
                changes["precision"] = precision_of(name)
            elif value is not None and not isinstance(value, bool):
                changes["device"] = devices.resolve(value)
        self._loaded = self._loaded.changed(**changes)
        return self

    def cpu(self) -> Any:
        """Move to the CPU."""
        return self.to("cpu")

    def cuda(self, device: Any = None) -> Any:
        """Move to a CUDA device."""
        return self.to("cuda" if device is None else device)

    def half(self) -> Any:
        """Compute in fp16, where the scorer can."""
        return self.to("float16")

    def bfloat16(self) -> Any:
        """Compute in bf16, where the scorer can."""
        return self.to("bfloat16")

    def float(self) -> Any:
        """Compute in fp32."""
        return self.to("float32")

    def eval(self) -> Any:
        """Without effect: tamis only scores."""
        return self

    # --- pools, saving, evaluating

    def start_multi_process_pool(self, target_devices: list[str] | None = None) -> pools.Pool:
        """Workers for `predict(pool=...)`: threads over this model, one a device."""
        names = pools.default_devices() if target_devices is None else target_devices
        names = [names] if isinstance(names, str) else checks.list_of("target_devices", names)
        return pools.start([self._on(name) for name in names])

    @staticmethod
    def stop_multi_process_pool(pool: pools.Pool) -> None:
        """Ends a pool's workers."""
        pools.stop(pool)

    def _on(self, device: Any) -> Loaded:
        return self._elsewhere.on(self._loaded, device, devices.resolve)

    def is_singular_input(self, inputs: Any) -> bool:
        """Whether `predict` reads `inputs` as one pair."""
        return documents.is_single_pair(inputs)

    def save_pretrained(
        self,
        path: str | os.PathLike[str],
        model_name: str | None = None,
        create_model_card: bool = True,
        train_datasets: list[str] | None = None,
        safe_serialization: bool = True,
    ) -> None:
        """Write the model and the settings; sentence-transformers loads the folder too, unless the
        model is a bundle or one that comes with tamis, which is read in its own way. No model card
        is written, and weights are always safetensors. Models that were loaded from the folder stay
        as they are; what loading would read of an earlier save there is removed. Throws
        InvalidArgument, OSError."""
        if safe_serialization is False:
            raise InvalidArgument("safe_serialization=False: tamis writes safetensors only")
        saving.save(
            Path(self.path),
            path,
            activation=self._activation,
            score_space=self.score_space,
            prompts=dict(self.prompts),
            default_prompt_name=self.default_prompt_name,
            max_length=self._max_length,
        )

    save = save_pretrained

    def evaluate(self, evaluator: Any, output_path: str | None = None) -> Any:
        """Run one of sentence-transformers' evaluators on this model."""
        if not callable(evaluator):
            kind = type(evaluator).__name__
            raise InvalidArgument(f"evaluator must be one of sentence-transformers', got {kind}")
        if output_path is not None:
            os.makedirs(output_path, exist_ok=True)
        return evaluator(self, output_path)

    def __repr__(self) -> str:
        recipe = self._loaded.recipe
        name = recipe.folder or recipe.embedded
        shown = "" if name == "default" else f"{name!r}, "
        return (
            f"CrossEncoder({shown}device='{recipe.device}', "
            f"max_seq_length={self._max_length}, num_labels={self.num_labels}, "
            f"score_space='{self.score_space}', scorer='{self.description}')"
        )

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(absent.explain(name))
