"""_native.pyi and the module say the same: names, members, arguments."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import tamis
from tamis import _native

STUB = Path(tamis.__file__).with_name("_native.pyi")
TREE = ast.parse(STUB.read_text())


def _public(names: Any) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def _functions(body: list[ast.stmt]) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef)}


CLASSES = {node.name: node for node in TREE.body if isinstance(node, ast.ClassDef)}


def _assigned(body: list[ast.stmt]) -> set[str]:
    return {
        node.target.id
        for node in body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def test_names() -> None:
    declared = CLASSES.keys() | _functions(TREE.body).keys() | _assigned(TREE.body)
    assert declared == _public(dir(_native))


@pytest.mark.parametrize("name", CLASSES)
def test_members(name: str) -> None:
    node, kind = CLASSES[name], getattr(_native, name)
    bases = [ast.unparse(base) for base in node.bases]
    if bases:
        assert [base.__name__ for base in kind.__bases__] == bases
        return  # an exception: its attributes are set on instances
    assert _public(_functions(node.body)) == _public(vars(kind))


def _in_stub(function: ast.FunctionDef) -> list[tuple[str, str | None]]:
    """Names and defaults, in order; "*" where keywords begin."""
    arguments = function.args
    positional = [a.arg for a in arguments.args if a.arg != "self"]
    defaults: list[Any] = [None] * (len(positional) - len(arguments.defaults))
    defaults += [ast.unparse(d) for d in arguments.defaults]
    found = list(zip(positional, defaults, strict=True))
    if arguments.kwonlyargs:
        found.append(("*", None))
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            found.append((argument.arg, None if default is None else ast.unparse(default)))
    return found


def _in_module(function: Any) -> list[tuple[str, str | None]]:
    """The same, from the signature that pybind11 writes at the top of the docstring."""
    first = (inspect.getdoc(function) or "").splitlines()[0]
    match = re.fullmatch(r"\w+\((.*)\) -> .*", first)
    assert match, first
    depth, part, parts = 0, "", []
    for char in match[1] + ",":
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += char
    found: list[tuple[str, str | None]] = []
    for text in filter(None, parts):
        name, _, rest = text.partition(":")
        default = rest.rpartition(" = ")[2].strip() if " = " in rest else None
        if name != "self":
            found.append((name.strip(), default))
    return found


SIGNATURES = [
    (f"{owner}.{name}" if owner else name, node)
    for owner, body in [("", TREE.body), *((n, c.body) for n, c in CLASSES.items())]
    for name, node in _functions(body).items()
    if not name.startswith("_")
    and not any(isinstance(d, ast.Name) and d.id == "property" for d in node.decorator_list)
]


@pytest.mark.parametrize(("path", "node"), SIGNATURES, ids=[path for path, _ in SIGNATURES])
def test_signatures(path: str, node: ast.FunctionDef) -> None:
    value: Any = _native
    for part in path.split("."):
        value = getattr(value, part)
    assert _in_module(value) == _in_stub(node)
    if ast.get_docstring(node):
        first = (ast.get_docstring(node) or "").splitlines()[0]
        # The docstring of one wraps where the other does not.
        text = " ".join((inspect.getdoc(value) or "").split())
        assert first in text
