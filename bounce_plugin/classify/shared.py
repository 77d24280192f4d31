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
from bounce_plugin.message.address import are_of_one_site, find_address
from bounce_plugin.message.report import Kind, Report

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
#: Who was asked in vain, by name, address and port: a host that could not be connected to, or a name that was not found.
_ASKED: Final = re.compile(
    r"(?:\b(?:connect(?:ion|ed)? (?:to|with)|(?:refused|reset|closed|dropped) by|conversation with|host) (?:host )?|\bname=)"
    r"([\w-]{1,63}(?:\.[\w-]{1,63}){0,9})?\.?(?: ?\[([^\]\s]{1,45})\])?(?:(?::| port )(\d{2,5})\b)?",
    re.IGNORECASE,
)
_VAIN: Final = ("onnect", "name=", "onversation")
#: This host itself, and hosts in a network of its own (RFC 1122, 1918, 4193): no address depends on them alone.
_INSIDE: Final = re.compile(
    r"127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|::1$|f[cd][0-9a-f]{2}:|localhost(?:\.localdomain)?$",
    re.IGNORECASE,
)


def find_relay(finding: Finding, report: Report) -> Setting | None:
    """Whom all mail of who reports goes through, whomever it is for, and who could not be connected to.

    That is a submission port of somebody else than the recipient's, a host of who reports or of ours, or one inside.
    A host that answered is none: it told what another one said.
    """
    text = finding.diagnostic_code
    if finding.reply_code:
        return None
    remote = finding.remote_mta.strip("[].")
    if remote and _is_on_this_side(remote, finding, report):
        return RELAY, "remote_mta", finding.remote_mta
    if not any([word in text for word in _VAIN]):  # noqa: C419 - a generator is slow
        return None
    for asked in _ASKED.finditer(text):
        name, address, port = asked[1] or "", asked[2] or "", asked[3] or ""
        at_submission = port in _SUBMISSION and not are_of_one_site(name, finding.recipient)
        if "." in name and at_submission:
            return RELAY, "diagnostic_code", name
        if _INSIDE.match(address) or (name and _is_on_this_side(name, finding, report)):
            return RELAY, "diagnostic_code", name or address
    return None


def _is_on_this_side(host: str, finding: Finding, report: Report) -> bool:
    """Whether a host is inside, or of the site of who reports or of ours, and not of the recipient's."""
    if _INSIDE.match(host):
        return True
    if "." not in host or are_of_one_site(host, finding.recipient):
        return False
    return are_of_one_site(host, finding.reporting_mta) or are_of_one_site(host, find_address(report.headers.get("to")))


def find_shared(
    findings: Sequence[Finding], verdicts: Sequence[Classification], report: Report, providers: Providers
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
    return shared | {
        place: relay for place, one in enumerate(findings) if (relay := find_relay(one, report)) is not None
    }


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
