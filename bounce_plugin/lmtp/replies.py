"""What is a mail server answered for each recipient? 250 once the mail is ours, otherwise that it should try again."""

from __future__ import annotations

import errno
import logging
from typing import Final

from bounce_plugin.errors import BounceError
from bounce_plugin.intake import Intake
from bounce_plugin.mailbox.arrival import Envelope, Source
from bounce_plugin.outcome import MailOutcome

log = logging.getLogger(__name__)

#: Never a 5: what is handed to us are bounces, and a mail server that may not try again throws them away.
TAKEN_BEFORE: Final = "250 2.0.0 taken before"
TOO_MANY_CONNECTIONS: Final = "421 4.3.2 too many connections, try again later"
TOO_MANY_RECIPIENTS: Final = "452 4.5.3 too many recipients, send the mail to the others once more"
CLOSING: Final = "421 4.3.2 closing down, try again later"

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LONGEST: Final = 200  # characters of an error that a reply repeats: a line has 512 octets


def take(intake: Intake, source: Source, envelope: Envelope) -> str:
    """Take one mail in for one recipient, and give the reply."""
    try:
        outcome = intake.take(source, envelope)
    except Exception as error:  # whatever it is, the mail must not be lost
        if isinstance(error, BounceError):
            log.warning("a mail for %s was not taken: %s", envelope.recipient, error)
        else:
            log.exception("a mail for %s was not taken", envelope.recipient)
        return try_again(error)
    return TAKEN_BEFORE if outcome is None else _taken(outcome)


def try_again(error: BaseException) -> str:
    """The reply to a mail that could not be taken: 452 where there is no room for it, 451 otherwise."""
    cause = error if isinstance(error, OSError) else error.__cause__
    full = isinstance(cause, OSError) and cause.errno in _FULL
    return f"{'452 4.3.1' if full else '451 4.3.0'} {_on_one_line(str(error) or type(error).__name__)}"


def too_large(megabytes: int) -> str:
    """The reply to a mail over the cap."""
    return f"452 4.3.4 larger than {megabytes} MB: raise lmtp.max_megabytes"


def _taken(outcome: MailOutcome) -> str:
    return f"250 2.0.0 mail {outcome.mail_id} in {_on_one_line(outcome.mailbox)}: {outcome.kind}, {outcome.handling}"


def _on_one_line(text: str) -> str:
    """Plain text for a reply, whatever a mail or a database has put into it."""
    return "".join(char if " " <= char <= "~" else "?" for char in " ".join(text.split()))[:_LONGEST]
