from __future__ import annotations

import pytest

from tamis import CrossEncoder, LateInteraction

from .kinds import Maker, makers


@pytest.fixture(scope="session")
def model() -> CrossEncoder:
    """The embedded model."""
    return CrossEncoder()


@pytest.fixture(scope="session")
def stage_makers(model: CrossEncoder) -> dict[str, Maker]:
    return makers(model, LateInteraction())
