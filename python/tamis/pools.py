"""sentence-transformers' multi-process pools, run as threads over one immutable model.

The native call releases the GIL, and on one CPU the engine already uses every core: a pool pays
where it spans several CUDA devices. It stays a dict, since callers pass it around as one.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tamis.errors import InvalidArgument, NonFiniteScore
from tamis.loaded import Loaded

Pool = dict[str, Any]
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
    pool["input"].shutdown(wait=True)


def default_devices() -> list[str]:
    """All CUDA devices, else four CPU workers, as sentence-transformers has it."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return ["cpu"] * _DEFAULT_WORKERS


def check_chunk_size(chunk_size: int | None) -> None:
    """Throws ValueError, in sentence-transformers' words."""
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"chunk_size must be a positive integer, got {chunk_size}.")


def map_chunks(
    pool: Pool,
    total: int,
    chunk_size: int | None,
    score: Callable[[Loaded, slice], Any],
    progress: Callable[[int, int], None] | None = None,
) -> list[Any]:
    """`score` of every chunk, in order. Workers take turns, each with its own model."""
    models: list[Loaded] = pool["processes"]
    if chunk_size is None:
        chunk_size = max(1, min(math.ceil(total / len(models) / 10), _MAX_CHUNK))
    chunks = [slice(i, min(i + chunk_size, total)) for i in range(0, total, chunk_size)]
    try:
        futures = [
            pool["input"].submit(score, models[i % len(models)], chunk)
            for i, chunk in enumerate(chunks)
        ]
    except RuntimeError as error:
        raise InvalidArgument("the pool was stopped; start a new one") from error
    results = []
    try:
        for future, chunk in zip(futures, chunks, strict=True):
            results.append(_result(future, chunk.start))
            if progress is not None:
                progress(chunk.stop, total)
    finally:
        for future in futures:
            future.cancel()
    return results


def _result(future: Any, offset: int) -> Any:
    try:
        return future.result()
    except NonFiniteScore as error:
        error.indices = [int(i) for i in np.asarray(error.indices) + offset]
        raise
