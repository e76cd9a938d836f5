"""What goes wrong with a service: a clear error or a skipped stage, as the caller chose."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

import tamis
from tamis import Cascade
from tamis import stages as s

from .services import Asked, serving

KEY = "s3cret-key"
DOCUMENTS = ["bb", "a", "dddd", "ccc"]
Make = Callable[..., s.Stage]


def _hosted(url: str, **use: Any) -> s.Stage:
    told = {"api_key": KEY, "backoff_ms": 1} | use
    return s.hosted_rerank("cohere", keep=4, limit=4, base_url=url, **told)


def _judge(url: str, **use: Any) -> s.Stage:
    told = {"api_key": KEY, "backoff_ms": 1} | use
    return s.judge(keep=4, limit=4, base_url=url, model="m", **told)


stages = pytest.mark.parametrize("make", [_hosted, _judge], ids=["hosted_rerank", "judge"])


def _check(make: Make, url: str, said: str, budget_ms: float = 20_000) -> None:
    """Skipped, with all candidates in their order; or raised. Nobody learns the key."""
    result = Cascade([make(url)], budget_ms=budget_ms).run("q", DOCUMENTS)
    assert [hit.document for hit in result.hits] == DOCUMENTS
    assert result.trace.degraded
    told = result.trace.stages[0].skipped or ""
    assert said in told
    shown = result.trace.to_json() + str(result.trace)
    assert KEY not in shown
    with pytest.raises(tamis.StageError) as failed:
        Cascade([make(url, on_error="raise")], budget_ms=budget_ms).run("q", DOCUMENTS)
    assert said in str(failed.value)
    assert KEY not in f"{failed.value} {failed.value.__cause__!r}"


@stages
@pytest.mark.parametrize(
    ("status", "told", "said"),
    [
        (401, {"message": f"invalid api token {KEY}"}, "401: invalid api token *** (is the API"),
        (403, {"error": {"message": "not allowed"}}, "403: not allowed (is the API key right?)"),
        (404, b"<html>Not found</html>", "404: <html>Not found</html> (are base_url and the"),
        (404, {"message": "model 'm' not found"}, "404: model 'm' not found (are base_url and"),
        (400, {"detail": "at most 1000 documents"}, "400: at most 1000 documents"),
        (413, {"error": "payload too large"}, "413: payload too large (a smaller max_documents"),
        (422, {"detail": [{"msg": "field required"}]}, "422: field required"),
        (429, {"message": "slow down"}, "429: slow down"),
        (503, b"\xff\xfe no text", "503: "),
        (200, b'{"results": [{"ind', "the answer cannot be used"),
        (200, b"\xff\xfe", "the answer cannot be used"),
    ],
)
def test_a_service_that_refuses(make: Make, status: int, told: Any, said: str) -> None:
    with serving(lambda _: (status, told)) as server:
        _check(make, server.url, said)


@stages
def test_a_redirect_takes_the_key_nowhere(make: Make) -> None:
    with serving(lambda _: (200, {})) as other:
        to = ("Location", f"{other.url}/v2/rerank")
        with serving(lambda _: (307, {}, to)) as server:
            _check(make, server.url, "redirects to http://localhost")
        assert other.asked == []


@stages
def test_nobody_is_there(make: Make) -> None:
    with serving(lambda _: (200, {})) as server:
        gone = server.url
    _check(make, gone, gone.removeprefix("http://"))


@stages
def test_a_host_without_an_address(make: Make) -> None:
    _check(make, "http://nowhere.invalid", "nowhere.invalid")


@stages
def test_a_server_that_never_answers(make: Make) -> None:
    release = threading.Event()
    with serving(lambda _: (200, {}) if release.wait(60) else (500, {})) as server:
        try:
            _check(make, server.url, "deadline", budget_ms=300)
        finally:
            release.set()


@stages
def test_cancelling_the_task_ends_the_call(make: Make) -> None:
    """Before the server answers: it does so only when all is over."""
    asked, release = threading.Event(), threading.Event()

    def silent(_: Asked) -> tuple[int, Any]:
        asked.set()
        release.wait(60)
        return 500, {}

    async def main(url: str) -> None:
        task = asyncio.create_task(Cascade([make(url)]).arun("q", DOCUMENTS))
        while not asked.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with serving(silent) as server:
        try:
            asyncio.run(main(server.url))  # waits for its threads
            assert len(server.asked) <= len(DOCUMENTS)
        finally:
            release.set()


@stages
@pytest.mark.parametrize("url", ["localhost:8080", "ftp://localhost"])
def test_a_url_that_is_none(make: Make, url: str) -> None:
    with pytest.raises(tamis.InvalidArgument, match="https://"):
        make(url)


def test_a_key_that_is_no_header() -> None:
    with pytest.raises(tamis.InvalidArgument, match="line break"):
        s.hosted_rerank("cohere", keep=4, limit=4, api_key=f"{KEY}\nHost: x")


@pytest.mark.parametrize("key", ["a\0b", "a\tb", "a\x1b"])
@stages
def test_a_key_with_a_control_character(make: Make, key: str) -> None:
    with pytest.raises(tamis.InvalidArgument, match="control character: strip it"):
        make("http://localhost", api_key=key)


@pytest.mark.parametrize("backoff_ms", [-1.0, float("nan"), float("inf")])
@stages
def test_a_backoff_that_is_none(make: Make, backoff_ms: float) -> None:
    with pytest.raises(tamis.InvalidArgument, match=r"backoff_ms must be (0 or more|a number)"):
        make("http://localhost", backoff_ms=backoff_ms)


@pytest.mark.parametrize(
    ("service", "option", "said"),
    [
        ("cohere", {"instruction": "Prefer law."}, "cohere has no instruction: .* ask voyage"),
        ("jina", {"max_tokens_per_document": 5}, "jina has no max_tokens_per_document: .* cohere"),
        ("mixedbread", {"truncate": False}, "mixedbread has no truncate: .* voyage, jina, tei"),
    ],
)
def test_an_option_that_the_service_lacks(service: str, option: Any, said: str) -> None:
    with pytest.raises(tamis.InvalidArgument, match=said):
        s.hosted_rerank(service, keep=4, limit=4, api_key=KEY, **option)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("retries", {"retries": -1}),
        ("retries", {"retries": 1.5}),
        ("connections", {"http": {"connections": -1}}),
        ("max_response_bytes", {"http": {"max_response_bytes": "1 MB"}}),
    ],
)
@stages
def test_a_number_that_is_none(make: Make, name: str, option: Any) -> None:
    with pytest.raises(tamis.InvalidArgument, match=f"{name} must be a whole number"):
        make("http://localhost", **option)


def test_an_unknown_service() -> None:
    with pytest.raises(tamis.InvalidArgument, match="cohere"):
        s.hosted_rerank("openai", keep=4, limit=4, api_key=KEY)


def test_an_unknown_argument() -> None:
    with pytest.raises(TypeError, match="temperature"):
        s.judge(keep=4, base_url="http://localhost", model="m", temperature=1)
