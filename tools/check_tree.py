"""Checks the shape of the source tree; `ctest -L tree` runs it.

    python tools/check_tree.py [ROOT]

The data moves to the right only, and so do the includes: a folder includes only what is left of it.
No public header includes torch or sentencepiece. Every public header is in include/CMakeLists.txt
and in the umbrella, and begins with its path and purpose. No source file has over 400 lines.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

# Left to right. A file of include/tamis or src belongs to the longest name that begins its path.
ORDER = [
    ["version.hpp", "error.hpp", "cancel.hpp", "parallel.hpp", "detail/", "parallel/"],
    ["text/"],
    ["batch/"],
    ["model/"],
    ["score/"],
    ["rank/"],
    ["cross_encoder.hpp", "cross_encoder/"],
    ["late_interaction.hpp", "late_interaction/"],
    ["cascade.hpp", "cascade/"],
    ["remote/"],
    ["store/"],
    ["eval/"],
    ["tamis.hpp"],
]
# Left of its place: eval measures rankings and needs no model.
FORBIDDEN = {
    "eval/": {
        "score/",
        "model/",
        "cross_encoder.hpp",
        "late_interaction.hpp",
        "cascade.hpp",
        "remote/",
        "store/",
    }
}
HEAVY = re.compile(r"^(torch/|ATen/|c10/|caffe2/|sentencepiece)")
HEAVY_ALLOWED = ("include/tamis/interop/",)
TORCH_FOLDERS = ("score/torch/", "late_interaction/torch/")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
MAX_LINES = 400
SUFFIXES = {".hpp", ".cpp", ".inc", ".cu", ".cuh", ".py"}
SKIPPED = {"build", ".venv", ".git", "__pycache__", "dist"}


def place(path: str) -> tuple[int, str] | None:
    """Where in ORDER a path below include/tamis or src is, and under which name."""
    for level, names in enumerate(ORDER):
        for name in names:
            if path == name or (name.endswith("/") and path.startswith(name)):
                return level, name
    return None


def sources(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.suffix in SUFFIXES and path.is_file() and not SKIPPED.intersection(parts):
            yield path


def check_directions(root: Path) -> Iterator[str]:
    public = root / "include" / "tamis"
    for base in (public, root / "src"):
        for path in sources(base):
            relative = path.relative_to(base).as_posix()
            here = place(relative)
            if here is None:
                if not relative.startswith("interop/"):
                    yield f"{path.relative_to(root)}: its folder has no place in the data path"
                continue
            for include in INCLUDE.findall(path.read_text("utf-8")):
                target = include.removeprefix("tamis/")
                if target == include and not (root / "src" / include).is_file():
                    continue  # not ours
                there = place(target)
                if there is None or there[0] > here[0] or there[1] in FORBIDDEN.get(here[1], ()):
                    yield f"{path.relative_to(root)}: includes {include}, which is not left of it"


def check_public_headers(root: Path) -> Iterator[str]:
    include = root / "include"
    listed = set(re.findall(r"tamis/[\w/]+\.hpp", (include / "CMakeLists.txt").read_text("utf-8")))
    umbrella_path = include / "tamis" / "tamis.hpp"
    umbrella = umbrella_path.read_text("utf-8") if umbrella_path.is_file() else ""
    exported = re.findall(r"#include <(tamis/[\w/]+\.hpp)> +// IWYU pragma: export", umbrella)
    headers = [path.relative_to(include).as_posix() for path in sources(include)]
    for name in headers:
        text = (include / name).read_text("utf-8")
        if not re.match(rf"// {re.escape(name)}: \S", text):
            yield f"include/{name}: its first line must be '// {name}: <purpose>'"
        if "#pragma once" not in text:
            yield f"include/{name}: '#pragma once' is missing"
        if name not in listed:
            yield f"include/{name}: not listed in include/CMakeLists.txt"
        opt_in = name.startswith("tamis/interop/")
        if name != "tamis/tamis.hpp" and name not in exported and not opt_in:
            yield f"include/{name}: not in the umbrella, include/tamis/tamis.hpp"
        for heavy in filter(HEAVY.match, INCLUDE.findall(text)):
            if not f"include/{name}".startswith(HEAVY_ALLOWED):
                yield f"include/{name}: includes {heavy}; no public header may"
    for name in sorted((listed | set(exported)) - set(headers)):
        yield f"include/{name}: listed, but there is no such file"
    levels = [found[0] for name in exported if (found := place(name.removeprefix("tamis/")))]
    if levels != sorted(levels):
        yield "include/tamis/tamis.hpp: the headers are not in data-path order"


def check_heavy_sources(root: Path) -> Iterator[str]:
    """torch is seen by the folders that run it, sentencepiece by the tokenizer that wraps it."""
    for path in sources(root / "src"):
        relative = path.relative_to(root / "src").as_posix()
        for heavy in filter(HEAVY.match, INCLUDE.findall(path.read_text("utf-8"))):
            allowed = ("text/",) if heavy.startswith("sentencepiece") else TORCH_FOLDERS
            if not relative.startswith(allowed):
                folders = ", ".join(f"src/{folder}" for folder in allowed)
                yield f"src/{relative}: includes {heavy}; only {folders} may"


def check_sizes(root: Path) -> Iterator[str]:
    for path in sources(root):
        lines = path.read_text("utf-8").count("\n")
        if lines > MAX_LINES:
            yield f"{path.relative_to(root)}: {lines} lines, over {MAX_LINES}; split it"


def check(root: Path) -> list[str]:
    checks = (check_directions, check_public_headers, check_heavy_sources, check_sizes)
    return [problem for one in checks for problem in one(root)]


if __name__ == "__main__":
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    problems = check(root)
    print("\n".join(problems) or "the tree is in order")
    sys.exit(1 if problems else 0)
