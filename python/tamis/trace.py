"""What a run of a cascade did, stage by stage: as data, table, JSON, spans and picture."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from tamis.pauses import paused


class Dropped(NamedTuple):
    """A candidate that left, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class StageTrace:
    """Of one stage."""

    name: str
    in_: int  # candidates that came to the stage; "in" in to_dict()
    scored: int  # of them; the others kept their order below
    kept: int
    tokens: int
    truncated: int  # texts that were cut
    duplicates: int
    predicted_ms: float | None  # before it started; None when it had never run
    real_ms: float
    dollars: float
    attempts: int
    skipped: str | None  # why it did not run
    cut: str | None  # why it scored fewer than it was to
    ran: str  # the fallback that ran in its place; "": itself
    errors: list[str]
    warnings: list[str]
    dropped: list[Dropped]

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> StageTrace:
        """Of what the native run tells."""
        own = dict(told)
        dropped = [Dropped(*one) for one in paused(own.pop("dropped"))]
        # A stage that is called with a few candidates at a time says the same each time.
        warnings = list(dict.fromkeys(own.pop("warnings")))
        return cls(in_=own.pop("in"), dropped=dropped, warnings=warnings, **own)

    @property
    def note(self) -> str:
        """What did not go as planned, in a few words."""
        if self.skipped:
            return f"skipped: {self.skipped}"
        parts = [
            f"by {self.ran}" if self.ran else "",
            f"{self.truncated} texts cut" if self.truncated else "",
            f"cut short: {self.cut}" if self.cut else "",
        ]
        return " ".join(filter(None, parts))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, under C++'s names."""
        out = {"in" if name == "in_" else name: value for name, value in asdict(self).items()}
        out["dropped"] = [one._asdict() for one in self.dropped]
        return out


@dataclass(frozen=True)
class Trace:
    """Of one run. Printing it gives the table."""

    stages: list[StageTrace]
    total_ms: float
    degraded: bool  # a stage failed, was cut short, or found no time
    query: str = ""
    ended_ns: int = field(default_factory=time.time_ns, compare=False)  # wall clock, for spans

    @classmethod
    def read(cls, told: Mapping[str, Any], query: str) -> Trace:
        """Of what the native run tells."""
        stages = [StageTrace.read(stage) for stage in told["stages"]]
        return cls(stages, told["total_ms"], told["degraded"], query)

    @property
    def dollars(self) -> float:
        """Of all stages."""
        return sum(stage.dollars for stage in self.stages)

    def to_dict(self) -> dict[str, Any]:
        """{"total_ms", "degraded", "stages": [...]}: plain values, under C++'s names."""
        return {
            "total_ms": self.total_ms,
            "degraded": self.degraded,
            "stages": [stage.to_dict() for stage in self.stages],
        }

    def to_json(self, indent: int | None = None) -> str:
        """`to_dict()` as JSON."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False)

    def table(self) -> str:
        """A line for each stage; drawn by rich where it is installed."""
        from tamis import trace_table

        return trace_table.drawn(self)

    def to_spans(self, tracer: Any) -> None:
        """A span for the run and one for each stage, by an OpenTelemetry tracer."""
        from tamis import trace_spans

        trace_spans.emit(self, tracer)

    def picture(self, path: str | os.PathLike[str]) -> None:
        """A flow, as wide as there are candidates, with the times: .svg, or .png with matplotlib.
        Throws InvalidArgument."""
        from tamis import trace_picture

        trace_picture.write(self, path)

    def __str__(self) -> str:
        from tamis import trace_table

        return trace_table.plain(self)

    def __rich__(self) -> Any:
        from tamis import trace_table

        return trace_table.rich_table(self)
