"""Hosted rerankers as stages, against a server that answers as they do."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

import tamis
from tamis import Cascade
from tamis import stages as s

from .services import NAMES, Asked, by_length, serving, wire

DOCUMENTS = ["bb", "a", "dddd", "ccc"]


def _run(service: str, url: str, **arguments: Any) -> Any:
    stage = s.hosted_rerank(service, keep=3, limit=10, base_url=url, api_key="s3cret", **arguments)
    return Cascade([stage], budget_ms=5000).run("a query", DOCUMENTS)


@pytest.mark.parametrize("service", NAMES)
def test_every_service_ranks(service: str) -> None:
    with serving(by_length(service)) as server:
        result = _run(service, server.url)
    assert [hit.document for hit in result.hits] == ["dddd", "ccc", "bb"]
    assert not result.trace.degraded
    assert server.asked[0].headers["authorization"] == "Bearer s3cret"
    assert "s3cret" not in result.trace.to_json()


def _resolved(schema: Any, schemas: Any) -> Any:
    """With its references put in."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _resolved(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas)
        if schema.get("nullable"):  # OpenAPI 3.0's word for it
            rest = {key: value for key, value in schema.items() if key != "nullable"}
            return {"anyOf": [_resolved(rest, schemas), {"type": "null"}]}
        return {key: _resolved(value, schemas) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_resolved(value, schemas) for value in schema]
    return schema


def _request_schema(service: str) -> Any:
    told = wire(f"openapi_{service}_rerank")
    if service == "tei":
        schema = told["schemas"]["RerankRequest"]
    elif service == "jina":
        schema = told["schemas"]["TextRerankerRequest"]
    else:
        path = {"cohere": "/v2/rerank", "voyage": "/rerank"}[service]
        body = told["paths"][path]["post"]["requestBody"]
        schema = body["content"]["application/json"]["schema"]
    return _resolved(schema, told["schemas"])


