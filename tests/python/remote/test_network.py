"""What lies between: proxies, HTTP/2, bodies without end."""

from __future__ import annotations

import json
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tamis import Cascade
from tamis import stages as s

from .services import by_length, serving

DOCUMENTS = ["bb", "a", "dddd", "ccc"]


def _run(url: str, **http: Any) -> Any:
    stage = s.hosted_rerank(
        "tei", keep=4, limit=4, base_url=url, api_key="s3cret", retries=0, http=http
    )
    return Cascade([stage], budget_ms=20_000).run("a query", DOCUMENTS)


def _best(result: Any) -> Any:
    assert not result.trace.degraded, str(result.trace)
    return result.hits[0].document


class _Authority:
    """A certificate for localhost, and who signed it."""

    def __init__(self, folder: Path) -> None:
        trustme = pytest.importorskip("trustme")
        authority = trustme.CA()
        self.ca_file = str(folder / "ca.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(self.context)


@pytest.fixture
def authority(tmp_path: Path) -> _Authority:
    return _Authority(tmp_path)


class _Proxy(socketserver.ThreadingTCPServer):
    """Tunnels what CONNECT asks for, forwards a plain request; keeps what it read of each."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        self.seen: list[str] = []
        super().__init__(("127.0.0.1", 0), _Through)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Through(socketserver.BaseRequestHandler):
    server: _Proxy

    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.request.recv(65536)
        self.server.seen.append(head.decode("latin-1"))
        method, target, _ = head.split(b" ", 2)
        host, port = target.removeprefix(b"http://").split(b"/")[0].decode().rsplit(":", 1)
        with socket.create_connection((host, int(port))) as other:
            if method == b"CONNECT":
                self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                other.sendall(head)
            self._pump(other)

    def _pump(self, other: socket.socket) -> None:
        ends = {self.request: other, other: self.request}
        with suppress(OSError):
            while True:
                for one in select.select(list(ends), [], [])[0]:
                    data = one.recv(65536)
                    if not data:
                        return
                    ends[one].sendall(data)


@pytest.fixture
def proxy() -> Iterator[_Proxy]:
    with _Proxy() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(autouse=True)
def no_proxy_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_a_proxy_tunnels_and_learns_no_key(proxy: _Proxy, authority: _Authority) -> None:
    with serving(by_length("tei"), authority.context) as server:
        result = _run(server.url, ca_file=authority.ca_file, proxy=proxy.url)
        assert _best(result) == "dddd"
        assert server.asked[0].headers["authorization"] == "Bearer s3cret"
    (seen,) = proxy.seen
    assert seen.startswith("CONNECT localhost:")
    assert "s3cret" not in seen


def test_a_proxy_forwards_plain_http(proxy: _Proxy) -> None:
    with serving(by_length("tei")) as server:
        assert _best(_run(server.url, proxy=proxy.url)) == "dddd"
    assert proxy.seen[0].startswith("POST http://localhost:")


def test_proxies_of_the_environment(
    proxy: _Proxy, authority: _Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", proxy.url)
    with serving(by_length("tei"), authority.context) as server:
        assert _best(_run(server.url, ca_file=authority.ca_file)) == "dddd"
        assert len(proxy.seen) == 1
        monkeypatch.setenv("no_proxy", "localhost")
        assert _best(_run(server.url, ca_file=authority.ca_file)) == "dddd"
        monkeypatch.delenv("no_proxy")
        assert _best(_run(server.url, ca_file=authority.ca_file, proxy="")) == "dddd"
    assert len(proxy.seen) == 1


def test_a_proxy_that_is_not_there(proxy: _Proxy) -> None:
    url = proxy.url
    proxy.shutdown()
    proxy.server_close()
    with serving(by_length("tei")) as server:
        trace = _run(server.url, proxy=url.replace("//", "//me:s3cret@")).trace
        assert server.asked == []
    assert url.removeprefix("http://").split(":")[1] in (trace.stages[0].skipped or "")
    assert "s3cret" not in trace.to_json()


@contextmanager
def _http2(context: ssl.SSLContext) -> Iterator[tuple[str, list[bytes]]]:
    """A server that speaks nothing else; the protocols of its connections."""
    pytest.importorskip("h2")
    from h2 import config, connection, events

    context.set_alpn_protocols(["h2"])
    listener = socket.create_server(("127.0.0.1", 0))
    spoken: list[bytes] = []

    def serve(plain: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(plain, server_side=True) as one:
            spoken.append((one.selected_alpn_protocol() or "").encode())
            http = connection.H2Connection(config.H2Configuration(client_side=False))
            http.initiate_connection()
            bodies: dict[int, bytes] = {}
            while True:
                one.sendall(http.data_to_send())
                data = one.recv(65536)
                if not data:
                    return
                for event in http.receive_data(data):
                    if isinstance(event, events.DataReceived):
                        bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
                        http.acknowledge_received_data(
                            event.flow_controlled_length, event.stream_id
                        )
                    if isinstance(event, events.StreamEnded):
                        texts = json.loads(bodies[event.stream_id])["texts"]
                        told = [{"index": i, "score": len(text)} for i, text in enumerate(texts)]
                        http.send_headers(event.stream_id, [(":status", "200")])
                        http.send_data(event.stream_id, json.dumps(told).encode(), end_stream=True)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"https://localhost:{listener.getsockname()[1]}", spoken
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def test_http2_where_tls_negotiates_it(authority: _Authority) -> None:
    with _http2(authority.context) as (url, spoken):
        stage = s.hosted_rerank(
            "tei",
            keep=4,
            limit=4,
            base_url=url,
            max_documents=1,
            http={"ca_file": authority.ca_file},
        )
        result = Cascade([stage], budget_ms=20_000).run("a query", DOCUMENTS)
    assert _best(result) == "dddd"
    assert set(spoken) == {b"h2"}


def test_a_body_without_end_is_left() -> None:
    """A hundred megabytes, of which a little is read."""
    sent = 0

    def endless(client: socket.socket) -> None:
        nonlocal sent
        client.recv(65536)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
        with suppress(OSError):
            while sent < 100 << 20:
                client.sendall(b" " * 65536)
                sent += 65536

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: endless(listener.accept()[0]), daemon=True)
        thread.start()
        trace = _run(f"http://127.0.0.1:{listener.getsockname()[1]}").trace
        thread.join(60)
    assert "more than 1048576 bytes" in (trace.stages[0].skipped or "")
    assert sent < 64 << 20
