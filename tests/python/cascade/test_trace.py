"""A trace as data, table, JSON, spans and picture."""

from __future__ import annotations

import builtins
import json
import xml.etree.ElementTree
from pathlib import Path
from typing import Any

import pytest

from tamis import Cascade, InvalidArgument, Trace
from tamis import stages as s

from .kinds import length


def judged(query: str, documents: list[Any]) -> s.Scored:
    return s.Scored(
        length(query, documents), tokens=70, truncated=1, dollars=0.0125, warnings=["a slow day"]
    )


@pytest.fixture
def trace() -> Trace:
    search = s.retrieve(lambda q: ["a", "bbb", "cc", "bbb"], keep=4)
    broken = s.callable(lambda q, d: 1 / 0, keep=3, name="<broken & co>")
    stages = [search, s.deduplicate(keep=4), broken, s.callable(judged, keep=1)]
    with pytest.warns(UserWarning, match="a slow day"):
        return Cascade(stages, budget_ms=10_000).run("a <query>", None).trace


def test_it_is_data(trace: Trace) -> None:
    assert [stage.name for stage in trace.stages] == [
        "retrieve",
        "deduplicate",
        "<broken & co>",
        "judged",
    ]
    last = trace.stages[-1]
    assert (last.in_, last.scored, last.kept) == (3, 3, 1)
    assert (last.tokens, last.truncated, last.dollars) == (70, 1, 0.0125)
    assert last.warnings == ["a slow day"]
    assert [one.id for one in last.dropped] == ["2", "0"]
    assert trace.stages[1].duplicates == 1
    assert trace.degraded
    assert trace.dollars == 0.0125
    assert 0 < sum(stage.real_ms for stage in trace.stages) <= trace.total_ms


def test_it_is_json_under_the_names_of_cpp(trace: Trace) -> None:
    told = json.loads(trace.to_json())
    assert told == trace.to_dict()
    assert list(told) == ["total_ms", "degraded", "stages"]
    assert list(told["stages"][3])[:2] == ["name", "in"]
    assert told["stages"][3]["dropped"][0] == {"id": "2", "reason": "below the cut"}
    assert told["stages"][2]["skipped"] == "<broken & co>: ZeroDivisionError: division by zero"


def test_it_is_a_table_with_and_without_rich(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich")
    drawn = trace.table()
    hide("rich", monkeypatch)
    plain = trace.table()
    assert plain == str(trace)
    assert drawn != plain
    for table in (drawn, plain):
        assert "dollars" in table
        assert "0.0125" in table
        assert "skipped: <broken & co>: ZeroDivisionError" in table
        assert "degraded" in table
    assert len(plain.splitlines()) == 6


def test_it_is_spans(trace: Trace) -> None:
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.to_spans(provider.get_tracer("test"))
    *stages, run = exporter.get_finished_spans()
    assert run.name == "tamis.cascade"
    assert [span.name for span in stages] == [f"tamis.stage {one.name}" for one in trace.stages]
    for span in stages:
        assert span.parent.span_id == run.context.span_id
        assert run.start_time <= span.start_time <= span.end_time <= run.end_time
    assert stages[3].attributes["tamis.in"] == 3
    assert stages[3].attributes["tamis.dollars"] == 0.0125
    assert stages[3].events[0].attributes["message"] == "a slow day"
    assert not stages[2].status.is_ok
    assert run.attributes["tamis.degraded"]
    seconds = (run.end_time - run.start_time) * 1e-9
    assert seconds * 1000 == pytest.approx(trace.total_ms, abs=0.01)


def test_a_span_of_a_stage_that_a_retry_made_good_is_no_error() -> None:
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    calls: list[int] = []

    def flaky(query: str, documents: list[Any]) -> list[float]:
        calls.append(1)
        if len(calls) == 1:
            raise ConnectionError
        return length(query, documents)

    stage = s.callable(flaky, keep=3, limit=3, retries=1, backoff_ms=0)
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    Cascade([stage]).run("q", ["a"]).trace.to_spans(provider.get_tracer("test"))
    span, _ = exporter.get_finished_spans()
    assert span.status.is_unset
    assert [event.name for event in span.events] == ["error"]


def test_spans_need_opentelemetry(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    hide("opentelemetry", monkeypatch)
    with pytest.raises(ImportError, match="pip install opentelemetry-api"):
        trace.to_spans(object())


def test_it_is_a_picture(trace: Trace, tmp_path: Path) -> None:
    trace.picture(tmp_path / "flow.svg")
    root = xml.etree.ElementTree.parse(tmp_path / "flow.svg").getroot()
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "<broken & co>" in texts
    assert "4 in, 0 scored" in texts
    assert any("$0.0125" in (text or "") for text in texts)
    assert any((text or "").startswith("a <query>") for text in texts)
    heights = []
    for shape in root.iter("{http://www.w3.org/2000/svg}polygon"):
        if shape.get("fill") == "#7fb3d5":
            points = [float(p.split(",")[1]) for p in (shape.get("points") or "").split()]
            heights.append((points[3] - points[0], points[2] - points[1]))
    assert heights[0] == (160, 160)  # the search: 4 in, 4 kept
    assert heights[1] == (160, 120)  # duplicates leave
    assert heights[2] == (120, 40)
    with pytest.raises(InvalidArgument, match=r"\.svg or \.png"):
        trace.picture(tmp_path / "flow.pdf")


def test_a_png_needs_matplotlib(
    trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    trace.picture(tmp_path / "flow.png")
    assert (tmp_path / "flow.png").read_bytes().startswith(b"\x89PNG")
    hide("matplotlib", monkeypatch)
    with pytest.raises(InvalidArgument, match="pip install matplotlib"):
        trace.picture(tmp_path / "other.png")


@pytest.mark.filterwarnings("error:Glyph")
def test_a_png_takes_letters_from_the_fonts_that_have_them(tmp_path: Path) -> None:
    """As Chinese from whatever Chinese font is installed: here a letter of one that comes with
    matplotlib, which its own lacks."""
    pytest.importorskip("matplotlib")
    cascade = Cascade([s.callable(length, keep=3, limit=3)])
    cascade.run("letter \u1d81", ["a"]).trace.picture(tmp_path / "flow.png")
    assert (tmp_path / "flow.png").read_bytes().startswith(b"\x89PNG")


def test_odd_texts_stay_on_one_line(tmp_path: Path) -> None:
    def odd(query: str, documents: list[Any]) -> list[float]:
        raise RuntimeError("one\r\ntwo \x1b[2J \u202e <&> $x$")

    pytest.importorskip("rich")
    for name in ("a\nb\x00", r"\$x$", "<&>", "n" * 500):
        stage = s.callable(odd, keep=3, limit=3, name=name)
        trace = Cascade([stage]).run("q", ["a"]).trace
        assert trace.stages[0].name == name
        assert len(str(trace).splitlines()) == 3
        for table in (str(trace), trace.table()):
            assert not any(c < " " or c == "\x7f" for c in table.replace("\n", ""))
        trace.picture(tmp_path / "flow.svg")
        xml.etree.ElementTree.parse(tmp_path / "flow.svg")
        if pytest.importorskip("matplotlib"):
            trace.picture(tmp_path / "flow.png")
    for path in (b"flow.svg", 3, ""):
        with pytest.raises(InvalidArgument, match="path must be a path"):
            trace.picture(path)  # type: ignore[arg-type]


def hide(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were not installed."""
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
