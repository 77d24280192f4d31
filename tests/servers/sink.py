"""A mail server at the far end for a test: the local part of a recipient selects what it answers."""

from __future__ import annotations

import socket
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bounce_plugin.classify.classification import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the sink says, and what it means by it."""

    reply: str  # its lines, each with the code
    reason: Reason
    at_data: bool = False  # it takes the recipient, and refuses the message

    @property
    def code(self) -> str:
        return self.reply[:3]

    @property
    def status(self) -> str:
        """The enhanced status code, or empty."""
        word = self.reply.split()[1]
        return word if word.count(".") == 2 else ""


ANSWERS = {
    "unknown": Answer(
        reply="550 5.1.1 <{}>: Recipient address rejected: User unknown in virtual mailbox table",
        reason=Reason.ADDRESS_UNKNOWN,
    ),
    "bare": Answer(reply="550 No such user here", reason=Reason.ADDRESS_UNKNOWN),
    "threelines": Answer(
        reply="550-5.1.1 The email account that you tried to reach does not exist. Please try\r\n"
        "550-5.1.1 double-checking the recipient's email address for typos or\r\n"
        "550 5.1.1 unnecessary spaces.",
        reason=Reason.ADDRESS_UNKNOWN,
    ),
    "umlaut": Answer(reply="550 5.1.1 Benutzer unbekannt: Empf\xe4nger", reason=Reason.ADDRESS_UNKNOWN),
    "full": Answer(reply="552 5.2.2 <{}>: Mailbox full, quota exceeded", reason=Reason.MAILBOX_FULL),
    "disabled": Answer(
        reply="550 5.2.1 The email account that you tried to reach is disabled", reason=Reason.MAILBOX_DISABLED
    ),
    "moved": Answer(
        reply="551 5.1.6 User not local; please try <new@elsewhere.test>", reason=Reason.ADDRESS_MOVED
    ),
    "spam": Answer(
        reply="554 5.7.1 Message rejected: spam content, see https://dest.test/why", reason=Reason.SPAM_CONTENT
    ),
    "blocked": Answer(
        reply="554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org",
        reason=Reason.REPUTATION_BLOCK,
    ),
    "data": Answer(
        reply="554 5.6.0 Message content rejected, id=12345", reason=Reason.CONTENT_REJECTED, at_data=True
    ),
    "grey": Answer(reply="451 4.7.1 <{}>: Greylisted, try again later", reason=Reason.GREYLISTED),
    "overquota": Answer(
        reply="452 4.2.2 <{}> The email account that you tried to reach is over quota", reason=Reason.MAILBOX_FULL
    ),
}  # fmt: skip


class Sink(AbstractContextManager["Sink"]):
    """It runs until the end of the `with` block; `taken` are the recipients whose mail it took."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = answer_to(address)
        if answer is not None and not answer.at_data:
            return answer.reply.format(address)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        for address in envelope.rcpt_tos:
            answer = answer_to(address)
            if answer is not None:
                return answer.reply
        self.taken += envelope.rcpt_tos
        return "250 2.0.0 Ok: taken"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._controller.stop()


def answer_to(address: str) -> Answer | None:
    """What the sink refuses this recipient with, if it does; `+detail` makes more addresses with the same answer."""
    return ANSWERS.get(address.partition("@")[0].partition("+")[0])


def free_ports(number: int) -> list[int]:
    """So many different ports of this machine that nobody listens on."""
    with ExitStack() as probes:  # all at once: one that was let go may be given again
        held = [probes.enter_context(socket.socket()) for _ in range(number)]
        for probe in held:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in held]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    return free_ports(1)[0]
