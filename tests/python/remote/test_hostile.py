"""What a review found: keys that got out, answers that ended the process, children of a fork."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from typing import Any

import pytest

import tamis
from tamis import Cascade, StageError, stores
from tamis import stages as s

from .services import Asked, serving

KEY = "s3cret-key"
DOCUMENTS = ["bb", "a", "dddd", "ccc"]


def test_a_wrong_type_does_not_quote_the_key() -> None:
    calls: list[Callable[[], Any]] = [
        lambda: s.hosted_rerank("cohere", keep=3, api_key=KEY, model=10),  # type: ignore[arg-type]
        lambda: tamis.Judge("http://h", "m", api_key=KEY, prompt=10),  # type: ignore[arg-type]
        lambda: tamis.Judge("http://h", "m", http={"proxy": f"http://me:{KEY}@p:1", "x": 1}),
        lambda: s.hosted_rerank("tei", keep=3, http={"proxy": KEY, "timeout_ms": "x"}),
        lambda: stores.postgres(f"postgresql://me:{KEY}@h/x", table="t", normalization="x"),  # type: ignore[arg-type]
        lambda: stores.opensearch(f"http://me:{KEY}@h", index="i", backoff_ms="x"),  # type: ignore[arg-type]
        lambda: stores.qdrant("http://h", collection="c", api_key=KEY, backoff_ms="x"),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(tamis.InvalidArgument) as failed:
            call()
        assert KEY not in str(failed.value)
        assert failed.value.__context__ is None


@pytest.mark.parametrize("key", [KEY, "***", "*"])
def test_a_key_that_the_service_repeats(key: str) -> None:
    """Also where the message is cut; where it is the mask itself, masking comes to an end."""

    def answer(asked: Asked) -> tuple[int, Any]:
        return 401, {"message": "x" * 290 + f" {key} is no key"}

    with serving(answer) as service:
        stage = s.hosted_rerank("cohere", keep=4, limit=4, base_url=service.url, api_key=key)
        trace = Cascade([stage], budget_ms=20_000).run("q", DOCUMENTS).trace
    assert "401" in (trace.stages[0].skipped or "")
    assert "s3c" not in trace.to_json()


def test_a_password_that_the_server_repeats() -> None:
    """As it stands in the address, and as the header carries it."""

    def answer(asked: Asked) -> tuple[int, Any]:
        return 401, {"message": f"who is {asked.headers['authorization']}, me:{KEY}?"}

    with serving(answer) as service:
        url = service.url.replace("http://", f"http://me:{KEY}@")
        made = [
            s.hosted_rerank("tei", keep=4, limit=4, base_url=url),
            s.judge(keep=4, limit=4, base_url=url, model="m", api_key=""),
            s.retrieve(stores.opensearch(url, index="i"), keep=4, on_error="skip"),
            s.retrieve(stores.qdrant(url, collection="c", sparse="s"), keep=4, on_error="skip"),
        ]
        for stage in made:
            cascade = Cascade([stage], budget_ms=20_000)
            given = () if cascade.retrieves else (DOCUMENTS,)
            told = f"{cascade!r} {cascade.run('q', *given).trace.to_json()}"
            assert "401: who is Basic ***, me:***?" in told
            assert KEY not in told
            assert base64.b64encode(f"me:{KEY}".encode()).decode() not in told


DEEP = b"[" * 200_000 + b"]" * 200_000


@pytest.mark.parametrize(
    ("stage", "body"),
    [
        ("cohere", b'{"results":' + DEEP + b"}"),
        ("judge", b'{"choices":[{"logprobs":{"content":[{"top_logprobs":' + DEEP + b"}]}}]}"),
        ("judge", b'{"choices":[{"message":{"content":"' + DEEP + b'"}}]}'),
        ("opensearch", b'{"hits":{"hits":[{"_id":"1","_source":{"text":' + DEEP + b"}}]}}"),
        ("qdrant", b'{"result":{"points":[{"id":1,"score":1,"payload":{"text":' + DEEP + b"}}]}}"),
    ],
)  # fmt: skip
def test_brackets_without_end(stage: str, body: bytes) -> None:
    with serving(lambda asked: (200, body)) as service:
        if stage == "cohere":
            made = s.hosted_rerank("cohere", keep=4, limit=4, base_url=service.url, api_key="k")
        elif stage == "judge":
            made = s.judge(keep=4, limit=4, base_url=service.url, model="m", mode="expected")
        elif stage == "opensearch":
            store = stores.opensearch(service.url, index="i")
            made = s.retrieve(store, keep=4, on_error="skip")
        else:
            docs = stores.qdrant(service.url, collection="c", text="text", sparse="s")
            made = s.retrieve(docs, keep=4, on_error="skip")
        cascade = Cascade([made], budget_ms=20_000)
        given = () if cascade.retrieves else (DOCUMENTS,)
        result = cascade.run("q", *given)
    assert len(result.hits) in ((0, 1) if cascade.retrieves else (4,))


def test_the_children_of_a_fork_ask_for_themselves() -> None:
    """Each process gets the answers to its own questions, though one socket was open before."""

    def answer(asked: Asked) -> tuple[int, Any]:
        first = float(asked.json["query"])
        scores = [first + place for place in range(len(asked.json["documents"]))]
        return 200, {
            "results": [
                {"index": place, "relevance_score": score / 100}
                for place, score in enumerate(scores)
            ]
        }

    with serving(answer) as service:
        stage = s.hosted_rerank("cohere", keep=4, limit=4, base_url=service.url, api_key="k")
        cascade = Cascade([stage])

        def is_right(query: int) -> bool:
            hits = cascade.run(str(query), DOCUMENTS).hits
            return [round(hit.score * 100) for hit in hits if hit.score is not None] == [
                query + place for place in (3, 2, 1, 0)
            ]

        assert is_right(1)
        children = []
        for worker in range(3):
            child = os.fork()
            if child == 0:
                right = False
                try:
                    right = all(is_right(10 * (worker + 1) + turn) for turn in range(5))
                finally:
                    os._exit(0 if right else 1)
            children.append(child)
        assert all(os.waitpid(child, 0)[1] == 0 for child in children)
        assert is_right(2)


def test_a_score_that_is_not_finite_is_no_answer() -> None:
    body = b'{"hits":{"hits":[{"_id":"1","_score":1e300,"_source":{"text":"x"}}]}}'
    with serving(lambda asked: (200, body)) as service:
        stage = s.retrieve(stores.opensearch(service.url, index="i", retries=0), keep=4)
        with pytest.raises(StageError, match="not finite"):
            Cascade([stage], budget_ms=20_000).run("q")


@pytest.mark.parametrize("names", [{"id": "key"}, {"text": "body"}])
def test_a_field_that_is_not_there_is_told(names: dict[str, str]) -> None:
    hits = [{"_id": str(i), "_score": 1.0, "_source": {"text": "x"}} for i in range(5)]
    with serving(lambda asked: (200, {"hits": {"hits": hits}})) as service:
        store = stores.opensearch(service.url, index="i", **names)  # type: ignore[arg-type]
        (name,) = names.values()
        with pytest.raises(StageError, match=f"the documents have no '{name}'"):
            Cascade([s.retrieve(store, keep=4)], budget_ms=20_000).run("q")


def test_an_escaped_key_where_the_service_says_nothing_else() -> None:
    with serving(lambda asked: (401, b'{"reason":"bad key abc\\/def"}')) as service:
        stage = s.hosted_rerank("tei", keep=4, limit=4, base_url=service.url, api_key="abc/def")
        told = Cascade([stage], budget_ms=20_000).run("q", DOCUMENTS).trace.to_json()
    assert "bad key ***" in told
    assert "abc" not in told
