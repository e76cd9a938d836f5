"""A language model as judge, behind a local OpenAI-compatible server."""

from __future__ import annotations

import hashlib
import re
import warnings
from typing import Any

import pytest

import tamis
from tamis import Cascade, CascadeWarning
from tamis import stages as s

from .services import Asked, serving


def _says(text: str) -> tuple[int, Any]:
    message = {"role": "assistant", "content": text}
    return 200, {"choices": [{"message": message}], "usage": {"total_tokens": 50}}


def _length_as_grade(asked: Asked) -> tuple[int, Any]:
    prompt = asked.json["messages"][0]["content"]
    found = re.search(r"<passage>\n(.*)\n</passage>", prompt)
    assert found
    return _says(f'{{"reason": "its length", "grade": {min(len(found[1]), 3)}}}')


DOCUMENTS = ["a", "bbb", "", "cc"]


def test_a_stage_that_judges() -> None:
    with serving(_length_as_grade) as server:
        judge = s.judge(keep=4, limit=4, base_url=server.url + "/v1", model="m", api_key="k")
        result = Cascade([judge], budget_ms=5000).run("q", DOCUMENTS)
    assert [hit.document for hit in result.hits] == ["bbb", "cc", "a", ""]
    assert result.hits[0].scores == {"judge": 3.0}
    assert result.trace.stages[0].tokens == 200
    assert server.asked[0].path == "/v1/chat/completions"


def test_grades_with_reasons() -> None:
    with serving(_length_as_grade) as server:
        judge = tamis.Judge(server.url + "/v1", "m", rubric="3: long. 0: short.")
        told = judge.grade("q", DOCUMENTS)
    assert [one.grade for one in told] == [1, 3, 0, 2]
    assert told[0].reason == "its length"
    assert "3: long. 0: short." in server.asked[0].json["messages"][0]["content"]
    assert judge.prompt_version == "pointwise.v1"


def test_fields_of_the_caller() -> None:
    body = {"max_tokens": None, "max_completion_tokens": 2000, "chat_template_kwargs": {"a": [1]}}
    with serving(_length_as_grade) as server:
        plain = tamis.Judge(server.url, "m")
        judge = tamis.Judge(server.url, "m", body=body)
        assert judge.grade("q", ["aa"])[0].grade == 2
    sent = server.asked[0].json
    assert "max_tokens" not in sent
    assert sent["max_completion_tokens"] == 2000
    assert sent["chat_template_kwargs"] == {"a": [1]}
    assert judge.rubric_version != plain.rubric_version


def test_passages_over_the_limit_are_cut_and_counted() -> None:
    with serving(_length_as_grade) as server:
        judge = s.judge(keep=4, limit=4, base_url=server.url, model="m", max_passage_bytes=2)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # the limit is the caller's own
            result = Cascade([judge], budget_ms=5000).run("q", DOCUMENTS)
        plain = Cascade([s.judge(keep=1, limit=1, base_url=server.url, model="m")])
        with pytest.warns(CascadeWarning, match="more than 8000 bytes; set max_passage_bytes"):
            plain.run("q", ["z" * 9000], budget_ms=5000)
    assert result.trace.stages[0].truncated == 1
    assert [hit.document for hit in result.hits] == ["bbb", "cc", "a", ""]
    assert not any("bbb" in str(asked.json) for asked in server.asked)


def test_prose_is_no_grade() -> None:
    with serving(lambda _: _says("They are all lovely.")) as server:
        told = tamis.Judge(server.url, "m", retries=0).grade("q", ["a"])
        assert told[0].grade is None
        assert "They are all lovely" in told[0].error
        judge = s.judge(keep=4, limit=4, base_url=server.url, model="m", retries=0)
        result = Cascade([judge]).run("q", DOCUMENTS)
    assert [hit.document for hit in result.hits] == DOCUMENTS
    assert result.trace.degraded


def test_a_judge_of_lists_grades_nothing() -> None:
    with serving(_length_as_grade) as server:
        judge = tamis.Judge(server.url, "m", mode="listwise")
        with pytest.raises(tamis.InvalidArgument, match="'listwise' orders passages and grades"):
            judge.grade("q", ["aa"])
    assert server.asked == []


def test_listwise() -> None:
    with serving(lambda _: _says("[2] > [4] > [2] > [9]")) as server:
        judge = s.judge(keep=4, limit=4, base_url=server.url, model="m", mode="listwise")
        result = Cascade([judge]).run("q", DOCUMENTS)
    assert [hit.document for hit in result.hits] == ["bbb", "cc", "a", ""]
    assert "2 of 4 passages" in result.trace.stages[0].warnings[0]


@pytest.mark.parametrize(
    ("mode", "version", "digest"),
    [
        ("pointwise", "pointwise.v1", "ac53d351a1f51c9b"),
        ("expected", "pointwise.v1", "00da7a5198133af3"),
        ("listwise", "listwise.v1", "2cf47da5b376baeb"),
    ],
)
def test_a_version_is_one_text(mode: Any, version: str, digest: str) -> None:
    """Whoever changes what is said to the model changes the version, too: grades of before and
    after are different measures."""
    with serving(lambda _: _says("[2] > [1]")) as server:
        judge = s.judge(keep=2, limit=2, base_url=server.url, model="m", mode=mode, retries=0)
        Cascade([judge]).run("a query", ["a", "b"])
        assert tamis.Judge(server.url, "m", mode=mode).prompt_version == version
    said = min(asked.json["messages"][0]["content"] for asked in server.asked)
    assert hashlib.sha256(said.encode()).hexdigest()[:16] == digest


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"base_url": ""}, "base_url"),
        ({"model": ""}, "model"),
        ({"mode": "pairwise"}, "listwise"),
        ({"highest_grade": 12}, "1 to 9"),
        ({"prompt": "no fields"}, "{query}"),
        ({"body": "{}"}, "body must be a mapping"),
        ({"body": {"temperature": float("nan")}}, "body is no JSON object"),
        ({"body": {"f": open}}, "body is no JSON object"),
        ({"body": {"messages": []}}, "'messages'"),
    ],
)
def test_bad_input(arguments: dict[str, Any], said: str) -> None:
    right = {"base_url": "http://localhost/v1", "model": "m"}
    with pytest.raises(tamis.InvalidArgument, match=re.escape(said)):
        s.judge(keep=3, **{**right, **arguments})
