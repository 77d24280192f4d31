"""How is each mailbox of bounce.toml opened?"""

from __future__ import annotations

from bounce_plugin.mailbox.grants import ClientCredentials, Endpoint, Grant, RefreshToken, ServiceAccount
from bounce_plugin.mailbox.incoming import Mailbox
from bounce_plugin.settings import (
    GoogleOAuth,
    ImapSettings,
    MaildirSettings,
    MboxSettings,
    MicrosoftOAuth,
    OAuthSettings,
    OtherOAuth,
)


def open_mailbox(settings: ImapSettings | MaildirSettings | MboxSettings, *, read_only: bool = False) -> Mailbox:
    """The mailbox that the settings describe, not yet connected; `read_only` for a dry run."""
    match settings:
        case ImapSettings():
            from bounce_plugin.mailbox.imap import ImapMailbox  # each kind is loaded by those who have it
            from bounce_plugin.mailbox.oauth import TokenSource

            oauth = settings.oauth
            return ImapMailbox(
                name=settings.name,
                host=settings.host,
                port=settings.port,
                user=settings.user,
                password=None if oauth else settings.read_password,
                tokens=TokenSource(settings.name, _grant(oauth, settings.user)) if oauth else None,
                security=settings.security,
                ca_file=settings.ca_file,
                inbox=settings.inbox,
                processed=settings.processed,
                review=settings.review,
                dedicated=settings.dedicated,
                read_only=read_only,
            )
        case MaildirSettings():
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
        case MboxSettings():
            from bounce_plugin.mailbox.mbox import MboxMailbox

            return MboxMailbox(
                name=settings.name,
                path=settings.path,
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
