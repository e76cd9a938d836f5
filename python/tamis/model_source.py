"""From what the caller names to a folder: the embedded model, a local one, or the hub's cache."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tamis import checks
from tamis.errors import InvalidArgument, ModelError

EMBEDDED = {name: Path(__file__).parent / "models" / name for name in ("default", "tiny")}
"""The models that are in the package; the first is that of no name."""

SETTINGS_FILES = (
    "config.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "modules.json",
)
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
    "spm.model",
    "tokenizer.model",
)
# What says how token vectors are made: pylate's and sentence-transformers' modules, the Stanford
# code's settings.
MODULE_FILES = (
    "artifact.metadata",
    "*_Dense/config.json",
    "*_Dense/model.safetensors",
    "*_Pooling/config.json",
)
# Never Python files, never pickles.
_WANTED = [
    *SETTINGS_FILES,
    *MODULE_FILES,
    *TOKENIZER_FILES,
    "model*.safetensors",
    "model.safetensors.index.json",
    "tamis.json",
    "model.pt",
]
MULTILINGUAL = "multilingual"  # the name of a model that is a distribution of its own
HUB_ORGANIZATION = "cross-encoder"  # of a name without one, as in sentence-transformers


class ModelNotFound(ModelError, OSError):
    """A name that is no folder and no model of the hub; an OSError too, as huggingface_hub's."""


def _download(name: str, given: str, wanted: list[str], options: dict[str, Any]) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise ModelError(
            f"'{given}' is no local folder, and to fetch it from the Hugging Face hub needs "
            "huggingface_hub: pip install 'tamis[hub]'"
        ) from None
    try:
        return Path(snapshot_download(name, allow_patterns=wanted, **options))
    except Exception as error:  # huggingface_hub's own have no common base
        reason = str(error).strip().partition("\n")[0]
        raise ModelNotFound(
            f"there is no folder '{given}' in {os.getcwd()}, and as a model of the Hugging Face "
            f"hub '{name}' cannot be had: {reason}"
        ) from error


def _multilingual() -> Path:
    try:
        from tamis_multilingual import FOLDER
    except ImportError:
        raise ModelError(
            "the multilingual model is a distribution of its own: pip install 'tamis[multilingual]'"
        ) from None
    return Path(FOLDER)


def embedded(name: Any) -> str | None:
    """The embedded model that is meant: "default" for None, and by its name where no folder has
    that."""
    if name is None:
        return "default"
    name = os.fspath(name) if isinstance(name, os.PathLike) else name
    known = isinstance(name, str) and name in EMBEDDED
    return name if known and not os.path.isdir(name) else None


def located_inside(name: str | os.PathLike[str] | None) -> str | os.PathLike[str]:
    """The folder of an embedded model or of the multilingual one; anything else as it is."""
    if name is None or embedded(name) or (name == MULTILINGUAL and not os.path.isdir(name)):
        return locate(name)
    return name


def is_multilingual(folder: Path) -> bool:
    """Whether it is that of the multilingual distribution."""
    return folder.parent.name == "tamis_multilingual"


def locate(
    name: str | os.PathLike[str] | None,
    *,
    cache_folder: str | os.PathLike[str] | None = None,
    revision: str | None = None,
    token: bool | str | None = None,
    local_files_only: bool | None = False,
    also: Sequence[str] = (),
) -> Path:
    """The folder of a model. A local folder, the embedded models (None or "default", "tiny") and
    "multilingual" open no socket. `also`: patterns of more files to fetch from the hub."""
    if cache_folder is not None:
        checks.path("cache_folder", cache_folder)
    if revision is not None:
        checks.text("revision", revision)
    if token is not None and not isinstance(token, (bool, str)):
        raise InvalidArgument(f"token must be a str or a bool, got {type(token).__name__}")
    offline = checks.flag("local_files_only", local_files_only)
    inside = embedded(name)
    if inside is not None:
        return EMBEDDED[inside]
    if not isinstance(name, (str, os.PathLike)):
        raise InvalidArgument(f"model_name_or_path must be a str, got {type(name).__name__}")
    path = os.fspath(name)
    if os.path.isdir(path):
        return Path(path)
    if path == MULTILINGUAL:
        return _multilingual()
    if os.path.islink(path) and not os.path.exists(path):
        raise FileNotFoundError(f"Path {path} is a link that leads to no folder")
    if os.path.isfile(path):
        raise NotADirectoryError(
            f"Path {path} is a file, not a directory. `model_name_or_path` must be a local "
            "directory containing a model, or a Hugging Face Hub model ID."
        )
    if path.count("/") > 1 or path.startswith(("/", ".", "~")) or not path:
        raise FileNotFoundError(f"Path {path} not found")
    return _download(
        path if "/" in path else f"{HUB_ORGANIZATION}/{path}",
        path,
        [*_WANTED, *also],
        {
            "cache_dir": cache_folder or os.environ.get("SENTENCE_TRANSFORMERS_HOME"),
            "revision": revision,
            "token": token,
            "local_files_only": offline,
        },
    )


