"""A trace as OpenTelemetry spans. What a tracer is, the caller's opentelemetry says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tamis.trace import StageTrace, Trace

_NUMBERS = ("scored", "kept", "tokens", "truncated", "duplicates", "dollars", "attempts")


def _attributes(stage: StageTrace) -> dict[str, Any]:
    found: dict[str, Any] = {f"tamis.{name}": getattr(stage, name) for name in _NUMBERS}
    found["tamis.in"] = stage.in_
    found["tamis.dropped"] = len(stage.dropped)
    for name in ("predicted_ms", "skipped", "cut", "ran"):
        if (value := getattr(stage, name)) not in (None, ""):
            found[f"tamis.{name}"] = value
    return found


def emit(trace: Trace, tracer: Any) -> None:
    """Stages are laid end to end from the run's start: a run has no gaps worth showing."""
    try:
        from opentelemetry import trace as telemetry
    except ImportError as error:
        raise ImportError("to_spans needs opentelemetry: pip install opentelemetry-api") from error
    start = trace.ended_ns - int(trace.total_ms * 1e6)
    attributes = {
        "tamis.degraded": trace.degraded,
        "tamis.dollars": trace.dollars,
        "tamis.stages": len(trace.stages),
    }
    run = tracer.start_span("tamis.cascade", start_time=start, attributes=attributes)
    context = telemetry.set_span_in_context(run)
    for stage in trace.stages:
        end = start + int(stage.real_ms * 1e6)
        span = tracer.start_span(
            f"tamis.stage {stage.name}",
            context=context,
            start_time=start,
            attributes=_attributes(stage),
        )
        for kind in ("errors", "warnings"):
            for message in getattr(stage, kind):
                span.add_event(kind.removesuffix("s"), {"message": message}, timestamp=end)
        if stage.errors and (stage.skipped or stage.cut):  # else a retry or a fallback made it good
            span.set_status(telemetry.Status(telemetry.StatusCode.ERROR, stage.errors[-1]))
        span.end(end_time=end)
        start = end
    run.end(end_time=trace.ended_ns)
