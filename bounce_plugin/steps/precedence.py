"""Which mails are handled first, where very many wait? Those that came to a return path that we signed (T-04).

A flood of reports that nothing proves may bring a hundred thousand mails; ours among them must not wait behind them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from bounce_plugin.correlate.clues import read_clues
from bounce_plugin.correlate.seal import Seal
from bounce_plugin.errors import MailboxError
from bounce_plugin.ledger.lease import Lease
from bounce_plugin.mailbox.incoming import Folder, Mailbox
from bounce_plugin.message.read import read_report
from bounce_plugin.steps.unseen import BATCH, Unseen, find_unseen

log = logging.getLogger(__name__)

#: Mails that are handled until the inbox is looked at again: what is signed and came meanwhile does not wait for all.
MOST: Final = 10_000
_ANY_DAY: Final = datetime(2020, 1, 1, tzinfo=UTC)  # whether a mark is of these days is decided when the mail is read


def looks(lease: Lease, mailbox: Mailbox, seal: Seal | None) -> Iterator[Unseen]:
    """The mails that are to be handled; where they are very many, those of several looks at the inbox, one by one."""
    more = True
    while more:
        unseen = signed_first(mailbox, find_unseen(lease, mailbox), seal)
        more = unseen.more
        yield unseen


def signed_first(mailbox: Mailbox, unseen: Unseen, seal: Seal | None) -> Unseen:
    """These mails, the signed ones first where more than a batch waits; with `more`, only the first of them."""
    new = unseen.new
    if seal is None or len(new) <= BATCH:
        return unseen
    try:
        signed = frozenset(_signed(mailbox, new, seal))
    except MailboxError as error:  # not every server searches well; without it the mails come in their order
        log.warning("it cannot be told which mails of mailbox %s are signed: %s", mailbox.name, error)
        return unseen
    new = (*(uid for uid in new if uid in signed), *(uid for uid in new if uid not in signed))
    if len(new) <= MOST:
        return replace(unseen, new=new)
    return replace(unseen, new=new[:MOST], tried=(), more=True)


def _signed(mailbox: Mailbox, uids: Sequence[str], seal: Seal) -> Iterator[str]:
    for uid, head in mailbox.heads(Folder.INBOX, uids, seal.words):
        try:
            proof = seal.inspect(read_clues(read_report(head)), _ANY_DAY).proof
        except Exception:  # whatever it holds, it is handled in its turn
            log.debug("the head of mail %s of mailbox %s could not be read", uid, mailbox.name, exc_info=True)
            continue
        if proof is not None:
            yield uid
