"""Real mail servers that send and bounce: Postfix, Exim, OpenSMTPD and sendmail, from their Debian packages.

Each runs as if it were installed, in namespaces of its own (mounts and processes): its files lie over /usr, and what it
writes to /etc and /var is in memory and gone afterwards. So nothing of the machine changes, and they do not get in each
other's way. That needs root. They send all mail to a port of this machine, and deliver what comes back to another by LMTP.
"""

from __future__ import annotations

import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.servers.fetch import INTO
from tests.servers.sink import free_port

LIFETIME: Final = 20  # seconds until a mail that cannot be delivered is given up
HERE: Final = Path(__file__).parent / "mta_configuration"


class NoMtaError(Exception):
    """This mail server cannot be had on this machine; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One of the mail servers; its configuration is `mta_configuration/<name>.conf`, where `@PORT@` and the like are filled in."""

    name: str
    program: str  # where it is once its files lie over /usr
    configuration: str  # where it looks for it
    prepare: str  # shell: what the package's installation would have done
    start: str  # shell: run in the foreground
    forgetful: bool = False  # what it says of a mail that expired is only that it did
    lmtp: str = ""  # in its configuration: what delivers to a port by LMTP
    pipe: str = ""  # the same for what pipes to a command


KINDS: Final = (
    Kind(
        name="postfix",
        program="usr/lib/postfix/sbin/master",
        configuration="/etc/postfix/main.cf",
        prepare="""
            cd /var/spool/postfix 2>/dev/null || { mkdir -p /var/spool/postfix && cd /var/spool/postfix; }
            for queue in active bounce corrupt defer deferred flush hold incoming private saved trace; do
                mkdir -p $queue; chmod 700 $queue; chown nobody $queue
            done
            mkdir -p maildrop public pid /var/lib/postfix; chmod 730 maildrop; chmod 710 public; chown nobody maildrop public
            chgrp mail maildrop public; chown nobody /var/lib/postfix; : > /etc/postfix/dynamicmaps.cf
            cp $WORK/master.cf /etc/postfix/
        """,
        start="/usr/lib/postfix/sbin/master -c /etc/postfix -d",
        lmtp="lmtp:inet:127.0.0.1:@LMTP@",
        pipe="bounces:",
    ),
    Kind(
        name="exim",
        program="usr/sbin/exim4",
        configuration="/etc/exim4/exim4.conf",
        prepare="""
            echo Debian-exim:x:65533:65533::/:/bin/false >> /etc/passwd; echo Debian-exim:x:65533: >> /etc/group
            mkdir -p /var/spool/exim4 /var/log/exim4; chown Debian-exim /var/spool/exim4 /var/log/exim4
        """,
        start="/usr/sbin/exim4 -bdf -q2s",
        lmtp="mailbox",
        pipe="bounces",
    ),
    Kind(
        name="opensmtpd",
        program="usr/sbin/smtpd",
        configuration="/etc/smtpd.conf",
        prepare="""
            echo opensmtpd:x:65531:65531::/var/lib/opensmtpd/empty:/bin/false >> /etc/passwd; echo opensmtpd:x:65531: >> /etc/group
            echo opensmtpq:x:65532:65532::/:/bin/false >> /etc/passwd; echo opensmtpq:x:65532: >> /etc/group
            mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd /run/opensmtpd /var/empty; chmod 711 /var/spool/smtpd
            echo mta.example.test > /etc/mailname
        """,
        start="/usr/sbin/smtpd -d -f /etc/smtpd.conf",
        forgetful=True,
    ),
    Kind(
        name="sendmail",
        program="usr/libexec/sendmail/sendmail",
        configuration="/etc/mail/sendmail.mc",
        prepare="""
            echo smmta:x:65530:65530::/:/bin/false >> /etc/passwd; echo smmta:x:65530: >> /etc/group
            mkdir -p /var/spool/mqueue; chmod 700 /var/spool/mqueue
            m4 /etc/mail/sendmail.mc > /etc/mail/sendmail.cf
        """,
        start="/usr/libexec/sendmail/sendmail -bD -q2s -C /etc/mail/sendmail.cf",
    ),
)

