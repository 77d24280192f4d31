"""Are mails taken over LMTP as RFC 2033 asks, and only once they are committed? Real sockets, and the clients of smtplib."""

from __future__ import annotations

import asyncio
import signal
import smtplib
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from bounce_plugin import BouncePlugin, SettingsError
from bounce_plugin.intake import Intake, choose_mailbox
from bounce_plugin.ledger import engine
from bounce_plugin.lmtp import session
from bounce_plugin.lmtp.server import LmtpServer
from bounce_plugin.settings import parse_settings
from bounce_plugin.steps.gather import Gathering
from tests.bounces import PRIVATE, report
from tests.everyday import a_day, memory
from tests.handing import Post
from tests.mails import ROOT
from tests.running import until
from tests.servers.postgresql import Postgresql
from tests.servers.sink import free_port

MEMBER = report("member1@example.com", message_id="m@crm.example")
STRANGER = report("stranger@example.com", message_id="s@crm.example")
TO = "bounces@crm.example"


@contextmanager
def serving(plugin: BouncePlugin, more: str = "", *, listen: str = "") -> Iterator[tuple[int, LmtpServer]]:
    """A server in a thread of this process, at a free port."""
    port = free_port()
    text = f'[lmtp]\nlisten = "{listen or f"127.0.0.1:{port}"}"\n{more}'
    settings = parse_settings(text, folder=plugin.settings.folder).lmtp
    server = LmtpServer(Intake(plugin=plugin, settings=choose_mailbox(plugin.settings, "", key="")), settings)
    ready = Event()
    thread = Thread(target=lambda: asyncio.run(server.run(lambda place: ready.set())))
    thread.start()
    try:
        assert ready.wait(20)
        yield port, server
    finally:
        server.stop()
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def port(plugin: BouncePlugin) -> Iterator[int]:
    with serving(plugin) as (port, _):
        yield port


class Talk:
    """A client that says what a test wants, and hears every line."""

    def __init__(self, port: int, *, greet: bool = True) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.file = self.socket.makefile("rb")
        try:
            self.greeting = self.hear()
            if greet:
                assert self.say(b"LHLO mx.example.net")[-1].startswith("250 ")
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def hear(self) -> list[str]:
        lines = []
        while True:
            line = self.file.readline().decode()
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                return lines

    def say(self, line: bytes) -> list[str]:
        self.socket.sendall(line + b"\r\n")
        return self.hear()

    def begin(self, *recipients: bytes, sender: bytes = b"<>") -> None:
        assert self.say(b"MAIL FROM:" + sender) == ["250 OK"]
        for recipient in recipients:
            assert self.say(b"RCPT TO:<" + recipient + b">") == ["250 OK"]
        assert self.say(b"DATA")[0].startswith("354")

    def mail(self, raw: bytes, *recipients: bytes, sender: bytes = b"<>") -> list[str]:
        """Send a mail, and give the reply for each recipient."""
        recipients = recipients or (TO.encode(),)
        self.begin(*recipients, sender=sender)
        body = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").replace(b"\r\n.", b"\r\n..")
        self.socket.sendall(body + b".\r\n")
        return [self.hear()[0] for _ in recipients]


def test_several_mails_of_one_session_are_taken_filed_and_told(post: Post, plugin: BouncePlugin, port: int) -> None:
    with smtplib.LMTP("127.0.0.1", port) as client:
        for raw in (MEMBER, STRANGER, PRIVATE):
            assert client.sendmail("", [TO], raw) == {}
        assert memory(plugin)["events"], "committed before the reply"
    until(lambda: post.filed() == {"": 1, "processed": 1, "review": 1})
    until(lambda: "mail" in (post.folder / "notebook").read_text())


def test_the_reply_says_what_the_mail_is(port: int) -> None:
    with Talk(port) as talk:
        assert talk.mail(MEMBER) == ["250 2.0.0 mail 1 in club: bounce, handled"]
        assert talk.mail(MEMBER) == ["250 2.0.0 taken before"]


def test_each_recipient_has_a_reply_and_a_mail_of_its_own(post: Post, plugin: BouncePlugin, port: int) -> None:
    with Talk(port) as talk:
        replies = talk.mail(MEMBER, b"a@crm.example", b"b@crm.example", sender=b"<erna@family.example>")
    assert [reply[:9] for reply in replies] == ["250 2.0.0"] * 2
    until(lambda: post.filed() == {"": 0, "processed": 2, "review": 0})
    assert len(memory(plugin)["events"]) == 1  # type: ignore[arg-type]


