"""Tokenizers, the CPU engine and CrossEncoder, in C++. A test compares this stub with the module.

Texts are str; a lone surrogate, which has no UTF-8, reads as U+FFFD. All calls that compute release
the GIL, and every object may be shared by threads.
"""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

version: str

class Error(Exception):
    """The base of all that tamis raises."""

class InvalidArgument(Error, ValueError):
    """An argument cannot be used."""

class TruncationError(InvalidArgument):
    """A pair is longer than the model reads."""

class TokenizerError(Error, RuntimeError):
    """A tokenizer file is missing or broken."""

class ModelError(Error, RuntimeError):
    """A model cannot be loaded."""

class DeviceError(Error, RuntimeError):
    """The device does not exist here."""

class NonFiniteScore(Error, RuntimeError):
    """The model gave NaN or infinity; `indices` says for which pairs."""

    indices: list[int]

class RemoteError(Error, RuntimeError):
    """A service did not answer as it should; `status` is the response's, or 0."""

    status: int
    retry_after_ms: float | None

class RetrievalError(Error, RuntimeError):
    """An index or a database cannot be built, opened or asked this."""

class StageError(Error, RuntimeError):
    """A stage that was to raise failed; `stage` is its name, `__cause__` why."""

    stage: str

class Cancelled(Error, RuntimeError):
    """The work was cancelled."""

class CancelToken:
    """Stops scoring from another thread."""

    def __init__(self) -> None: ...
    def cancel(self) -> None:
        """Ask the work to stop; it raises Cancelled."""

    def child(self) -> CancelToken:
        """A token that is cancelled with this one, and can be without it."""

    @property
    def cancelled(self) -> bool:
        """Whether cancel() was called."""

class LogitResult:
    """Logits, in the caller's order, and what was cut."""

    @property
    def logits(self) -> NDArray[np.float32]:
        """float32 [pairs, labels]."""

    @property
    def query_tokens_cut(self) -> NDArray[np.uint32]:
        """uint32 [pairs]."""

    @property
    def document_tokens_cut(self) -> NDArray[np.uint32]:
        """uint32 [pairs]; 0 where windows read the whole document."""

    @property
    def tokens(self) -> int:
        """Tokens scored, special ones included; equal pairs count once."""

    @property
    def spans(self) -> NDArray[np.int64] | None:
        """int64 [pairs, 2], characters of the winning window; None without windows."""

