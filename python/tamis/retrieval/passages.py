"""Documents -> passages, which are what an index holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tamis.candidates import id_of, named
from tamis.documents import TextOf, listed_texts, own_field
from tamis.errors import InvalidArgument
from tamis.retrieval.words import units


@dataclass(frozen=True)
class Passage:
    """A text that is found as a whole. `text` is what is indexed and what a reranker reads."""

    id: str
    text: str  # begins with the title
    title: str = ""
    document: str = ""  # the id of what it was cut out of; "" is itself

    def stored(self) -> dict[str, str]:
        """As a search returns it, without what is empty."""
        return {name: value for name, value in asdict(self).items() if value or name == "text"}


def check_budget(words: int, overlap: int) -> None:
    """Throws InvalidArgument."""
    if words < 0 or overlap < 0 or (words > 0 and overlap >= words):
        raise InvalidArgument(
            f"passages of {words} words cannot overlap by {overlap}; give words >= 0 (0: whole "
            "documents) and an overlap below it"
        )


def cut(text: str, words: int, overlap: int) -> list[str]:
    """Pieces of at most `words` words, each beginning with the last `overlap` of the one before;
    0 words is no limit. Whitespace within a piece stays; an empty text has no pieces."""
    spans = units(text)
    if words == 0 or len(spans) <= words:
        return [text.strip()] if spans else []
    starts = range(0, len(spans) - overlap, words - overlap)
    return [text[spans[i][0] : spans[min(i + words, len(spans)) - 1][1]] for i in starts]


def cut_document(id: str, title: str, text: str, words: int = 0, overlap: int = 0) -> list[Passage]:
    """Its passages, each with the title in front."""
    pieces = cut(text, words, overlap) or ([""] if title else [])
    found = []
    for number, piece in enumerate(pieces):
        whole = len(pieces) == 1
        found.append(
            Passage(
                id=id if whole else f"{id}#{number}",
                text="\n".join(part for part in (title, piece) if part),
                title=title,
                document="" if whole else id,
            )
        )
    return found


def passages_of(
    documents: Iterable[Any], text: TextOf = None, fields: Sequence[str] | None = None
) -> list[Passage]:
    """Each document as one passage. Ids are read as a cascade reads them; the place of a document
    without one is its id. A title goes before the text, unless `text` is a function or `fields` are
    given. Throws InvalidArgument for what has no text, and for an id that comes twice."""
    listed, texts = listed_texts(documents, text, fields)
    ids = named([None if isinstance(each, str) else id_of(each) for each in listed])
    whole = fields is not None or callable(text) or text == "title"  # the caller says what is in it
    found = []
    for document, own, id in zip(listed, texts, ids, strict=True):
        if isinstance(document, Passage):
            found.append(document)
            continue
        given = "" if whole or isinstance(document, str) else own_field(document, "title")
        title = given if isinstance(given, str) else ""
        found.append(Passage(id, "\n".join(part for part in (title, own) if part), title))
    check_ids(found)
    return found


def check_ids(passages: Sequence[Passage]) -> None:
    """Throws InvalidArgument for an id that is empty or comes twice."""
    first: dict[str, int] = {}
    for place, passage in enumerate(passages):
        if not passage.id:
            raise InvalidArgument(f"passage {place} has an empty id; give it one, or leave it out")
        if first.setdefault(passage.id, place) != place:
            raise InvalidArgument(
                f"passages {first[passage.id]} and {place} have the same id '{passage.id}'; ids "
                "must differ"
            )
