"""A POP3 mailbox at a server that a test has made up, and what that server says."""

from __future__ import annotations

from bounce_plugin.mailbox.incoming import Folder, Incoming
from bounce_plugin.mailbox.pop3 import Pop3Mailbox
from tests.servers.fake_pop3 import FakePop3

MAILS = [b"Subject: %d\r\n\r\nraw\r\n.\r\n..\r\n" % number for number in range(3)]


def connect(server: FakePop3, **settings: object) -> Pop3Mailbox:
    arguments: dict[str, object] = {
        "name": "bounces",
        "host": "localhost",
        "port": server.port,
        "security": "none",
        "user": "user",
        "password": lambda: "the secret",
        "delete": True,
        "timeout": 5.0,
    }
    return Pop3Mailbox(**(arguments | settings))


def read(server: FakePop3, **settings: object) -> list[Incoming]:
    with connect(server, **settings) as mailbox:
        return list(mailbox.fetch(Folder.INBOX, mailbox.listing(Folder.INBOX).uids))


def read_and_delete(mailbox: Pop3Mailbox) -> None:
    with mailbox:
        uids = mailbox.listing(Folder.INBOX).uids
        list(mailbox.fetch(Folder.INBOX, uids))
        mailbox.move(Folder.INBOX, uids, Folder.LEDGER)


def refuse(words: str = "no") -> object:
    return lambda client, command: client.send(f"-ERR {words}")


def say(octets: bytes) -> object:
    return lambda client, command: client.send_raw(octets)
