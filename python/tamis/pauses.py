"""Long loops let other threads have the GIL: an event loop goes on while a cascade runs beside it.

Python lets a thread that waits for the GIL ask for it after `sys.getswitchinterval()`, 5 ms.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

_EVERY = 16  # items between looks at the clock
_HELD_S = 1e-3
_PAUSE_S = 2e-5  # who waits needs that to wake up


def paused(items: Iterable[T]) -> Iterator[T]:
    """The items, with a pause after every millisecond."""
    since = time.perf_counter()
    for place, item in enumerate(items):
        if place % _EVERY == _EVERY - 1 and time.perf_counter() - since > _HELD_S:
            time.sleep(_PAUSE_S)
            since = time.perf_counter()
        yield item
