"""Activations: logits -> scores, in NumPy, and torch's own recognised without importing torch.

A caller may hand over a torch module, a name ("sigmoid"), a dotted path as model configurations
hold it ("torch.nn.modules.activation.Sigmoid"), or any function of an array or tensor.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamis import checks
from tamis.errors import InvalidArgument

Array = NDArray[np.float32]


def sigmoid(logits: Array) -> Array:
    """1 / (1 + exp(-x)), rounded once to float32: a greater logit never has a smaller score."""
    powers = np.exp(np.minimum(-logits.astype(np.float64), 700))
    scores: Array = (1 / (1 + powers)).astype(np.float32)
    return scores


def softmax(logits: Array, axis: int = -1) -> Array:
    """exp(x) / sum(exp(x)) along `axis`, in float32, without overflow."""
    powers = np.exp(logits - logits.max(axis=axis, keepdims=True))
    scores: Array = (powers / powers.sum(axis=axis, keepdims=True)).astype(np.float32)
    return scores


@dataclass(frozen=True)
class Activation:
    """How logits become scores."""

    # [pairs, labels] -> the same shape, or [pairs]
    apply: Callable[[Array], Array] = field(compare=False, repr=False)
    monotone: bool  # a greater logit never gives a smaller score: logits decide the order
    score_space: str  # "logit", "probability" or "custom"
    path: str  # the dotted path that a saved configuration names
    given: Any = field(default=None, compare=False)  # what the caller handed over, if no name

    @property
    def native_name(self) -> str | None:
        """Its name in a bundle's manifest, where C++ has it too."""
        names = ("identity", "sigmoid", "tanh")
        return next((name for name in names if _KNOWN[name].path == self.path), None)

    @property
    def has_path(self) -> bool:
        """Whether `path` names it: it is of a class that others can import; no plain function."""
        kind = type(self.given)
        own = isinstance(kind.__call__, FunctionType) and "<locals>" not in kind.__qualname__
        return self.given is None or own

    def __reduce__(self) -> tuple[Any, ...]:
        return resolve, (self.path if self.given is None else self.given,)


_TORCH = "torch.nn.modules.activation."
_KNOWN = {
    "identity": Activation(lambda x: x, True, "logit", "torch.nn.modules.linear.Identity"),
    "sigmoid": Activation(sigmoid, True, "probability", _TORCH + "Sigmoid"),
    "tanh": Activation(np.tanh, True, "custom", _TORCH + "Tanh"),
    # Over the labels, as torch.nn.Softmax() without `dim` reads a matrix. With one label that is 1
    # for every pair, so the logits do not decide the order.
    "softmax": Activation(softmax, False, "probability", _TORCH + "Softmax"),
}


def _in_numpy(module: Any) -> Activation | None:
    """The same activation in NumPy, for an instance of one of torch's simple classes."""
    kind = type(module)
    if not kind.__module__.startswith("torch.nn.modules."):
        return None
    known = _KNOWN.get(kind.__name__.lower())
    if known is None or (kind.__name__ == "Softmax" and module.dim not in (None, 1, -1)):
        return None
    return Activation(known.apply, known.monotone, known.score_space, known.path, given=module)


def _full_name(value: Any) -> str:
    kind = value if isinstance(value, type) else type(value)
    return f"{kind.__module__}.{kind.__name__}"


def as_numpy(scores: Any) -> Any:
    """A tensor on any device, or a list of tensors, in NumPy; anything else as it is."""
    if isinstance(scores, (list, tuple)) and scores and hasattr(scores[0], "detach"):
        return [as_numpy(one) for one in scores]
    if not hasattr(scores, "detach"):
        return scores
    plain = scores.detach().cpu()
    try:
        return plain.numpy()
    except TypeError:  # bfloat16 and the like, which NumPy does not have
        return plain.float().numpy()


def _as_array(scores: Any) -> Array:
    try:
        found = np.asarray(as_numpy(scores))
        if found.dtype.kind in "biuf":
            return found.astype(np.float32)
    except ValueError:  # a ragged list
        pass
    raise InvalidArgument(
        f"activation_fn must return an array or tensor of numbers, got {type(scores).__name__}"
    )


