"""Which address does a field name? One bare address or none, never a guess."""

import pytest

from bounce_plugin.message.address import are_of_one_site, is_rewritten, read_recipient


@pytest.mark.parametrize(
    "field",
    [
        "rfc822; john doe@example.org",
        "rfc822; anna,berg@example.org",
        "rfc822; anna(old)berg@example.org",
        "rfc822; john.doe@exam ple.org",
    ],
)
def test_T_09_a_field_that_holds_more_than_an_address_names_nobody_rather_than_somebody_else(field: str) -> None:
    assert read_recipient(field) == ""


@pytest.mark.parametrize(
    ("field", "address"),
    [
        ("rfc822; <a@b.example>   (Unknown user)", "a@b.example"),
        ("rfc822; ann@example,org", "ann@example,org"),
        ("rfc822; ann@example,co.uk", "ann@example,co.uk"),
        ("rfc822; ann@example.com,bob", "ann@example.com"),
        ('rfc822; "Anna Berg" <a@b.example>', "a@b.example"),
        ("rfc822; a@b.example (comment)", "a@b.example"),
        ('rfc822; "john doe"@b.example', '"john doe"@b.example'),
    ],
)
def test_D_06_a_name_before_and_a_comment_behind_an_address_are_no_part_of_it(field: str, address: str) -> None:
    assert read_recipient(field) == address


@pytest.mark.parametrize(
    "name", ["dan\x7fir.example", "dan\x00ir", "dan\x85ir", "dan ir", "p1\xa0exact.example", "dan\u3000ir"]
)
def test_t_09_a_name_with_a_control_character_is_nobody(name: str) -> None:
    assert read_recipient(f"rfc822; {name}") == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mx1.club.example", "ann@club.example"),
        ("MX.Club.Example.", "club.example"),
        ("mx.club.co.uk", "ann@club.co.uk"),
        ("a.com.br", "b@x.a.com.br"),
        ("localhost", "localhost"),
        ("mx.gr.ch", "postmaster@gr.ch"),  # somebody's, though it looks like a registry's
    ],
)
def test_hosts_and_addresses_of_one_site(one: str, other: str) -> None:
    assert are_of_one_site(one, other)
    assert are_of_one_site(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mx.club.example", "ann@dairy.example"),
        ("mx.club.co.uk", "ann@dairy.co.uk"),
        ("smtp.provedor.com.br", "ann@clube.com.br"),
        ("relay.provider.or.at", "verein.or.at"),
        ("mx.velo.asso.fr", "petanque.asso.fr"),
        ("", "ann@club.example"),
    ],
)
def test_others_are_not(one: str, other: str) -> None:
    assert not are_of_one_site(one, other)
    assert not are_of_one_site(other, one)


@pytest.mark.parametrize(
    ("path", "rewritten"),
    [
        ("<SRS0=k3Xw=QZ=club.example=news@gmx.net>", True),
        ("srs0+k3Xw=QZ=club.example=news@forward.example", True),
        ("SRS1=hh12=first.example==k3Xw=QZ=club.example=news@second.example", True),
        ("ann+SRS=k3Xw=QZ=club.example=news@firm.example", False),
        ("srs0@firm.example", False),
        ("news@srs0=.example", False),
        ("<>", False),
        ("", False),
    ],
)
def test_a_return_path_that_a_forwarder_has_put_there(path: str, rewritten: bool) -> None:
    assert is_rewritten(path) is rewritten
