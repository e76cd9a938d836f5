"""Stands in for a hosted language model: an OpenAI-compatible server with no model in it.

Its grade is the share of the query's words that the passage has. It is here so that 050_textbook.py
runs anywhere, and so that it can be as slow, busy or dead as a service may be.
"""

import json
import re
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PASSAGE = re.compile(r"<query>\n(.*)\n</query>.*<passage>\n(.*)\n</passage>", re.DOTALL)


@dataclass(frozen=True)
class Manner:
    """How it answers."""

    delay_s: float = 0.02  # before each answer
    refuses: bool = False  # 429: too many requests, come back in five seconds
    hangs_up: bool = False  # closes the connection without an answer


def words(text):
    return {word for word in re.findall(r"\w+", text.lower()) if len(word) > 3}


def judgement(prompt):
    """The grade, 0 to 3, as the prompt's form asks for it."""
    query, passage = (words(part) for part in PASSAGE.search(prompt).groups())
    shared = sorted(query & passage)
    grade = round(3 * len(shared) / max(len(query), 1))
    return json.dumps({"reason": f"has {', '.join(shared) or 'none'}", "grade": grade})


@contextmanager
def serving(manner):
    """The base URL of a server on this machine, while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if manner.hangs_up:
                self.close_connection = True
                return
            time.sleep(manner.delay_s)
            if manner.refuses:
                self.answer(429, {"error": {"message": "too many requests"}}, ("Retry-After", "5"))
                return
            message = {"role": "assistant", "content": judgement(asked["messages"][0]["content"])}
            tokens = len(asked["messages"][0]["content"]) // 4
            self.answer(200, {"choices": [{"message": message}], "usage": {"total_tokens": tokens}})

        def answer(self, status, told, *headers):
            body = json.dumps(told).encode()
            with suppress(ConnectionError):  # a deadline came, and nobody waits for it
                self.send_response(status)
                for name, value in (*headers, ("Content-Length", str(len(body)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
