"""Which recipients does a text list line by line, and what does it say beneath each?

This is how most generators write, whatever their language: qmail (`<addr>:`), Exim (an indented address, its reason
indented further), Postfix without a delivery status, Yahoo, GMX, 1&1, Gmail, OpenSMTPD (`addr: reply`), Domino, Zoho,
Mimecast, m-FILTER, Exchange 5.5 (`addr on date`) and their many clones. What counts is the shape of the lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from bounce_plugin.detectors.build import build_finding
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.notice import Notice, is_plain
from bounce_plugin.detectors.reply import find_reply, quote_found
from bounce_plugin.detectors.wording import TROUBLE, is_contact
from bounce_plugin.detectors.wrapped import goes_on_from, indent
from bounce_plugin.message.address import find_address, find_addresses, read_recipient
from bounce_plugin.message.report import Action

NAME: Final = "listed"

_ADDRESS: Final = r"[^\s\"<>()\[\],;:@\\]{1,128}@[^\s\"'<>()\[\],;:@\\/|]{1,255}"
# The whole line is an address, or it ends with a colon: bullets, quotes, brackets and a display name may surround it.
_BULLET: Final = r"(?![ \t]*[245]\d\d[ -])[ \t]*(?:[-*>•·=#]{1,4}[ \t]*)?"
_DISPLAY_NAME: Final = r"""(?:"[^"\n]{0,80}"[ \t]*(?=<)|[^<>@:\n]{1,60}[ \t](?=<))?"""
_ONLY: Final = (
    rf"""[<"'\[(]{{0,2}}(?i:smtp:|mailto:|rfc822;[ ]?)?({_ADDRESS})[>"'\])]{{0,2}}"""
    rf"""(?:[ \t]*[<(\[](?i:mailto:|smtp:)?{_ADDRESS}[>)\]])?[ \t]*(?:\(([^\n]{{3,254}})\))?(?::[ \t]*(.*)|[,;.]?|[\[(]([^\]\n]*)[\])])$"""
)
_ALONE: Final = re.compile(_BULLET + _DISPLAY_NAME + _ONLY)
_ALONE_NAMELESS: Final = re.compile(_BULLET + _ONLY)  # the same for lines without a `<`, and faster
# It begins with an address, and words about it follow: `addr Invalid Address, ERROR_CODE :550`, `addr on Thu, 29 Apr`.
_LEADING: Final = re.compile(
    rf"""[ \t]*(?:[-*•]{{1,3}}[ \t]+)?[<"'\[]?({_ADDRESS})[>"'\]]?[:,;]?[ \t]+[-–]?[ \t]*(\S.*)$"""
)
_CODED: Final = re.compile(r"[45]\d\d[ -]")  # what follows an address is its own, even in the line below a table's head
#: Behind these an address goes on with what is said of another.
_WITHIN: Final = ("to:", "from:", "said:")
#: Whose message it was: amavis names its sender beside whom it was sent to.
_FROM_US: Final = "from you <"
#: What smail writes above its list: `|---- Failed addresses follow: ----|`.
_HEAD: Final = re.compile(r"\|?-{3,80}[ ]?[^\n-]{3,80}follow:?[ ]?-{3,80}\|?$", re.IGNORECASE)
_GENERATED: Final = re.compile(
    r"(?:generated|expanded|originally addressed|forwarded) (?:from|by|to):?[ \t]*(.{3,254}?)\)?$", re.I
)
#: A reply by which a host took the message for this recipient, beside others that failed (RFC 5321, section 4.2.3).
_ACCEPTED: Final = re.compile(
    r"(?<![\d.])250[ -](?:2\.\d\.\d\b|(?:mail )?ok\b|queued|accepted|message accepted)", re.IGNORECASE
)
_DATE: Final = re.compile(r"on \w{3}, \d{1,2} \w{3} \d{4}[^\n]{0,20}$")


@dataclass(slots=True)
class _Entry:
    """One recipient and the lines that follow it."""

    address: str
    lines: list[str]  # what its line says beside it, and the lines beneath
    headed: bool  # its line stands above what is said of it, as in `<addr>:`
    apart: bool  # nothing stands before it in its paragraph
    place: int  # the number of its line

    @property
    def told(self) -> bool:
        return bool("".join(self.lines).strip())


