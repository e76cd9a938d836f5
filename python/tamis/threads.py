"""The number of threads: ours where it was chosen, else no more than torch's where torch is."""

from __future__ import annotations

import sys

from tamis._native import follow_num_threads


def follow_torch() -> None:
    """Tell the engine what torch was set to, if the caller has imported torch."""
    # A module that another thread is still importing may not have the function yet.
    number = getattr(sys.modules.get("torch"), "get_num_threads", None)
    follow_num_threads(number() if number is not None else 0)
