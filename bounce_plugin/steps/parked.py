"""What becomes of a mail that cannot be recorded? It is tried again, and at last put before a person, unread (I-15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bounce_plugin.ledger.attempts import end_attempts
from bounce_plugin.ledger.lease import Lease
from bounce_plugin.ledger.mails import Mail, record_mail
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.mailbox.incoming import Filing, Folder, Incoming, Mailbox
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling, MailOutcome
from bounce_plugin.steps.act import Consequences
from bounce_plugin.steps.unseen import Unseen

WHY: Final = "Reading it has failed three times, or has ended the process: it was put aside unread."


def failed(mail: Incoming, kind: Kind, error: Exception) -> MailOutcome:
    """Word of a mail that stays where it is. Its try stays counted."""
    return MailOutcome(
        mail_id=0,
        mailbox=mail.mailbox,
        kind=kind,
        handling=Handling.FAILED,
        why=f"It could not be recorded: {type(error).__name__}: {error}",
        received_at=mail.received_at,
    )


def park_worn_out(lease: Lease, mailbox: Mailbox, unseen: Unseen, consequences: Consequences) -> Iterator[MailOutcome]:
    """Put each mail before a person that was tried in vain too often."""
    for uid in unseen.worn_out:
        with lease.transaction() as tx:
            outcome = _park(tx, consequences, mailbox, unseen.uidvalidity, uid, lease)
        if outcome:
            yield outcome


def _park(
    tx: Transaction, consequences: Consequences, mailbox: Mailbox, uidvalidity: str, uid: str, lease: Lease
) -> MailOutcome | None:
    """Record a mail without reading it, and have a person look at it. None: it is recorded already.

    It is not fetched: nobody knows what of it does the harm. Where people have their mail, too, it may be private, and
    stays where it is.
    """
    now = lease.clock()
    found = Mail(
        mailbox=mailbox.name,
        folder=Folder.INBOX,
        uidvalidity=uidvalidity,
        uid=uid,
        content_sha256="",  # nobody knows
        size=0,
        received_at=now,
        kind=Kind.OTHER,
        handling=Handling.REVIEW,
        why=WHY,
        target=Folder.REVIEW if mailbox.dedicated and mailbox.filing is Filing.FOLDERS else "",
    )
    mail_id = record_mail(tx, found)
    end_attempts(tx, mailbox.name, uidvalidity, [uid])
    if mail_id is None:
        return None
    outcome = MailOutcome(
        mail_id=mail_id,
        mailbox=mailbox.name,
        kind=Kind.OTHER,
        handling=Handling.REVIEW,
        why=WHY,
        received_at=now,
    )
    consequences.put_before_person(tx, outcome, (), now)
    consequences.announcements.message_handled(tx, outcome, now)
    return outcome