def revision_of(folder: Path, name: Any) -> str | None:
    """The hub's commit, which names a snapshot's folder; None for a local folder."""
    downloaded = name is not None and not os.path.isdir(os.fspath(name))
    return folder.name if downloaded and folder.parent.name == "snapshots" else None


def read_json(path: Path) -> Any:
    """The file's content, or None where there is none. Throws ModelError for what is no JSON."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ModelError(f"{path} cannot be read as JSON: it is no regular file")
        return json.loads(path.read_text(encoding="utf-8-sig"))  # with a BOM or without
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as JSON: {error}") from error
    except RecursionError:
        raise ModelError(f"{path} cannot be read as JSON: it nests too deep") from None


def read_object(path: Path) -> dict[str, Any]:
    """The file's object, empty where there is no file. Throws ModelError for anything else."""
    found = read_json(path)
    if isinstance(found, dict):
        return found
    if path.exists():
        raise ModelError(f"{path} is no JSON object; it may be truncated, fetch it again")
    return {}


def is_bundle(folder: Path) -> bool:
    """Whether tamis exported it. What its manifest is, if no file, loading it says."""
    return os.path.lexists(folder / "tamis.json")


def is_interaction(folder: Path) -> bool:
    """Whether it is a tamis_interaction, as the embedded models are, or its bundle."""
    config = read_object(folder / ("tamis.json" if is_bundle(folder) else "config.json"))
    own = config.get("config") if is_bundle(folder) else config
    return isinstance(own, dict) and own.get("model_type") == "tamis_interaction"


def saved_settings(folder: Path) -> dict[str, Any]:
    """config_sentence_transformers.json: activation and prompts; empty where there is none."""
    if not (folder / "modules.json").is_file():
        return {}  # sentence-transformers reads the one only beside the other
    found = read_object(folder / "config_sentence_transformers.json")
    # An embedding model's prompts are not for pairs; older ones do not say what they are.
    return found if found.get("model_type") == "CrossEncoder" else {}


def activation_path(config: Mapping[str, Any]) -> str | None:
    """The dotted path that a config.json names, by its newer key or its older one."""
    newer = config.get("sentence_transformers")
    path = newer.get("activation_fn") if isinstance(newer, dict) else None
    return config.get("sbert_ce_default_activation_function") if path is None else path


def _is_plain_transformer(modules: Any) -> bool:
    # sentence-transformers writes modules.json for every model since 5.4; one transformer in the
    # root is the ordinary sequence classifier.
    if not isinstance(modules, list) or len(modules) != 1 or not isinstance(modules[0], dict):
        return False
    kind = str(modules[0].get("type", "")).rpartition(".")[2]
    return kind == "Transformer" and modules[0].get("path", "") in ("", ".")


def require_reranker(folder: Path) -> None:
    """Say what a folder is that cannot be a sequence-classification reranker."""
    if is_bundle(folder):
        return
    if not os.path.lexists(folder / "config.json"):
        raise ModelError(f"{folder} holds no model: it has neither config.json nor tamis.json")
    config = read_object(folder / "config.json")
    named = config.get("architectures")
    architecture = str(named[0]) if isinstance(named, list) and named else ""
    if architecture.endswith(("ForCausalLM", "ForConditionalGeneration")):
        raise ModelError(
            f"{folder} is a language model ({architecture}), which scores by its answers 'yes' and "
            "'no'; tamis does not run these yet, only sequence classifiers"
        )
    modules = read_json(folder / "modules.json")
    if modules is not None and not _is_plain_transformer(modules):
        if not isinstance(modules, list) or not modules:
            raise ModelError(f"{folder / 'modules.json'} must be a list of modules")
        kinds = [str(m.get("type", "")).rpartition(".")[2] for m in modules if isinstance(m, dict)]
        raise ModelError(
            f"{folder} is a stack of modules ({', '.join(kinds)}); tamis does not run these yet, "
            "only a transformer with its own classification head"
        )