def test_I_03_one_recipient_that_fails_does_not_take_the_others_reply(
    plugin: BouncePlugin, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather = Gathering.gather

    def fail(gathering: Gathering, mail: object) -> object:
        if b"Delivered-To: a@" in mail.raw:  # type: ignore[attr-defined]
            raise MemoryError("no room")
        return gather(gathering, mail)  # type: ignore[arg-type]

    monkeypatch.setattr(Gathering, "gather", fail)
    with Talk(port) as talk:
        assert [reply[:9] for reply in talk.mail(MEMBER, b"a@crm.example", b"b@crm.example")] == [
            "451 4.3.0",
            "250 2.0.0",
        ]
        monkeypatch.undo()
        assert talk.mail(MEMBER, b"a@crm.example")[0].startswith("250 2.0.0 mail 2 in club: bounce, duplicate")


@pytest.mark.parametrize(
    "body",
    [b"x" * 300_000 + b"\n", b"\x00\xff\xfe J\xc3\xb6rg\n", b".\n..\n. \n", b"." * 200_000 + b"\n", b"no\n.\r\nend\n"],
    ids=["long line", "octets", "dots", "line of dots", "dot"],
)
def test_the_octets_are_kept(post: Post, plugin: BouncePlugin, port: int, body: bytes) -> None:
    raw = PRIVATE + body
    with Talk(port) as talk:
        assert talk.mail(raw)[0].startswith("250")
    (path,) = list((post.box / "new").iterdir())
    assert path.read_bytes().partition(b"Delivered-To: bounces@crm.example\r\n")[2] == raw.replace(
        b"\r\n", b"\n"
    ).replace(b"\n", b"\r\n")


def test_a_line_feed_alone_ends_no_mail(post: Post, port: int) -> None:
    """Or somebody could smuggle a second mail into the first."""
    with Talk(port) as talk:
        talk.begin(TO.encode())
        talk.socket.sendall(PRIVATE + b"\n.\nMAIL FROM:<>\r\n\n.\r\nmore\r\n.\r\n")
        assert talk.hear()[0].startswith("250 2.0.0 mail 1")
        assert talk.say(b"NOOP")[0].startswith("250")
    assert post.filed()[""] == 1


def test_addresses_in_utf_8_and_8_bit_mails(post: Post, port: int) -> None:
    with smtplib.LMTP("127.0.0.1", port) as client:
        client.ehlo("mx.example.net")
        assert {"8bitmime", "smtputf8"} <= set(client.esmtp_features)
        assert "size" not in client.esmtp_features, "a mail server would return what is larger by itself"
        raw = PRIVATE.replace(b"\n", b"\r\n") + "Jörg".encode()
        options = ["BODY=8BITMIME", "SMTPUTF8", "SIZE=99999999999"]
        client.sendmail("jörg@dömain.example", ["bößes@crm.example"], raw, mail_options=options)
    (path,) = list((post.box / "new").iterdir())
    head = path.read_bytes().partition(b"From:")[0].decode()
    assert head == "Return-Path: <jörg@dömain.example>\r\nDelivered-To: bößes@crm.example\r\n"


@pytest.mark.parametrize("line", [b"MAIL FROM:<a@@b>>", b"MAIL nonsense", b"RCPT TO:<>", b"MAIL FROM:<> X=Y", b"DATA"])
def test_no_reply_about_a_mail_is_for_good(port: int, line: bytes) -> None:
    with Talk(port) as talk:
        if line.startswith(b"RCPT"):
            talk.say(b"MAIL FROM:<>")
        assert talk.say(line)[0][0] in "24"


def test_it_is_lmtp_and_no_smtp(port: int) -> None:
    with Talk(port, greet=False) as talk:
        assert talk.greeting[0].startswith("220 ")
        assert talk.say(b"EHLO mx.example.net")[0].startswith("500")


def test_a_mail_over_the_cap_is_put_off(post: Post, plugin: BouncePlugin) -> None:
    with serving(plugin, "max_megabytes = 1\n") as (port, _), Talk(port) as talk:
        assert talk.mail(PRIVATE + b"x" * 1_100_000 + b"\n") == ["452 4.3.4 larger than 1 MB: raise lmtp.max_megabytes"]
        assert talk.mail(PRIVATE)[0].startswith("250"), "the session goes on"
    assert post.filed()[""] == 1


def test_connections_recipients_and_commands_have_limits(plugin: BouncePlugin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_RECIPIENTS", 2)
    monkeypatch.setattr(session, "_CALLS", {"*": 5, "RCPT": 100, "MAIL": 5})
    with serving(plugin, "max_connections = 2\n") as (port, server):
        with Talk(port) as one, Talk(port):
            third = Talk(port, greet=False)
            assert third.greeting == ["421 4.3.2 too many connections, try again later"]
            third.__exit__()
            one.say(b"MAIL FROM:<>")
            codes = [one.say(b"RCPT TO:<%d@crm.example>" % number)[0][:3] for number in range(3)]
            assert codes == ["250", "250", "452"]
            assert [one.say(b"NOOP")[0][:3] for _ in range(6)] == ["250"] * 5 + ["421"]
        until(lambda: not server._sessions)
        with Talk(port) as talk:
            assert talk.mail(PRIVATE)[0].startswith("250")


def test_a_silent_client_is_let_go(plugin: BouncePlugin) -> None:
    with serving(plugin, "idle_seconds = 0.3\n") as (port, _), Talk(port) as talk:
        assert talk.file.read() == b""


def test_I_03_a_client_that_goes_away_in_the_middle_leaves_nothing(post: Post, plugin: BouncePlugin) -> None:
    with serving(plugin) as (port, server):
        with Talk(port) as talk:
            talk.begin(TO.encode())
            talk.socket.sendall(MEMBER[:700].replace(b"\n", b"\r\n"))
        until(lambda: not server._sessions)
    assert post.filed() == {"": 0, "processed": 0, "review": 0}
    assert memory(plugin)["events"] == []


def test_I_06_a_client_that_does_not_wait_for_the_reply_may_send_again(post: Post, plugin: BouncePlugin) -> None:
    with serving(plugin) as (port, _):
        with Talk(port) as talk:
            talk.begin(TO.encode())
            talk.socket.sendall(MEMBER.replace(b"\n", b"\r\n") + b".\r\n")
        with Talk(port) as talk:
            assert talk.mail(MEMBER)[0].startswith("250")
    assert post.filed() == {"": 0, "processed": 1, "review": 0}
    assert len(memory(plugin)["events"]) == 1  # type: ignore[arg-type]


class TestNoLedger:
    """The mail server is told to try again, and its mail is taken later."""

    def test_I_03_while_another_program_locks_it(self, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engine, "_PATIENCE", 0.2)
        with post.plugin() as plugin, serving(plugin) as (port, _), Talk(port) as talk:
            other = sqlite3.connect(post.folder / "bounces.sqlite3", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            try:
                (reply,) = talk.mail(MEMBER)
                assert reply.startswith("451 4.3.0 the ledger")
            finally:
                other.execute("ROLLBACK")
                other.close()
            assert memory(plugin)["events"] == []
            assert talk.mail(MEMBER)[0].startswith("250")
        assert post.filed() == {"": 0, "processed": 1, "review": 0}

    def test_I_03_while_postgresql_is_stopped(self, own_postgresql: Postgresql, tmp_path: Path) -> None:
        post = Post(tmp_path, own_postgresql.url(own_postgresql.new_database()))
        post.set_up()
        with post.plugin() as plugin, serving(plugin) as (port, _), Talk(port) as talk:
            assert talk.mail(STRANGER)[0].startswith("250")
            own_postgresql.stop()
            assert talk.mail(MEMBER)[0].startswith("451 4.3.0 the ledger")
            own_postgresql.start()
            assert talk.mail(MEMBER)[0].startswith("250")
        assert post.filed() == {"": 0, "processed": 1, "review": 1}

    def test_I_14_while_the_disk_is_full(
        self, plugin: BouncePlugin, port: int, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        with Talk(port) as talk:
            with monkeypatch.context() as context:
                context.setattr("bounce_plugin.mailbox.arrival.os.fsync", full)
                (reply,) = talk.mail(PRIVATE)
            assert reply.startswith("452 4.3.1 mailbox 'club': cannot write")
            assert talk.mail(PRIVATE)[0].startswith("250")
        assert post.filed()[""] == 1


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
                assert process.wait(20) == -signal.SIGKILL
        with command(post) as (_, port):
            assert deliver(port, queue) == []
        assert post.left() == clean.left()


def write_settings(post: Post) -> None:
    (post.folder / "bounce.toml").write_text(
        f'[[mailbox]]\nname = "club"\nkind = "maildir"\npath = "Maildir"\n[lmtp]\nlisten = "127.0.0.1:{free_port()}"\n'
    )


@contextmanager
def command(post: Post, *, end: signal.Signals = signal.SIGTERM) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`bounce-plugin lmtp` in a process of its own, once it listens."""
    settings = post.folder / "bounce.toml"
    arguments = [sys.executable, "-m", "bounce_plugin", "-c", str(settings), "lmtp"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            assert line.startswith(b"LMTP: listening at"), process.stderr and process.stderr.read()
            yield process, int(line.split()[3].rpartition(b":")[2] or 0) if b"unix" not in line else 0
            process.send_signal(end)
            assert process.wait(30) in (0, -signal.SIGKILL)
        finally:
            process.kill()


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


def test_a_place_that_is_taken_is_named(post: Post, plugin: BouncePlugin, port: int) -> None:
    settings = parse_settings(f'[lmtp]\nlisten = "127.0.0.1:{port}"\n', folder=post.folder).lmtp
    server = LmtpServer(Intake(plugin=plugin, settings=choose_mailbox(plugin.settings, "", key="")), settings)
    with pytest.raises(SettingsError, match=rf"lmtp.listen = '127.0.0.1:{port}': we cannot listen there"):
        asyncio.run(server.run())


@pytest.mark.parametrize("place", ["", "2424", "localhost:", "localhost:0", "localhost:70000", ":24", "unix:"])
def test_a_place_that_is_none_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(SettingsError, match=r"lmtp\.listen"):
        parse_settings(f'[lmtp]\nlisten = "{place}"\n', folder=tmp_path)


def test_places_to_listen_at(tmp_path: Path) -> None:
    at_a_port = parse_settings('[lmtp]\nlisten = "[::1]:24"\n', folder=tmp_path).lmtp
    assert (at_a_port.socket, at_a_port.host, at_a_port.port) == (None, "::1", 24)
    assert parse_settings('[lmtp]\nlisten = "unix:run/s"\n', folder=tmp_path).lmtp.socket == tmp_path / "run/s"
