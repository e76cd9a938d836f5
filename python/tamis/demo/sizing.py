"""How much work fits: some machines are seven times slower than others."""

from __future__ import annotations

from dataclasses import dataclass

TARGET_SECONDS = 60.0
PATIENCE = 1.4  # the work stops at this many times the target where the estimate was too hopeful
DEPTHS = (100, 50, 30, 20, 10)
ENOUGH_CLAIMS = 60  # below this a difference between two rankings is mostly luck


@dataclass(frozen=True)
class Plan:
    claims: int
    depth: int

    @property
    def pairs(self) -> int:
        return self.claims * self.depth


def plan(pairs_per_second: float, claims: int, seconds: float = TARGET_SECONDS) -> Plan:
    """The deepest pool for which `ENOUGH_CLAIMS` fit into `seconds`, and as many as then fit."""
    pairs = int(pairs_per_second * seconds)
    wanted = min(claims, ENOUGH_CLAIMS)
    for depth in DEPTHS:
        if pairs >= wanted * depth:
            return Plan(min(claims, pairs // depth), depth)
    return Plan(max(1, min(claims, pairs // DEPTHS[-1])), DEPTHS[-1])
