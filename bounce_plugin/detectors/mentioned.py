"""Whom does a text name in the middle of a sentence, a label or a session as having failed?

For the many small servers that write one line: `Unknown user: addr`, `There was an error delivering your mail to
<addr>.`, `Recipient: [SMTP:addr]`, `Sent <<< RCPT TO:<addr>`; and for those that name it in a header only.
"""

from __future__ import annotations

from typing import Final

from bounce_plugin.detectors.build import build_finding
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.message.address import find_addresses

NAME: Final = "mentioned"

# In front of the address that failed, best first, lower case.
_CUES: Final = (
    "rcpt to:", "final-recipient:", "recipient address:", "original address:", "error-for:", "undeliverable address:", "target mail address:",
    "intended recipient:", "recipient:", "could not be delivered to", "not be delivered to", "unable to deliver", "delivering your mail to",
    "deliver mail to", "deliver your message to", "delivered to", "was not delivered to", "following recipient", "did not reach", "delivery to",
    "message to", "mail to", "e-mail to", "email to", "user:", "userid:", "allowed size:", "attempts:", "is full:", "mailbox", "addressed to", "addressed,", "user",
    "recipient", "address", "to:",
)  # fmt: skip


def detect(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`."""
    found: dict[str, int] = {}
    position = 0
    for line in notice.lines:
        if "@" in line:
            for address in find_addresses(line):
                if address.lower() not in notice.ours:
                    found.setdefault(address, position)
        position += len(line) + 1
    if not found:
        return ()
    lower = notice.lower
    for cue in _CUES:
        hits = [
            a
            for a, at in found.items()
            if cue in lower[max(0, at - 120) : lower.find(a.lower(), at) if a.lower() in lower else at + 200]
        ]
        if hits:
            return tuple(_finding(notice, address, found[address], len(hits)) for address in hits)
    return ()


def _finding(notice: Notice, address: str, at: int, count: int) -> Finding:
    text = notice.text if count == 1 else notice.text[at : at + 400].split("\n\n", 1)[0]
    return build_finding(notice, address, text, detector=NAME, confidence=0.7)
