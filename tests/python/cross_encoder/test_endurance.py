"""Ten thousand calls, a hundred thousand pairs, ten megabytes in one text: bounded memory."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import Any

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]

_PROGRAM = """
    import gc, os, signal, sys, threading, time
    import tamis

    def status(field):
        lines = open("/proc/self/status").read().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field))

    def resident():
        return status("VmRSS") / 1024

    def peak_of(call):
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # VmHWM begins again
        before = resident()
        result = call()
        return result, status("VmHWM") / 1024 - before

    model = tamis.CrossEncoder(sys.argv[1])
"""


def _run(code: str, folder: str) -> list[float]:
    """The numbers that the program prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_PROGRAM) + textwrap.dedent(code), folder],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return [float(word) for word in done.stdout.split()]


def test_ten_thousand_calls_leave_threads_and_memory_as_they_were(model: Any) -> None:
    code = """
        def call(i):
            model.predict((f"query {i}", f"a passage about {i} and {i * i}"))

        for i in range(1000):
            call(i)
        threads, memory = status("Threads"), resident()
        for i in range(10_000):
            call(i)
        print(status("Threads") - threads, resident() - memory)
    """
    threads, megabytes = _run(code, model.path)
    assert threads == 0
    assert megabytes < 5


def test_short_lived_threads_leave_nothing(model: Any) -> None:
    code = """
        def call(i):
            model.predict([(f"query {i}", "a passage " * (i % 50))])

        def spawn(numbers):
            for i in numbers:
                thread = threading.Thread(target=call, args=(i,))
                thread.start()
                thread.join()

        spawn(range(200))
        threads, memory = status("Threads"), resident()
        spawn(range(2000))
        time.sleep(0.2)  # a joined thread may still be leaving
        print(status("Threads") - threads, resident() - memory)
    """
    threads, megabytes = _run(code, model.path)
    assert threads <= 0
    assert megabytes < 5


def test_a_hundred_thousand_pairs(model: Any) -> None:
    code = """
        pairs = [(f"query {i % 700}", f"{i} says {i * 7919 % 1000003}") for i in range(100_000)]
        model.predict(pairs[:5000])
        scores, peak = peak_of(lambda: model.predict(pairs))
        some = list(range(0, 100_000, 9973))
        same = all(scores[i] == model.predict(pairs[i]) for i in some)
        print(len(scores), int(same), peak)
    """
    count, same, megabytes = _run(code, model.path)
    assert (count, same) == (100_000, True)
    assert megabytes < 60  # 600 bytes a pair


@pytest.mark.parametrize("mode", ["ignore", "window"])
def test_ten_megabytes_in_one_text(model: Any, mode: str) -> None:
    code = f"""
        text = "the quick brown fox jumps over the lazy dog . " * 220_000  # 10 MB
        options = {{"on_truncation": "{mode}"}}
        if "{mode}" == "window":
            options["max_doc_tokens"] = 20_000
        pairs = [("a fox", text), ("a fox", "short")]
        model.predict(pairs[1])
        scores, peak = peak_of(lambda: model.predict(pairs, **options))
        print(int(scores[1] == model.predict(("a fox", "short"))), peak)
    """
    same, megabytes = _run(code, model.path)
    assert same
    assert megabytes < 100  # 2.2 million tokens


def test_ctrl_c_while_one_text_of_ten_megabytes_is_read(model: Any) -> None:
    code = """
        text = "the quick brown fox jumps over the lazy dog . " * 220_000
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sent = []
        def interrupt():
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)
        threading.Timer(0.5, interrupt).start()
        try:
            model.predict([("a fox", f"{i} {text}") for i in range(30)], on_truncation="window")
        except KeyboardInterrupt:
            print(time.monotonic() - sent[0])
    """
    (seconds,) = _run(code, model.path)
    assert seconds < 2  # "within a second", and room for a busy machine
