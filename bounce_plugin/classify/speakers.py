"""Whose words are a refusal? The providers whose own wordings and codes apply to it."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from bounce_plugin.classify.phrasebook import Reading
from bounce_plugin.classify.providers import Providers
from bounce_plugin.classify.quoting import SPAN
from bounce_plugin.detectors.finding import Finding

#: Evidence that speaks for no reason: its rule, field and span.
Setting: TypeAlias = tuple[str, str, str]
#: With these Microsoft refuses what its own customer sends, whoever the recipient is.
_OF_OUR_TENANT: Final = re.compile(r"5\.(?:1\.(?:8|90)|7\.(?:60|23[2-6]|7[0-5]\d))")


def find_providers(finding: Finding, reading: Reading, known: Providers) -> dict[str, Setting]:
    """The providers whose wording applies, each with what says how it was recognised."""
    remote = finding.remote_mta
    found: dict[str, Setting] = {}
    by_host = known.of_host(remote) if remote else ""
    if by_host:
        found[by_host] = _provider(by_host, "remote_mta", remote)
    for token in reading.tokens:
        name = known.tokens[token]
        if name not in found:
            found[name] = _named(name, " ".join(token), finding.recipient, known)
    if by_host:
        return found
    for word in reading.names:
        if (name := known.of_host(word)) and name not in found:
            found[name] = _named(name, word, finding.recipient, known)
    if found or remote:
        return found
    if name := known.of_address(finding.recipient):
        found[name] = _provider(name, "recipient", finding.recipient.rpartition("@")[2])
    ours = not found or (finding.status is not None and _OF_OUR_TENANT.fullmatch(str(finding.status)))
    if ours and finding.reporting_mta and (name := known.of_host(finding.reporting_mta)) and name not in found:
        found[name] = _provider(name, "reporting_mta", finding.reporting_mta)
    return found


def _named(name: str, words: str, recipient: str, known: Providers) -> Setting:
    """The provider that the refusal names; its own mailbox is so by the recipient's domain."""
    if known.of_address(recipient) == name:
        return _provider(name, "recipient", recipient.rpartition("@")[2])
    return _provider(name, "diagnostic_code", words)


def _provider(name: str, field: str, span: str) -> Setting:
    return f"provider:{name}", field, span[:SPAN]
