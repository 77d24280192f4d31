"""An LMTP server in this process, and a client that says what a test wants."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from bounce_plugin import BouncePlugin
from bounce_plugin.intake import Intake, choose_mailbox
from bounce_plugin.lmtp.server import LmtpServer
from bounce_plugin.settings import parse_settings
from tests.bounces import report
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
