"""A real IMAP server for a test: Dovecot 2.3, private, started in a tenth of a second from one folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.account import Account
from tests.servers.dovecot_configuration import CAPABILITIES, CONFIGURATION, INTROSPECTION, LMTP, OAUTH, POP3, QUOTA
from tests.servers.fetch import INTO
from tests.servers.sink import free_ports
from tests.servers.tls import make_certificates

_PASSWORD = 'pass "word\\'  # what a client must quote
_STOCK = 500  # users that exist from the start
_UNPRIVILEGED = ("nobody", "nogroup")
# Paths compiled into Dovecot that no setting changes, each as a link in our folder that is no longer.
_COMPILED_IN = {"usr/lib/dovecot/modules": "m", "usr/bin/doveconf": "d"}


class NoDovecotError(Exception):
    """Dovecot cannot be had on this machine; the message says what to do."""


class Dovecot:
    """A context manager: a server on free ports of 127.0.0.1 that is gone afterwards, with all its mail."""

    def __init__(
        self,
        *,
        separator: str = "/",
        namespace: str = "",
        hide: Iterable[str] = (),
        quota: str = "",
        lmtp: bool = False,
        pop3: bool = False,
        pop3_lock: bool = False,
        introspection: str = "",
        mechanisms: str = "oauthbearer xoauth2",
    ) -> None:
        """Set the hierarchy separator, the prefix (`INBOX.`), capabilities to conceal, a quota such as `10K`.

        With `pop3` a mailbox can be had over POP3, too; with `pop3_lock` by one client at a time, as RFC 1939 has it.

        `introspection` is the address where the server asks about access tokens; without it there is no OAuth.
        """
        self.introspection, self.mechanisms = introspection, mechanisms
        self.separator, self.namespace, self.hide, self.quota = separator, namespace, hide, quota
        self.lmtp, self.pop3, self.pop3_lock = lmtp, pop3 or pop3_lock, pop3_lock
        self.port, self.tls_port, self.lmtp_port, self.pop3_port, self.pop3s_port = free_ports(5)
        self._users = 0

    def __enter__(self) -> Self:
        prefix = find_dovecot()
        # A short path: those of Unix sockets must not have more than 107 octets, and see `_relocate`.
        self.home = Path(tempfile.mkdtemp(prefix="dc", dir="/tmp"))
        try:
            if os.geteuid() == 0 and not _open_to_all(prefix):
                shutil.copytree(prefix / "usr", self.home / "root" / "usr", symlinks=True)
                prefix = self.home / "root"
            self.certificates = make_certificates(self.home)
            self._configure(prefix)
            self._start(prefix)
        except BaseException:
            shutil.rmtree(self.home, ignore_errors=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)  # the session is ours; a polite end would take a second
        self._process.wait(10)
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def log(self) -> str:
        """What the server has written to its log."""
        return (self.home / "log").read_text(errors="replace")

    def add_account(self, password: str = _PASSWORD) -> Account:
        """A user whom nobody else uses; its mailbox is empty."""
        self._users += 1
        user = _user(self._users)
        if password != _PASSWORD or self._users > _STOCK:
            user = f"other{self._users}@example.test"
            with (self.home / "passwd").open("a") as file:
                file.write(_passwd_line(user, password))
            time.sleep(1.1)  # Dovecot looks at the file once a second
        return Account(
            user=user,
            password=password,
            port=self.port,
            tls_port=self.tls_port,
            maildir=self.home / "mail" / user / "Maildir",
            certificates=self.certificates,
            pop3_port=self.pop3_port,
            pop3s_port=self.pop3s_port,
        )

    def _configure(self, prefix: Path) -> None:
        user, group = _UNPRIVILEGED if os.geteuid() == 0 else (str(os.geteuid()), str(os.getegid()))
        shown = [word for word in CAPABILITIES.split() if word not in set(self.hide)]
        configuration = CONFIGURATION.format(
            home=self.home,
            prefix=prefix if prefix != Path("/") else "",
            user=user,
            group=group,
            certificates=self.certificates,
            separator=self.separator,
            namespace=self.namespace,
            port=self.port,
            tls_port=self.tls_port,
            capabilities=f"imap_capability = {' '.join(shown)}" if self.hide else "",
            quota=QUOTA.format(quota=self.quota) if self.quota else "",
            oauth=OAUTH.format(home=self.home, mechanisms=self.mechanisms) if self.introspection else "",
            more_protocols=(" lmtp" if self.lmtp else "") + (" pop3" if self.pop3 else ""),
            lmtp=LMTP.format(lmtp_port=self.lmtp_port) if self.lmtp else "",
            pop3=self._pop3_configuration() if self.pop3 else "",
        )
        (self.home / "dovecot.conf").write_text(configuration)
        (self.home / "oauth2.conf.ext").write_text(INTROSPECTION.format(url=self.introspection))
        stock = (_passwd_line(_user(number), _PASSWORD) for number in range(1, _STOCK + 1))
        (self.home / "passwd").write_text("".join(stock))
        for folder in ("run", "state", "mail"):
            (self.home / folder).mkdir()

    def _pop3_configuration(self) -> str:
        lock = "yes" if self.pop3_lock else "no"
        return POP3.format(pop3_port=self.pop3_port, pop3s_port=self.pop3s_port, lock=lock)

    def _start(self, prefix: Path) -> None:
        environment = dict(os.environ)
        dovecot = Path("/usr/sbin/dovecot")
        if prefix != Path("/"):
            dovecot = self._relocate(prefix)
            libraries = [
                dovecot.parent,
                prefix / "usr/lib/dovecot",
                prefix / "usr/lib/dovecot/modules/old-stats",
                *prefix.glob("usr/lib/*-linux-gnu"),
            ]
            environment["LD_LIBRARY_PATH"] = ":".join(map(str, libraries))
        command = [str(dovecot), "-F", "-c", str(self.home / "dovecot.conf")]
        if os.geteuid() == 0:
            for path in (self.home, *self.home.rglob("*")):
                if not path.is_symlink():
                    shutil.chown(path, *_UNPRIVILEGED)
            user, group = _UNPRIVILEGED
            command = ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", *command]
        with (self.home / "output").open("wb") as output:
            self._process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=output, start_new_session=True
            )
        self._await_greeting()

    def _relocate(self, prefix: Path) -> Path:
        """Have an unpacked Dovecot find its configuration reader and its TLS module; returns the program to start."""
        place = self.home / "lib"
        place.mkdir()
        (library,) = (prefix / "usr/lib/dovecot").glob("libdovecot.so.0.*")
        for source, name in ((library, "libdovecot.so.0"), (prefix / "usr/sbin/dovecot", "dovecot")):
            octets = source.read_bytes()
            for path, link in _COMPILED_IN.items():
                compiled_in = os.fsencode(f"/{path}\0")
                ours = os.fsencode(self.home / link) + b"\0"
                assert len(ours) <= len(compiled_in), f"{self.home / link} is too long"
                octets = octets.replace(compiled_in, ours.ljust(len(compiled_in), b"\0"))
            (place / name).write_bytes(octets)
        for path, link in _COMPILED_IN.items():
            (self.home / link).symlink_to(prefix / path)
        (place / "dovecot").chmod(0o755)
        return place / "dovecot"

    def _await_greeting(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
                    if connection.recv(4) == b"* OK":
                        return
            except OSError:
                pass
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                self._process.wait(10)
                said = "".join(
                    path.read_text(errors="replace")
                    for path in (self.home / "output", self.home / "log")
                    if path.exists()
                )
                raise RuntimeError(f"Dovecot did not start:\n{said}")
            time.sleep(0.02)


def find_dovecot() -> Path:
    """The root below which Dovecot's files are: the system's, or that of the packages unpacked for tests."""
    for root in (Path("/"), INTO / "root"):
        if (root / "usr/lib/dovecot/imap-login").exists() and (root / "usr/sbin/dovecot").exists():
            return root
    raise NoDovecotError("Dovecot is missing: run `make servers`, or install dovecot-imapd")


def _open_to_all(path: Path) -> bool:
    """Whether a server that runs without privileges reaches this folder: not below /root."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in (path, *path.parents))


def _user(number: int) -> str:
    return f"bounces{number}@example.test"


def _passwd_line(user: str, password: str) -> str:
    return f"{user}:{{PLAIN}}{password}::::::\n"
