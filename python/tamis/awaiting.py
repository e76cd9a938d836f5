"""Scoring from a coroutine: in a worker thread, so that the event loop goes on; cancellable."""

from __future__ import annotations

import contextvars
import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tamis._native import CancelToken

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Executor, Future

R = TypeVar("R")
_MOST_AT_ONCE = 32  # calls; some only wait for a server, and the engine shares the cores among all


class _Threads(NamedTuple):
    """Whoever starts a thread waits until it runs, with every core at work for milliseconds. So the
    loop asks a thread that is there to start the others."""

    starter: Executor
    workers: Executor


@functools.cache
def _threads() -> _Threads:
    from concurrent.futures import ThreadPoolExecutor  # who awaits has it already

    return _Threads(
        ThreadPoolExecutor(1, "tamis-starter"), ThreadPoolExecutor(_MOST_AT_ONCE, "tamis-worker")
    )


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.cache_clear)  # the child has none of them


def _submit(call: Callable[[], R]) -> Future[R]:
    from concurrent.futures import Future

    starter, workers = _threads()
    result: Future[R] = Future()

    def work() -> None:
        try:
            result.set_result(call())
        except BaseException as error:
            result.set_exception(error)

    def start() -> None:
        try:
            workers.submit(work)
        except RuntimeError as error:  # the interpreter is ending
            result.set_exception(error)

    result.set_running_or_notify_cancel()
    starter.submit(start)
    return result


def _retrieve(future: asyncio.Future[Any]) -> None:
    # The caller has gone: nobody else reads the Cancelled that the call ends with.
    if not future.cancelled():
        future.exception()


async def run(call: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    """`call(*args, cancel=..., **kwargs)` in a thread, in the caller's context. Cancelling the task
    stops the native work in the middle of a micro-batch; the caller does not wait for that."""
    import asyncio  # half as slow to import as NumPy; who awaits has it already

    given = kwargs.pop("cancel", None)
    # A child: cancelling this task must not stop the other calls that share the caller's token.
    token = given.child() if isinstance(given, CancelToken) else given
    token = CancelToken() if token is None else token
    within = contextvars.copy_context()
    future = asyncio.wrap_future(
        _submit(functools.partial(within.run, call, *args, cancel=token, **kwargs))
    )
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        token.cancel()
        future.add_done_callback(_retrieve)
        raise
