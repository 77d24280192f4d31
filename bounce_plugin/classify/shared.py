"""What do several recipients of one report share? Where servers of unrelated sites fail alike, the trouble is between us and them.

Our own relay that refuses a connection, or our own resolver that finds nobody, fails for everybody in the report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from bounce_plugin.classify.classification import Classification, Reason
from bounce_plugin.classify.providers import Providers
from bounce_plugin.classify.steps import Setting
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.message.address import are_of_one_site
from bounce_plugin.message.report import Kind

#: What may lie with the servers on the way.
ON_THE_WAY: Final = frozenset({Reason.UNREACHABLE, Reason.EXPIRED, Reason.ROUTING_LOOP})
#: Before the name of what is shared, in evidence.
RULE: Final = "shared:"
HOST: Final = RULE + "host"
RESOLVER: Final = RULE + "resolver"
RELAY: Final = RULE + "relay"
#: What is held against nobody, by what is shared: with a host also the account that it has suspended, if it names the same
#: for several.
FORGIVEN: Final = {
    HOST: ON_THE_WAY | {Reason.MAILBOX_DISABLED},
    RESOLVER: ON_THE_WAY,
    RELAY: ON_THE_WAY | {Reason.DOMAIN_UNKNOWN},
}

#: What a resolver, or a network, is to blame for.
_NOT_FOUND: Final = frozenset({Reason.UNREACHABLE, Reason.DOMAIN_UNKNOWN})
_LOST: Final = ON_THE_WAY | _NOT_FOUND
_NO_NAMES: Final = frozenset(
    {"account", "mailbox", "email", "e-mail", "address", "user", "has", "been", "was", "temporarily", "currently"}
)
_ACCOUNT: Final = re.compile(
    r"\b(?:account|user|customer|konto|compte|cuenta|conta) ['\"<]?([\w.+@-]{3,64})['\">]? (?:is |was |has been )?(?:suspended|disabled|blocked|locked)"
)
#: The host that could not be connected to, and the port.
_CONNECTED: Final = re.compile(
    r"\bconnect(?:ion|ed)? (?:to|with) (?:host )?([\w-]{1,63}(?:\.[\w-]{1,63}){1,9})\.?(?:\[[^\]\s]{1,45}\])?(?:(?::| port )(\d{2,5})\b)?",
    re.IGNORECASE,
)
#: Ports at which mail is handed in (RFC 8314): no recipient's server is asked there, but our own relay.
_SUBMISSION: Final = frozenset({"587", "465"})


def find_relay(finding: Finding) -> Setting | None:
    """The relay of our own that could not be connected to; all mail shares it, whomever it is for."""
    text = finding.diagnostic_code
    if finding.reply_code or not ("587" in text or "465" in text):
        return None
    for connected in _CONNECTED.finditer(text):
        if connected[2] in _SUBMISSION and not are_of_one_site(connected[1], finding.recipient):
            return RELAY, "diagnostic_code", connected[1]
    return None


def find_shared(
    findings: Sequence[Finding], verdicts: Sequence[Classification], providers: Providers
) -> Mapping[int, Setting]:
    """Which findings share their trouble with those of other sites, by their places, and what they share."""
    lost = {
        place: findings[place]
        for place, verdict in enumerate(verdicts)
        if verdict.kind is Kind.BOUNCE and verdict.reason in _LOST and findings[place].recipient
    }
    by_host: dict[str, list[int]] = {}
    for place, finding in lost.items():
        connected = _CONNECTED.search(finding.diagnostic_code)
        host = finding.remote_mta or (connected[1] if connected else "")
        if host or "connect" not in finding.diagnostic_code.lower():  # whoever is connected to was found
            by_host.setdefault(host, []).append(place)
    shared = _of_one_account(findings, verdicts)
    for host, places in by_host.items():
        alike = [place for place in places if verdicts[place].reason in (ON_THE_WAY if host else _NOT_FOUND)]
        who = [lost[place].recipient for place in alike]
        if all(are_of_one_site(who[0], one) for one in who):
            continue
        if not host:
            known = next((one for one in who if providers.of_address(one)), "")
            if known:
                shared |= dict.fromkeys(alike, (RESOLVER, "recipient", known.rpartition("@")[2]))
        elif not any(are_of_one_site(host, one) for one in who):
            shared |= {
                place: (HOST, "remote_mta" if lost[place].remote_mta else "diagnostic_code", host) for place in alike
            }
    return shared | {place: relay for place, one in enumerate(findings) if (relay := find_relay(one)) is not None}


def _of_one_account(findings: Sequence[Finding], verdicts: Sequence[Classification]) -> dict[int, Setting]:
    """Which findings are of an account that one host names alike for recipients of other sites: it is none of theirs."""
    by_account: dict[tuple[str, str], list[int]] = {}
    for place, verdict in enumerate(verdicts):
        finding = findings[place]
        if verdict.reason is not Reason.MAILBOX_DISABLED or not finding.remote_mta:
            continue
        found = _ACCOUNT.search(finding.diagnostic_code.lower())
        if found and found[1] not in _NO_NAMES and found[1] not in finding.recipient.lower():
            by_account.setdefault((finding.remote_mta, found[1]), []).append(place)
    return {
        place: (HOST, "remote_mta", host)
        for (host, _), places in by_account.items()
        if any(not are_of_one_site(findings[places[0]].recipient, findings[one].recipient) for one in places)
        for place in places
    }
