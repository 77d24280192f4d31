"""What failed for those whom a report names by no address?

    Blackwell, Roy on Mon, 22 May 2000 17:40:02 +0100                   Exchange 5.5 to 2003, by its directory
        The recipient name is not recognized
            < mail.firm.example #5.1.1>
    library,WestLynne (The name was not found at the remote site.)      FirstClass
    Pamela Yorke (mailbox full)                                         GroupWise

Where the message comes back, it may say which address a name stands for; else a person looks, or the return path tells.
"""

from __future__ import annotations

import re
from typing import Final

from bounce_plugin.detectors.build import build_finding
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.detectors.notice import Notice
from bounce_plugin.message.address import find_addresses
from bounce_plugin.message.encoded_words import decode_words

NAME: Final = "unaddressed"

#: An entry: the name, and when, in the words of the server's language, or why.
_ENTRY: Final = re.compile(
    r"^[ \t]{0,40}+([^\s@:<>()]{1,40}(?: [^\s@:<>]{1,40}){0,7}) (?:(?:on|am|le|el|il|op|em|den|dne|w|på|på|на|tarihinde) (?:\w{2,4}\.?,? )?\d[^\n]{3,40}$|(?=\([^\n()]{5,200}\)?))",
    re.MULTILINE,
)
#: What no person writes below it: Exchange's code behind its host, or its mark in front of its own code.
_MARK: Final = re.compile(
    r"^[ \t]*<[ \t]?[\w.-]{1,253} #[45]\.\d{1,3}\.\d{1,3}[^\n>]{0,200}>|^[ \t]*MSEXCH:", re.MULTILINE
)
#: And how the lists of FirstClass and GroupWise are announced, above it.
_ANNOUNCED: Final = re.compile(
    r"^Sorry\. Your message could not be delivered to:|^The message that you sent was undeliverable to the following:",
    re.MULTILINE,
)
#: A name that some hosts know their users by.
_BARE: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_APART: Final = re.compile(r"[\W_]+")
_LONG: Final = 4  # letters of a word that may be known within another: `yorke` in `pyorke`


def detect(notice: Notice) -> tuple[Finding, ...]:
    """See `detectors.Detector`. Nothing where no name is, or stands for, an address: who reads it may know the person."""
    said = _entries(notice)
    addresses = _resolve([*said], notice) if said else {}
    if not addresses:
        return ()
    return tuple(
        build_finding(
            notice,
            addresses.get(name, ""),
            words,
            detector=NAME,
            confidence=0.5,
            others=(name,) if _BARE.fullmatch(name) and addresses.get(name, name) != name else (),
        )
        for name, words in said.items()
    )


def names_somebody(notice: Notice) -> bool:
    """Whether a report names somebody who failed, though by no address."""
    return bool(_entries(notice))


def _entries(notice: Notice) -> dict[str, str]:
    """The names that a report lists, and what it says of each."""
    text = notice.text
    announced = _ANNOUNCED.search(text)
    if announced is None and _MARK.search(text) is None:
        return {}
    entries = list(_ENTRY.finditer(text, announced.end() if announced else 0))
    said: dict[str, str] = {}
    for number, entry in enumerate(entries):
        end = entries[number + 1].start() if number + 1 < len(entries) else len(text)
        words = text[entry.end() : end]
        mark = _MARK.search(words)
        if mark is not None or announced is not None:
            below = words.find("\n\n", mark.end() if mark else 0)
            said.setdefault(entry[1], words[: below if below >= 0 else None].strip())
        if announced is not None and "\n\n" in words:
            break  # the list ends
    return said


def _resolve(names: list[str], notice: Notice) -> dict[str, str]:
    """Which of the addresses that the returned message was written to each name stands for, as far as it is certain.

    That is one whose local part is the name, or the only one like it and like no other name; ours is nobody's. A bare
    name stands for itself.
    """
    returned = notice.report.returned
    copied = find_addresses(decode_words(returned.headers.get("cc"))) if returned else ()
    left: dict[str, list[str]] = {}
    for one in dict.fromkeys((*notice.addressed, *copied)):
        if not notice.is_of_our_site(one):
            left.setdefault(one.partition("@")[0].lower(), []).append(one)
    found = {name: left.pop(name.lower())[0] for name in names if len(left.get(name.lower(), ())) == 1}
    unknown = [name for name in names if name not in found]
    alike = {
        name: [one for local, ones in left.items() if _is_like(name.lower(), local) for one in ones] for name in unknown
    }
    claimed = [one for ones in alike.values() for one in ones]
    for name, ones in alike.items():
        if len(ones) == 1 and claimed.count(ones[0]) == 1:
            found[name] = ones[0]
        elif _BARE.fullmatch(name):
            found[name] = name
    return found


def _is_like(name: str, local: str) -> bool:
    """Whether a local part holds a word of a name: as a word of its own, or a long one at the beginning or the end of one."""
    words = [word for word in _APART.split(name) if word]
    own = [word for word in _APART.split(local) if word]
    if any(len(word) > 1 and word in own for word in words):
        return True
    long = [word for word in words if len(word) >= _LONG]
    return any(one.startswith(word) or one.endswith(word) for word in long for one in own)
