"""How does an IMAP server learn who we are? By a password, or by an access token (RFC 7628, and XOAUTH2)."""

from __future__ import annotations

import base64
import imaplib
import json
import ssl
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Final

from imap_tools.errors import ImapToolsError

from bounce_plugin.errors import MailboxError, SignInError
from bounce_plugin.mailbox import spoken
from bounce_plugin.mailbox.oauth import TokenSource
from bounce_plugin.mailbox.reach import loopback
from bounce_plugin.mailbox.wire import Connection, Security

_TEMPORARY: Final = ("[UNAVAILABLE]", "[INUSE]", "[SERVERBUG]", "[LIMIT]")  # a refusal that is not our secret's fault
#: The standard first: Microsoft has only the other one, which is Google's from before there was a standard.
_MECHANISMS: Final = ("OAUTHBEARER", "XOAUTH2")
#: What ends the exchange when the server has told why it refuses us (RFC 7628, section 3.2.3); else it waits for ever.
_GIVE_UP: Final = {"OAUTHBEARER": b"\x01", "XOAUTH2": b""}

_CHALLENGES: Final = 3  # an invitation, and the reason of a refusal; more means nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where a mailbox is, and how we get in. A secret is asked for when it is needed, and not kept."""

    name: str
    host: str
    port: int
    security: Security
    ca_file: Path | None
    timeout: float
    user: str
    password: Callable[[], str] = field(repr=False)
    stop: Event  # set: we are to end soon, whatever the server still has to say
    tokens: TokenSource | None = None  # instead of a password

    @property
    def called(self) -> str:
        """The mailbox, for messages."""
        return f"mailbox {self.name!r} at {self.host}:{self.port}"

    def make_context(self) -> ssl.SSLContext | None:
        """How the server proves who it is; None where nothing is protected."""
        if self.security == "none":
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)  # a file instead of the system's store
        except OSError as error:
            raise MailboxError(f"{self.called}: cannot read ca_file {self.ca_file}: {spoken.reason(error)}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def distrust(self, error: ssl.SSLCertVerificationError) -> MailboxError:
        """The error for a server that did not prove it."""
        return MailboxError(
            f"{self.called}: its certificate is not trusted: {error.verify_message}; "
            f"name the issuer's certificate in `ca_file`, or the host as the certificate does"
        )


def travels_openly(access: Access) -> Iterator[str]:
    """The complaint that what we say and hear can be read by others on its way, if so."""
    if access.security == "none" and not loopback(access.host):
        secret = "password" if access.tokens is None else "access token"
        yield (
            f"mailbox {access.name!r}: {secret} and mail travel in the clear to {access.host}: "
            f"set security to tls or starttls"
        )


def sign_in(connection: Connection, access: Access) -> None:
    """Sign in. Raises MailboxError; SignInError where the server refuses us."""
    if access.tokens is not None:
        _by_token(connection, access, access.tokens)
    else:
        _by_password(connection, access, access.password())


def _by_password(connection: Connection, access: Access, password: str) -> None:
    user, capabilities = access.user, connection.guards.capabilities
    if any(character in user + password for character in "\r\n\0"):
        raise SignInError(f"{access.called}: the user or the password contains a line break or a NUL")
    plain = "AUTH=PLAIN" in capabilities
    if "LOGINDISABLED" in capabilities and not plain:
        raise MailboxError(f"{access.called}: it lets nobody sign in without TLS; set `security`")
    try:
        if (user + password).isascii() and "LOGINDISABLED" not in capabilities:
            connection.login(user, password, initial_folder=None)
        else:
            connection.login_utf8(user, password, initial_folder=None)
    except (imaplib.IMAP4.error, ImapToolsError, OSError) as error:
        failed, words = _read_refusal(error, [password])
    else:
        return
    # Outside, so that no traceback leads to the command that we sent.
    if failed:
        raise MailboxError(f"{access.called}: cannot sign in as {user!r}: {words}")
    raise SignInError(f"{access.called}: refuses user {user!r}: {words}")


def _by_token(connection: Connection, access: Access, tokens: TokenSource) -> None:
    """A token that we had already may have been revoked since: then once more, with a new one."""
    offered = [name for name in _MECHANISMS if f"AUTH={name}" in connection.guards.capabilities]
    if not offered:
        raise MailboxError(
            f"{access.called}: it takes no access tokens (neither OAUTHBEARER nor XOAUTH2): "
            "correct `host`, or sign in by password"
        )
    if any(not character.isprintable() for character in access.user):
        raise SignInError(f"{access.called}: the user contains a control character")
    held = tokens.held
    refusal = _present(connection, offered[0], access, tokens.get())
    if refusal is not None:
        tokens.forget()
        if held:
            refusal = _present(connection, offered[0], access, tokens.get())
    if refusal is not None:
        tokens.forget()
        raise SignInError(
            f"{access.called}: refuses the access token for user {access.user!r}: {refusal}: {tokens.remedy}"
        )


def _present(connection: Connection, mechanism: str, access: Access, token: str) -> str | None:
    """Show a token; None when it is accepted, or else the server's words. Raises MailboxError when it cannot say."""
    first, challenges = _first_message(mechanism, access, token), list[bytes]()

    def answer(challenge: bytes) -> bytes:
        challenges.append(challenge)
        if len(challenges) > _CHALLENGES:
            raise connection.guards.abort("the server asks for more without end")
        return first if len(challenges) == 1 else _GIVE_UP[mechanism]

    try:
        connection.guards.authenticate(mechanism, answer)
    except (imaplib.IMAP4.error, ImapToolsError, OSError) as error:
        encoded = base64.b64encode(first).decode("ascii")
        failed, words = _read_refusal(error, [encoded, token])
    else:
        return None
    words = f"{words}{_status(challenges[1:])}"
    if failed:
        raise MailboxError(f"{access.called}: cannot sign in as {access.user!r}: {words}")
    return words


def _first_message(mechanism: str, access: Access, token: str) -> bytes:
    if mechanism == "XOAUTH2":
        return f"user={access.user}\x01auth=Bearer {token}\x01\x01".encode()
    name = access.user.replace("=", "=3D").replace(",", "=2C")  # RFC 5801, section 4
    return f"n,a={name},\x01host={access.host}\x01port={access.port}\x01auth=Bearer {token}\x01\x01".encode()


def _status(challenges: Iterable[bytes]) -> str:
    """The reason in the server's challenge: a number or a word, and nothing else that may stand there."""
    for challenge in challenges:
        try:
            status = json.loads(challenge)["status"]
        except (ValueError, RecursionError, KeyError, TypeError):
            continue
        if isinstance(status, str) and len(status) < 30 and status.replace("_", "").isalnum():
            return f" (status {status})"
    return ""


def _read_refusal(error: Exception, secrets: Iterable[str]) -> tuple[bool, str]:
    """Whether it was no refusal, but a failure; and the words, without our secrets: some servers quote a command."""
    words = spoken.reason(error)
    failed = isinstance(error, (imaplib.IMAP4.abort, OSError)) or words.upper().startswith(_TEMPORARY)
    for secret in secrets:
        if secret:
            words = words.replace(secret, "***")
    return failed, words
