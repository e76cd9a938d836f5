"""Scoring from a coroutine: in a worker thread, so that the event loop goes on; cancellable."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from tamis._native import CancelToken

if TYPE_CHECKING:
    import asyncio

R = TypeVar("R")


def _retrieve(future: asyncio.Future[Any]) -> None:
    # The caller has gone: nobody else reads the Cancelled that the call ends with.
    if not future.cancelled():
        future.exception()


async def run(call: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    """`call(*args, cancel=..., **kwargs)` in the loop's own executor. Cancelling the task stops the
    native work in the middle of a micro-batch; the caller does not wait for that."""
    import asyncio  # half as slow to import as NumPy; who awaits has it already

    given = kwargs.pop("cancel", None)
    # A child: cancelling this task must not stop the other calls that share the caller's token.
    token = given.child() if isinstance(given, CancelToken) else given
    token = CancelToken() if token is None else token
    loop = asyncio.get_running_loop()
    future = loop.run_in_executor(None, functools.partial(call, *args, cancel=token, **kwargs))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        token.cancel()
        future.add_done_callback(_retrieve)
        raise