def _calling(function: Callable[[Any], Any]) -> Callable[[Array], Array]:
    """`function` gets a tensor where the process uses torch, as in sentence-transformers, else an
    array. A function for the other of the two is tried with that one."""

    def with_tensor(logits: Array) -> Array:
        torch = importlib.import_module("torch")
        return _as_array(function(torch.from_numpy(logits.copy())))

    def with_array(logits: Array) -> Array:
        return _as_array(function(logits.copy()))

    def apply(logits: Array) -> Array:
        first, second = (with_array, with_tensor)
        if "torch" in sys.modules:
            first, second = second, first
        try:
            return first(logits)
        except (TypeError, AttributeError):
            if second is with_tensor and "torch" not in sys.modules:
                raise
            try:
                return second(logits)
            except Exception:
                pass
            raise

    return apply


def _from_path(path: str) -> Activation:
    """Import and instantiate one of torch's modules; only reached for those not known here. What is
    no module is never called: a model's configuration may have named it."""
    module, _, name = path.rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InvalidArgument(
            f"the activation '{path}' cannot be imported ({error}); it needs torch: "
            "pip install 'tamis[torch]'"
        ) from error
    base = importlib.import_module("torch.nn").Module
    if not (isinstance(kind, type) and issubclass(kind, base)):
        raise InvalidArgument(f"the activation '{path}' is no torch.nn.Module; name one that is")
    try:
        made = kind()
    except Exception as error:
        raise InvalidArgument(
            f"the activation '{path}' cannot be made without arguments ({error}); pass one that is "
            "made as activation_fn="
        ) from error
    return resolve(made)


def is_trusted(path: str) -> bool:
    """Whether a model's configuration may name this: torch's own modules, nothing else of torch,
    which has functions that start processes."""
    module, _, name = path.rpartition(".")
    if path.startswith("torch.") and name.lower() in _KNOWN:
        return True  # a name, and nothing is imported for it
    return module == "torch.nn" or f"{module}.".startswith("torch.nn.modules.")


def resolve(activation: Any) -> Activation:
    """The Activation for a name, dotted path, torch module or callable."""
    if isinstance(activation, Activation):
        return activation
    if isinstance(activation, str):
        known = _KNOWN.get(activation.lower())
        if known is None and is_trusted(activation):
            known = _KNOWN.get(activation.rpartition(".")[2].lower()) or _from_path(activation)
        if known is None:
            raise InvalidArgument(
                f"unknown activation '{activation}'; use {', '.join(_KNOWN)}, a dotted path in "
                "torch.nn, or a callable"
            )
        return known
    if isinstance(activation, type) and activation.__module__.startswith("torch.nn."):
        activation = activation()
    if not callable(activation):
        raise InvalidArgument(
            f"activation_fn must be a name, a torch module or a callable, got "
            f"{checks.shown(activation)}"
        )
    return _in_numpy(activation) or Activation(
        _calling(activation), False, "custom", _full_name(activation), given=activation
    )


def as_caller_sees(activation: Activation) -> Any:
    """What `model.activation_fn` shows: the caller's own object; else torch's module where the
    process uses torch, as in sentence-transformers; else the Activation itself."""
    if activation.given is not None:
        return activation.given
    classes = getattr(sys.modules.get("torch"), "nn", None)
    name = activation.path.rpartition(".")[2]
    return activation if classes is None else getattr(classes, name)()


def by_space(space: str, labels: int, default: Activation, given_by_model: str) -> Activation:
    """The activation for `scores=`. `given_by_model`: the space of what the model itself computes,
    which may have an activation inside."""
    checks.one_of("scores", space, ("default", "logit", "probability"))
    if space == "default":
        return default
    if space == given_by_model:
        return _KNOWN["identity"]
    if given_by_model != "logit":
        raise InvalidArgument(
            f"scores='{space}' needs the model's logits, and it declares that what it computes is "
            f"of the space '{given_by_model}'; use scores='default'"
        )
    return _KNOWN["sigmoid" if labels == 1 else "softmax"]
