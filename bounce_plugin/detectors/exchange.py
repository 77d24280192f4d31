"""Whom does Exchange name where it writes no delivery status? Its section for administrators, in all its languages.

    Diagnostic information for administrators:
    Generating server: mbx1.example.org
    a@example.org
    #550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##rfc822;a@example.org

Older: `a@example.org on Thu, 29 Apr 2010`, beneath it the reason and MSEXCH:IMS:…; `<server #5.1.1>`. The words around
are translated; the tokens and the shape are not, so only those are read.
"""

from __future__ import annotations

import re
from typing import Final

from bounce_plugin.detectors.build import build_finding
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.message.address import find_address

NAME: Final = "exchange"

_REPLY: Final = re.compile(
    r"#[ \t]{0,3}<?[ \t]?#?([45]\d\d[ -][^\n]{0,1000}|#?[45]\.\d{1,3}\.\d{1,3} [^\n]{0,1000})|returned[ \t]+['\"]?(<?[^\n]{0,100}[45]\d\d[ -][^\n]{0,1000})"
)
#: How the line beneath an address begins that gives its reply; both are left in English.
_REPLIES: Final = ("\n#5", "\n#4", "\nRemote Server returned ")
_BARE: Final = re.compile(r"[ \t]*<?([^\s<>@]{1,128}@[^\s<>@]{1,255})>?[ \t]*$")


def detect(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`."""
    lower = notice.lower
    start = _server_line(notice.text)
    if "generating server" in lower:
        start = max(lower.rfind("generating server"), start)
    if start < 0:
        return ()
    findings: dict[str, Finding] = {}
    address, words = "", ""
    for line in [*notice.text[start:].split("\n"), "end@of.text"]:
        bare = _BARE.match(line)
        if bare:
            if address and words.strip():
                finding = build_finding(notice, address, _refusal(words), detector=NAME, confidence=0.95)
                findings.setdefault(address.lower(), finding)
            address, words = find_address(bare[1]), ""
        elif address:
            words += line + "\n"
    return tuple(findings.values())


def _refusal(words: str) -> str:
    """The reply of the host that refused: of several attempts the one that says more than that time was up."""
    found = [(match[1] or match[2]).strip(" '\"") for match in _REPLY.finditer(words)]
    return next((reply for reply in found if "expired" not in reply.lower()), found[0] if found else words.strip())


def _server_line(text: str) -> int:
    """Where a line in another language names the generating server: the address and its reply stand beneath."""
    at = next((found for beginning in _REPLIES if (found := text.find(beginning)) >= 0), -1)
    if at < 0:
        return -1
    above = text.rfind("\n", 0, at)
    return text.rfind("\n", 0, above) + 1 if above > 0 else 0
