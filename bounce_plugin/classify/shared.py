"""What does a failure share with other mail? Where servers of unrelated sites fail alike, the trouble is between us and them.

Our own relay that refuses a connection, or our own resolver that finds nobody, fails for everybody in the report; and
some hosts fail for everybody, even where the report names one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from bounce_plugin.classify.classification import Classification, Reason
from bounce_plugin.classify.providers import Providers
from bounce_plugin.classify.speakers import Setting
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.message.address import are_of_one_site, find_address, find_addresses
from bounce_plugin.message.report import Kind, Report

#: What may lie with the servers on the way.
ON_THE_WAY: Final = frozenset({Reason.UNREACHABLE, Reason.EXPIRED, Reason.ROUTING_LOOP})
#: Before the name of what is shared, in evidence.
RULE: Final = "shared:"
HOST: Final = RULE + "host"
RESOLVER: Final = RULE + "resolver"
NETWORK: Final = RULE + "network"
RELAY: Final = RULE + "relay"
OURS: Final = RULE + "ours"
#: What is held against nobody, by what is shared: with a host also the account that it has suspended, if it names the same
#: for several.
FORGIVEN: Final = {
    HOST: ON_THE_WAY | {Reason.MAILBOX_DISABLED},
    RESOLVER: ON_THE_WAY,
    NETWORK: frozenset({Reason.UNREACHABLE}),
    RELAY: ON_THE_WAY | {Reason.DOMAIN_UNKNOWN},
    OURS: frozenset({Reason.ROUTING_LOOP}),
}

#: What a resolver, or a network, is to blame for.
_NOT_FOUND: Final = frozenset({Reason.UNREACHABLE, Reason.DOMAIN_UNKNOWN})
_LOST: Final = ON_THE_WAY | _NOT_FOUND
_NOTHING: Final[Mapping[int, Setting]] = {}
_NO_NAMES: Final = frozenset(
    {"account", "mailbox", "email", "e-mail", "address", "user", "has", "been", "was", "temporarily", "currently"}
)
_ACCOUNT: Final = re.compile(
    r"\b(?:account|user|customer|konto|compte|cuenta|conta) ['\"<]?([\w.+@-]{3,64})['\">]? (?:is |was |has been )?(?:suspended|disabled|blocked|locked)"
)
#: The host that could not be connected to.
_CONNECTED: Final = re.compile(
    r"\bconnect(?:ion|ed)? (?:to|with) (?:host )?([\w-]{1,63}(?:\.[\w-]{1,63}){1,9})\.?(?:\[[^\]\s]{1,45}\])?",
    re.IGNORECASE,
)
#: Who was asked in vain: a name that was sought and not found, or a host that could not be connected to, its address and port.
_ASKED: Final = re.compile(
    r"(?:\b(?:connect(?:ion|ed)? (?:to|with)|(?:refused|reset|closed|dropped) by|conversation with) (?:host )?|^host (?=\S{1,255} \[)|\b(name=|name server: ))"
    r"([\w-]{1,63}(?:\.[\w-]{1,63}){0,9})?\.?(?: ?\[([^\]\s]{1,45})\])?(?:(?::| port )(\d{2,5})\b)?",
    re.IGNORECASE,
)
#: Ports at which mail is handed in (RFC 8314): no recipient's server is asked there, but our own relay.
_SUBMISSION: Final = frozenset({"587", "465"})
#: That there is no way to a host from here (ENETUNREACH, EHOSTUNREACH).
_UNROUTED: Final = re.compile(r"network is unreachable|no route to host", re.IGNORECASE)
#: How a host is called that hands on whatever mail it gets.
_OF_RELAY: Final = re.compile(r"(?:smtp-?|mail-?)?(?:relay|smarthost|mailout|outbound)\b", re.IGNORECASE)
#: This host itself, and hosts in a network of its own (RFC 1122, 1918, 3927, 4193).
_INSIDE: Final = re.compile(
    r"(?:::ffff:)?(?:127|10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}|::1"
    r"|f[cd][0-9a-f]{2}:[0-9a-f:]{1,40}|localhost(?:\.localdomain)?",
    re.IGNORECASE,
)


class _Asked(NamedTuple):
    """A host, as far as a text tells."""

    sought: str  # not empty: it was not found
    name: str
    address: str = ""
    port: str = ""


def _find_relay(finding: Finding, sites: Sequence[str]) -> Setting | None:
    """Whom all mail of who reports goes through, whomever it is for, where that was not found or not reached.

    It is a submission port of somebody else than the recipient's, a name that is not found and says that it is a relay's, a
    host of one of these sites, which are ours and that of who reports, or one inside. One that answered is none: it told what
    another one said.
    """
    if finding.reply_code:
        return None
    text = finding.diagnostic_code
    asked = [_Asked(*(group or "" for group in found.groups())) for found in _ASKED.finditer(text)]
    for one in asked:
        if _is_relay(one, finding, sites):
            return RELAY, "diagnostic_code", one.name or one.address
    remote = finding.remote_mta.strip("[].")
    if remote and not any(one.name or one.address for one in asked) and "connect" in text.lower():
        inside = remote if _INSIDE.fullmatch(remote) else ""
        if _is_relay(_Asked("", remote, inside), finding, sites):
            return RELAY, "remote_mta", finding.remote_mta
    return None


def _is_relay(asked: _Asked, finding: Finding, sites: Sequence[str]) -> bool:
    """Whether a host is one that mail for anybody goes through, and none of the recipient's."""
    name = asked.name
    domain = finding.recipient.rpartition("@")[2].lower()
    of_customer = f"{domain.replace('.', '-')}."  # so Microsoft begins the name of the host of a customer
    if name and (are_of_one_site(name, domain) or name.lower().startswith(of_customer)):
        return False
    if "." in name and (asked.port in _SUBMISSION or (asked.sought and _OF_RELAY.match(name))):
        return True
    if _INSIDE.fullmatch(asked.address) or _INSIDE.fullmatch(name):  # and not within the recipient's own site
        return not are_of_one_site(finding.reporting_mta, domain)
    return "." in name and any(are_of_one_site(name, site) for site in sites)


