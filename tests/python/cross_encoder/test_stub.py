"""The stubs and the modules say the same: names, members, arguments."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tamis
from tamis import _torch_loader

Case = tuple[str, str, ast.FunctionDef]


def _trees() -> Iterator[tuple[str, ast.Module]]:
    """Of the modules that were built and can be loaded."""
    for stub in sorted(Path(tamis.__file__).parent.glob("_*.pyi")):
        if importlib.util.find_spec(f"tamis.{stub.stem}") is None:
            continue
        if stub.stem != "_torch" or importlib.util.find_spec("torch") is not None:
            yield stub.stem, ast.parse(stub.read_text())


TREES = dict(_trees())


def _public(names: Any) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def _functions(body: list[ast.stmt]) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef)}


def _classes(tree: ast.Module) -> dict[str, ast.ClassDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def _assigned(body: list[ast.stmt]) -> set[str]:
    return {
        node.target.id
        for node in body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def _module(name: str) -> Any:
    return _torch_loader.load() if name == "_torch" else importlib.import_module(f"tamis.{name}")


@pytest.mark.parametrize("module", TREES)
def test_names(module: str) -> None:
    tree = TREES[module]
    declared = _classes(tree).keys() | _functions(tree.body).keys() | _assigned(tree.body)
    assert declared == _public(dir(_module(module)))


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module in TREES for name in _classes(TREES[module])]
)
def test_members(module: str, name: str) -> None:
    node, kind = _classes(TREES[module])[name], getattr(_module(module), name)
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


SIGNATURES: list[Case] = [
    (module, f"{owner}.{name}" if owner else name, node)
    for module, tree in TREES.items()
    for owner, body in [("", tree.body), *((n, c.body) for n, c in _classes(tree).items())]
    for name, node in _functions(body).items()
    if not name.startswith("_")
    and not any(isinstance(d, ast.Name) and d.id == "property" for d in node.decorator_list)
]


@pytest.mark.parametrize(
    ("module", "path", "node"),
    SIGNATURES,
    ids=[f"{module}.{path}" for module, path, _ in SIGNATURES],
)
def test_signatures(module: str, path: str, node: ast.FunctionDef) -> None:
    value: Any = _module(module)
    for part in path.split("."):
        value = getattr(value, part)
    assert _in_module(value) == _in_stub(node)
    if ast.get_docstring(node):
        first = (ast.get_docstring(node) or "").splitlines()[0]
        # The docstring of one wraps where the other does not.
        text = " ".join((inspect.getdoc(value) or "").split())
        assert first in text
