"""sentence-transformers' multi-process pools, run as threads over one immutable model.

The native call releases the GIL, and on one CPU the engine already uses every core: a pool pays
where it spans several CUDA devices. It stays a dict, since callers pass it around as one.
"""

from __future__ import annotations

import math
import re
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from tamis.errors import InvalidArgument, NonFiniteScore, TruncationError
from tamis.loaded import Loaded

Pool = dict[str, Any]
Progress = Callable[[int, int], None]
_DEFAULT_WORKERS = 4
_MAX_CHUNK = 5000


def start(models: Sequence[Loaded]) -> Pool:
    """A pool with one worker a model."""
    if not models:
        raise InvalidArgument("a pool needs at least one device")
    from concurrent.futures import ThreadPoolExecutor  # only pools pay for this import

    executor = ThreadPoolExecutor(len(models), thread_name_prefix="tamis-pool")
    return {"input": executor, "output": None, "processes": list(models)}


def stop(pool: Pool) -> None:
    """Ends the workers. A stopped pool cannot be used again; stopping it twice is harmless."""
    _workers(pool)
    pool["input"].shutdown(wait=True)


def default_devices() -> list[str]:
    """All CUDA devices, else four CPU workers, as sentence-transformers has it."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return ["cpu"] * _DEFAULT_WORKERS


def check(pool: Any, model: Loaded) -> None:
    """Throws InvalidArgument unless it is a pool over this very model, on whatever devices."""
    other = next((w for w in _workers(pool) if not w.same_but_for_device(model)), None)
    if other is not None:
        raise InvalidArgument(
            f"the pool is of another model or precision ({other.recipe.path}, "
            f"{other.recipe.precision}); start one with this model's start_multi_process_pool()"
        )


def _workers(pool: Any) -> list[Loaded]:
    workers = pool.get("processes") if isinstance(pool, dict) else None
    if not workers or not all(isinstance(worker, Loaded) for worker in workers):
        raise InvalidArgument("pool must be what start_multi_process_pool() returned")
    found: list[Loaded] = workers
    return found


class _Stopped(Exception):
    """Another chunk of the call failed, or its caller was interrupted."""


def default_chunk_size(pool: Pool, total: int) -> int:
    """sentence-transformers' own: ten chunks a worker."""
    return max(1, min(math.ceil(total / len(pool["processes"]) / 10), _MAX_CHUNK))


def map_chunks(
    pool: Pool,
    total: int,
    chunk_size: int,
    score: Callable[[Loaded, slice, Progress], Any],
    progress: Progress | None = None,
) -> list[Any]:
    """`score` of every chunk, in order. Workers take turns, each with its own model. `score` hands
    its third argument to the native call, which it leaves as soon as the call is to end. A chunk
    that fails ends it, but for scores that are not finite: one error says of all such pairs."""
    models: list[Loaded] = pool["processes"]
    chunks = [slice(i, min(i + chunk_size, total)) for i in range(0, total, chunk_size)]
    stopped = threading.Event()  # of this call: others may share the pool

    def watch(done: int, of: int) -> None:
        if stopped.is_set():
            raise _Stopped

    def run(model: Loaded, chunk: slice) -> Any:
        try:
            watch(0, 0)
            return score(model, chunk, watch)
        except NonFiniteScore:
            raise  # the others go on: they may have such pairs too
        except BaseException:
            stopped.set()
            raise

    futures: dict[Any, slice] = {}
    try:
        for i, chunk in enumerate(chunks):
            futures[_submit(pool, run, models[i % len(models)], chunk)] = chunk
        _gather(futures, total, progress)
    except BaseException:
        stopped.set()
        for future in futures:
            future.cancel()
        raise
    return [future.result() for future in futures]


def _submit(pool: Pool, *call: Any) -> Any:
    try:
        return pool["input"].submit(*call)
    except RuntimeError as error:
        raise InvalidArgument("the pool was stopped; start a new one") from error


def _in_the_call(error: Exception, offset: int) -> str:
    """The message of a chunk's error with the call's number of the pair."""
    return re.sub(
        r"\bpair (\d+)", lambda found: f"pair {int(found[1]) + offset}", str(error), count=1
    )


def _of_the_call(errors: dict[int, NonFiniteScore], total: int) -> NonFiniteScore:
    """What the chunks say, by where each begins, as one with the call's numbers."""
    bad = sorted(begin + int(i) for begin, error in errors.items() for i in error.indices)
    whole = errors[min(errors)]
    numbers = f"{len(bad)} of {total} pairs, first for pair {bad[0]}"
    whole.args = (re.sub(r"\d+ of \d+ pairs, first for pair \d+", numbers, str(whole), count=1),)
    whole.indices = bad
    return whole


def _gather(futures: dict[Any, slice], total: int, progress: Progress | None) -> None:
    """Wait for all, in whatever order they end, and raise what the first to fail raised."""
    from concurrent.futures import as_completed

    done = 0
    not_finite: dict[int, NonFiniteScore] = {}
    for future in as_completed(futures):
        chunk = futures[future]
        try:
            future.result()
        except _Stopped:
            continue  # what stopped it is raised by another one
        except NonFiniteScore as error:
            not_finite[chunk.start] = error
        except (TruncationError, InvalidArgument) as error:
            error.args = (_in_the_call(error, chunk.start),)
            raise
        done += chunk.stop - chunk.start
        if progress is not None:
            progress(done, total)
    if not_finite:
        raise _of_the_call(not_finite, total)