def detect(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`."""
    for pattern, confidence in ((_ALONE, 0.9), (_LEADING, 0.8)):
        preface, entries = _read(notice, pattern)
        if entries and not _is_only_asked(notice, entries):
            return _findings(notice, preface, entries, confidence)
    return ()


def detect_ours(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`. For those who write to themselves: the recipient that failed is the one that is told."""
    if notice.bounced_twice:
        return ()
    preface, entries = _read(notice, _ALONE, even_ours=True)
    if _is_only_asked(notice, entries):
        return ()
    return _findings(notice, preface, entries, 0.7)


def _read(notice: Notice, pattern: re.Pattern[str], *, even_ours: bool = False) -> tuple[list[str], list[_Entry]]:
    """The lines above the first recipient, and the recipients with theirs; only lines with an @ are looked at."""
    lines = notice.lines
    entries: list[_Entry] = []
    first = taken = 0
    for number in notice.places:
        line = lines[number]
        found = (_ALONE_NAMELESS if pattern is _ALONE and "<" not in line else pattern).match(line)
        if not found:
            continue
        address = found[1] if is_plain(found[1]) else read_recipient(found[1])
        if 0 <= line.find(_FROM_US) < found.start(1):
            continue
        if not address or (not even_ours and notice.is_ours(address)):
            continue
        if entries:
            entries[-1].lines += lines[taken:number]
            taken = number
            if goes_on_from(
                entries[-1].lines, entries[-1].address, lines[entries[-1].place], line, address
            ) or _is_within(entries[-1], line):
                continue
            if _goes_with(entries[-1], line, lines[number - 1]):
                continue
        elif pattern is _LEADING and number and not _CODED.match(found[2]) and _goes_on(lines[number - 1]):
            continue
        else:
            first = number
        aside, *said = found.groups()[1:]  # in parentheses; GroupWise has nothing else
        rest = next(filter(None, (*said, aside)), "")
        apart = (number == 0 or not lines[number - 1]) and line.lstrip(" \t<").startswith(address)
        entries.append(_Entry(address, [rest], headed=_is_headed(line), apart=apart, place=number))
        taken = number + 1
    if not entries:
        return [], entries
    entries[-1].lines += lines[taken:]
    if len(entries) > 1:
        _read_captions(lines, entries)
    return lines[:first], _without_contacts(notice, entries)


def _read_captions(lines: list[str], entries: list[_Entry]) -> None:
    """Give each recipient the reason above it, where all have one, and nothing beneath: Notes writes so, and who groups them."""
    places = {entry.place for entry in entries}
    captions: list[list[str]] = []
    last = 0
    for entry in entries:
        if entry.lines[0] or (
            entry.place + 1 < len(lines) and lines[entry.place + 1].strip() and entry.place + 1 not in places
        ):
            return
        begin = entry.place
        while begin and begin - 1 not in places and lines[begin - 1].strip():
            begin -= 1
        if captions and any(line.strip() for line in lines[last:begin]):
            return
        last = entry.place + 1
        above = lines[begin : entry.place]
        captions.append(above or (captions[-1] if captions and entry.place - 1 in places else []))
    tells = [_tells_why("\n".join(one)) for one in (*captions, lines[last:])]
    if all(tells[:-1]) and not tells[-1] and any(caption != captions[0] for caption in captions):
        for entry, caption in zip(entries, captions, strict=True):
            entry.lines = ["", *caption]


def _tells_why(text: str) -> bool:
    return TROUBLE.stand_in(text.lower()) or find_reply(text) is not None


def _goes_with(entry: _Entry, line: str, above: str) -> bool:
    """Whether a line that names somebody is said of the entry above it, which has a line of its own."""
    return entry.headed and above != "" and not line.lstrip().startswith("<")


def _is_headed(line: str) -> bool:
    """Whether a line stands above what is said of its address, as qmail writes; what follows at once is about that alone."""
    return line.rstrip().endswith(">:")


def _goes_on(above: str) -> bool:
    """Whether a line is likely to go on in the next one."""
    return bool(above.strip()) and not above.endswith(":") and not _HEAD.match(above)


def _is_within(entry: _Entry, line: str) -> bool:
    """Whether an address that is indented like the line above it belongs to what that entry says."""
    if line[:1] not in " \t" or len(entry.lines) < 2 or not entry.told:
        return False  # or nothing stands between them
    above = entry.lines[-1]
    if above.endswith(":") and indent(above) < indent(line) and not above.lower().endswith(_WITHIN):
        return False  # it heads the next ones
    return bool(above.strip()) and indent(line) >= indent(above)


def _is_asked(notice: Notice, entry: _Entry) -> bool:
    return not entry.apart and entry.address.lower() in notice.asked


def _is_only_asked(notice: Notice, entries: list[_Entry]) -> bool:
    """Whether the one address with a line of its own is one to ask, beside another that the text names elsewhere."""
    return (
        len(entries) == 1
        and not entries[0].headed
        and len(notice.places) > 1
        and _is_asked(notice, entries[0])
        and any(not notice.is_ours(one) and one not in notice.asked for one in find_addresses(notice.lower))
    )


def _without_contacts(notice: Notice, entries: list[_Entry]) -> list[_Entry]:
    """Without those whom the text only tells to ask, unless nobody else is left."""
    if len(entries) == 1 and not notice.named:
        return entries
    named = {address.lower() for address in notice.named}
    kept = [
        entry
        for entry in entries
        if entry.headed
        or not (is_contact(entry.address) or _is_asked(notice, entry))
        or entry.address.lower() in named
        or find_reply("\n".join(entry.lines))
    ]
    if not kept:
        return entries
    if named and not any(entry.address.lower() in named for entry in kept):  # an alias: then its reply stands beneath
        kept = [entry for entry in kept if find_reply("\n".join(entry.lines))]
    return kept


def _findings(notice: Notice, preface: list[str], entries: list[_Entry], confidence: float) -> tuple[Finding, ...]:
    if len(entries) == 1:  # as mostly
        return (
            _finding(notice, entries[0], _diagnostic(entries[0].lines if entries[0].told else [], preface), confidence),
        )
    seen: dict[str, _Entry] = {}
    for entry in entries:  # a text in two languages says everything twice
        first = seen.setdefault(entry.address.lower(), entry)
        if first is not entry and _says_more(entry, first):
            first.lines = entry.lines
    shared: list[str] = []
    diagnostics: dict[str, str] = {}
    for key, entry in reversed(seen.items()):  # addresses in a row share the words beneath the last of them
        if entry.told:
            shared = entry.lines
        diagnostics[key] = _diagnostic(entry.lines if entry.told else shared, preface)
    found = tuple([_finding(notice, entry, diagnostics[key], confidence) for key, entry in seen.items()])
    taken = [not one.reply_code and _ACCEPTED.search(one.diagnostic_code) is not None for one in found]
    if any(taken) and not all(taken):
        return tuple(
            [replace(one, action=Action.DELIVERED) if own else one for one, own in zip(found, taken, strict=True)]
        )
    return found


def _says_more(entry: _Entry, first: _Entry) -> bool:
    """Whether a recipient that is named again is named with the words, or with the reply, that were missing before."""
    if not first.told:
        return True
    return find_reply("\n".join(first.lines)) is None and find_reply("\n".join(entry.lines)) is not None


def _finding(notice: Notice, entry: _Entry, diagnostic: str, confidence: float) -> Finding:
    generated = [_GENERATED.search(line.strip()) for line in entry.lines[:3] if "@" in line and "d " in line]
    others = tuple([find_address(found[1]) for found in generated if found])
    return build_finding(notice, entry.address, diagnostic, detector=NAME, confidence=confidence, others=others)


def _diagnostic(lines: list[str], preface: list[str]) -> str:
    """The paragraph beneath a recipient; where there is none, all that follows; where that says nothing, what precedes."""
    dated = lines and "on " in lines[0] and _DATE.fullmatch(lines[0].strip())
    body = ["", *lines[1:]] if dated else lines
    text = "\n".join(body).strip("\n")
    paragraph = text.split("\n\n", 1)[0] if body and body[0].strip() else ""
    if not paragraph and text and body and not body[0].strip():
        following = "\n".join(body[1:])
        paragraph = following.split("\n\n", 1)[0] if following and not following.startswith("\n") else ""
    if paragraph and (len(text) - len(paragraph) > 2000 or find_reply(paragraph)):
        return paragraph
    if found := find_reply(text):
        return quote_found(found, text)
    if paragraph or not preface:
        return paragraph or text
    above = "\n".join(preface)
    found = find_reply(above)
    return quote_found(found, above) if found else (text or _last_paragraph(above))


def _last_paragraph(text: str) -> str:
    return text.strip().rpartition("\n\n")[2]
