"""A Hugging Face folder or hub name -> config, tokenizer and model, with nothing of it executed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tamis import checks
from tamis.errors import ExportError, ModelError
from tamis.model_source import is_bundle, locate, read_object, revision_of

# Read by torch, which takes nothing but tensors from them.
_PICKLES = ("pytorch_model*.bin", "pytorch_model.bin.index.json")


@dataclass(frozen=True)
class Source:
    """A model folder on this disk and where it came from."""

    folder: Path
    name: str  # as the user gave it
    revision: str | None
    config: dict[str, Any]  # config.json as it is in the file


def find_source(
    source: str | Path,
    *,
    revision: str | None = None,
    token: str | bool | None = None,
    cache_folder: str | Path | None = None,
    local_files_only: bool = False,
) -> Source:
    """What `CrossEncoder` finds by that name, checkpoints in pickles too."""
    checks.path("source", source)
    try:
        folder = locate(
            source,
            revision=revision,
            token=token,
            cache_folder=cache_folder,
            local_files_only=local_files_only,
            also=_PICKLES,
        )
        config = read_object(folder / "config.json")
    except (ModelError, OSError) as error:
        raise ExportError(str(error)) from error
    if is_bundle(folder):
        raise ExportError(f"{source} is a bundle already; export the model it was made from")
    if not config:
        raise ExportError(f"{folder} is no model folder: it has no config.json, or an empty one")
    commit = revision_of(folder, source)
    if revision is not None and commit is None:
        raise ExportError(
            f"revision={revision!r} is of a model of the hub, and {source} is on this disk; "
            "leave it out"
        )
    return Source(folder, str(source), commit, config)


def load_tokenizer(source: Source) -> Any:
    """The model's own Hugging Face tokenizer."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(source.folder, trust_remote_code=False)
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise ExportError(f"{source.name}: the tokenizer does not load: {reason}") from error


def load_model(source: Source) -> Any:
    """The sequence classifier in fp32. Raises ExportError when tensors are missing."""
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    try:
        config = AutoConfig.from_pretrained(source.folder, trust_remote_code=False)
        model, report = AutoModelForSequenceClassification.from_pretrained(
            source.folder,
            config=config,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except Exception as error:
        if "auto_map" in source.config:
            raise ExportError(
                f"{source.name} brings its own Python code (auto_map in config.json), which is "
                "never executed; export a TorchScript file of it with export_torchscript()"
            ) from error
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ExportError(
            f"{source.name} is no sequence classifier that loads: {reason}"
        ) from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise ExportError(
            f"{source.name} lacks {len(missing)} tensors of a sequence classifier: "
            f"{', '.join(missing[:8])}{', ...' if len(missing) > 8 else ''}. A random head would "
            "give random scores; use a checkpoint that was trained as a cross-encoder"
        )
    return model.eval()


NO_LIMIT = 1 << 20


def max_length_of(model: Any, tokenizer: Any) -> int:
    """The smaller of the tokenizer's limit and the position table's, minus the table's offset.

    NO_LIMIT where neither has one: relative positions, and a tokenizer that states nothing.
    """
    limits = [tokenizer_limit(tokenizer)]
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and hasattr(module, "num_embeddings"):
            offset = 0 if module.padding_idx is None else module.padding_idx + 1
            limits.append(module.num_embeddings - offset)
    return min(limits)


def tokenizer_limit(tokenizer: Any) -> int:
    """The tokenizer's own limit; transformers writes "none" as 1e30."""
    return int(min(tokenizer.model_max_length, NO_LIMIT))
