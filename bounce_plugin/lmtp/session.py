"""What is said in one session with a mail server? The commands are aiosmtpd's; what is done with a mail is ours."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from typing import IO, Final, Protocol

from aiosmtpd.lmtp import LMTP

from bounce_plugin.lmtp import replies

_IN_MEMORY: Final = 1024 * 1024  # octets of a mail; a larger one goes to a temporary file
_RECIPIENTS: Final = 100  # of one mail
_COMMAND: Final = 4096  # octets of a command: addresses of bounces may be long
_LINE: Final = 64 * 1024  # octets that are read at once; a longer line is read in pieces
_OFTEN: Final = 1000  # how often a command comes in one session; with all its mails it may be long
#: Some clients look around, or keep a session open; none of them does it a hundred times.
_CALLS: Final = {"*": 100, "MAIL": _OFTEN, "RCPT": _OFTEN * 10, "DATA": _OFTEN, "RSET": _OFTEN, "NOOP": _OFTEN}

#: Takes a mail for each recipient, in another thread, closes it, and gives a reply for each.
TakeAll = Callable[[IO[bytes], str, tuple[str, ...]], "asyncio.Future[list[str]]"]


class House(Protocol):
    """What a session asks the server."""

    closing: bool
    max_megabytes: int

    def admit(self, session: Session) -> bool:
        """Whether there is room for one more session."""
        ...

    def leave(self, session: Session) -> None:
        """A session has ended."""
        ...

    def take_all(self, mail: IO[bytes], sender: str, recipients: tuple[str, ...]) -> asyncio.Future[list[str]]:
        """Take a mail for each recipient, in another thread; close it, and give a reply for each."""
        ...


class Session(LMTP):
    """One client's session. Mails of any form are taken: long lines, 8-bit octets, addresses in UTF-8."""

    line_length_limit = _LINE
    command_size_limit = _COMMAND

    def __init__(self, house: House, *, hostname: str, idle_seconds: float) -> None:
        # Without data_size_limit no SIZE is announced: a mail server would itself return what is larger, to nobody.
        super().__init__(
            None,
            data_size_limit=None,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="bounce-plugin LMTP",
            timeout=idle_seconds,
            command_call_limit=dict(_CALLS),
            loop=asyncio.get_running_loop(),
        )
        self.command_size_limits = defaultdict(lambda: _COMMAND)
        self._house = house
        self._admitted = False
        self._of_a_mail = False  # the command at hand is about a mail, which must not be refused for good
        self.handling = False  # the mail is whole, and somebody waits for our reply

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let a client in, or tell it to come back later."""
        self._admitted = self._house.admit(self)
        if self._admitted:
            super().connection_made(transport)
            return
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(replies.TOO_MANY_CONNECTIONS.encode() + b"\r\n")
        transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio. A mail that is being handled is handled to its end all the same."""
        if self._admitted:
            self._house.leave(self)
            super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """See asyncio."""
        return super().eof_received() if self._admitted else False

    def say_goodbye(self) -> None:
        """End the session now, in whatever it is: what was not answered is sent again."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.write(replies.CLOSING.encode() + b"\r\n")
            self.transport.close()

    async def push(self, status: str | bytes) -> None:
        """Send a reply; one about a mail that would end it for good becomes one to try again."""
        text = status if isinstance(status, str) else status.decode("utf-8", "replace")
        if self._of_a_mail and text.startswith("5"):
            text = "4" + text[1:].replace(" 5.", " 4.", 1)
        await super().push(text.encode("utf-8", "replace"))

    async def handle_exception(self, error: Exception) -> str:
        """The reply to a command that failed in our hands."""
        return replies.try_again(error)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - named by aiosmtpd
        """See RFC 5321, 4.1.1.2."""
        await self._about_a_mail(super().smtp_MAIL, arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 - named by aiosmtpd
        """See RFC 5321, 4.1.1.3."""
        if self.envelope is not None and len(self.envelope.rcpt_tos) >= _RECIPIENTS:
            await self.push(replies.TOO_MANY_RECIPIENTS)
            return
        await self._about_a_mail(super().smtp_RCPT, arg)

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - named by aiosmtpd
        """See RFC 2033, 4.2: one reply for each recipient."""
        await self._about_a_mail(self._data, arg)

    async def _about_a_mail(self, command: Callable[[str | None], object], arg: str | None) -> None:
        self._of_a_mail = True
        try:
            answer = command(arg)
            assert asyncio.iscoroutine(answer)
            await answer
        finally:
            self._of_a_mail = False

    async def _data(self, arg: str | None) -> None:
        if await self.check_helo_needed("LHLO"):
            return
        assert self.envelope is not None
        if arg or not self.envelope.rcpt_tos:
            await self.push("501 Syntax: DATA" if arg else "503 5.5.1 no valid recipients")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        sender, recipients = str(self.envelope.mail_from), tuple(self.envelope.rcpt_tos)
        mail = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by whoever takes it
        try:
            trouble = await self._receive(mail)
        except BaseException:
            mail.close()
            raise
        if trouble:
            mail.close()
            answers = [trouble] * len(recipients)
        else:
            answers = await self._handle(mail, sender, recipients)
        for answer in answers:
            await self.push(answer)
        self._set_rset_state()  # type: ignore[no-untyped-call]
        if self._house.closing:
            self.say_goodbye()

    async def _handle(self, mail: IO[bytes], sender: str, recipients: tuple[str, ...]) -> list[str]:
        """Have the mail taken. However long that lasts, the client is not idle: it waits for us."""
        self.handling = True
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        try:
            return await self._house.take_all(mail, sender, recipients)
        finally:
            self.handling = False
            if self.transport is not None:
                self._reset_timeout()

    async def _receive(self, mail: IO[bytes]) -> str:
        """Read a mail to the line with the dot; gives the reply if it cannot be taken."""
        trouble = ""
        octets = waited_for = 0
        begins = True  # what comes next begins a line
        while True:
            try:
                piece = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as error:
                piece = await self._reader.read(error.consumed)  # of a line that is longer than we read at once
            if begins and piece == b".\r\n":
                return trouble
            octets += len(piece)
            if octets - waited_for > _LINE:
                self._reset_timeout()
                waited_for = octets
            if octets > self._house.max_megabytes * 1024 * 1024:
                trouble = trouble or replies.too_large(self._house.max_megabytes)
            if not trouble:
                try:
                    mail.write(piece[1:] if begins and piece.startswith(b".") else piece)
                except OSError as error:
                    trouble = replies.try_again(error)
            begins = piece.endswith(b"\r\n")
