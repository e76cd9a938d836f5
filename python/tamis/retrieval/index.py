"""Index: passages that BM25 and dense vectors find; built once, saved, mapped, searched."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tamis import _native, checks
from tamis.documents import TextOf, query_text
from tamis.errors import InvalidArgument, RetrievalError
from tamis.late_interaction import LateInteraction, OnTruncation, Progress
from tamis.progress import ProgressBar
from tamis.retrieval import files, fusion, placing
from tamis.retrieval.dense import Dense
from tamis.retrieval.lexical import Lexical
from tamis.retrieval.passages import passages_of
from tamis.retrieval.store import MappedRows

Fusion = Literal["rrf", "union", "bm25", "dense"]
FUSIONS: tuple[Fusion, ...] = ("rrf", "union", "bm25", "dense")
_SHALLOWEST = 100  # of each source, that is fused: the best of all may be the 50th of both


class Index:
    """A first stage. `Index.build(documents)` or `Index.open(folder)`; then `search(query, k)`.

    Immutable: any number of threads may search one. `tamis.stages.retrieve(index, keep=200)` makes
    it the first stage of a cascade.
    """

    def __init__(
        self,
        rows: Sequence[dict[str, Any]] | MappedRows,
        lexical: Lexical,
        language: str | None,
        model: LateInteraction | None = None,
        dense: Dense | None = None,
        passages: _native.Passages | None = None,
    ) -> None:
        self._rows = rows
        self._lexical = lexical
        self._language = language
        self._model = model
        self._dense = dense
        self._passages = passages

    @classmethod
    def build(
        cls,
        documents: Iterable[Any],
        *,
        model: LateInteraction | str | os.PathLike[str] | None = None,
        dense: bool = True,
        token_vectors: bool = False,
        language: str | None = "english",
        text: TextOf = None,
        fields: Sequence[str] | None = None,
        on_truncation: OnTruncation = "warn",
        progress: Progress | bool = False,
    ) -> Index:
        """Each document is a passage: a str, or a dict or an object with a text, and `id` and
        `title` where it has them. `text` and `fields` as in `CrossEncoder.rank`.

        `model` makes the dense vectors; None is the embedded model. `token_vectors` also keeps
        what `compare` needs, some 30 kB a passage. `language`: of the stemmer; None for none.
        `progress`: a bar, or a function of passages done and their number.
        Throws InvalidArgument, RetrievalError, ModelError.
        """
        found = passages_of(documents, text, fields)
        if not found:
            raise InvalidArgument("there are no documents to index")
        texts = [passage.text for passage in found]
        lexical = Lexical.build(texts, language)
        rows = [passage.stored() for passage in found]
        if not dense:
            if token_vectors:
                raise InvalidArgument("token_vectors=True needs dense=True")
            if model is not None:
                raise InvalidArgument("model= makes dense vectors; leave it out, or dense=False")
            return cls(rows, lexical, language)
        encoder = model if isinstance(model, LateInteraction) else LateInteraction(model)
        passages = None
        if not isinstance(progress, bool) and not callable(progress):
            kind = type(progress).__name__
            raise InvalidArgument(f"progress must be a bool or a function, got {kind}")
        with ProgressBar(progress is True, len(texts), 1, desc="Passages") as bar:
            told = progress if callable(progress) else bar.callback
            if token_vectors:
                passages = encoder.encode_passages(
                    texts, on_truncation=on_truncation, progress=told
                )
                vectors = passages.means
            else:
                vectors = encoder.embed_passages(texts, on_truncation=on_truncation, progress=told)
        return cls(rows, lexical, language, encoder, Dense.build(vectors), passages)

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write it to a folder, which appears only when all is written; of several writers the last
        wins. Throws InvalidArgument for one that exists, or with `overwrite` for one that is no
        index; RetrievalError."""
        target = checks.path("folder", folder)
        files.check_target(target, overwrite)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as scratch:
            made = Path(scratch) / "index"
            files.write(
                made, self._rows, self._lexical, self._language, self._model, self._dense,
                self._passages,
            )  # fmt: skip
            check = functools.partial(files.check_target, target, overwrite)
            placing.put(made, target, check, replaces=overwrite)

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        *,
        model: LateInteraction | str | os.PathLike[str] | None = None,
        verify: bool = True,
    ) -> Index:
        """What `save` wrote, mapped: memory holds what is in use. `model`: for one that has moved;
        it must be the one that built the index. `verify` reads all of it once and compares its
        checksums (0.2 s for 200 MB); without it, sizes alone. Throws RetrievalError, ModelError."""
        target = checks.path("folder", folder)
        return cls(*files.read(target, model, checks.flag("verify", verify)))

    def search(
        self, query: Any, k: int = 10, *, fusion: Fusion | None = None
    ) -> list[dict[str, Any]]:
        """The best `k` passages: `{"id", "text", "score", "scores": {"bm25", "dense"}, "row"}`, and
        `title` and `document` where a passage has them.

        `fusion`: "rrf" adds 1 / (60 + rank) over both sources; "union" takes the first of each, the
        second of each and so on, for a reranker; "bm25" and "dense" ask one source alone. None is
        "rrf", or "bm25" for an index without dense vectors. A blank query finds nothing.
        """
        return self.search_many([query], k, fusion=fusion)[0]

    def search_many(
        self, queries: Sequence[Any], k: int = 10, *, fusion: Fusion | None = None
    ) -> list[list[dict[str, Any]]]:
        """`search` for each query; they are encoded together."""
        how = self._fusion(fusion)
        k = checks.positive("k", k)
        texts = [query_text(query) for query in checks.list_of("queries", queries)]
        asked = [place for place, text in enumerate(texts) if text.strip()]
        vectors: NDArray[np.float32] | None = None
        if how != "bm25" and self._model is not None and asked:
            vectors = self._model.embed_queries([texts[place] for place in asked])
        hits: list[list[dict[str, Any]]] = [[] for _ in texts]
        for at, place in enumerate(asked):
            vector = None if vectors is None else vectors[at]
            hits[place] = self._found(texts[place], vector, k, how)
        return hits

    def compare(self, query: Any, hits: Sequence[dict[str, Any]]) -> NDArray[np.float32]:
        """Late interaction's logit for each hit of `search`, by the token vectors that were kept.

        `tamis.stages.callable(index.compare, keep=50, divisible=True)` makes it a stage. Throws
        RetrievalError for an index that was built without `token_vectors`.
        """
        if self._passages is None or self._model is None:
            raise RetrievalError(f"{self} keeps no token vectors; build it with token_vectors=True")
        rows = []
        for place, hit in enumerate(checks.list_of("hits", hits)):
            given = hit.get("row") if isinstance(hit, dict) else None
            row = int(given) if isinstance(given, (int, np.integer)) else -1
            if not 0 <= row < len(self) or self._rows[row]["text"] != hit.get("text"):
                raise InvalidArgument(f"hit {place} is not of this index: it has no such row")
            rows.append(row)
        return self._model.score(query, self._passages.select(rows))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> dict[str, Any]:
        """What `search` returns of a passage, without scores."""
        if not 0 <= checks.natural("row", row) < len(self):
            raise InvalidArgument(f"there is no row {row}, only {len(self)} passages")
        return dict(self._rows[row])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[row] for row in range(len(self)))

    def __repr__(self) -> str:
        sources = "bm25" if self._dense is None else f"bm25 + dense by {self._model!r}"
        return f"Index({len(self):,} passages, {sources})"

    @property
    def has_dense(self) -> bool:
        """Whether it was built with dense vectors."""
        return self._dense is not None

    @property
    def sources(self) -> tuple[str, ...]:
        """The names in a hit's `scores`, with which a cascade's later stages can blend."""
        return ("bm25", "dense") if self.has_dense else ("bm25",)

    @property
    def _scorer(self) -> str:
        """Whose scores `compare` gives, for a cascade's checks."""
        return "" if self._model is None else self._model._stage("compare", "ignore").scorer

    @property
    def has_token_vectors(self) -> bool:
        """Whether `compare` works."""
        return self._passages is not None

    def _fusion(self, asked: str | None) -> str:
        if asked is None:
            return "rrf" if self.has_dense else "bm25"
        checks.one_of("fusion", asked, FUSIONS)
        if asked != "bm25" and not self.has_dense:
            raise InvalidArgument(f"fusion='{asked}' needs dense vectors, and {self} has none")
        return asked

    def _found(
        self, query: str, vector: NDArray[np.float32] | None, k: int, how: str
    ) -> list[dict[str, Any]]:
        depth = max(k, _SHALLOWEST) if how == "rrf" else k
        sources: dict[str, dict[int, float]] = {}
        if how != "dense":
            rows, scores = self._lexical.top(query, depth)
            sources["bm25"] = dict(zip(rows.tolist(), scores.tolist(), strict=True))
        if self._dense is not None and vector is not None:
            rows, scores = self._dense.top(vector, depth)
            sources["dense"] = dict(zip(rows.tolist(), scores.tolist(), strict=True))
        if how in sources:
            ranked = list(sources[how].items())
        else:
            merge = fusion.reciprocal_rank if how == "rrf" else fusion.union
            ranked = merge([list(found) for found in sources.values()])
        return [
            {
                **self._rows[row],
                "score": score,
                "scores": {name: found[row] for name, found in sources.items() if row in found},
                "row": row,
            }
            for row, score in ranked[:k]
        ]
