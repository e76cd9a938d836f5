"""tools/check_tree.py finds what it is there to find."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def check_tree():
    spec = importlib.util.spec_from_file_location("check_tree", ROOT / "tools" / "check_tree.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path):
    """A small tree in order; a test breaks one thing."""

    def write(path: str, text: str) -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    def header(path: str, body: str = "", purpose: str = "what it is for") -> None:
        write(f"include/{path}", f"// {path}: {purpose}\n#pragma once\n{body}\n")

    write.header = header
    header("tamis/error.hpp")
    header("tamis/text/tokens.hpp", "#include <tamis/error.hpp>")
    header("tamis/rank/top_k.hpp", "#include <vector>\n#include <tamis/text/tokens.hpp>")
    names = ["tamis/error.hpp", "tamis/text/tokens.hpp", "tamis/rank/top_k.hpp"]
    exports = "\n".join(f"#include <{name}>  // IWYU pragma: export" for name in names)
    header("tamis/tamis.hpp", exports)
    write("include/CMakeLists.txt", " ".join([*names, "tamis/tamis.hpp"]))
    write("src/text/words.hpp", "#include <tamis/error.hpp>\n")
    write("src/text/words.cpp", '#include "text/words.hpp"\n#include <sentencepiece_processor.h>\n')
    return write


def test_a_tree_in_order(check_tree, tree, tmp_path):
    assert check_tree.check(tmp_path) == []


def test_this_tree(check_tree):
    assert check_tree.check(ROOT) == []


@pytest.mark.parametrize(
    ("path", "text", "problem"),
    [
        ("src/text/words.cpp", "#include <tamis/rank/top_k.hpp>\n", "not left of it"),
        ("src/score/x.cpp", "#include <sentencepiece_processor.h>\n", "only src/text/"),
        ("src/text/x.cpp", "#include <torch/script.h>\n", "only src/score/torch"),
        ("src/misc/x.cpp", "int x;\n", "no place in the data path"),
        ("python/x.py", "pass\n" * 401, "401 lines"),
        ("include/tamis/rank/new.hpp", "#pragma once\n", "first line"),
        (
            "include/tamis/rank/new.hpp",
            "// tamis/rank/new.hpp: x\n#pragma once\n",
            "not in the umb",
        ),
        ("include/tamis/rank/new.hpp", "// tamis/rank/new.hpp: x\n#pragma once\n", "not listed"),
        ("include/tamis/rank/new.hpp", "// tamis/rank/new.hpp: x\n", "#pragma once"),
        (
            "include/tamis/rank/top_k.hpp",
            "// tamis/rank/top_k.hpp: x\n#pragma once\n#include <torch/torch.h>\n",
            "no public header may",
        ),
        ("include/CMakeLists.txt", "tamis/gone.hpp", "there is no such file"),
    ],
)
def test_each_rule(check_tree, tree, tmp_path, path, text, problem):
    tree(path, text)
    assert any(problem in found for found in check_tree.check(tmp_path))
