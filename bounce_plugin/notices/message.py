"""What does a notice look like as a mail? Built from parts, so that nothing in it can become a header (T-12)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from bounce_plugin.notices.kind import NoticeKind
from bounce_plugin.notices.render import Rendered, visible

LONGEST_SUBJECT: Final = 200  # characters
LOOP_HEADER: Final = "X-Bounce-Plugin-Notice"
_OURS: Final = "bounce-plugin-notice."


def build_message(
    rendered: Rendered, *, kind: NoticeKind, sender: str, to: Sequence[str], language: str, now: datetime
) -> EmailMessage:
    """Put a notice into a mail: text and HTML, and headers by which no machine answers it (RFC 3834, section 5)."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(addr_spec=sender)
    message["To"] = [Address(addr_spec=address) for address in to]
    message["Subject"] = _subject(rendered.subject)
    message["Date"] = now
    message["Message-ID"] = f"<{_OURS}{uuid.uuid4().hex}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Precedence"] = "bulk"
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = language
    message[LOOP_HEADER] = kind.value
    message.set_content(rendered.text, cte="quoted-printable")
    message.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    return message


def is_notice(message_id: str) -> bool:
    """Whether a returned message is a notice of ours: its bounce must not lead to another notice (T-15)."""
    return message_id.strip("<> ").startswith(_OURS)


def _subject(text: str) -> str:
    # `email` would decode an encoded-word in what it is given, and write the line ends hidden in it as line ends.
    line = re.sub(r"\s+", " ", visible(text)).strip().replace("=?", "= ?")
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"
