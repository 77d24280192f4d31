"""Is a mail put off, and never lost, when a client, the ledger or the disk fails?"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bounce_plugin import BouncePlugin
from bounce_plugin.ledger import engine
from bounce_plugin.lmtp import session
from bounce_plugin.steps.gather import Gathering
from tests.bounces import PRIVATE
from tests.everyday import memory
from tests.handing import Post
from tests.lmtp.talk import MEMBER, STRANGER, TO, Talk, serving
from tests.running import until
from tests.servers.postgresql import Postgresql


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


@pytest.mark.parametrize("line", [b"MAIL FROM:<a@@b>>", b"MAIL nonsense", b"RCPT TO:<>", b"MAIL FROM:<> X=Y", b"DATA"])
def test_no_reply_about_a_mail_is_for_good(port: int, line: bytes) -> None:
    with Talk(port) as talk:
        if line.startswith(b"RCPT"):
            talk.say(b"MAIL FROM:<>")
        assert talk.say(line)[0][0] in "24"


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
