"""What may be a first stage: a function, an index, a retriever of LangChain or LlamaIndex."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from tamis import candidates
from tamis.documents import TextOf
from tamis.errors import InvalidArgument

Finder = Callable[[str], candidates.Read]
FinderOfMany = Callable[[list[str]], list[candidates.Read]]
_METHODS = ("invoke", "get_relevant_documents", "retrieve")


def no_coroutine(result: Any) -> Any:
    """The result. Throws InvalidArgument where it would have to be awaited."""
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()
        raise InvalidArgument("it returned a coroutine; a stage is a plain function")
    return result


def refuse_coroutine_function(function: Any) -> None:
    """Throws InvalidArgument for what no run could ever use."""
    for one in (function, getattr(function, "__call__", None)):  # noqa: B004
        if inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one):
            raise InvalidArgument(
                "a stage is a plain function, and this one is a coroutine function: run it in a "
                "loop of its own (asyncio.run), or wait for it on another thread's loop "
                "(asyncio.run_coroutine_threadsafe)"
            )


def _search(source: Any, count: int) -> Callable[[str], Any]:
    methods = [getattr(source, name) for name in ("search", *_METHODS) if hasattr(source, name)]
    search = methods[0] if methods else source
    if not callable(search):
        kind = type(source).__name__
        raise InvalidArgument(
            f"retrieve needs a function of the query, an object with search(query, k), or a "
            f"retriever of LangChain or LlamaIndex, got {kind}"
        )
    refuse_coroutine_function(search)
    if hasattr(source, "search"):
        return lambda query: source.search(query, count)
    found: Callable[[str], Any] = search
    return found


def finder(source: Any, count: int, text: TextOf, fields: Sequence[str] | None) -> Finder:
    """`count` candidates for a query."""
    search = _search(source, count)
    return lambda query: candidates.read(no_coroutine(search(query)), text, fields)


def finder_of_many(
    source: Any, count: int, text: TextOf, fields: Sequence[str] | None
) -> FinderOfMany | None:
    """The same for several queries at once, of a source that can."""
    if not hasattr(source, "search") or not hasattr(source, "search_many"):
        return None

    def found(queries: list[str]) -> list[candidates.Read]:
        lists = no_coroutine(source.search_many(queries, count))
        return [candidates.read(one, text, fields) for one in lists]

    return found
