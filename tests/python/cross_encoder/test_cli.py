"""The command as a shell runs it: pipes that end early, and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tamis import cli

COMMAND = [sys.executable, "-m", "tamis.cli", "rerank", "who?"]


def test_a_reader_that_has_enough(tmp_path: Path) -> None:
    (tmp_path / "many").write_text("a passage about things\n" * 50_000)
    process = subprocess.Popen(
        [*COMMAND, str(tmp_path / "many"), "--model", "tiny"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert b"a passage" in process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1


def test_an_interrupt_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "one").write_text("a passage")

    def interrupted(path: str) -> list[str]:
        signal.raise_signal(signal.SIGINT)
        return [path]

    monkeypatch.setattr(cli, "_read_passages", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs inherit "ignore"
    try:
        assert cli.main(["rerank", "who?", str(tmp_path / "one"), "--model", "tiny"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err == "tamis: interrupted\n"


def test_a_model_of_several_labels_is_one_line(
    three_labels: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "one").write_text("a passage")
    assert cli.main(["rerank", "who?", str(tmp_path / "one"), "--model", str(three_labels)]) == 2
    assert capsys.readouterr().err.startswith("tamis: CrossEncoder.rank() only works for models")


def test_a_byte_order_mark_is_in_no_passage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "marked").write_text("first\nsecond\n", encoding="utf-8-sig")
    (tmp_path / "empty").touch()
    for name, texts in (("marked", ["first", "second"]), ("empty", [])):
        for path in (str(tmp_path / name), "-"):
            with (tmp_path / name).open(encoding="utf-8") as lines:
                monkeypatch.setattr(sys, "stdin", lines)
                assert cli.main(["rerank", "q", path, "--model", "tiny", "--json"]) == 0
            hits = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
            assert sorted(hit["text"] for hit in hits) == texts


def test_texts_that_the_output_cannot_hold(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("café 東京 😀", encoding="utf-8")
    command = [*COMMAND, str(tmp_path / "one"), "--model", "tiny"]
    for encoding, printed in (
        ("latin-1", "café \\u6771\\u4eac \\U0001f600"),
        ("utf-8", "café 東京 😀"),
    ):
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        plain, rows = (
            subprocess.run([*command, *more], capture_output=True, check=True, env=environment)
            for more in ([], ["--json"])
        )
        assert plain.stdout.decode(encoding).rstrip().endswith(printed)
        assert json.loads(rows.stdout.decode(encoding))["text"] == "café 東京 😀"
