"""How servers compose the names of folders."""

from __future__ import annotations

import pytest

from bounce_plugin.mailbox.folders import Naming
from bounce_plugin.mailbox.reach import loopback


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b'(("" "/")) NIL NIL', Naming(prefix="", delimiter="/")),
        (b'(("INBOX." ".")) NIL (("shared." "."))', Naming(prefix="INBOX.", delimiter=".")),
        (b'(("" "\\\\")("Archive/" "/")) NIL NIL', Naming(prefix="", delimiter="\\")),
        (b'(("" NIL)) NIL NIL', Naming(prefix="", delimiter="")),
        (b'NIL NIL (("" "."))', None),
        (b"", None),
    ],
)
def test_the_namespace_tells_prefix_and_delimiter_I_13(answer: bytes, expected: Naming | None) -> None:
    assert Naming.from_namespace(answer) == expected


@pytest.mark.parametrize(
    ("answer", "delimiter"),
    [
        (rb'(\Noselect) "/" ""', "/"),
        (rb'(\Noselect \HasChildren) "." ""', "."),
        (rb'(\Noselect) NIL ""', ""),
        (b"", ""),
    ],
)
def test_without_namespaces_a_list_tells_the_delimiter_I_13(answer: bytes, delimiter: str) -> None:
    assert Naming.from_list(answer) == Naming(prefix="", delimiter=delimiter)


@pytest.mark.parametrize(
    ("prefix", "delimiter", "name", "real"),
    [
        ("", "/", "processed", "processed"),
        ("", "/", "inbox", "INBOX"),
        ("", ".", "bounces/done", "bounces.done"),
        ("INBOX.", ".", "INBOX", "INBOX"),
        ("INBOX.", ".", "bounces/done", "INBOX.bounces.done"),
        ("INBOX.", ".", "INBOX.done", "INBOX.done"),
        ("INBOX.", ".", "Inbox/done", "Inbox.done"),
        ("", "", "a/b", "a/b"),
    ],
)
def test_a_name_becomes_the_servers_I_13(prefix: str, delimiter: str, name: str, real: str) -> None:
    assert Naming(prefix=prefix, delimiter=delimiter).real_name(name) == real


def test_only_our_own_machine_is_loopback_T_19() -> None:
    assert loopback("localhost")
    assert loopback("127.0.0.9")
    assert loopback("::1")
    assert not loopback("192.0.2.1")
    assert not loopback("host.invalid")
