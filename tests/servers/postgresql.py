"""A real PostgreSQL for a test: private, on a socket of its own, forgetting everything when it stops."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from tests.servers.fetch import INTO

_UNPRIVILEGED = "nobody"  # PostgreSQL does not run as root
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    # Not UTC, and not whole hours from it: a zone that is lost on the way shows.
    "timezone": "America/St_Johns" if Path("/usr/share/zoneinfo/America/St_Johns").exists() else "GMT",
}


class NoPostgresqlError(Exception):
    """PostgreSQL cannot be had on this machine; the message says what to do."""


class Postgresql:
    """One server; each test has a database of its own in it. Use it as a context manager."""

    def __init__(self) -> None:
        self._programs, self._environment = _programs()
        self._numbers = itertools.count(1)
        self.home = Path(tempfile.mkdtemp(prefix="pg-"))

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            user = pwd.getpwnam(_UNPRIVILEGED)
            os.chown(self.home, user.pw_uid, user.pw_gid)
        try:
            self._run("initdb", "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
            self.start()
        except NoPostgresqlError:
            shutil.rmtree(self.home, ignore_errors=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._run("pg_ctl", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.home, ignore_errors=True)

    def url(self, database: str) -> str:
        """The URL of a database, as bounce.toml would name it."""
        return f"postgresql://postgres@/{database}?host={self.home}"

    def new_database(self) -> str:
        """Make an empty database; returns its name."""
        name = f"test_{next(self._numbers)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE template0")
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(name)))
        return name

    def restart(self) -> None:
        """Break every connection; what was committed stays."""
        self._run("pg_ctl", "-m", "fast", "-w", "restart")

    def stop(self) -> None:
        """Let nobody in until `start`; what was committed stays."""
        self._run("pg_ctl", "-m", "fast", "-w", "stop")

    def start(self) -> None:
        """Start again after `stop`."""
        options = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
        self._run("pg_ctl", "-w", "-t", "60", "-l", str(self.home / "log"), "-o", f"-k {self.home} {options}", "start")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self.home / "data"), *arguments]
        try:
            finished, said = self._finished(command)
        except OSError as error:  # as in a folder that only root may enter
            raise NoPostgresqlError(f"PostgreSQL does not start here: {error}") from error
        if finished.returncode:
            raise NoPostgresqlError(f"PostgreSQL does not start here: {program}: {said[-300:]}")

    def _finished(self, command: list[str]) -> tuple[subprocess.CompletedProcess[bytes], str]:
        account = {"user": _UNPRIVILEGED, "extra_groups": []} if os.geteuid() == 0 else {}
        with (self.home.parent / f"{self.home.name}.out").open("w+b") as output:
            # Into a file: the server inherits it, and would keep a pipe open.
            finished = subprocess.run(
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment, "HOME": str(self.home), "LC_ALL": "C.UTF-8"},
                cwd=self.home,
                timeout=90,
                **account,  # type: ignore[call-overload]  # only given to root
            )
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
        Path(output.name).unlink()
        return finished, said


def _programs() -> tuple[Path, dict[str, str]]:
    """The folder of PostgreSQL's programs, and what their environment needs."""
    for root, environment in ((Path("/"), {}), (INTO / "root", _libraries(INTO / "root"))):
        versions = (root / "usr/lib/postgresql").glob("*/bin/postgres")
        newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
        if newest is not None:
            return newest.parent, environment
    raise NoPostgresqlError("PostgreSQL is missing: run `make servers`, or install the package postgresql")


def _libraries(root: Path) -> dict[str, str]:
    folders = sorted({str(path.parent) for path in (root / "usr/lib").glob("*/lib*.so*")})
    return {"LD_LIBRARY_PATH": ":".join(folders)}
