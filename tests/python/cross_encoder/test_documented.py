"""docs/compatibility.md lists the peer's tests that cannot pass, as the plugin has them."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_list_is_the_plugins() -> None:
    path = ROOT / "tests/python/peer_suite/reasons.py"
    spec = importlib.util.spec_from_file_location("reasons", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (ROOT / "docs/compatibility.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(test_\S+)` \| (.*) \|$", page, flags=re.MULTILINE)
    assert rows == list(module.CANNOT_PASS.items())
