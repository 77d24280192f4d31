"""Whom did sendmail fail to reach, and what was said in its session? Versions 5 to 8, and the many that write like it.

    ----- The following addresses had permanent fatal errors -----
    <a@example.org>
        (reason: 550 5.1.1 User unknown)
        (expanded from: <b@example.org>)

    ----- Transcript of session follows -----
    ... while talking to mx.example.org.:
    >>> RCPT To:<a@example.org>
    <<< 550 5.1.1 <a@example.org>... User unknown
    550 5.1.1 <a@example.org>... User unknown

`>>> DATA` may be shown although RCPT was refused: commands are pipelined. Whose address a reply names, that one it refuses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from bounce_plugin.detectors.build import build_finding
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.message import limits
from bounce_plugin.message.address import find_address, find_addresses, find_whole
from bounce_plugin.message.report import Action

NAME: Final = "transcript"

_SESSION: Final = re.compile(">>>|--> ")  # for so few characters the regex engine is ten times as fast as `in`
_SECTION: Final = re.compile(r"[ \t]*+-{3,}+[ \t|]*+([^\n-].{3,89}?)[ \t|]*+-{3,}+$")
_NO_WORDS: Final = "This is a MIME-encapsulated message"
_NOTE: Final = re.compile(r"[ \t]+\((reason|expanded from|originally addressed to):[ \t]*(.*)$")
_REMARK: Final = re.compile(r"[ \t]+\((?=[^()\n]*[245]\d\d )(.*?)\)?$")  # IceWarp: (Permanent failure - 552 5.2.2 …)
_STAMPED: Final = r"[^<>\n]{0,40}"  # MDaemon, hMailServer: `Wed 2025-10-22 10:17:03: <-- 550 5.1.1 …`
_COMMAND: Final = re.compile(rf"(?:[ \t]*(?:>>>|Sent <<<|Sent:)|{_STAMPED}--> )[ \t]*(\S.*)$")
_REPLY: Final = re.compile(rf"(?:[ \t]*(?:<<<|Received >>>|Received:(?= [245]\d\d))|{_STAMPED}<-- )[ \t]*(\S.*)$")
_NAMED: Final = re.compile(r"[ \t]*failed address(?:es)?:[ \t]*(\S.*)$", re.IGNORECASE)  # MDaemon, above its session
_LOCAL: Final = re.compile(
    r"[ \t]*+(?:([245]\d\d)[ -](?:[245]\.\d{1,3}\.\d{1,3} )?)?[ \t]*+<?([^\s<>]{1,254}@[^\s<>]{1,255}?|\S{1,64}?)>?[ \t]?\.\.\.[ \t]*(\S.*)$"
)
_CODED: Final = re.compile(r"[45]\d\d[ -]")  # "554 <a@b>... 550 Host unknown": the inner one is the reply
_ADDRESSES: Final = ("following address", "addresses had")
_SUCCESSES: Final = ("successful", "delivered", "relayed")
_DELAYS: Final = ("transient", "delayed", "still", "warning")
_FAILURES: Final = "permanent fatal errors"
_AFTERTHOUGHT: Final = re.compile(
    r"[245]\d\d[ -](?:5\.[05]\.\d )?(?:error: )?(?:need rcpt|no valid recipients|no recipients|bad sequence)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Failed:
    """One recipient of the list of addresses."""

    address: str
    reason: str = ""
    others: list[str] = field(default_factory=list)
    action: Action | None = None


def detect(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`."""
    lower = notice.lower
    if "transcript of session" not in lower and "addresses had" not in lower and not _SESSION.search(lower):
        return ()
    failed, session = _read(notice.lines)
    spoken = _spoken(session, lower)
    if not failed:
        failed = [
            _Failed(address=address) for address in _named_in(session, spoken, notice) or _refused_in(spoken, notice)
        ]
    answers = _read_answers(spoken)
    # What is said of one that is listed is no refusal of the message, even after DATA: it concerns no other.
    listed = [one.address.lower() for one in failed if one.address]
    general = [answer for answer in answers if not any(map(answer.is_about, listed))]
    alone = len(failed) == 1
    return tuple(
        build_finding(
            notice,
            one.address,
            _words_about(one, session, spoken, answers, answers if alone else general, alone=alone),
            detector=NAME,
            confidence=0.95,
            others=tuple(one.others),
            action=one.action,
        )
        for one in failed[: limits.RECIPIENTS + 1]
    )


