"""A PostgreSQL server of the tests' own, on a Unix socket in a temporary folder.

    python postgres_server.py COMMAND ...    # runs the command with TAMIS_TEST_POSTGRES, a URL

With pgvector where the package pgserver is installed, which brings its own server; else Debian's.
The command's variables are absent where there is neither. TAMIS_TEST_SQLITE_VEC is sqlite-vec's
path, where the package is.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote


class PostgresServer:
    """`url` is for libpq; it holds a password, which the server does not ask for."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.has_vectors = "pgserver" in binaries.parts
        self.url = f"postgresql://tester:s3cret-word@/postgres?host={quote(str(folder), safe='')}"
        self._binaries = binaries
        self._folder = folder
        # A server refuses to run as root.
        self._as: dict[str, Any] = {"user": "nobody"} if os.getuid() == 0 else {}
        self._server: subprocess.Popen[bytes] | None = None

    def _run(self, *command: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            [str(self._binaries / command[0]), *command[1:]],
            capture_output=True,
            cwd=self._folder,
            **self._as,
            **options,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stderr.decode(errors='replace')}")
        return done

    def prepare(self) -> None:
        if self._as:
            nobody = pwd.getpwnam("nobody")
            os.chown(self._folder, nobody.pw_uid, nobody.pw_gid)
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync",
                  "--no-locale")  # fmt: skip

    def start(self) -> None:
        with open(self._folder / "log", "ab") as log:
            self._server = subprocess.Popen(
                [str(self._binaries / "postgres"), "-D", str(self._folder / "data"), "-F",
                 "-k", str(self._folder), "-c", "listen_addresses=", "-c", "max_connections=120"],
                stdout=log, stderr=log, cwd=self._folder, **self._as,
            )  # fmt: skip
        for _ in range(600):
            with contextlib.suppress(RuntimeError):
                self.sql("SELECT 1")
                return
            if self._server.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError((self._folder / "log").read_text(errors="replace"))

    def stop(self) -> None:
        if self._server is not None:
            self._server.send_signal(2)  # fast shutdown: connections are closed
            self._server.wait(30)
            self._server = None

    def sql(self, statements: str) -> str:
        """By psql; what it prints."""
        done = self._run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.url,
                         input=statements.encode())  # fmt: skip
        return done.stdout.decode().strip()


def _binaries() -> Path | None:
    spec = importlib.util.find_spec("pgserver")
    places = (
        [Path(place) / "pginstall" / "bin" for place in spec.submodule_search_locations or ()]
        if spec
        else []
    )
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "postgres").is_file()), None)


@contextlib.contextmanager
def serving() -> Iterator[PostgresServer | None]:
    """None where no PostgreSQL is installed."""
    binaries = _binaries()
    if binaries is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="tamis-pg-"))  # short: a socket's path has a limit
    server = PostgresServer(binaries, folder)
    try:
        server.prepare()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    environment = dict(os.environ)
    if importlib.util.find_spec("sqlite_vec") is not None:
        import sqlite_vec

        environment["TAMIS_TEST_SQLITE_VEC"] = sqlite_vec.loadable_path()
    with serving() as server:
        if server is not None:
            environment["TAMIS_TEST_POSTGRES"] = server.url
            if server.has_vectors:
                server.sql("CREATE EXTENSION vector")
                environment["TAMIS_TEST_PGVECTOR"] = "1"
        return subprocess.run(sys.argv[1:], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
