"""How is each mailbox of bounce.toml opened?"""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from bounce_plugin.mailbox.grants import ClientCredentials, Endpoint, Grant, RefreshToken, ServiceAccount
from bounce_plugin.mailbox.incoming import Mailbox
from bounce_plugin.settings import (
    GoogleOAuth,
    ImapSettings,
    MailboxSettings,
    MaildirSettings,
    MboxSettings,
    MicrosoftOAuth,
    OAuthSettings,
    OtherOAuth,
    Pop3Settings,
)

if TYPE_CHECKING:
    from bounce_plugin.mailbox.maildir import MaildirMailbox
    from bounce_plugin.mailbox.oauth import TokenSource


def open_tokens(settings: MailboxSettings) -> TokenSource | None:
    """Where the mailbox has its access tokens from; None where it needs none. Nothing is asked yet."""
    if not isinstance(settings, ImapSettings) or settings.oauth is None:
        return None
    from bounce_plugin.mailbox.oauth import TokenSource  # loaded by those who need it

    return TokenSource(settings.name, _grant(settings.oauth, settings.user))


def open_mailbox(
    settings: MailboxSettings,
    *,
    read_only: bool = False,
    tokens: TokenSource | None = None,
    stop: Event | None = None,
) -> Mailbox:
    """The mailbox that the settings describe, not yet connected; `read_only` for a dry run.

    `tokens` are those of `open_tokens`, to use a token again that was fetched already. Once `stop` is set, nothing is waited for
    that may never come.
    """
    match settings:
        case ImapSettings():
            from bounce_plugin.mailbox.imap import ImapMailbox  # each kind is loaded by those who have it

            return ImapMailbox(
                name=settings.name,
                host=settings.host,
                port=settings.port,
                user=settings.user,
                password=settings.read_password,
                tokens=tokens or open_tokens(settings),
                security=settings.security,
                ca_file=settings.ca_file,
                inbox=settings.inbox,
                processed=settings.processed,
                review=settings.review,
                dedicated=settings.dedicated,
                read_only=read_only,
                stop=stop,
            )
        case Pop3Settings():
            from bounce_plugin.mailbox.pop3 import Pop3Mailbox

            return Pop3Mailbox(
                name=settings.name,
                host=settings.host,
                port=settings.port,
                user=settings.user,
                password=settings.read_password,
                security=settings.security,
                ca_file=settings.ca_file,
                delete=settings.delete,
                dedicated=settings.dedicated,
                read_only=read_only,
                stop=stop,
            )
        case MaildirSettings():
            return open_maildir(settings, read_only=read_only)
        case MboxSettings():
            from bounce_plugin.mailbox.mbox import MboxMailbox

            return MboxMailbox(
                name=settings.name,
                path=settings.path,
                processed=settings.processed,
                review=settings.review,
                dedicated=settings.dedicated,
                read_only=read_only,
                stop=stop,
            )


def open_maildir(settings: MaildirSettings, *, read_only: bool = False) -> MaildirMailbox:
    """The same of a Maildir, which can be delivered to."""
    from bounce_plugin.mailbox.maildir import MaildirMailbox

    return MaildirMailbox(
        name=settings.name,
        path=settings.path,
        inbox=settings.inbox,
        processed=settings.processed,
        review=settings.review,
        dedicated=settings.dedicated,
        read_only=read_only,
    )


def _grant(settings: OAuthSettings, user: str) -> Grant:
    """By what right the settings ask for a token."""
    match settings:
        case MicrosoftOAuth():
            certificate = settings.has_certificate
            return ClientCredentials(
                endpoint=_endpoint(settings),
                client_id=settings.client_id,
                secret=settings.read_certificate if certificate else settings.read_client_secret,
                by_certificate=certificate,
            )
        case GoogleOAuth(client_id=None):
            return ServiceAccount(endpoint=_endpoint(settings), user=user, key=settings.read_service_account)
        case OtherOAuth(grant="client_credentials"):
            return ClientCredentials(
                endpoint=_endpoint(settings),
                client_id=settings.client_id,
                secret=settings.read_client_secret,
                in_body=False,
            )
        case GoogleOAuth() | OtherOAuth():
            return RefreshToken(
                endpoint=_endpoint(settings),
                client_id=settings.client_id or "",
                secret=settings.read_client_secret,
                refresh_token=settings.read_refresh_token,
                in_body=isinstance(settings, GoogleOAuth),
            )


def _endpoint(settings: OAuthSettings) -> Endpoint:
    return Endpoint(
        provider=settings.provider, token_url=settings.token_url, ca_file=settings.ca_file, scope=settings.scope
    )
