"""OpenSearch, Elasticsearch and Qdrant as far as one search goes: the server of the remote tests,
with answers as those databases document them."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

from .databases import Documents

_PATH = Path(__file__).parents[1] / "remote" / "services.py"
_SPEC = importlib.util.spec_from_file_location("tamis_remote_services", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = _MODULE
_SPEC.loader.exec_module(_MODULE)
serving = _MODULE.serving


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _found(query: str, documents: Documents, count: int) -> list[tuple[str, str, float]]:
    """(id, text, words that the query and the text have)."""
    scores = [(id, text, float(len(_words(query) & _words(text)))) for id, text in documents]
    return sorted((one for one in scores if one[2]), key=lambda one: -one[2])[:count]


def search_engine(documents: Documents) -> Any:
    def answer(asked: Any) -> tuple[int, Any]:
        query = asked.json["query"]["match"]["text"]["query"]
        hits = [
            {"_index": "docs", "_id": id, "_score": score, "_source": {"text": text}}
            for id, text, score in _found(query, documents, asked.json["size"])
        ]
        shards = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
        return 200, {"took": 1, "timed_out": False, "_shards": shards, "hits": {"hits": hits}}

    return answer


def qdrant(documents: Documents) -> Any:
    def answer(asked: Any) -> tuple[int, Any]:
        found = _found(asked.json["query"]["text"], documents, asked.json["limit"])
        points = [
            {"id": place, "version": 0, "score": score, "payload": {"key": id, "text": text}}
            for place, (id, text, score) in enumerate(found)
        ]
        return 200, {"result": {"points": points}, "status": "ok", "time": 0.001}

    return answer
