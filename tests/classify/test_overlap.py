"""Which words repeat or contradict those of another phrase?"""

import pytest

from bounce_plugin.classify.classification import Reason
from tests.classify.judge import add, judge
from tests.classify.test_additions import faults, row, text

FIRST = row(phrase="kiosk closed|kiosk shut", reason="mailbox_disabled", example="550 kiosk shut")


@pytest.mark.parametrize("words", ["kiosk closed", "Kiosk-CLOSED", "<kiosk>_closed", "kiosk  closed"])
def test_an_alternative_that_is_there_already_is_named_however_it_is_written(words):
    (fault,) = faults(FIRST, row(phrase=f"{words}|kiosk away", reason="mailbox_disabled", example="550 kiosk away"))
    assert fault == (
        f"one.toml, line 3: phrase = '{words}|kiosk away': “kiosk closed” is there already, for the same reason: "
        "“kiosk closed|kiosk shut” (one.toml, line 2, priority 70)"
    )


def test_what_we_have_already_is_named():
    (fault,) = faults(row(phrase="no such user|kiosk away", reason="address_unknown", example="550 kiosk away"))
    assert "“no such user” is there already" in fault
    assert "(built in, priority 68)" in fault


def test_a_phrase_with_gaps_repeats_another_only_as_a_whole():
    parted = row(phrase="kiosk|stall & closed|shut", reason="mailbox_disabled", example="550 kiosk is shut")
    part = row(phrase="kiosk & shut", reason="mailbox_disabled", example="550 kiosk is shut")
    wider = row(phrase="stall|booth & shut", reason="mailbox_disabled", example="550 booth is shut")
    (fault,) = faults(parted, part)
    assert "“kiosk & shut” is there already" in fault
    assert faults(parted, wider) == []


@pytest.mark.parametrize("other", [{"scope": "google"}, {"priority": 69}])
def test_the_same_words_may_come_earlier(other):
    again = {"phrase": "kiosk shut", "reason": "mailbox_disabled", "example": "550 kiosk shut", **other}
    assert add(text(FIRST), text(row(**again))).faults == ()


def test_the_same_words_for_some_codes_repeat_those_for_any_but_not_the_other_way_round():
    some = row(phrase="kiosk shut", code="4", reason="mailbox_disabled", example="450 kiosk shut")
    assert "“kiosk shut” is there already" in faults(FIRST, some)[0]
    assert add(text(some), text(FIRST)).faults == ()


def test_the_same_words_for_another_reason_contradict():
    (fault,) = faults(FIRST, row(phrase="kiosk shut|kiosk away", reason="address_moved", example="550 kiosk away"))
    assert fault == (
        "one.toml, line 3: reason = 'address_moved': contradicts “kiosk closed|kiosk shut” (one.toml, line 2, "
        "priority 70): “kiosk shut” means mailbox_disabled there. With a smaller `priority` this phrase decides"
    )


def test_a_smaller_priority_settles_it():
    again = row(phrase="kiosk shut", reason="address_moved", priority=69, example="550 kiosk shut")
    extended = add(text(FIRST), text(again))
    assert extended.faults == ()
    assert judge("550 kiosk shut", tables=extended.tables).reason is Reason.ADDRESS_MOVED


def test_asymmetry_settles_it():
    ours = row(phrase="kiosk shut", reason="policy_rejected", example="550 kiosk shut")
    assert add(text(FIRST), text(ours)).faults == ()
    assert "contradicts" in faults(ours, FIRST)[0]


def test_whoever_is_overruled_by_a_later_addition_is_not_at_fault():
    extended = add(text(FIRST), text(row(phrase="shut", reason="address_moved", priority=20, example="550 shut")))
    assert extended.faults == ()
    assert judge("550 kiosk shut", tables=extended.tables).reason is Reason.ADDRESS_MOVED


def test_an_earlier_line_that_a_later_one_overrules_altogether_is_at_fault():
    (fault,) = faults(FIRST, row(phrase="shut", reason="mailbox_disabled", priority=20, example="550 shut"))
    assert fault.startswith("one.toml, line 2: example = '550 kiosk shut': is taken by “shut” ")