def _find_loop(finding: Finding, ours: Sequence[str], report: Report) -> Setting | None:
    """Our own site, where it reports to itself that mail to itself goes round in circles: through our own hosts alone."""
    sites = [*ours, find_address(report.headers.get("from"))]
    if ours and all(are_of_one_site(site, finding.recipient) for site in sites):
        return OURS, "recipient", finding.recipient.rpartition("@")[2]
    return None


def find_shared(
    findings: Sequence[Finding], verdicts: Sequence[Classification], report: Report, providers: Providers
) -> Mapping[int, Setting]:
    """Which findings share their trouble with other mail, by their places, and what they share with it."""
    if len(verdicts) == 1 and verdicts[0].reason not in _LOST:  # as most
        return _NOTHING
    lost = {
        place: findings[place]
        for place, verdict in enumerate(verdicts)
        if verdict.kind is Kind.BOUNCE and verdict.reason in _LOST and findings[place].recipient
    }
    shared: dict[int, Setting] = {}
    if len(findings) > 1:
        shared |= _of_one_account(findings, verdicts) | _at_one_host(lost, verdicts, providers)
        shared |= _of_our_network(findings, verdicts, providers)
    if lost.keys() - shared.keys():
        ours = find_addresses(report.headers.get("to"))
        for place, finding in lost.items():
            if place in shared:
                continue
            if verdicts[place].reason is Reason.ROUTING_LOOP:
                found = _find_loop(finding, ours, report)
            else:
                found = _find_relay(finding, [*ours, finding.reporting_mta])
            if found is not None:
                shared[place] = found
    return shared


def _at_one_host(
    lost: Mapping[int, Finding], verdicts: Sequence[Classification], providers: Providers
) -> dict[int, Setting]:
    """Which findings were lost at one host though their recipients are of other sites, or where one resolver finds nobody."""
    by_host: dict[str, list[int]] = {}
    for place, finding in lost.items():
        connected = _CONNECTED.search(finding.diagnostic_code)
        host = finding.remote_mta or (connected[1] if connected else "")
        if host or "connect" not in finding.diagnostic_code.lower():  # whoever is connected to was found
            by_host.setdefault(host, []).append(place)
    shared: dict[int, Setting] = {}
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
    return shared


def _of_our_network(
    findings: Sequence[Finding], verdicts: Sequence[Classification], providers: Providers
) -> dict[int, Setting]:
    """All findings, where none of several sites could be connected to, a large provider's among them, which is always there."""
    for finding, verdict in zip(findings, verdicts, strict=True):
        if verdict.reason is not Reason.UNREACHABLE or "connect" not in finding.diagnostic_code.lower():
            return {}
    who = [finding.recipient for finding in findings]
    large = next((one for one in who if providers.of_address(one)), "")
    others = [one for one in who if not are_of_one_site(one, large)]
    lost = all(
        _UNROUTED.search(finding.diagnostic_code) for finding in findings
    )  # by whoever tried, to one other as well
    if not large or not others or (not lost and all(are_of_one_site(one, others[0]) for one in others)):
        return {}
    return dict.fromkeys(range(len(findings)), (NETWORK, "recipient", large.rpartition("@")[2]))


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
