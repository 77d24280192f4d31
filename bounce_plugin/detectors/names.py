"""Whom does a host list by name alone? Hosts that know their own users need no address for them."""

from __future__ import annotations

import re
from typing import Final

from bounce_plugin.detectors.build import build_finding
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.notice import Notice

NAME: Final = "listed"  # as in the verdicts of old: it was part of that room

_NAME_ALONE: Final = re.compile(r"[ \t]+([A-Za-z][A-Za-z0-9._-]{1,63})(?:[ \t]*$|[ \t]{2,}(\S.*)$|[ \t](?=\")(.*)$)")
#: A file of ours that somebody does not take is no user of theirs.
_FILE: Final = re.compile(
    r"\.(?:do[ct][mx]?|xls[bmx]?|pp[st][mx]?|pdf|rtf|zip|rar|7z|exe|com|js|vbs|scr|bat|html?|iso|img|lnk|eml|jar)$",
    re.I,
)
#: Under these heads log summaries list what was refused.
_COMMANDS: Final = frozenset({"connect", "helo", "ehlo", "mail", "rcpt", "data", "end-of-message", "end-of-data"})


def detect(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`. A user stands beneath a line with a colon."""
    above = ""
    for number, line in enumerate(notice.lines):
        found = _NAME_ALONE.match(line) if above.endswith((":", "-----")) else None
        if found and not notice.named and not _FILE.search(found[1]) and found[1].lower() not in _COMMANDS:
            words = "\n".join((found[2] or found[3] or "", *notice.lines[:number], *notice.lines[number + 1 :]))
            whole = next((one for one in notice.addressed if one.partition("@")[0].lower() == found[1].lower()), "")
            others = (found[1],) if whole else ()
            return (build_finding(notice, whole or found[1], words, detector=NAME, confidence=0.6, others=others),)
        above = line.strip() or above
    return ()