class CrossEncoder:
    """Immutable once loaded; any number of threads may call it."""

    @staticmethod
    def load(
        path: str | PathLike[str],
        *,
        precision: str = "fp32",
        max_length: int | None = None,
        verify_hashes: bool = True,
        scorer: object | None = None,
    ) -> CrossEncoder:
        """Load a Hugging Face folder of a known encoder, or a bundle.

        `scorer`: what tamis._torch.load_torchscript returned, instead of the engine.
        """

    def logits(
        self,
        queries: list[str],
        documents: list[str],
        *,
        max_length: int | None = None,
        truncation: str = "longest_first",
        max_query_tokens: int | None = None,
        max_document_tokens: int | None = None,
        on_truncation: str = "allow",
        aggregate: str = "max",
        window_stride: int | None = None,
        max_batch_tokens: int | None = None,
        max_batch_pairs: int | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> LogitResult:
        """Score queries[i] with documents[i]. The GIL is released; equal pairs are scored once."""

    @property
    def labels(self) -> int:
        """Logits of one pair."""

    @property
    def max_length(self) -> int:
        """Tokens of a pair, special ones included."""

    @property
    def activation(self) -> str:
        """Name of the default activation."""

    @property
    def score_space(self) -> str:
        """'logit', 'probability' or 'custom': what the default activation gives."""

    @property
    def prompts(self) -> dict[str, str]: ...
    @property
    def default_prompt(self) -> str | None: ...
    @property
    def description(self) -> str:
        """Scorer, precision and instruction set: 'engine fp32 avx2'."""

    @property
    def architecture(self) -> str: ...
    @property
    def config_json(self) -> str:
        """The model's config.json as text."""

class Passages:
    """Encoded passages of one model; immutable."""

    def __len__(self) -> int: ...
    def select(self, indices: Sequence[int]) -> Passages:
        """The passages with these indices, in this order; they share their bytes."""

    def save(self, path: str | PathLike[str]) -> None:
        """Write them to a file, which is replaced only when all is written."""

    @property
    def tokens(self) -> int:
        """Of all passages, special ones included."""

    @property
    def nbytes(self) -> int:
        """Bytes of all vectors, shared or not."""

    @property
    def tokens_cut(self) -> NDArray[np.uint32]:
        """uint32 [passages]: tokens that the model did not read."""

    @property
    def means(self) -> NDArray[np.float32]:
        """float32 [passages, width]: unit vectors, the mean of each one's tokens, up to int8."""

def maxsim(
    query: NDArray[Any],
    documents: list[NDArray[Any]],
    *,
    query_scales: NDArray[np.float32] | None = None,
    query_mask: NDArray[np.uint8] | None = None,
    scales: list[NDArray[np.float32] | None] = [],
    masks: list[NDArray[np.uint8] | None] = [],
    offsets: NDArray[np.int64] | None = None,
    precision: str | None = None,
    cancel: CancelToken | None = None,
) -> NDArray[np.float32]:
    """float32 [documents]; arrays that tamis.maxsim has checked. The GIL is released."""

class LateInteraction:
    """Compares a query with passages that were encoded before."""

    @staticmethod
    def load(
        path: str | PathLike[str],
        *,
        precision: str = "fp32",
        max_length: int | None = None,
        query_prefix: str | None = None,
        passage_prefix: str | None = None,
        maxsim_weight: float = 1.0,
        cosine_weight: float = 1.0,
        cache_bytes: int = 134217728,
    ) -> LateInteraction:
        """Load a folder of a tamis_interaction model, a ColBERT, its bundle, or a plain encoder."""

    def encode_passages(
        self,
        texts: list[str],
        *,
        refuse_truncation: bool = False,
        progress: Callable[[int, int], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> Passages:
        """Equal texts, and those still in the cache, are encoded once. The GIL is released."""

    def embed(
        self,
        texts: list[str],
        *,
        queries: bool = False,
        refuse_truncation: bool = False,
        progress: Callable[[int, int], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
        """float32 unit vectors [texts, width], and how many tokens of each text were cut. The GIL
        is released."""

    def open_passages(self, path: str | PathLike[str], *, verify: bool = True) -> Passages:
        """What Passages.save wrote, mapped; `verify` reads it all once."""

    def score(
        self,
        query: str,
        passages: Passages,
        *,
        refuse_truncation: bool = False,
        progress: Callable[[int, int], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> tuple[NDArray[np.float32], int]:
        """float32 logits [passages], and how many tokens of the query were cut."""

    @property
    def max_length(self) -> int:
        """Tokens of a text, special ones included."""

    @property
    def width(self) -> int:
        """Of a token's vector."""

    @property
    def colbert(self) -> dict[str, Any] | None:
        """How a ColBERT reads texts, as docs/bundle.md says; None: it is none."""

    @property
    def fingerprint(self) -> str:
        """Names the model and its passage prefix."""

    @property
    def cached_bytes(self) -> int:
        """Bytes that the cache of passages holds now."""

    @property
    def description(self) -> str:
        """Precision and instruction set: 'engine fp32 avx2'."""

class Stage:
    """One mesh of a cascade; immutable."""

    @staticmethod
    def callable(
        function: Callable[[str, list[Any], list[str]], tuple[Any, ...]],
        *,
        name: str,
        divisible: bool = False,
        calibrated: bool = False,
        scorer: str = "",
    ) -> Stage:
        """function(query, documents, texts) -> (scores, tokens, truncated, dollars, warnings)."""

    @staticmethod
    def retrieve(
        function: Callable[[str], tuple[Any, ...]],
        *,
        name: str,
        sources: list[str] = [],
        many: Callable[[list[str]], list[Any]] | None = None,
    ) -> Stage:
        """function(query) -> tamis.candidates.Read, whose sources have these names.

        `many`: the same for several queries at once, a Read for each.
        """

    @staticmethod
    def rerank(
        model: CrossEncoder,
        *,
        name: str = "rerank",
        prompt: str = "",
        max_length: int | None = None,
        truncation: str = "longest_first",
        max_query_tokens: int | None = None,
        max_document_tokens: int | None = None,
        on_truncation: str = "allow",
        aggregate: str = "max",
        window_stride: int | None = None,
        max_batch_tokens: int | None = None,
        max_batch_pairs: int | None = None,
        warns_of_cuts: bool = True,
    ) -> Stage:
        """A cross-encoder; needs no GIL."""

    @staticmethod
    def late_interaction(
        model: LateInteraction,
        *,
        name: str = "late_interaction",
        refuse_truncation: bool = False,
        warns_of_cuts: bool = True,
    ) -> Stage:
        """Late interaction; needs no GIL."""

    @staticmethod
    def threshold(least: float) -> Stage: ...
    @staticmethod
    def deduplicate() -> Stage: ...
    @staticmethod
    def diversify(
        count: int, *, balance: float = 0.7, similarity: Callable[[str, str], float] | None = None
    ) -> Stage:
        """MMR; similarity(text, text) -> float in [0, 1]."""

    def named(self, name: str) -> Stage:
        """The same stage under another name."""

    @property
    def name(self) -> str: ...
    @property
    def scorer(self) -> str:
        """What computes the scores: equal for stages that give the same ones; "" for none."""

    @property
    def kind(self) -> str:
        """'retrieve', 'score' or 'select'."""

class CascadeStage:
    """A stage, and how it is used."""

    def __init__(
        self,
        stage: Stage,
        *,
        keep: int,
        limit: int | None = None,
        share: float | None = None,
        on_error: str | None = None,
        blend: dict[str, float] = ...,
        skip_margin: float | None = None,
        fallback: Sequence[Stage] = ...,
        retries: int = 0,
        backoff_ms: float = 20.0,
        chunk: int = 16,
        breaker: int = 5,
        breaker_ms: float = 30000.0,
    ) -> None: ...

class Cascade:
    """Any number of threads may run one."""

    def __init__(
        self, stages: Sequence[CascadeStage], *, budget_ms: float | None = None
    ) -> None: ...
    def run_many(
        self,
        queries: list[str],
        candidates: Sequence[tuple[Any, ...]] | None = None,
        *,
        budget_ms: float | None = None,
        cancel: CancelToken | None = None,
    ) -> list[tuple[list[Any], dict[str, Any]]]:
        """For each query (hits, trace): a hit is (document, index, id, text, scores, spans), the
        last two by stage; spans may be None.

        `candidates`: a tamis.candidates.Read for each query. The GIL is released.
        """

    @property
    def warnings(self) -> list[str]: ...
    @property
    def retrieves(self) -> bool:
        """Whether the first stage does; else runs need candidates."""

    @property
    def description(self) -> str: ...
    @property
    def costs(self) -> dict[str, list[tuple[float, float, float, float]]]:
        """What was learnt: stage -> [(items, tokens, ms, bytes)]."""

    def learn(self, costs: dict[str, list[tuple[float, float, float, float]]]) -> None:
        """Goes on from the costs of another process."""

class Tokenizer:
    """A tokenizer of a Hugging Face folder."""

    @staticmethod
    def load(folder: str | PathLike[str]) -> Tokenizer: ...
    def tokenize(
        self, text: str, with_spans: bool = False
    ) -> tuple[NDArray[np.int32], NDArray[np.uint32] | None]:
        """(ids, spans): spans are (begin, end) in characters, or None when not asked for."""

    def encode_batch(self, texts: list[str]) -> list[NDArray[np.int32]]:
        """The ids of each text, without special tokens."""

    def encode_pair(
        self,
        query: str,
        document: str,
        max_length: int = 512,
        truncation: str = "longest_first",
        max_query_tokens: int | None = None,
        max_document_tokens: int | None = None,
    ) -> dict[str, Any]:
        """A dict of ids, type_ids, query_tokens_cut and document_tokens_cut."""

    @property
    def max_length(self) -> int | None: ...
    @property
    def vocab_size(self) -> int: ...
    @property
    def pad_id(self) -> int: ...

class FusedEncoderScorer:
    """The CPU engine, on token ids."""

    @staticmethod
    def load(
        folder: str, *, precision: str = "fp32", isa: str = "", verify_hashes: bool = True
    ) -> FusedEncoderScorer:
        """Load a Hugging Face folder or a bundle; `isa` as TAMIS_ISA."""

    def score(self, ids: list[list[int]], type_ids: list[list[int]]) -> NDArray[np.float32]:
        """float32 logits [sequences, labels] of one packed micro-batch. The GIL is released."""

    @property
    def labels(self) -> int:
        """Logits of one pair."""

    @property
    def description(self) -> str:
        """Precision and instruction set: 'engine fp32 avx2'."""

def known_encoders() -> list[str]:
    """The model types whose config.json the engine reads."""

def num_threads() -> int:
    """Threads that all models of this process share."""

def follow_num_threads(count: int) -> None:
    """Threads that torch was told to use; bounds ours where nobody chose it. 0: unknown."""

def set_num_threads(count: int) -> None:
    """Set it for all models, from the next call on."""
