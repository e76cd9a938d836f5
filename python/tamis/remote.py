"""What calls out: the module with libcurl in it, and a language model that grades passages."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tamis import checks, native_call
from tamis.documents import query_text
from tamis.errors import Error, InvalidArgument

JUDGE_OPTIONS = frozenset({
    "api_key", "highest_grade", "prompt", "body", "max_passage_bytes", "window", "step", "retries",
    "backoff_ms", "price", "http",
})  # fmt: skip


def module() -> Any:
    """`tamis._remote`. Throws Error where it was not built or libcurl is missing."""
    try:
        return importlib.import_module("tamis._remote")
    except ImportError as error:
        raise Error(
            f"stages that call out need libcurl, and this tamis cannot use it ({error}); install "
            "libcurl (Debian: libcurl4), or build tamis where libcurl4-openssl-dev is"
        ) from error


def http_options(given: Mapping[str, Any] | None, **defaults: Any) -> Any:
    """HttpOptions of C++. Throws InvalidArgument for what it does not have."""
    if given is not None and not isinstance(given, Mapping):
        raise InvalidArgument(f"http must be a dictionary, got {type(given).__name__}")
    for name in given or {}:
        checks.text("an option of http", name)
    return native_call.call(module().HttpOptions, **(defaults | dict(given or {})))


@dataclass(frozen=True)
class Judgement:
    """What a model said of a passage."""

    grade: float | None  # 0 to highest_grade; None: no answer that could be read
    reason: str  # empty where the mode or the model gives none
    error: str  # why there is no grade
    answers: int  # that the model gave: 0 when none came, more after a retry
    tokens: int  # of all answers, as the server counts
    dollars: float


class Judge:
    """A language model that grades passages, behind an OpenAI-compatible server (llama.cpp, vLLM,
    Ollama, hosted).

    `mode`: "pointwise" asks for a grade and a reason in JSON; "expected" for one digit, and takes
    the mean over the probabilities of its alternatives (the server must send logprobs); "listwise"
    orders windows of a list (RankGPT) and serves as a stage only. `rubric` says what the grades
    mean. `prompt`: a text of your own with {query} and {passage} in it. `body`: fields that each
    request gets, in place of ours; None leaves one of ours out ({"temperature": None}).
    `api_key`: None is OPENAI_API_KEY. `price`: dollars of a request and of a million tokens. Any
    number of threads may use one object. Throws InvalidArgument for options that cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        rubric: str | None = None,
        mode: Literal["pointwise", "expected", "listwise"] = "pointwise",
        highest_grade: int = 3,
        prompt: str = "",
        body: Mapping[str, Any] | None = None,
        max_passage_bytes: int = 8000,
        window: int = 20,
        step: int = 10,
        api_key: str | None = None,
        retries: int = 1,
        backoff_ms: float = 50.0,
        price: tuple[float, float] | None = None,
        http: Mapping[str, Any] | None = None,
        name: str = "judge",
    ) -> None:
        remote = module()
        self.model = model
        self._mode = mode
        rubric = _RUBRIC if rubric is None else rubric
        fields = _json("body", body)
        said = (mode, rubric, highest_grade, prompt, max_passage_bytes)
        self._said = (*said, fields) if fields else said
        self._native: Any = native_call.call(
            remote.Judge,
            base_url=base_url,
            model=model,
            api_key=api_key,
            rubric=rubric,
            mode=mode,
            highest_grade=highest_grade,
            prompt=prompt,
            body=fields,
            max_passage_bytes=max_passage_bytes,
            window=window,
            step=step,
            tries=retries,
            wait_ms=backoff_ms,
            price=price,
            http=http_options(http),
            name=name,
        )

    def grade(
        self, query: str, passages: Sequence[str], *, budget_ms: float | None = None
    ) -> list[Judgement]:
        """A judgement for each passage, asked side by side until the budget is spent. Throws
        InvalidArgument where the mode is "listwise", which has no grades."""
        if self._mode == "listwise":
            raise InvalidArgument(
                "mode 'listwise' orders passages and grades none: use the judge as a stage, or "
                "mode='pointwise' or 'expected'"
            )
        texts = [
            _sendable(query_text(each, f"passage {i}"))
            for i, each in enumerate(checks.list_of("passages", passages))
        ]
        asked = _sendable(query_text(query))
        told = native_call.call(self._native.grade, asked, texts, budget_ms=budget_ms)
        return [Judgement(*one) for one in told]

    @property
    def prompt_version(self) -> str:
        """Of the built-in prompt: it changes whenever the text does."""
        version: str = self._native.prompt_version
        return version

    @property
    def rubric_version(self) -> str:
        """Of all that is said to the model beside query and passage: grades of different versions
        are different measures."""
        digest = hashlib.sha256(repr(self._said).encode()).hexdigest()
        return f"{self.prompt_version}+{digest[:8]}"


def _json(name: str, fields: Mapping[str, Any] | None) -> str:
    """An object's text; "" for none."""
    if fields is None:
        return ""
    if not isinstance(fields, Mapping):
        raise InvalidArgument(f"{name} must be a mapping of fields, got {type(fields).__name__}")
    try:
        return json.dumps(dict(fields), allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"{name} is no JSON object: {error}") from None


def _sendable(text: str) -> str:
    """A lone surrogate has no UTF-8."""
    return text.encode("utf-8", "replace").decode()


_RUBRIC = "Judge by relevance: does the passage hold what the query asks for?"