_NAMESPACE: Final = """
set -e
mkdir $WORK/layers; mount -t tmpfs none $WORK/layers; cd $WORK/layers; mkdir etc etc.work var var.work
over() { [ -d $TREE$1 ] && echo $TREE$1:$1 || echo $1; }
mount -t overlay none -o lowerdir=$TREE/usr:/usr /usr
mount -t overlay none -o lowerdir=$(over /etc),upperdir=$WORK/layers/etc,workdir=$WORK/layers/etc.work /etc
mount -t overlay none -o lowerdir=$(over /var),upperdir=$WORK/layers/var,workdir=$WORK/layers/var.work /var
mount -t tmpfs none /run; mkdir -p /run/lock
# No name server is asked for anything.
echo "127.0.0.1 localhost mta.example.test mta $(hostname)" > /etc/hosts
printf 'hosts: files\\npasswd: files\\ngroup: files\\n' > /etc/nsswitch.conf; echo nameserver 127.0.0.1 > /etc/resolv.conf
mkdir -p $(dirname $CONFIGURATION); cp $WORK/configuration $CONFIGURATION
# Whom mails are piped to runs as a user of its own, who could not enter a home of root's that Python may be in. The
# number is that of Exim's own user: unpacked it has no setuid bit, and cannot become anybody else.
echo bounces:x:65533:65533::/:/bin/sh >> /etc/passwd; echo bounces:x:65533: >> /etc/group
case "$PYTHON" in /root/*)
    mkdir $WORK/python; mount --bind $PYTHON $WORK/python
    mount -t tmpfs none /root; chmod 755 /root; mkdir -p $PYTHON; mount --bind $WORK/python $PYTHON;;
esac
"""


class Mta:
    """A context manager: a server on a free port of 127.0.0.1 that is gone afterwards, with all that it wrote."""

    def __init__(self, kind: Kind, *, sink: int, lmtp: int = 0, command: str = "") -> None:
        """Name where all mail goes, and what comes back: to a port by LMTP, or to a command by a pipe."""
        self._kind, self._sink, self._lmtp, self._command = kind, sink, lmtp, command
        self.port = free_port()

    def __enter__(self) -> Self:
        tree = find_tree(self._kind)
        self.work = Path(tempfile.mkdtemp(prefix="mta", dir="/tmp"))
        self.work.chmod(0o755)
        marks = {
            "TRANSPORT": self._kind.pipe if self._command else self._kind.lmtp,
            "PORT": self.port,
            "SINK": self._sink,
            "LMTP": self._lmtp,
            "COMMAND": self._command or "/bin/false",
            "LIFETIME": LIFETIME,
        }
        for source, name in ((f"{self._kind.name}.conf", "configuration"), ("postfix.master", "master.cf")):
            text = (HERE / source).read_text()
            for mark, value in marks.items():
                text = text.replace(f"@{mark}@", str(value))
            (self.work / name).write_text(text)
        # The shell stays, as the first process of its namespace: with it all others die. Those who change their user
        # forget that they were to die with their parent.
        script = f"{_NAMESPACE}\n{self._kind.prepare}\n{self._kind.start}\nexit $?"
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "WORK": str(self.work),
            "TREE": str(tree),
            "PYTHON": sys.base_prefix,
            "CONFIGURATION": self._kind.configuration,
        }
        command = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]
        with (self.work / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [*command, "bash", "-c", script], env=environment, stdout=output, stderr=output, start_new_session=True
            )
        try:
            self._await_greeting()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)  # and with it all that runs in its namespace
        self._process.wait(10)
        shutil.rmtree(self.work, ignore_errors=True)

    @property
    def output(self) -> str:
        """What the server has written."""
        return (self.work / "output").read_text(errors="replace")

    def send(self, sender: str, *recipients: str, notify: str = "FAILURE,DELAY") -> None:
        """Have it send one mail; it is taken, whatever becomes of it."""
        name = recipients[0].replace("@", ".")
        mail = f"From: <{sender}>\nTo: {', '.join(recipients)}\nSubject: News\nMessage-ID: <{name}@example.test>\n\nHello\n"
        with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
            client.ehlo("host.example.test")
            options = [f"NOTIFY={notify}"] if client.has_extn("dsn") else []
            client.sendmail(sender, recipients, mail, rcpt_options=options)

    def _await_greeting(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
                    if connection.recv(4) == b"220 ":
                        return
            except OSError:
                pass
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self._kind.name} did not start:\n{self.output}")
            time.sleep(0.05)


def find_tree(kind: Kind) -> Path:
    """Where its package is unpacked."""
    if os.geteuid() != 0:
        raise NoMtaError(f"{kind.name} is run in namespaces of its own, which needs root")
    tree = INTO / kind.name / "root"
    if not (tree / kind.program).exists():
        raise NoMtaError(f"{kind.name} is missing: run `python tests/servers/fetch.py --mtas`")
    probe = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "true"], check=False, capture_output=True, text=True
    )
    if probe.returncode:
        raise NoMtaError(f"{kind.name} cannot have namespaces of its own here: {probe.stderr.strip()}")
    return tree
