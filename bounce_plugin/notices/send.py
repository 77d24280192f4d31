"""How do notices get to people? Through an SMTP server, encrypted and checked unless the operator says otherwise."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from bounce_plugin.errors import NoticeError, RefusedError

log = logging.getLogger(__name__)

TIMEOUT: Final = 30.0  # seconds for each answer of the server
SECURITY: Final = ("tls", "starttls", "none")


def _no_password() -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """The server that takes our notices."""

    host: str
    port: int
    security: str = "tls"  # one of SECURITY; "starttls" never falls back to plain text
    user: str = ""  # empty: no sign-in
    password: Callable[[], str] = field(default=_no_password, repr=False)  # asked for at each sign-in
    ca_file: Path | None = None  # trusted beside the system's authorities
    timeout: float = TIMEOUT

    def __post_init__(self) -> None:
        if self.security not in SECURITY:
            raise ValueError(f"security {self.security!r} is none of {', '.join(SECURITY)}")

    def send(self, message: EmailMessage, *, sender: str, to: Sequence[str]) -> None:
        """Hand one mail over, with `sender` as its return path. Raises NoticeError unless all of `to` were accepted.

        A recipient that is refused for good while others are accepted is logged, for to try again would tell the
        others twice.
        """
        with self._signed_in() as client:
            refused = client.send_message(message, from_addr=sender, to_addrs=list(to))
        for address, (code, answer) in refused.items():
            log.error("the notice for %s was refused: %s %r", address, code, answer)

    def check(self) -> None:
        """Connect and sign in, and send nothing. Raises NoticeError."""
        with self._signed_in() as client:
            client.ehlo_or_helo_if_needed()

    @contextmanager
    def _signed_in(self) -> Iterator[smtplib.SMTP]:
        try:
            with self._connected() as client:
                if self.user:
                    client.login(self.user, self.password())
                yield client
        except (OSError, smtplib.SMTPException, ValueError) as error:
            kind = RefusedError if _is_refusal(error) else NoticeError
            # `from None`: the traceback of a failed sign-in would show the password's encoding.
            raise kind(f"mail server {self.host}:{self.port} ({self.security}): {_reason(error)}") from None

    def _connected(self) -> smtplib.SMTP:
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout, context=self._trust())
        client = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        if self.security == "starttls":
            try:
                client.starttls(context=self._trust())
            except BaseException:
                client.close()
                raise
        return client

    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ca_file is not None:
            context.load_verify_locations(self.ca_file)
        return context


def _is_refusal(error: Exception) -> bool:
    """Whether the server wants no mail for any of the recipients, however often it is asked."""
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        return False
    return all(code >= 500 for code, _answer in error.recipients.values())


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        return f"{error.smtp_code} {answer.decode('utf-8', 'replace') if isinstance(answer, bytes) else answer}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{address}: {code} {answer!r}" for address, (code, answer) in error.recipients.items())
    if isinstance(error, UnicodeEncodeError):  # its text would show a part of the password
        return "a user name or password with characters beyond ASCII cannot be used"
    return f"{type(error).__name__}: {error}"
