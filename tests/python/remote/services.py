"""A real HTTP(S) server that answers as a hosted reranker does, and keeps what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WIRE = Path(__file__).parent / "wire"


def wire(name: str) -> dict[str, Any]:
    """A recorded exchange or an OpenAPI excerpt."""
    found: dict[str, Any] = json.loads((WIRE / f"{name}.json").read_text("utf-8"))
    return found


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    json: Any


@dataclass
class Service:
    url: str
    asked: list[Asked] = field(default_factory=list)


Answer = Callable[[Asked], tuple[Any, ...]]


@contextmanager
def serving(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[Service]:
    """`answer(asked)` gives status, JSON (or bytes that are sent as they are) and more headers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            own = {name.lower(): value for name, value in self.headers.items()}
            service.asked.append(Asked(self.path, own, json.loads(body)))
            status, told, *headers = answer(service.asked[-1])
            sent = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            for name, value in headers:
                self.send_header(name, value)
            with suppress(ConnectionError):  # whoever asked had a deadline
                self.end_headers()
                self.wfile.write(sent)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 512  # 64 callers at once: 5 would leave some waiting for seconds

    server = Server(("127.0.0.1", 0), Handler)
    scheme = "http"
    if context is not None:
        scheme = "https"
        server.socket = context.wrap_socket(server.socket, server_side=True)
    service = Service(f"{scheme}://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()


NAMES = {
    "cohere": ("documents", "results", "relevance_score"),
    "voyage": ("documents", "data", "relevance_score"),
    "jina": ("documents", "results", "relevance_score"),
    "mixedbread": ("input", "data", "score"),
    "tei": ("texts", None, "score"),
}


def by_length(service: str) -> Answer:
    """A document's score is its length; the best comes first, as services send them."""
    texts, results, score = NAMES[service]

    def answer(asked: Asked) -> tuple[int, Any]:
        lengths = [len(text) for text in asked.json[texts]]
        order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
        found = [{"index": i, score: float(lengths[i])} for i in order]
        return 200, found if results is None else {results: found, "usage": {"total_tokens": 7}}

    return answer
