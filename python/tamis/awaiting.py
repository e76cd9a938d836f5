"""Scoring from a coroutine: in a worker thread, so that the event loop goes on; cancellable."""

from __future__ import annotations

import contextvars
import functools
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from tamis._native import CancelToken

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Executor

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
_MOST_AT_ONCE = 32  # calls of a loop; some only wait for a server, and the engine shares the cores


@functools.cache
def _starter() -> Executor:
    """Whoever starts a thread waits until it runs, with every core at work for milliseconds. So a
    loop asks a thread that is there to start the others."""
    from concurrent.futures import ThreadPoolExecutor  # who awaits has it already

    return ThreadPoolExecutor(1, "tamis-starter")


_depth = contextvars.ContextVar("tamis-depth", default=0)
_workers: weakref.WeakKeyDictionary[Any, dict[int, Executor]] = weakref.WeakKeyDictionary()
"""Of each loop, and in it of calls, of the calls that these make, and so on: a call may run a loop
of its own, or call on the same one, and must not wait for what waits for it."""


def _workers_of(loop: asyncio.AbstractEventLoop) -> Executor:
    from concurrent.futures import ThreadPoolExecutor

    of_depth = _workers.setdefault(loop, {})
    depth = _depth.get()
    if depth not in of_depth:
        of_depth[depth] = ThreadPoolExecutor(_MOST_AT_ONCE, "tamis-worker")
    return of_depth[depth]


def _forget() -> None:
    _starter.cache_clear()
    _workers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)  # the child has none of the threads


class _Work:
    """A call whose result is awaited. Done once, or failed by who could not start a thread."""

    def __init__(self, call: Callable[[], Any]) -> None:
        from concurrent.futures import Future

        self.call = call
        self.result: Future[Any] = Future()
        self.claim = threading.Lock()

    def do(self) -> None:
        if not self.claim.acquire(blocking=False):
            return
        try:
            self.result.set_result(self.call())
        except StopIteration as error:  # which no future takes
            failed = RuntimeError("the call raised StopIteration")
            failed.__cause__ = error
            self.result.set_exception(failed)
        except BaseException as error:
            self.result.set_exception(error)

    def start_in(self, workers: Executor) -> None:
        try:
            workers.submit(self.do)
        except RuntimeError as error:  # no thread is to be had; or the interpreter is ending
            if self.claim.acquire(blocking=False):
                self.result.set_exception(error)


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
    within.run(_depth.set, _depth.get() + 1)
    work = _Work(functools.partial(within.run, call, *args, cancel=token, **kwargs))
    _starter().submit(work.start_in, _workers_of(asyncio.get_running_loop()))
    future = asyncio.wrap_future(work.result)
    try:
        return await asyncio.shield(future)
    except (asyncio.CancelledError, GeneratorExit):
        token.cancel()
        future.add_done_callback(_retrieve)
        raise


def method(
    of: Callable[Concatenate[T, P], R],
) -> Callable[Concatenate[T, P], Coroutine[Any, Any, R]]:
    """`of` for coroutines, with its arguments and the letter a before its name. A class that has
    another method of that name is asked for its own."""
    name = of.__name__

    @functools.wraps(of)
    async def awaited(self: T, /, *args: P.args, **kwargs: P.kwargs) -> R:
        found: R = await run(getattr(self, name), *args, **kwargs)
        return found

    awaited.__name__ = f"a{name}"
    awaited.__qualname__ = f"{of.__qualname__.removesuffix(name)}a{name}"
    awaited.__doc__ = f"`{name}` in a worker thread. Cancelling the task stops the work."
    return awaited
