"""Which recipients does a delivery status part name (RFC 3464)? Several blocks are several findings (D-01)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bounce_plugin.detectors.finding import NO_STAGE, Finding
from bounce_plugin.detectors.reply import find_reply, read_stage, read_status
from bounce_plugin.detectors.stage import SUCCESSES, find_stage, text_around
from bounce_plugin.message.address import decode_xtext, read_recipient
from bounce_plugin.message.report import Action, DeliveryStatus, RecipientStatus, Report
from bounce_plugin.message.status import EnhancedStatus

NAME: Final = "delivery_status"

_GIVEN_UP: Final = ("expired", "given up", "giving up", "could not be delivered", "returned to sender", "too long")


def detect(report: Report, status: DeliveryStatus) -> tuple[Finding, ...]:
    """One finding for each recipient; `Detector`s are asked only for what the delivery status leaves to the text."""
    if len(status.recipients) == 1:
        return (_finding(report, status, status.recipients[0], alone=True),)
    findings: dict[str, Finding] = {}
    for number, recipient in enumerate(status.recipients):
        finding = _finding(report, status, recipient, alone=False)
        key = finding.recipient.lower() or str(number)
        findings[key] = _stronger(findings[key], finding) if key in findings else finding
    return tuple(findings.values())


def _stronger(one: Finding, other: Finding) -> Finding:
    """Of two blocks for one recipient (a loop, two hosts) the final one, and of two such the one that says more."""
    if (one.action is Action.FAILED) != (other.action is Action.FAILED):
        return one if one.action is Action.FAILED else other
    return other if other.diagnostic_code and not one.diagnostic_code else one


def _finding(report: Report, whole: DeliveryStatus, said: RecipientStatus, *, alone: bool) -> Finding:
    names = _names(said)
    words = said.diagnostic_code
    action = said.action or _infer_action(report, said.status)
    code, quoted, stage = "", None, NO_STAGE
    if words:
        reply = _last_reply(words) if " -> " in words else words
        found = find_reply(reply)
        code = found[1] if found else ""
        quoted = read_status(found, reply)
        stage = read_stage(words.lower())
        if alone and not stage and names and not _says_little(action, words, said.diagnostic_type, code):
            # Here and not in `add_stages`, because a frozen finding costs more to change than to make.
            stage = find_stage(names[0], words, action, text_around(report))
    return Finding(
        recipient=names[0] if names else "",
        other_recipients=names[1:],
        action=action,
        status=most_specific(said.status, quoted),
        reply_code=code,
        diagnostic_code=words,
        diagnostic_type=said.diagnostic_type,
        stage=stage,
        remote_mta=said.remote_mta,
        reporting_mta=whole.reporting_mta,
        detector=NAME,
    )


def _last_reply(words: str) -> str:
    """What the host itself had said, where Microsoft puts words of its own before it: `550 5.4.300 Message expired -> 452 4.2.2 …`."""
    _, arrow, inner = words.partition(" -> ")
    return inner if arrow and inner[:1] in "245" and find_reply(inner) else words


def _names(said: RecipientStatus) -> tuple[str, ...]:
    """The names of a recipient, the final one first, each once."""
    final, original, actual = said.final_recipient, said.original_recipient, said.actual_recipient
    if final and (not original or original == final) and (not actual or actual == final) and "+" not in original:
        return (final,)  # as nearly always
    named_within = "." not in final.partition("@")[2] or final.lower().startswith("imcea")
    if original and named_within and "." in original.partition("@")[2]:
        # Oracle's server names its own channel, ann@ims-ms-daemon, CommuniGate a user, Exchange an entry of its directory.
        final, original = original, final
    # The original one comes first, since mostly it is decoded already (D-24).
    decoded = read_recipient(decode_xtext(original)) if "+" in original else ""
    return tuple(dict.fromkeys(filter(None, (final, original, actual, decoded))))


def is_complete(findings: tuple[Finding, ...]) -> bool:
    """Whether every recipient has a name and the words of the host that refused it, or needs none."""
    for one in findings:
        if not one.recipient or _says_little(one.action, one.diagnostic_code, one.diagnostic_type, one.reply_code):
            return False
    return True


def _says_little(action: Action, words: str, kind: str, code: str) -> bool:
    """Whether the words are missing, a program's, or only that time was up: then the text may quote the host's own."""
    if action in SUCCESSES:
        return False
    return not words or (kind == "x-unix" and not code) or "queue.expired" in words.lower()


def complete(findings: tuple[Finding, ...], spoken: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings with what only the text says: OpenSMTPD and sendmail leave the reply, some the recipient there."""
    if not spoken:
        return findings
    by_name = {name.lower(): one for one in spoken for name in (one.recipient, *one.other_recipients)}
    return tuple(_with(finding, by_name, spoken if len(findings) == 1 else ()) for finding in findings)


def _with(finding: Finding, by_name: dict[str, Finding], spoken: tuple[Finding, ...]) -> Finding:
    names = (finding.recipient, *finding.other_recipients)
    said = next((by_name[name.lower()] for name in names if name.lower() in by_name), None)
    if said is None and len(spoken) == 1:
        said = spoken[0]
    if said is None:
        return finding
    words = finding.diagnostic_code or said.diagnostic_code
    if "queue.expired" in words.lower() and said.reply_code and "expired" not in said.diagnostic_code.lower():
        return replace(finding, status=said.status, reply_code=said.reply_code, diagnostic_code=said.diagnostic_code)
    return replace(
        finding,
        recipient=finding.recipient or said.recipient,
        action=Action.FAILED if _expired(finding, words) else finding.action,
        status=finding.status if finding.diagnostic_code else most_specific(finding.status, said.status),
        reply_code=finding.reply_code or said.reply_code,
        diagnostic_code=words,
        stage=finding.stage or said.stage,
        remote_mta=finding.remote_mta or said.remote_mta,
    )


def _expired(finding: Finding, words: str) -> bool:
    """OpenSMTPD calls it a delay when it gives up at the end of the queue's lifetime (D-02)."""
    return finding.action is Action.DELAYED and words.lower().startswith("envelope expired")


def most_specific(field: EnhancedStatus | None, quoted: EnhancedStatus | None) -> EnhancedStatus | None:
    """The Status field, unless the remote host's own reply says more (D-11)."""
    if field is None or (quoted is not None and not quoted.generic):
        return quoted
    return field


def _infer_action(report: Report, status: EnhancedStatus | None) -> Action:
    """An Action that is missing follows the class of the status; class 4 is a delay unless it was given up (D-03)."""
    if status is not None and status.class_ == 2:
        return Action.DELIVERED
    if status is not None and status.class_ == 5:
        return Action.FAILED
    words = f"{report.headers.get('subject')} {report.text}".lower()
    return Action.FAILED if any(phrase in words for phrase in _GIVEN_UP) else Action.DELAYED