def _read(lines: list[str]) -> tuple[list[_Failed], list[str]]:
    """The list of addresses, and the lines of the session."""
    failed: list[_Failed] = []
    session: list[str] = []
    listing, action = False, None
    for line in lines:
        section = _SECTION.match(line) if "---" in line else None
        if section:
            title = section[1].lower()
            listing = any(words in title for words in _ADDRESSES)
            action = _action_of(title)
        elif listing and (note := _NOTE.match(line)) and failed:
            _take_note(failed[-1], note[1], note[2].rstrip(")"))
        elif listing and failed and not failed[-1].reason and (remark := _REMARK.match(line)):
            failed[-1].reason = remark[1]
        elif listing and line.strip():
            _take_address(failed, line, action)
        elif not listing:
            session.append(line)
    once: dict[str, _Failed] = {}
    for one in failed:  # a report may be shown twice
        if one.address:
            once.setdefault(one.address.lower(), one)
    return list(once.values()), session


def _action_of(title: str) -> Action | None:
    if any(words in title for words in _SUCCESSES) and "problem" not in title and "unsuccessful" not in title:
        return Action.DELIVERED
    if any(words in title for words in _DELAYS):
        return Action.DELAYED
    return Action.FAILED if _FAILURES in title else None


def _take_note(one: _Failed, what: str, words: str) -> None:
    if what == "reason":
        one.reason = words
    else:
        address = find_address(words)
        one.others.append(address)
        one.address = one.address or address


def _take_address(failed: list[_Failed], line: str, action: Action | None) -> None:
    """An address, or what sendmail delivers to instead: a program or a file, known by a note beneath."""
    if failed and line[:1] in " \t" and failed[-1].reason and not find_address(line):
        failed[-1].reason += " " + line.strip().rstrip(")")
        return
    program = line.strip().startswith(('"|', "|", "/", '"/'))
    address = "" if program else find_address(line)
    rest = line.strip().partition(" ")[2] if address else ""
    if address or program or not failed:
        failed.append(
            _Failed(address=address, action=action, reason=rest.strip("[]() ") if rest and "@" not in rest else "")
        )


def _spoken(session: list[str], lower: str) -> list[str]:
    """The lines of a session that can match any of the patterns, for speed: most lines of a text are no session."""
    talking = "while talking to" in lower
    return [
        line
        for line in session
        if ">>>" in line
        or "<<<" in line
        or "--> " in line
        or "<-- " in line
        or "..." in line
        or "Sent" in line
        or "Received" in line
        or (talking and "while talking to" in line.lower())
    ]


def _named_in(session: list[str], spoken: list[str], notice: Notice) -> list[str]:
    """Whom a report names as failed; in its session others may be refused, to whom reports of their own go.

    Nobody where the session asks for none of them: then it goes by other names, which the refusals have.
    """
    named: list[str] = []
    goes_on = False
    for line in session:
        found = _NAMED.match(line) if "ailed address" in line else None
        if found is not None or (goes_on and line[:1] in (" ", "\t") and not _COMMAND.match(line)):
            named.append((found[1] if found else line).partition("(")[0])
        goes_on = found is not None or (goes_on and line[:1] in " \t" and "@" in line)
    addresses = dict.fromkeys(address for one in named for address in find_addresses(one))
    return [one for one in addresses if not notice.is_ours(one) and _was_asked_for(one.lower(), spoken)]


def _refused_in(session: list[str], notice: Notice) -> list[str]:
    """Whom a session without a list of addresses shows to have been refused."""
    found: dict[str, None] = {}
    asked = ""
    for line in session:
        if command := _COMMAND.match(line):
            asked = find_address(command[1]) if command[1].lower().startswith("rcpt") else ""
        elif reply := _REPLY.match(line):
            if asked and reply[1][:1] in "45":
                found[asked] = None
        elif (
            "..." in line
            and (local := _LOCAL.match(line))
            and (local[1] or "")[:1] != "2"
            and (address := find_address(local[2]))
        ):
            found[address] = None
    return [address for address in found if not notice.is_ours(address)]


