"""Which spellings are the same address, and what is none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bounce_plugin.correlate import address as room
from bounce_plugin.correlate.address import LONGEST, normalise, normalise_all

SAME = {
    "as it is": ("joe@example.org", "joe@example.org"),
    "case, also of the local part": ("Joe.Doe@Example.ORG", "joe.doe@example.org"),
    "space around": (" joe@example.org\r\n", "joe@example.org"),
    "trailing dot of the domain": ("joe@example.org.", "joe@example.org"),
    "D-22 U-label": ("joe@müller.example", "joe@xn--mller-kva.example"),
    "D-22 A-label, upper case": ("joe@XN--MLLER-KVA.example", "joe@xn--mller-kva.example"),
    "D-22 decomposed U-label": ("joe@mu\u0308ller.example", "joe@xn--mller-kva.example"),
    "ideographic full stop": ("joe@例え。テスト", "joe@xn--r8jz45g.xn--zckzah"),
    "sharp s of a domain is not ss (IDNA 2008)": ("joe@straße.example", "joe@xn--strae-oqa.example"),
    "D-22 local part in NFC": ("mu\u0308ller@example.org", "m\u00fcller@example.org"),
    "case of a local part that is not ASCII": ("MÜLLER@example.org", "müller@example.org"),
    "sharp s of a local part is not ss": ("STRAßE@example.org", "straße@example.org"),
    "needless quotes": ('"joe"@example.org', "joe@example.org"),
    "quotes that are needed": ('"Joe Doe"@example.org', '"joe doe"@example.org'),
    "dots are not folded": ("j.o.e@gmail.com", "j.o.e@gmail.com"),
    "dots of a Japanese carrier": ("joe..doe.@docomo.example", "joe..doe.@docomo.example"),
    "sub-address": ("joe+news@example.org", "joe+news@example.org"),
    "BATV stays": ("prvs=1234abcdef=joe@example.org", "prvs=1234abcdef=joe@example.org"),
    "slash and other atext": (
        "a/b{c}|d~e!f#g$h%i&j'k*l?m^n`o@example.org",
        "a/b{c}|d~e!f#g$h%i&j'k*l?m^n`o@example.org",
    ),
    "single label": ("root@localhost", "root@localhost"),
    "underscore in a domain": ("joe@my_host.example", "joe@my_host.example"),
    "IPv4 literal": ("joe@[192.0.2.1]", "joe@[192.0.2.1]"),
    "IPv6 literal": ("joe@[IPv6:2001:DB8:0:0::1]", "joe@[ipv6:2001:db8::1]"),
}

NONE = {
    "nothing": "",
    "no at": "example.org",
    "no local part": "@example.org",
    "no domain": "joe@",
    "T-09 quoted address of a victim": '"a@victim.org"@evil.example',
    "T-09 comment after the domain": "a@b(c@d)",
    "T-09 comment before the at": "a(x)@b.example",
    "T-09 two in brackets": "<a@b>,<c@d>",
    "T-09 two": "a@b.example,c@d.example",
    "T-09 two, with a space": "a@b.example c@d.example",
    "T-09 encoded-word": "=?utf-8?q?a=40b?=",
    "T-09 encoded-word as a local part": "=?utf-8?q?joe?=@example.org",
    "T-09 display name": "Joe <joe@example.org>",
    "T-09 display name that is an address": '"joe@good.example" <joe@evil.example>',
    "T-09 two at signs": "a@b@c.example",
    "T-09 source route": "@relay.example:joe@example.org",
    "T-09 backslash": '"a\\"@example.org',
    "T-09 fullwidth at": "joe＠example.org",
    "line break inside": "joe@exam\r\nple.org",
    "NUL": "jo\0e@example.org",
    "bidirectional override": "jo\u202ee@example.org",
    "zero width space": "jo\u200be@example.org",
    "lone surrogate": "jo\udcffe@example.org",
    "no-break space": "jo\u00a0é@example.org",
    "space in the domain": "joe@example .org",
    "empty label": "joe@example..org",
    "label that begins with a hyphen": "joe@-example.org",
    "label of 64": f"joe@{'a' * 64}.example",
    "character that becomes a slash": "joe@example.org℀.evil.example",
    "unquoted space": "joe doe@example.org",
    "quote that is not closed": '"joe@example.org',
    "quote in the middle": 'jo"e"@example.org',
    "literal that is no address": "joe@[300.1.1.1]",
    "literal that is not closed": "joe@[192.0.2.1",
    "too long": f"{'a' * 243}@example.org",
}


@pytest.mark.parametrize(("spelling", "normal"), SAME.values(), ids=SAME.keys())
def test_one_spelling(spelling: str, normal: str) -> None:
    assert normalise(spelling) == normal
    assert normalise(normal) == normal


@pytest.mark.parametrize("text", NONE.values(), ids=NONE.keys())
def test_no_single_address(text: str) -> None:
    assert normalise(text) == ""


def test_longest() -> None:
    local = "a" * (LONGEST - len("@example.org"))
    assert normalise(f"{local}@example.org") == f"{local}@example.org"
    assert normalise(f"{local}a@example.org") == ""


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_settled_at_once(local: str, domain: str) -> None:
    normal = normalise(f"{local}@{domain}")
    assert normalise(normal) == normal
    assert len(normal.encode()) <= LONGEST
    if normal:
        assert normal.rpartition("@")[2].isascii()
        assert not any(character in normal for character in "\r\n\0<>,;()\\")


@given(st.from_regex(r"[A-Za-z0-9.+_-]{1,20}@[a-z]{1,10}\.[a-z]{2,5}", fullmatch=True))
def test_ordinary_addresses_change_by_case_alone(address: str) -> None:
    assert normalise(address) == address.lower()
    assert normalise(address.upper()) == address.lower()


#: What addresses are made of, what stands around them, and letters that are ASCII once they are lower.
PIECES = st.sampled_from(
    [
        *"aZ09._-+=?'@@\"[]<> \t\n\r\x0b\u2028\0",
        "joe",
        "example.org",
        "=?",
        "?=",
        "x" * 63,
        "y" * 64,
        "é",
        "\u212a",
        "\u0130",
        "Σ",
        "\ud800",
    ]
)
TEXTS = st.lists(PIECES, max_size=9).map("".join) | st.sampled_from(
    [*(spelling for spelling, _ in SAME.values()), *NONE.values()]
)
NOTHING = re.compile(r"(?!)")


def slowly(address: str) -> str:
    """What `normalise` says if nothing is plain."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "_PLAIN", NOTHING)
        return normalise(address)


@given(st.lists(TEXTS, max_size=12))
def test_what_is_plain_is_as_it_would_be_without_a_short_way(texts: list[str]) -> None:
    expected = [slowly(text) for text in texts]
    assert [normalise(text) for text in texts] == expected
    assert normalise_all(texts) == expected


@given(
    st.text("aB.=-_", min_size=1, max_size=3),
    st.integers(0, 260),
    st.text("aB.-_", min_size=1, max_size=5),
    st.integers(0, 70),
)
def test_lengths_have_the_same_limits_without_a_short_way(local: str, times: int, domain: str, more: int) -> None:
    address = f"{local}{'x' * times}@{domain}{'y' * more}"
    assert normalise(address) == normalise_all([address])[0] == slowly(address)


def test_one_odd_address_makes_none_of_the_others_odd() -> None:
    crowd = [f"Member{number}@Example.org" for number in range(1_000)]
    for odd in (*(spelling for spelling, _ in SAME.values()), *NONE.values()):
        for place in (0, 500, 1_000):
            some = [*crowd[:place], odd, *crowd[place:]]
            assert normalise_all(some) == [normalise(one) for one in some], odd
