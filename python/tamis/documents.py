"""Reading what callers hand over: single pairs and lists of them; str, dict and object documents.

Nothing here changes the caller's objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tamis import checks
from tamis.errors import InvalidArgument

TextOf = str | Callable[[Any], str] | None

# Where frameworks keep a document's text: plain dicts, LangChain, Haystack and Cohere.
TEXT_NAMES = ("text", "page_content", "content")
_NO_DOCUMENT = (bytes, bytearray, int, float, complex, np.generic)


def own_field(document: Any, name: str) -> Any:
    """Of the document itself; None where it has none."""
    if isinstance(document, Mapping):
        return document.get(name)
    return getattr(document, name, None)


def _joined(document: Any, fields: Sequence[str], where: str) -> str:
    values = [(name, own_field(document, name)) for name in fields]
    for name, value in values:
        if value is not None and not isinstance(value, str):
            kind = type(value).__name__
            raise InvalidArgument(f"{where}: its field '{name}' must be a str, got {kind}")
    if all(value is None for _, value in values):
        raise InvalidArgument(f"{where} has none of the fields {', '.join(fields)}")
    return "\n".join(value for _, value in values if value)


_NAME_IT = "name the text with text= or fields="
_GIVE_IT = "give the text itself"  # to what has no text= and fields=


def text_of(
    document: Any,
    where: str,
    text: TextOf = None,
    fields: Sequence[str] | None = None,
    advice: str = _NAME_IT,
) -> str:
    """The text to score. `where` names the document in an error: 'document 3'.

    `text`: the key or attribute that holds it, or a function of the document. `fields`: several
    keys or attributes, joined by a line break; absent and empty ones are left out.
    """
    if isinstance(document, str):
        return document
    if not callable(text) and (document is None or isinstance(document, _NO_DOCUMENT)):
        raise InvalidArgument(f"{where} must be a str, got {type(document).__name__}")
    if fields is not None:
        return _joined(document, [fields] if isinstance(fields, str) else fields, where)
    found: Any
    if callable(text):
        found = text(document)
    else:
        keys = TEXT_NAMES if text is None else (text,)
        found = next((v for v in (own_field(document, key) for key in keys) if v is not None), None)
        if found is None:
            kind = type(document).__name__
            raise InvalidArgument(f"{where} is a {kind} without {' or '.join(keys)}; {advice}")
    if not isinstance(found, str):
        raise InvalidArgument(f"{where}: its text must be a str, got {type(found).__name__}")
    return found


def refuse_unordered(given: Any, name: str) -> None:
    """Throws InvalidArgument for a set of several: results are in the order of what was given."""
    if isinstance(given, (set, frozenset)) and len(given) > 1:
        raise InvalidArgument(f"{name} is a set, which has no order; give a list")


def listed(documents: Iterable[Any]) -> list[Any]:
    """Any iterable of documents as a list; one document alone is a mistake."""
    if isinstance(documents, (str, bytes, Mapping)):
        raise InvalidArgument(
            f"documents must be a list of documents, got one {type(documents).__name__}"
        )
    if type(documents).__name__ == "DataFrame":
        raise InvalidArgument(
            "documents is a DataFrame, whose items are the names of its columns; give one column"
        )
    refuse_unordered(documents, "documents")
    try:
        return list(documents)
    except TypeError:
        kind = type(documents).__name__
        raise InvalidArgument(f"documents must be a list of documents, got {kind}") from None


def listed_texts(
    documents: Iterable[Any],
    text: TextOf = None,
    fields: Sequence[str] | None = None,
    owner: str = "",
) -> tuple[list[Any], list[str]]:
    """The documents as given and as text. `owner` tells lists apart in an error: ' of query 3'."""
    fields = names(text, fields)
    given = listed(documents)
    if text is not None or fields is not None:
        refuse_plain(given)
    return given, [
        text_of(each, f"document {k}{owner}", text, fields) for k, each in enumerate(given)
    ]


def names(text: Any, fields: Any) -> list[str] | None:
    """`fields` as a list: an iterator would be used up by the first document. Throws
    InvalidArgument for what names no text."""
    if text is not None and not ((isinstance(text, str) and text) or callable(text)):
        raise InvalidArgument(
            f"text must be the name of a key or attribute, or a function, got {checks.shown(text)}"
        )
    if fields is not None and (
        not isinstance(fields, Iterable) or isinstance(fields, (bytes, Mapping))
    ):
        raise InvalidArgument(
            f"fields must be names of keys or attributes, got {checks.shown(fields)}"
        )
    if text is not None and fields is not None:
        raise InvalidArgument("give text or fields, not both")
    if fields is None:
        return None
    found = [fields] if isinstance(fields, str) else list(fields)
    if not found or not all(isinstance(name, str) and name for name in found):
        raise InvalidArgument("fields must be names of keys or attributes, and not empty")
    return found


def refuse_plain(documents: list[Any]) -> None:
    """Throws InvalidArgument where no document can have a field."""
    if documents and all(isinstance(each, str) for each in documents):
        raise InvalidArgument(
            "text= and fields= say where the text of a document is, and these documents are str; "
            "leave them out"
        )


def query_text(query: Any, where: str = "the query") -> str:
    """The query, which must be text."""
    if isinstance(query, str):
        return query
    if isinstance(query, Mapping):
        return text_of(query, where, advice=_GIVE_IT)
    raise InvalidArgument(f"{where} must be a str, got {type(query).__name__}")


def _is_column(inputs: Any) -> bool:
    # datasets.Column, without importing datasets
    return type(inputs).__module__.partition(".")[0] == "datasets"


def is_single_pair(inputs: Any) -> bool:
    """Whether `inputs` is one pair, not a list of pairs; sentence-transformers' rule."""
    if isinstance(inputs, np.ndarray):
        return inputs.dtype.kind in "UO" and inputs.size > 0 and inputs.ndim < 2
    if isinstance(inputs, (list, tuple)) or _is_column(inputs):
        first = inputs[0] if len(inputs) > 0 else ()
        rows = [each for each in inputs if isinstance(each, Mapping)]
        if len(rows) == len(inputs) > 1 and (len(rows) > 2 or any("query" in row for row in rows)):
            return False  # of a table, which are no pairs either
        return not (isinstance(first, (list, tuple, np.ndarray)) or _is_column(first))
    return isinstance(inputs, (str, bytes, Mapping))


