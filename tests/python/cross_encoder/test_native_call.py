"""Arguments for C++ are checked whichever pybind11 wrote the signature, and let through by none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tamis import InvalidArgument, native_call

# As pybind11 2.13 and 3.1 write one function.
SIGNATURES = {
    "2": "f(name: str = 'x', *, n: int = 3, x: float = 0.5, flag: bool = False, "
    "most: Optional[int] = None, texts: list[str] = ['a'], weights: dict[str, float] = {'a': 1.0}, "
    "two: tuple[float, float] = (1.0, 2.0), done: Callable[[int], int] = None) -> int",
    "3": "f(name: str = 'x', *, n: typing.SupportsInt | typing.SupportsIndex = 3, "
    "x: typing.SupportsFloat | typing.SupportsIndex = 0.5, flag: bool = False, "
    "most: typing.SupportsInt | typing.SupportsIndex | None = None, "
    "texts: collections.abc.Sequence[str] = ['a'], "
    "weights: collections.abc.Mapping[str, typing.SupportsFloat | typing.SupportsIndex] = {}, "
    "two: tuple[typing.SupportsFloat | typing.SupportsIndex, "
    "typing.SupportsFloat | typing.SupportsIndex] = (1.0, 2.0), "
    "done: collections.abc.Callable[[typing.SupportsInt], int] = None) -> int",
}


def _function(signature: str | None) -> Callable[..., Any]:
    def f(**arguments: Any) -> Any:
        return arguments

    f.__doc__ = signature
    return f


@pytest.mark.parametrize("version", SIGNATURES)
@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("name", "a", b"a"),
        ("n", 3, True),
        ("n", 0, 0.5),
        ("x", 1, "1"),
        ("x", 0.5, float("nan")),
        ("flag", True, 1),
        ("most", None, -1),
        ("most", 3, "3"),
        ("texts", ["a"], "a"),
        ("weights", {"a": 1}, {"a": "1"}),
        ("two", (1, 2), (1, 2, 3)),
    ],
)
def test_each_version(version: str, name: str, good: Any, bad: Any) -> None:
    f = _function(SIGNATURES[version])
    assert native_call.call(f, **{name: good}) == {name: good}
    shown = "connections" if name == "most" else name  # the caller's name of it
    with pytest.raises(InvalidArgument, match=f"^{shown} must be "):
        native_call.call(f, **{name: bad})


@pytest.mark.parametrize("version", SIGNATURES)
def test_an_unknown_argument(version: str) -> None:
    with pytest.raises(InvalidArgument, match="f has no option 'wrong', only name, n, x, flag, "):
        native_call.call(_function(SIGNATURES[version]), wrong=1)


@pytest.mark.parametrize("signature", [None, "", "f(...)", "Does something."])
def test_no_signature(signature: str | None) -> None:
    assert native_call.call(_function(signature), n=True) == {"n": True}


def test_what_pybind11_refuses_quotes_no_argument() -> None:
    def f(**arguments: Any) -> None:
        raise TypeError(f"f(): incompatible function arguments.\n\nInvoked with: {arguments}")

    with pytest.raises(InvalidArgument, match=r"^f does not take these: key: str$"):
        native_call.call(f, key="SECRET")
