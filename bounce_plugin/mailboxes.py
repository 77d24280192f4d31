"""How is each mailbox of bounce.toml opened?"""

from __future__ import annotations

from bounce_plugin.mailbox.incoming import Mailbox
from bounce_plugin.settings import ImapSettings, MaildirSettings, MboxSettings


def open_mailbox(settings: ImapSettings | MaildirSettings | MboxSettings, *, read_only: bool = False) -> Mailbox:
    """The mailbox that the settings describe, not yet connected; `read_only` for a dry run."""
    match settings:
        case ImapSettings():
            from bounce_plugin.mailbox.imap import ImapMailbox  # each kind is loaded by those who have it

            return ImapMailbox(
                name=settings.name,
                host=settings.host,
                port=settings.port,
                user=settings.user,
                password=settings.read_password,
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
