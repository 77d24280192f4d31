"""How does `bounce-plugin lmtp` end, and what does it leave? In this process and in one of its own."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event, Thread

import pytest

from bounce_plugin import BouncePlugin
from bounce_plugin.steps.gather import Gathering
from tests.bounces import PRIVATE
from tests.everyday import a_day
from tests.handing import Post
from tests.lmtp.talk import MEMBER, TO, Talk, serving
from tests.programs import start_program
from tests.servers.sink import free_port


class TestTheEnd:
    """SIGTERM ends it after the mails at hand; SIGKILL whenever it comes."""

    def test_I_28_the_mail_at_hand_is_answered_and_a_silent_client_let_go(
        self, post: Post, plugin: BouncePlugin, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gather, begun, go_on = Gathering.gather, Event(), Event()

        def slow(gathering: Gathering, mail: object) -> object:
            begun.set()
            assert go_on.wait(30)
            return gather(gathering, mail)  # type: ignore[arg-type]

        monkeypatch.setattr(Gathering, "gather", slow)
        with serving(plugin) as (port, server), Talk(port) as silent, Talk(port) as busy:
            busy.begin(TO.encode())
            busy.socket.sendall(MEMBER.replace(b"\n", b"\r\n") + b".\r\n")
            assert begun.wait(30)
            server.stop()
            assert silent.hear() == ["421 4.3.2 closing down, try again later"]
            with pytest.raises(OSError):  # noqa: PT011 - refused, or no longer there
                socket.create_connection(("127.0.0.1", port), 5).close()
            go_on.set()
            assert busy.hear()[0].startswith("250 2.0.0 mail 1")
            assert busy.hear()[0].startswith("421")
        assert post.filed() == {"": 0, "processed": 1, "review": 0}, "filed before the end"
        assert "mail" in (post.folder / "notebook").read_text()

    def test_I_01_killed_again_and_again_it_loses_and_doubles_nothing(self, tmp_path: Path) -> None:
        clean, post = Post(tmp_path / "clean"), Post(tmp_path / "killed")
        for one in (clean, post):
            one.set_up()
            write_settings(one)
        mails = [*a_day(1).mails[::3]]
        with command(clean) as (_, port):
            deliver(port, mails)
        queue = list(mails)
        for seconds in (0.05, 0.15, 0.1, 0.2, 0.0):
            with command(post) as (process, port):
                timer = Thread(target=lambda wait=seconds, victim=process: (time.sleep(wait), victim.kill()))
                timer.start()
                queue = deliver(port, queue)
                timer.join()
                process.join(20)
                assert process.exitcode == -signal.SIGKILL
        with command(post) as (_, port):
            assert deliver(port, queue) == []
        assert post.left() == clean.left()


def write_settings(post: Post) -> None:
    (post.folder / "bounce.toml").write_text(
        f'[[mailbox]]\nname = "club"\nkind = "maildir"\npath = "Maildir"\n[lmtp]\nlisten = "127.0.0.1:{free_port()}"\n'
    )


@contextmanager
def command(post: Post, *, end: signal.Signals = signal.SIGTERM) -> Iterator[tuple[BaseProcess, int]]:
    """`bounce-plugin lmtp` in a process of its own, once it listens."""
    settings = post.folder / "bounce.toml"
    reader, writer = os.pipe()
    with open(reader, "rb") as output, open(os.devnull) as nothing:
        process = start_program(
            "-c", settings, "lmtp", streams=(nothing.fileno(), writer, writer), environment=os.environ
        )
        os.close(writer)
        try:
            line = output.readline()
            assert line.startswith(b"LMTP: listening at"), line + output.read()
            yield process, int(line.split()[3].rpartition(b":")[2] or 0) if b"unix" not in line else 0
            if process.pid and process.is_alive():
                os.kill(process.pid, end)
            process.join(30)
            assert process.exitcode in (0, -signal.SIGKILL)
        finally:
            process.kill()
            process.join()


def deliver(port: int, mails: list[bytes]) -> list[bytes]:
    """Send mails until the server is gone; gives those that it did not take."""
    left = list(mails)
    try:
        with Talk(port) as talk:
            while left:
                if not talk.mail(left[0])[0].startswith("250"):
                    return left
                left.pop(0)
    except (OSError, AssertionError, IndexError):
        pass
    return left


def test_a_unix_socket_is_for_its_owner_and_group_and_gone_afterwards(post: Post) -> None:
    (post.folder / "bounce.toml").write_text(
        '[[mailbox]]\nname = "club"\nkind = "maildir"\npath = "Maildir"\n[lmtp]\nlisten = "unix:lmtp.sock"\n'
    )
    place = post.folder / "lmtp.sock"
    for end in (signal.SIGKILL, signal.SIGTERM):  # one that was left behind is in nobody's way
        with command(post, end=end):
            assert stat.S_IMODE(place.stat().st_mode) == 0o660
            with smtplib.LMTP(str(place)) as client:
                assert client.sendmail("", [TO], PRIVATE) == {}
        assert place.exists() == (end is signal.SIGKILL)
    assert post.filed()[""] == 1
