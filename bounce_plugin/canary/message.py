"""What does a canary look like as a mail, and by what is it known when it comes back?"""

from __future__ import annotations

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from bounce_plugin.correlate.address import normalise
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.examination import Examination

#: For the reports of those who give a mail another Message-ID when they send it on, as Amazon SES does.
HEADER: Final = "X-Bounce-Plugin-Canary"
_MESSAGE_ID: Final = re.compile(r"canary\.([0-9a-f]{32})@")
_TOKEN: Final = re.compile(r"[0-9a-f]{32}")

SUBJECT: Final = "A test whether bounces arrive"
TEXT: Final = """\
This mail was sent by a program (bounce-plugin), to see whether a mail that
cannot be delivered is reported back. It went to

    {address}

because there should be no mailbox of that name.

Should you be reading it, there is one after all. Nothing needs to be done;
but if you tell {sender}, no more of these mails will come.
"""


def build_message(token: str, *, address: str, sender: str, now: datetime) -> EmailMessage:
    """Write the mail. No machine answers it (RFC 3834, section 5); that it cannot be delivered, it shall report.

    So `X-Auto-Response-Suppress`, by which Exchange asks what not to send, must not say `All` or `NDR`; and with
    `Precedence: bulk` sendmail would return no message with its report.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(addr_spec=sender)
    message["To"] = Address(addr_spec=address)
    message["Subject"] = SUBJECT
    message["Date"] = now
    message["Message-ID"] = f"<canary.{token}@{normalise(sender).rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "DR, RN, NRN, OOF, AutoReply"
    message[HEADER] = token
    message.set_content(TEXT.format(address=address, sender=sender))
    return message


def read_token(examination: Examination, clues: Clues) -> tuple[str, bool]:
    """The token of the canary that a report names, or empty; and whether it names any message at all."""
    returned = examination.report.returned
    names = [name for name in (clues.message_id, *clues.references) if name]
    for name in names:
        if found := _MESSAGE_ID.match(name.lower()):
            return found[1], True
    header = returned.headers.get(HEADER).strip().lower() if returned else ""
    return (header if _TOKEN.fullmatch(header) else ""), bool(names)