def pairs_of(inputs: Any) -> tuple[list[str], list[str]]:
    """Queries and documents of a list of pairs."""
    refuse_unordered(inputs, "inputs")
    try:
        listed = inputs.tolist() if isinstance(inputs, np.ndarray) else list(inputs)
    except TypeError:
        kind = type(inputs).__name__
        raise InvalidArgument(f"inputs must be pairs of texts, got {kind}") from None
    queries, documents = [], []
    for i, pair in enumerate(listed):
        if isinstance(pair, (str, bytes, Mapping)) or not hasattr(pair, "__len__"):
            raise InvalidArgument(
                f"pair {i} must be a query and a document, got {type(pair).__name__}"
            )
        if len(pair) != 2:
            raise InvalidArgument(f"pair {i} must hold a query and a document, got {len(pair)}")
        queries.append(text_of(pair[0], f"the query of pair {i}", advice=_GIVE_IT))
        documents.append(text_of(pair[1], f"the document of pair {i}", advice=_GIVE_IT))
    return queries, documents


@dataclass(frozen=True)
class Candidates:
    """One query's documents, as given and as text."""

    query: str
    documents: list[Any]
    texts: list[str]


def candidates_of(
    queries: Sequence[Any],
    documents: Sequence[Iterable[Any]],
    text: TextOf = None,
    fields: Sequence[str] | None = None,
) -> list[Candidates]:
    """A list of documents for each query."""
    queries = checks.list_of("queries", queries)
    documents = checks.list_of("lists of documents", documents)
    if len(queries) != len(documents):
        raise InvalidArgument(
            f"{len(documents)} lists of documents for {len(queries)} queries; give one list a query"
        )
    fields = names(text, fields)
    found = []
    for i, (query, own) in enumerate(zip(queries, documents, strict=True)):
        where, owner = ("the query", "") if len(queries) == 1 else (f"query {i}", f" of query {i}")
        given, texts = listed_texts(own, text, fields, owner)
        found.append(Candidates(query_text(query, where), given, texts))
    return found
