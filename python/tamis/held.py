"""Functions that C++ calls and Python owns.

What C++ holds, the garbage collector does not see: a stage of a bound method, kept by the method's
object, would never be freed. So C++ is given a function that knows the other one weakly, and the
Python objects that may call it hold that.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any


def held(function: Callable[..., Any] | None) -> tuple[Any, Callable[..., Any] | None]:
    """What is to be held as long as the other, which is for C++, may be called. None of None."""
    if function is None:
        return None, None
    own = functools.partial(function)  # not every callable can be known weakly
    known = weakref.ref(own)

    def called(*arguments: Any) -> Any:
        found = known()
        if found is None:
            raise ReferenceError("the cascade of this stage is gone")
        return found(*arguments)

    return own, called
