"""A process ends as it should while daemon threads are inside the library."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import threading, time
import numpy as np
from tamis import Cascade, CrossEncoder, LateInteraction, Tokenizer, maxsim
from tamis import stages as s
from tamis.model_source import EMBEDDED

model, late = CrossEncoder("tiny"), LateInteraction("tiny")
tokenizer = Tokenizer.load(EMBEDDED["tiny"])
vectors = np.ones((2000, 64), np.float32)
nested = Cascade([s.callable(lambda q, d: model.predict([(q, t) for t in d]), keep=2, limit=2)])
texts = ["a passage of some words"] * 50
calls = {
    "predict": lambda: model.predict([("q", "a")]),
    "long": lambda: model.predict([("q", f"{n} " + "word " * 200) for n in range(3000)]),
    "late": lambda: late.rank("q", texts),
    "tokenizer": lambda: tokenizer.tokenize("some words " * 20),
    "maxsim": lambda: maxsim(vectors, [vectors]),
    "retrieve": lambda: Cascade([s.retrieve(lambda q: ["a"], keep=1)]).run("q"),
    "nested": lambda: nested.run("q", ["a", "b"]),
}

def loop(call):
    while True:
        call()

for _ in range(2):
    threading.Thread(target=loop, args=(calls[NAME],), daemon=True).start()
time.sleep(0.4)
"""
KINDS = ("predict", "long", "late", "tokenizer", "maxsim", "retrieve", "nested")


@pytest.mark.parametrize("kind", KINDS)
def test_daemon_threads_do_not_crash_the_end(kind: str) -> None:
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", f"NAME = {kind!r}\n{PROGRAM}"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr


def test_what_ends_later_may_wait_for_a_worker() -> None:
    program = """
import atexit, queue, threading, time
jobs, done = queue.Queue(), []

def flush():
    jobs.put(None)
    worker.join(20)
    print("joined", not worker.is_alive(), len(done))

atexit.register(flush)  # before ours, so that it is called after it
from tamis import CrossEncoder
model = CrossEncoder("tiny")

def work():
    while (job := jobs.get()) is not None:
        done.append(model.predict([("q", job)]))

worker = threading.Thread(target=work, daemon=True)
worker.start()
for n in range(50):
    jobs.put(f"passage {n}")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "joined True 50" in done.stdout


def test_a_child_of_fork_ends_at_once() -> None:
    program = """
import os, sys, threading, time
from tamis import CrossEncoder
model = CrossEncoder("tiny")
def loop():
    while True:
        model.predict([("q", "a")])
threading.Thread(target=loop, daemon=True).start()
time.sleep(0.3)
child = os.fork()
if child == 0:
    model.predict([("q", "b")])
    sys.exit(7)
started = time.monotonic()
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7, status
assert time.monotonic() - started < 4
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
