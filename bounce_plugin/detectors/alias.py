"""To which address was the mail sent that was passed on to a recipient? Exim says so to people, not in its delivery status."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from bounce_plugin.detectors.finding import Finding
from bounce_plugin.message.address import find_address

_CUE: Final = b"(generated from "
_LINE: Final = re.compile(
    rb"^[ \t]*(?:<([^<>\s]{3,254})>|([^<>\s]{3,254}))[ \t]*\n[ \t]+\(generated from ([^()\s]{3,254})\)", re.MULTILINE
)


def add_aliases(findings: tuple[Finding, ...], text: bytes) -> tuple[Finding, ...]:
    """The findings with the addresses of which Exim's text says that they were generated from them."""
    if _CUE not in text:
        return findings
    aliases = {
        (found[1] or found[2]).decode("utf-8", "replace").lower(): find_address(found[3].decode("utf-8", "replace"))
        for found in _LINE.finditer(text)
    }
    return tuple([_with_alias(finding, aliases.get(finding.recipient.lower(), "")) for finding in findings])


def _with_alias(finding: Finding, alias: str) -> Finding:
    if not alias or alias in (finding.recipient, *finding.other_recipients):
        return finding
    if "@" not in finding.recipient or finding.recipient.startswith("|"):  # a program, or a file
        return replace(finding, recipient=alias, other_recipients=(finding.recipient, *finding.other_recipients))
    return replace(finding, other_recipients=(*finding.other_recipients, alias))
