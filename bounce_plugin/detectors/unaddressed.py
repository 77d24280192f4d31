"""What failed for somebody whom a report names by no address? By the name that it gives; the return path may tell who it is.

Blackwell, Roy on Mon, 22 May 2000 17:40:02 +0100          Exchange 5.5 to 2003, by the entry of its directory
    The recipient name is not recognized
        < mail.firm.example #5.1.1>
library,WestLynne (The name was not found at the remote site.)          FirstClass
"""

from __future__ import annotations

import re
from typing import Final

from bounce_plugin.detectors.build import build_finding
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.notice import Notice

NAME: Final = "unaddressed"

#: What no person writes: Exchange's code behind its host, its mark in front of its own code, FirstClass's sentence.
_MARK: Final = re.compile(
    r"^[ \t]*<[ \t]?[\w.-]{1,253} #[45]\.\d{1,3}\.\d{1,3}[^\n>]{0,200}>|\bMSEXCH:|\(The name was not found at ",
    re.MULTILINE,
)
#: Behind the name stands when, in the words of the server's language, or why.
_NAMED: Final = re.compile(
    r"[ \t]{0,40}+(\S[^\n@]{0,99}?)[ \t]{1,4}(?:\(|\w{2,3} (?:\w{2,4}\.?, )?\d[^\n]{3,40}(?:\n|$))"
)


def detect(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`."""
    found = _MARK.search(notice.text)
    if found is None:
        return ()
    start = notice.text.rfind("\n\n", 0, found.start())
    end = notice.text.find("\n\n", found.end())
    words = notice.text[start + 2 if start >= 0 else 0 : end if end >= 0 else None]
    named = _NAMED.match(words)
    return (build_finding(notice, named[1] if named else "", words.strip(), detector=NAME, confidence=0.5),)
