"""The constructor's keyword dictionaries: what has a meaning here, and an error for what has none.

sentence-transformers hands model_kwargs, processor_kwargs and config_kwargs to transformers. Here
they reach no transformers, so each key is either honoured, known to change no score, or refused.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tamis import checks
from tamis.errors import InvalidArgument

logger = logging.getLogger("tamis.cross_encoder")

Kwargs = Mapping[str, Any] | None

# Change how transformers loads or computes, never what a model means.
_NO_EFFECT_ON_MODEL = {
    "attn_implementation",
    "low_cpu_mem_usage",
    "use_safetensors",
    "trust_remote_code",
}
_NO_EFFECT_ON_PROCESSOR = {"use_fast", "padding", "padding_side", "trust_remote_code"}
# Where the files come from, one download for all, and the constructor's own names of it.
_HUB = {
    "revision": "revision",
    "token": "token",
    "cache_dir": "cache_folder",
    "local_files_only": "local_files_only",
}
_PRECISIONS = {
    "float32": "fp32",
    "float": "fp32",
    "float16": "fp16",
    "half": "fp16",
    "bfloat16": "bf16",
}
_TRUNCATIONS = {
    True: "longest_first",
    "longest_first": "longest_first",
    "only_first": "only_first",
    "only_second": "only_second",
}


@dataclass(frozen=True)
class LoadOptions:
    """What the dictionaries came to."""

    precision: str | None = None
    device: Any = None
    max_length: int | None = None
    num_labels: int | None = None
    # shown by `model.config`, without effect on scores
    config: Mapping[str, Any] = field(default_factory=dict)
    # the constructor's arguments of where the files come from; None where nobody said it
    hub: Mapping[str, Any] = field(default_factory=dict)


def precision_of(dtype: Any) -> str | None:
    """'fp32', 'fp16' or 'bf16' for a torch dtype or its name; a precision is itself; None for
    'auto' and None."""
    name = str(dtype).removeprefix("torch.")
    if dtype is None or name == "auto":
        return None
    if name in ("fp32", "fp16", "bf16", "int8"):
        return name
    if name not in _PRECISIONS:
        raise InvalidArgument(f"dtype {name} is not supported; use float32, float16 or bfloat16")
    return _PRECISIONS[name]


def _dictionary(name: str, given: Any) -> dict[str, Any]:
    if given is not None and not isinstance(given, Mapping):
        raise InvalidArgument(f"{name} must be a dictionary, got {type(given).__name__}")
    return dict(given or {})


def _refuse(where: str, keys: set[str], instead: str) -> None:
    if keys:
        listed = ", ".join(f"'{key}'" for key in sorted(keys))
        raise InvalidArgument(f"{where} has no meaning here for {listed}; {instead}")


def _device_map(value: Any) -> Any:
    if value is None or (isinstance(value, str) and value == "auto"):
        return None
    if isinstance(value, Mapping):
        if set(value) != {""}:
            raise InvalidArgument("a device_map cannot split a model here; name one device")
        return value[""]
    return value


def read_options(
    model: Kwargs, processor: Kwargs, config: Kwargs, hub: Mapping[str, Any]
) -> LoadOptions:
    """`hub`: the constructor's arguments of where the files come from, by transformers' names.
    Throws InvalidArgument for a key that cannot apply, and for two that differ."""
    model = _dictionary("model_kwargs", model)
    processor = _dictionary("processor_kwargs", processor)
    config = _dictionary("config_kwargs", config)
    _refuse(
        "model_kwargs",
        set(model) - _NO_EFFECT_ON_MODEL - set(_HUB) - {"torch_dtype", "dtype", "device_map"},
        "supported are torch_dtype and device_map",
    )
    _refuse(
        "processor_kwargs",
        set(processor) - _NO_EFFECT_ON_PROCESSOR - set(_HUB) - {"model_max_length"},
        "supported is model_max_length",
    )
    for name, given in (("model", model), ("processor", processor), ("config", config)):
        for key in given:
            checks.text(f"a key of {name}_kwargs", key)
    dropout = {key for key in config if key.endswith("dropout") or key.endswith("dropout_prob")}
    _refuse(
        "config_kwargs",
        set(config) - dropout - set(_HUB) - {"num_labels", "trust_remote_code"},
        "supported is num_labels; dropout is shown and has no effect on scores",
    )
    return LoadOptions(
        precision=precision_of(model.get("dtype", model.get("torch_dtype"))),
        device=_device_map(model.get("device_map")),
        max_length=processor.get("model_max_length"),
        num_labels=config.get("num_labels"),
        config={key: config[key] for key in dropout},
        hub={_HUB[key]: _one(key, [hub, model, processor, config]) for key in _HUB},
    )


def _one(key: str, places: Sequence[Mapping[str, Any]]) -> Any:
    found = [given[key] for given in places if given.get(key) is not None]
    different = sorted({repr(value) for value in found})
    if len(different) > 1:
        # A token is in no message.
        values = "" if key == "token" else f", got {', '.join(different)}"
        raise InvalidArgument(f"one model has one {key}{values}; hand it in as {_HUB[key]}=")
    return found[0] if found else None


def choose_precision(
    precision: str | None, by_dtype: str | None, in_fp32: Sequence[str] | None
) -> str:
    """The `precision` argument, or what torch_dtype said; fp32 by default."""
    if precision is not None:
        checks.text("precision", precision)
    if precision is not None and by_dtype not in (None, precision):
        raise InvalidArgument(f"precision='{precision}' and a torch_dtype of {by_dtype} differ")
    if in_fp32 is not None:
        in_fp32 = checks.list_of("keep_in_fp32_modules", in_fp32)
    chosen = by_dtype or "fp32" if precision is None else precision
    if in_fp32 and chosen != "fp32":
        raise InvalidArgument(
            f"keep_in_fp32_modules names torch modules, which do not exist here; at precision "
            f"'{chosen}' all layers compute alike"
        )
    return chosen


def check_backend(backend: str) -> None:
    """ONNX and OpenVINO are other programs for the same scores: our engine takes their place."""
    if not isinstance(backend, str) or backend not in ("torch", "onnx", "openvino"):
        raise ValueError(
            f"Unsupported backend '{backend}'. `backend` should be `torch`, `onnx`, or `openvino`."
        )
    if backend != "torch":
        logger.warning(
            "backend='%s': tamis scores with its own engine, from the safetensors weights", backend
        )


def note_remote_code(trust: bool) -> None:
    """Accepted, and without effect."""
    if trust:
        logger.info("trust_remote_code=True: tamis never executes code of a model repository")


def read_processing(processing: Kwargs) -> dict[str, Any]:
    """`processing_kwargs` of one predict call, as arguments of the native call."""
    processing = _dictionary("processing_kwargs", processing)
    _refuse("processing_kwargs", set(processing) - {"text", "common"}, "supported is 'text'")
    given: dict[str, Any] = {}
    for part in ("common", "text"):
        given |= _dictionary(f"processing_kwargs['{part}']", processing.get(part))
    _refuse(
        "processing_kwargs['text']",
        set(given) - {"max_length", "truncation", "padding", "return_tensors"},
        "supported are max_length and truncation",
    )
    options: dict[str, Any] = {}
    if given.get("max_length") is not None:
        options["max_length"] = checks.positive("max_length", given["max_length"])
    if "truncation" in given:
        known = isinstance(given["truncation"], (str, bool)) and given["truncation"] in _TRUNCATIONS
        if not known:
            raise InvalidArgument(
                f"truncation must be one of longest_first, only_first and only_second, got "
                f"{given['truncation']!r}"
            )
        options["truncation"] = _TRUNCATIONS[given["truncation"]]
    return options
