"""Every kind of tokenizer: over real vocabularies, where they are, and over models made here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tokenizer_kinds import KINDS, Both
from trained_kinds import trained_kinds

EVERY_KIND: dict[str, Callable[[Path], Both]] = {**KINDS, **dict(trained_kinds())}
