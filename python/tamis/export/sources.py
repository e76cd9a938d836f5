"""A Hugging Face folder or hub name -> config, tokenizer and model, with nothing of it executed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tamis import checks
from tamis.errors import ExportError
from tamis.model_source import MODULE_FILES, SETTINGS_FILES, TOKENIZER_FILES

_WEIGHTS = ("*.safetensors", "*.safetensors.index.json", "pytorch_model*.bin*")


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
    """A local folder as it is; another name through huggingface_hub's cache."""
    folder = checks.path("source", source)
    if revision is not None:
        checks.text("revision", revision)
    if not folder.is_dir():
        if folder.exists():
            raise ExportError(f"{source} is a file; give a model folder or a hub name")
        folder = _download(str(source), revision, token, cache_folder, local_files_only)
        # A snapshot's folder is named for its commit.
        revision = folder.name
    path = folder / "config.json"
    if not path.is_file():
        raise ExportError(f"{folder} is no model folder: config.json is missing")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{path} is not JSON: {error}") from None
    if not isinstance(config, dict):
        raise ExportError(f"{path} is not a JSON object")
    return Source(folder, str(source), revision, config)


def _download(
    name: str,
    revision: str | None,
    token: str | bool | None,
    cache_folder: str | Path | None,
    local_files_only: bool,
) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    patterns = [*SETTINGS_FILES, *MODULE_FILES, *TOKENIZER_FILES, *_WEIGHTS]
    try:
        return Path(
            snapshot_download(
                name,
                revision=revision,
                token=token,
                cache_dir=cache_folder,
                local_files_only=local_files_only,
                allow_patterns=patterns,
            )
        )
    except HFValidationError:
        raise ExportError(f"{name!r} is neither a folder here nor a hub name") from None
    except OSError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ExportError(f"cannot fetch {name!r} from the hub: {reason}") from error


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
