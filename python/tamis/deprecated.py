"""sentence-transformers' older argument names and positions, with the warnings it gives."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

logger = logging.getLogger("tamis.cross_encoder")

P = ParamSpec("P")
R = TypeVar("R")

_CONSTRUCTOR_NAMES = {
    "model_name": "model_name_or_path",
    "automodel_args": "model_kwargs",
    "tokenizer_args": "processor_kwargs",
    "tokenizer_kwargs": "processor_kwargs",
    "config_args": "config_kwargs",
    "cache_dir": "cache_folder",
    "default_activation_function": "activation_fn",
}
# After the model's name, which is still positional.
_CONSTRUCTOR_POSITIONS = ("num_labels", "max_length", "activation_fn", "device")
_CALL_NAMES = {"sentences": "inputs", "activation_fct": "activation_fn"}


@functools.cache
def warning_once(message: str) -> None:
    """Log a warning the first time it is given in this process."""
    logger.warning(message)


def _rename(arguments: dict[str, Any], names: dict[str, str], owner: str) -> None:
    for old, new in names.items():
        if old in arguments:
            value = arguments.pop(old)
            arguments.setdefault(new, value)
            warning_once(
                f"The {owner}`{old}` argument was renamed and is now deprecated. "
                f"Please use `{new}` instead."
            )


def constructor_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """For `CrossEncoder.__init__`."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> R:
        this, given = args[0], args[1:]
        if len(given) > 1 + len(_CONSTRUCTOR_POSITIONS):
            raise TypeError(f"CrossEncoder takes at most 5 positional arguments, got {len(given)}")
        for name, value in zip(_CONSTRUCTOR_POSITIONS, given[1:], strict=False):
            logger.warning(
                f"Passing `{name}` as a positional argument to CrossEncoder is deprecated. "
                f"Please use `{name}={value!r}` as a keyword argument instead."
            )
            kwargs.setdefault(name, value)
        _rename(kwargs, _CONSTRUCTOR_NAMES, "CrossEncoder ")
        if "classifier_dropout" in kwargs:
            value = kwargs.pop("classifier_dropout")
            logger.warning(
                "The CrossEncoder `classifier_dropout` argument is deprecated. Please use "
                f"`config_kwargs={{'classifier_dropout': {value}}}` instead."
            )
            kwargs["config_kwargs"] = {
                **(kwargs.get("config_kwargs") or {}),
                "classifier_dropout": value,
            }
        return function(this, *given[:1], **kwargs)

    return wrapper


def call_arguments(*dropped: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For `predict` and `rank`. `dropped`: arguments that have no effect any more."""

    def decorator(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> R:
            _rename(kwargs, _CALL_NAMES, "")
            for name in dropped:
                if name in kwargs:
                    del kwargs[name]
                    warning_once(
                        f"The CrossEncoder.{function.__name__} `{name}` argument is deprecated "
                        "and has no effect. It will be removed in a future version."
                    )
            return function(*args, **kwargs)

        return wrapper

    return decorator