@pytest.mark.parametrize(
    ("service", "more"),
    [
        ("cohere", {}),
        ("cohere", {"max_tokens_per_document": 5}),
        ("voyage", {"instruction": "Prefer law.", "truncate": False}),
        ("jina", {}),
        ("jina", {"truncate": False}),
        ("tei", {"truncate": False}),
    ],
)
def test_requests_are_what_the_service_documents(service: str, more: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    with serving(by_length(service)) as server:
        _run(service, server.url, **more)
    schema = _request_schema(service)
    jsonschema.validate(server.asked[0].json, schema)
    assert set(server.asked[0].json) <= set(schema["properties"])


def test_the_recorded_exchange_of_cohere() -> None:
    recorded = wire("cohere_v2_rerank_rerank-english-v3.0")
    asked, told = recorded["request"]["json"], recorded["response"]["json"]
    # The recorded request asked for the best three; we ask for all, so the rest get their scores.
    rest = [
        i for i in range(len(asked["documents"])) if i not in [r["index"] for r in told["results"]]
    ]
    told["results"] += [{"index": i, "relevance_score": 0.001} for i in rest]
    with serving(lambda _: (200, told)) as server:
        stage = s.hosted_rerank(
            "cohere", keep=3, limit=10, model=asked["model"], base_url=server.url, api_key="k"
        )
        result = Cascade([stage]).run(asked["query"], asked["documents"])
    assert [hit.index for hit in result.hits] == [3, 4, 1]
    assert result.hits[0].score == pytest.approx(0.999071)
    assert server.asked[0].path == recorded["request"]["path"]
    assert server.asked[0].json == {key: asked[key] for key in ("model", "query", "documents")}


@pytest.mark.parametrize(
    ("name", "order", "tokens"),
    [
        ("voyage_v1_rerank_rerank-2-lite", [3, 0, 2], 57),
        ("voyage_v1_rerank_rerank-2-lite_async", [0, 2, 1], 43),
    ],
)
def test_the_recorded_exchange_of_voyage(name: str, order: list[int], tokens: int) -> None:
    recorded = wire(name)
    asked, told = recorded["request"]["json"], recorded["response"]["json"]
    told["data"].append({"index": 1, "relevance_score": 0.1})
    with serving(lambda _: (200, told)) as server:
        stage = s.hosted_rerank(
            "voyage",
            keep=3,
            limit=10,
            model=asked["model"],
            base_url=server.url + "/v1",
            api_key="k",
        )
        result = Cascade([stage]).run(asked["query"], asked["documents"])
    assert [hit.index for hit in result.hits] == order
    assert result.trace.stages[0].tokens == tokens
    assert result.trace.stages[0].dollars == pytest.approx(tokens * 0.02e-6)
    assert server.asked[0].path == recorded["request"]["path"]
    assert server.asked[0].json == asked | {"top_k": None}


@pytest.mark.parametrize(("service", "key"), [("jina", "jina"), ("cohere", "cohere_v2")])
def test_documented_answers(service: str, key: str) -> None:
    """With documents in them, and of the best documents only: what is not there is told."""
    told = wire("doc_examples_jina_cohere_siliconflow")[key]
    with serving(lambda _: (200, told)) as server:
        stage = s.hosted_rerank(service, keep=1, limit=9, base_url=server.url, api_key="k")
        documents = DOCUMENTS[:1] if service == "jina" else [str(i) for i in range(9)]
        trace = Cascade([stage]).run("q", documents).trace.stages[0]
    if service == "jina":
        assert (trace.scored, trace.tokens) == (1, 815)
    else:
        assert "scores for 3 of 9 documents" in (trace.skipped or "")


@pytest.mark.parametrize("options", [{}, {"max_tokens_per_document": 128}])
def test_requests_equal_those_of_the_cohere_sdk(options: dict[str, int]) -> None:
    cohere = pytest.importorskip("cohere")
    told = {
        "max_tokens_per_doc" if name == "max_tokens_per_document" else name: value
        for name, value in options.items()
    }
    with serving(by_length("cohere")) as server:
        client = cohere.ClientV2("k", base_url=server.url)
        client.rerank(model="rerank-v3.5", query="a query", documents=DOCUMENTS, **told)
        _run("cohere", server.url, **options)
    theirs, ours = server.asked
    assert ours.path == theirs.path
    assert ours.json == theirs.json
    assert ours.headers["authorization"].startswith("Bearer ")
    assert ours.headers["content-type"] == theirs.headers["content-type"]


@pytest.mark.parametrize("truncate", [True, False])
@pytest.mark.parametrize("model", ["rerank-2.5", "rerank-2.5-lite"])
def test_requests_equal_those_of_the_voyage_sdk(model: str, truncate: bool) -> None:
    voyageai = pytest.importorskip("voyageai")
    with serving(by_length("voyage")) as server:
        client = voyageai.Client(api_key="k", base_url=server.url + "/v1", max_retries=0)
        client.rerank("Prefer cats.\na query", DOCUMENTS, model=model, truncation=truncate)
        told = {"model": model, "truncate": truncate, "instruction": "Prefer cats."}
        _run("voyage", server.url + "/v1", **told)
    theirs, ours = server.asked
    assert ours.path == theirs.path
    assert ours.json == theirs.json
    assert ours.headers["authorization"].startswith("Bearer ")


def test_tls_is_verified(tmp_path: Path) -> None:
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with serving(by_length("tei"), context) as server:
        trusted = _run("tei", server.url, http={"ca_file": str(tmp_path / "ca.pem")})
        assert trusted.hits[0].document == "dddd"
        stranger = _run("tei", server.url, retries=0)
        assert stranger.trace.degraded
        assert "certificate" in stranger.trace.stages[0].errors[0].lower()
        assert len(server.asked) == 1


def test_errors_are_told_and_have_a_status() -> None:
    with (
        serving(lambda _: (401, {"message": "invalid api token"})) as server,
        pytest.raises(tamis.StageError, match="401: invalid api token") as failed,
    ):
        _run("cohere", server.url, on_error="raise")
    cause = failed.value.__cause__
    assert isinstance(cause, tamis.RemoteError)
    assert cause.status == 401


def test_a_key_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOYAGE_API_KEY", raising=False)
    with pytest.raises(tamis.InvalidArgument, match="VOYAGE_API_KEY"):
        s.hosted_rerank("voyage", keep=3)
    monkeypatch.setenv("VOYAGE_API_KEY", "k")
    assert s.hosted_rerank("voyage", keep=3).name == "voyage"


def test_from_config() -> None:
    with serving(by_length("tei")) as server:
        told = {
            "stages": [
                {
                    "stage": "hosted_rerank",
                    "service": "tei",
                    "base_url": server.url,
                    "keep": 2,
                    "limit": 9,
                }
            ]
        }
        result = Cascade.from_config(told).run("q", DOCUMENTS)
    assert [hit.document for hit in result.hits] == ["dddd", "ccc"]
    with pytest.raises(tamis.InvalidArgument, match=r"stages\[0\]\.service"):
        Cascade.from_config({"stages": [{"stage": "hosted_rerank", "keep": 2}]})


def test_several_queries_and_threads_of_a_server(recwarn: pytest.WarningsRecorder) -> None:
    with serving(by_length("tei")) as server:
        cascade = Cascade([s.hosted_rerank("tei", keep=3, limit=10, base_url=server.url)])
        results = cascade.run_many(["q1", "q2"], [DOCUMENTS, DOCUMENTS[:2]])
    assert [[hit.document for hit in result.hits] for result in results] == [
        ["dddd", "ccc", "bb"],
        ["bb", "a"],
    ]


def test_interrupted_while_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    import signal
    import threading
    import time

    release = threading.Event()

    def silent(_: Asked) -> tuple[int, Any]:
        release.wait(60)
        return 200, {}

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with serving(silent) as server:
            threading.Timer(0.3, lambda: signal.raise_signal(signal.SIGINT)).start()
            start = time.monotonic()
            stage = s.hosted_rerank("tei", keep=3, limit=10, base_url=server.url)
            with pytest.raises(KeyboardInterrupt):
                Cascade([stage]).run("q", DOCUMENTS)
            assert time.monotonic() - start < 30
            release.set()
    finally:
        signal.signal(signal.SIGINT, before)
