"""Whom do we mean by a provider, when one refuses?"""

from __future__ import annotations

import pytest

from bounce_plugin.classify.providers import registered_domain
from bounce_plugin.classify.tables import BUILT_IN


@pytest.mark.parametrize(
    ("host", "address", "name"),
    [
        ("gmail-smtp-in.l.google.com", "anna@gmail.com", "google"),
        ("alt1.aspmx.l.google.com", "anna@club.example", "google"),
        ("GMAIL-SMTP-IN.L.GOOGLE.COM.", "anna@googlemail.com", "google"),
        ("", "anna@googlemail.com", "google"),
        ("club-example.mail.protection.outlook.com", "anna@club.example", "microsoft"),
        ("mx3.hoster.example", "anna@club.example", "hoster.example"),
        ("mx1.mail.hoster.co.uk", "anna@club.example", "hoster.co.uk"),
        ("mx.hoster.de [192.0.2.1]", "anna@club.example", "hoster.de"),
        ("mx.hoster.de:25", "anna@club.example", "hoster.de"),
        ("[192.0.2.1]", "anna@club.example", "club.example"),
        ("2001:db8::25", "anna@club.example", "club.example"),
        ("localhost", "anna@Club.Example", "club.example"),
        ("", "", ""),
    ],
)
def test_the_host_tells_it_and_else_the_address(host: str, address: str, name: str) -> None:
    assert BUILT_IN.providers.name_of(host=host, address=address) == name


def test_a_host_of_any_length_has_one_name_of_some_length() -> None:
    assert len(registered_domain("a." * 500 + "example.com")) < 200
