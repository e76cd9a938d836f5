"""What goes into a cascade: str, dict, and the documents of LangChain, LlamaIndex and Haystack."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tamis.documents import (
    TEXT_NAMES,
    TextOf,
    listed,
    names,
    own_field,
    refuse_plain,
    text_of,
)
from tamis.pauses import paused

_ID_NAMES = ("id", "_id", "doc_id", "node_id", "corpus_id")
# What rerankers leave behind: LangChain's compressors, LlamaIndex's postprocessors, and others.
_MARKS = ("relevance_score", "rerank_score", "reranker_score", "retrieval_score")


class Read(NamedTuple):
    """Candidates, best first, as the native cascade takes them."""

    documents: list[Any]  # as given
    texts: list[str]
    ids: list[str]
    scores: list[float | None]  # of whoever found them
    marks: list[str]  # of whoever reranked them already; "" is nobody
    sources: list[dict[str, float]]  # what the searches behind a first stage gave, by their names


def field(document: Any, name: str) -> Any:
    """Of the document, or of its metadata; None where neither has it."""
    found = own_field(document, name)
    return _metadata(document).get(name) if found is None else found


def _metadata(document: Any) -> Mapping[str, Any]:
    for name in ("metadata", "meta"):
        found = own_field(document, name)
        if isinstance(found, Mapping):
            return found
    return {}


def _element(value: Any) -> Any:
    """Of an array or a tensor of one element, that; anything else as it is."""
    if getattr(value, "shape", None) is None or not hasattr(value, "item"):
        return value
    try:
        return value.item()
    except (ValueError, RuntimeError):  # NumPy's and torch's, of several
        return value


def _is_number(value: Any) -> bool:
    """Of any kind: Decimal and Fraction, an array or a tensor of one element; of no vector."""
    value = _element(value)
    if getattr(value, "shape", None) is not None or isinstance(value, bool):
        return False
    return hasattr(type(value), "__float__")


def _number(value: Any) -> float | None:
    """Also of what a database gave back as text."""
    if not _is_number(value) and not isinstance(value, str):
        return None
    try:
        found = float(_element(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _mark_of(document: Any) -> str:
    metadata = _metadata(document)
    by = own_field(document, "reranked_by") or metadata.get("reranked_by")
    if isinstance(by, str) and by:
        return by
    for name in _MARKS:
        for value in (own_field(document, name), metadata.get(name)):
            if _number(value) is not None:
                return name
    return ""


def _score_of(document: Any) -> float | None:
    metadata = _metadata(document)
    values = (own_field(document, n) for n in ("score", "relevance_score"))
    for value in (*values, metadata.get("relevance_score")):
        if (found := _number(value)) is not None:
            return found
    return None


def _sources_of(document: Any) -> dict[str, float]:
    found = field(document, "scores")
    if not isinstance(found, Mapping):
        return {}
    numbers = {str(name): _number(value) for name, value in found.items()}
    return {name: value for name, value in numbers.items() if value is not None}


def _is_id(value: Any) -> bool:
    """Anything that has a value: no method, and nothing that tables put where they have none."""
    if value is None or value == "" or callable(value):
        return False
    return bool(value == value)  # NaN and NaT are not


def id_of(document: Any) -> str | None:
    """Of a document that is no str; None where it has none."""
    for name in _ID_NAMES:
        value = own_field(document, name)
        try:
            if _is_id(value):
                return str(value)
        except (TypeError, ValueError):  # of pandas.NA and arrays, which compare to no bool
            continue
    return None


def _split(item: Any, names_of_text: Sequence[str]) -> tuple[Any, float | None]:
    """A document, or one with its score as search engines return them: (document, score). A
    namedtuple with a text is a document."""
    scored = isinstance(item, tuple) and len(item) == 2
    if scored and (_is_number(item[1]) or isinstance(item[1], bool)):
        named = (name for name in getattr(item, "_fields", ()) if name in names_of_text)
        if not any(isinstance(getattr(item, name), str) for name in named):
            return item[0], _number(item[1])
    return item, None


def named(found: Sequence[str | None]) -> list[str]:
    """Those without an id have their place for one, so written that it is nobody else's."""
    taken = {name for name in found if name is not None}
    names = []
    for place, name in enumerate(paused(found)):
        own = str(place) if name is None else name
        while name is None and own in taken:
            own = "#" + own
        names.append(own)
    return names


def read(given: Iterable[Any], text: TextOf = None, fields: Sequence[str] | None = None) -> Read:
    """`text` and `fields` as in `CrossEncoder.rank`. Throws InvalidArgument."""
    out = Read([], [], [], [], [], [])
    ids = []
    fields = names(text, fields)
    items = listed(given)
    where = [text] if isinstance(text, str) else fields or TEXT_NAMES
    if text is not None or fields is not None:
        refuse_plain([_split(item, where)[0] for item in items])
    for place, item in enumerate(paused(items)):
        document, score = _split(item, where)
        out.documents.append(document)
        out.texts.append(text_of(document, f"candidate {place}", text, fields))
        plain = isinstance(document, str)
        ids.append(None if plain else id_of(document))
        out.scores.append(_score_of(document) if score is None and not plain else score)
        out.marks.append("" if plain else _mark_of(document))
        out.sources.append({} if plain else _sources_of(document))
    out.ids.extend(named(ids))
    return out
