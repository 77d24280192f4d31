"""An example must be taken by the phrase that it stands beside, or it is told what takes it."""

import pytest

from tests.classify.test_additions import faults, row


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"phrase": "kiosk shut", "example": "550 kiosk is shut"},
            "example = '550 kiosk is shut': does not hold the phrase “kiosk shut”",
        ),
        (
            {"phrase": "kiosk shut", "code": "4", "example": "550 5.1.1 kiosk shut"},
            "example = '550 5.1.1 kiosk shut': gives the code 550 5.1.1, which does not begin with 4 (`code`)",
        ),
        (
            {"phrase": "kiosk shut", "code": "4", "example": "kiosk shut"},
            "gives the code none, which does not begin with 4",
        ),
        (
            {"phrase": "kiosk shut", "example": "550 no such user: kiosk shut"},
            "is taken by “no such user|no such user here|user unknown|unknown user|no …” (address_unknown, priority 68, ",
        ),
        (
            {"phrase": "kiosk shut", "priority": 95, "example": "550 5.2.2 kiosk shut"},
            "is taken by status:5.2.2 (mailbox_full, built in), not by this phrase",
        ),
        (
            {"phrase": "kiosk shut", "example": "550 kiosk shut after EHLO"},
            "example = '550 kiosk shut after EHLO': is taken by reply:550 (unknown, built in)",
        ),
        (
            {"phrase": "kiosk shut", "example": "kiosk shut after EHLO"},
            "decides nothing: who refuses at this stage (ehlo) does not mean the recipient",
        ),
    ],
)
def test_an_example_that_does_not_hit_is_refused_with_what_takes_it(fields, problem):
    (fault,) = faults(row(reason="mailbox_disabled", **fields))
    assert fault.startswith("one.toml, line 2: ")
    assert problem in fault


def test_another_line_that_takes_it_is_named():
    first = row(phrase="kiosk", reason="mailbox_disabled", priority=60, example="550 kiosk")
    (fault,) = faults(first, row(phrase="shut", reason="address_moved", example="550 kiosk shut"))
    assert fault.startswith("one.toml, line 3: example = '550 kiosk shut': is taken by “kiosk” ")
    assert "(mailbox_disabled, priority 60, one.toml, line 2)" in fault


def test_a_later_line_may_take_it():
    later = row(phrase="kiosk", reason="mailbox_disabled", priority=60, example="550 kiosk")
    (fault,) = faults(row(phrase="shut", reason="address_moved", example="550 kiosk shut"), later)
    assert "(mailbox_disabled, priority 60, one.toml, line 3)" in fault


@pytest.mark.parametrize("scope", ["google", "mimecast", "att", "gmx", "tonline"])
def test_the_example_of_a_providers_wording_is_a_reply_of_that_provider(scope):
    assert faults(row(phrase="kiosk shut", scope=scope, reason="mailbox_disabled", example="550 kiosk shut")) == []


def test_the_stage_is_read_from_the_example():
    about_us = row(
        phrase="kiosk shut", reason="sender_invalid", example="550 kiosk shut (in reply to MAIL FROM command)"
    )
    assert faults(about_us) == []
