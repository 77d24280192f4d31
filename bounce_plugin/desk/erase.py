"""What is held of a person, where else does his address stand, and how is he forgotten? (T-23)"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from bounce_plugin.correlate.address import normalise
from bounce_plugin.correlate.correlation import Delivery
from bounce_plugin.errors import MailboxError, NotFoundError, SettingsError
from bounce_plugin.event import BounceEvent
from bounce_plugin.examination import examine
from bounce_plugin.ledger import erase as ledger_erase
from bounce_plugin.ledger.deliveries import deliveries_to
from bounce_plugin.ledger.history import events_of
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.past import acts_of
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.mailboxes import open_mailbox
from bounce_plugin.policy.state import Act
from bounce_plugin.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Everything that the ledger holds of an address."""

    address: str  # in its normal spelling
    spellings: tuple[str, ...]
    events: tuple[BounceEvent, ...]
    acts: tuple[Act, ...]
    deliveries: tuple[Delivery, ...]
    mails: tuple[int, ...]  # the numbers of mails that are kept as they came, and name it


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A mail in a mailbox that names an address, or a mailbox that could not be looked through."""

    mailbox: str
    folder: str = ""
    uid: str = ""
    trouble: str = ""


def look_up(ledger: Ledger, address: str) -> Held:
    """What the ledger holds of an address. `NotFoundError` when it is no single address."""
    with ledger.reading() as tx:
        return _look_up(tx, _normal(address))


def erase(ledger: Ledger, address: str) -> Held:
    """Forget an address, for good: no row and no file of the ledger holds it afterwards. Returns what was held.

    What happened stays, without the person; so does a stop, by the fingerprint: whoever is imported again under this
    address is still not written to. Mails that are kept as they came are removed if they name it, also such as wait
    for a person. `NotFoundError` when it is no single address.
    """
    normal = _normal(address)
    with ledger.transaction() as tx:
        held = _look_up(tx, normal)
        ledger_erase.forget(tx, normal, held.mails)
    ledger.scrub()
    return held


def look_through(settings: Settings, address: str) -> Iterator[Trace]:
    """The mails in all folders of all mailboxes that name an address. Nothing is changed, and no mail is marked as seen.

    Every mail there is fetched, which takes its time.
    """
    normal = _normal(address)
    for mailbox_settings in settings.mailboxes:
        try:
            with open_mailbox(mailbox_settings, read_only=True) as mailbox:
                for folder in (Folder.INBOX, Folder.PROCESSED, Folder.REVIEW):
                    for mail in mailbox.fetch(folder, mailbox.listing(folder).uids):
                        if names(mail.raw, normal):
                            yield Trace(mailbox=mailbox.name, folder=folder, uid=mail.uid)
        except (MailboxError, SettingsError) as error:
            yield Trace(mailbox=mailbox_settings.name, trouble=str(error))


def names(raw: bytes, address: str) -> bool:
    """Whether a mail names an address, given in its normal spelling: as it stands, quoted, as VERP and SRS have it, or encoded.

    Not whether it names another one that ends alike: `joanna@…` is not `anna@…`.
    """
    naming = _naming(address)
    if naming.search(raw.decode("utf-8", "surrogateescape").lower()):
        return True
    examination = examine(raw)
    recipients = (name for finding in examination.findings for name in (finding.recipient, *finding.other_recipients))
    return naming.search(examination.report.passage.whole.lower()) is not None or address in map(normalise, recipients)


def _naming(address: str) -> re.Pattern[str]:
    local, _, domain = (re.escape(part) for part in address.rpartition("@"))
    begin = r"(?:(?<!\w)(?<!\w[.+-])|(?<==[0-9a-f][0-9a-f]))"  # or after what quoted-printable has encoded
    ways = (f"{begin}{local}@{domain}", f'"{local}"@{domain}', rf"(?<!\w){local}={domain}", f"={domain}={local}@")
    return re.compile("|".join(ways))


def _look_up(tx: Transaction, normal: str) -> Held:
    return Held(
        address=normal,
        spellings=ledger_erase.spellings(tx, normal),
        events=events_of(tx, normal),
        acts=acts_of(tx, normal),
        deliveries=deliveries_to(tx, normal),
        mails=tuple(ledger_erase.mails_kept(tx, partial(names, address=normal))),
    )


def _normal(address: str) -> str:
    normal = normalise(address)
    if not normal:
        raise NotFoundError(f"{address!r} is no single address")
    return normal
