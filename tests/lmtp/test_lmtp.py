"""Are mails taken over LMTP as RFC 2033 asks, and only once they are committed? Real sockets, and the clients of smtplib."""

from __future__ import annotations

import asyncio
import smtplib
from pathlib import Path

import pytest

from bounce_plugin import BouncePlugin, SettingsError
from bounce_plugin.intake import Intake, choose_mailbox
from bounce_plugin.lmtp.server import LmtpServer
from bounce_plugin.settings import parse_settings
from tests.bounces import PRIVATE
from tests.everyday import memory
from tests.handing import Post
from tests.lmtp.talk import MEMBER, STRANGER, TO, Talk
from tests.running import until


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


def test_it_is_lmtp_and_no_smtp(port: int) -> None:
    with Talk(port, greet=False) as talk:
        assert talk.greeting[0].startswith("220 ")
        assert talk.say(b"EHLO mx.example.net")[0].startswith("500")


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