def _words_about(
    one: _Failed, session: list[str], spoken: list[str], answers: list[_Answer], general: list[_Answer], *, alone: bool
) -> str:
    """What the remote host said about this recipient, or about all, else the reason noted, else sendmail's own line."""
    about = [answer for answer in answers if answer.is_about(one.address.lower())]
    own, coded = _own_line(one.address.lower(), spoken, alone=alone)
    if not about and not coded and (alone or not one.reason):
        others = not alone or _was_asked_for(one.address.lower(), spoken)  # what RCPT got, they got
        about = [answer for answer in general if not (others and answer.command.lower().startswith("rcpt"))]
    if about:
        first, *rest = about
        return "\n".join([f"{first.host}>>> {first.command}", first.reply, *(answer.reply for answer in rest)])
    if own and not _CODED.match(one.reason):
        return own
    if one.reason or own or not alone:
        return one.reason or own
    if _was_asked_for(one.address.lower(), spoken):  # and what came then says nothing of others
        session = _behind_own_rcpt(one.address.lower(), session)
    return "\n".join(line for line in session if line.strip()).replace(_NO_WORDS, "").strip()[-500:]


def _was_asked_for(address: str, session: list[str]) -> bool:
    """Whether the session has a RCPT of this recipient's own."""
    commands = (found[1].lower() for line in session if (found := _COMMAND.match(line)))
    return address != "" and any(one.startswith("rcpt") and find_whole(one, address) >= 0 for one in commands)


def _behind_own_rcpt(address: str, session: list[str]) -> list[str]:
    """What a session says from the RCPT of this recipient on, without those of others and the replies to them."""
    left: list[str] = []
    taken = others = False
    for line in session:
        if command := _COMMAND.match(line):
            rcpt = command[1].lower().startswith("rcpt")
            others = rcpt and find_whole(command[1].lower(), address) < 0
            taken = taken or (rcpt and not others)
        if taken and not others:
            left.append(line)
    return left


@dataclass(slots=True)
class _Answer:
    """What a host said to a command, where it was no consent."""

    host: str
    command: str
    reply: str
    owners: list[str] = field(default_factory=list)  # of whom sendmail says in the next lines that they failed

    def is_about(self, address: str) -> bool:
        """Whether it refuses this recipient: the reply names it, or the command or sendmail itself did."""
        command = self.command.lower()
        if address in self.owners or find_whole(self.reply.lower(), address) >= 0:
            return True
        return command.startswith("rcpt") and find_whole(command, address) >= 0


def _read_answers(session: list[str]) -> list[_Answer]:
    answers: list[_Answer] = []
    host = command = ""
    fresh = False
    for line in session:
        local = _LOCAL.match(line) if fresh and "..." in line else None
        if local and (local[1] or "")[:1] == answers[-1].reply[:1]:
            answers[-1].owners.append(local[2].lower())
            continue
        fresh = False
        if found := _COMMAND.match(line):
            command = found[1]
        elif found := _REPLY.match(line):
            reply = found[1]
            if reply[:1] not in "45" or _AFTERTHOUGHT.match(reply):
                continue
            if answers and answers[-1].command == command and answers[-1].reply[:3] == reply[:3]:
                answers[-1].reply += f"\n{reply}"
            else:
                answers.append(_Answer(host, command, reply))
            fresh = True
        elif "while talking to" in line.lower():
            host, command = line.strip() + "\n", ""
    return answers


def _own_line(address: str, session: list[str], *, alone: bool) -> tuple[str, bool]:
    """Sendmail's own line about a recipient, and whether it quotes a reply: `554 <a@b>... 550 Host unknown`."""
    for line in session:
        found = _LOCAL.match(line) if "..." in line else None
        if found and (alone or found[2].lower() in (address, address.partition("@")[0])):
            coded = _CODED.match(found[3]) is not None
            return (found[3] if coded else line.strip()), coded
    return "", False
