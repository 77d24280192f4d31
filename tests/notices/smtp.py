"""A real SMTP server for a test, on a port of its own, that keeps what it takes."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.tls import Certificates

USER, PASSWORD = "notices", "a secret: 7%"


@dataclass
class Server:
    """What a server has taken, and what it refuses."""

    port: int = 0
    envelopes: list[Envelope] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)  # recipient -> reply
    data_reply: str = "250 OK"
    connections: int = 0
    encrypted: bool = False
    signed_in: bool = False
    ca_file: Path | None = None

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data_reply.startswith("250"):
            self.encrypted = server.transport.get_extra_info("sslcontext") is not None
            self.signed_in = bool(session.authenticated)
            self.envelopes.append(envelope)
        return self.data_reply

    @property
    def messages(self) -> list[EmailMessage]:
        """What came, parsed."""
        parsed = [message_from_bytes(envelope.content or b"", policy=default) for envelope in self.envelopes]
        return [message for message in parsed if isinstance(message, EmailMessage)]


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    good = isinstance(data, LoginPassword) and data == LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=good)


class _Controller(Controller):
    """Listens on a free port, where the original would connect to port 0 to see whether it does."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        socket.create_connection((self.hostname, self.port)).close()


@contextmanager
def start_server(
    security: str = "none", *, certificates: Certificates | None = None, sign_in: bool = False
) -> Iterator[Server]:
    """Run a server: "none", "starttls" or "tls"; with `sign_in` it knows USER with PASSWORD."""
    context = None
    if certificates is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.certificate, certificates.key)
    server = Server(ca_file=certificates.ca if certificates else None)
    options: dict[str, object] = {"enable_SMTPUTF8": True}
    if sign_in:
        options |= {"authenticator": _authenticate, "auth_require_tls": security == "starttls"}
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    controller = _Controller(
        server,
        hostname="127.0.0.1",
        port=0,
        ssl_context=context if security == "tls" else None,
        **options,  # type: ignore[arg-type]  # passed on as they are
    )
    controller.start()
    try:
        server.port = controller.port
        yield server
    finally:
        controller.stop()
