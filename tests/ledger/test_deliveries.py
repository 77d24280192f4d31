"""Does a bounce find the message that the host sent, and no other?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from bounce_plugin.correlate.clues import Clues
from bounce_plugin.ledger.deliveries import delivery_by_ref, find, newest_to, record_sent
from bounce_plugin.ledger.open import Ledger
from tests.ledger.samples import JOE, NOW, a_delivery

ANN = "ann@example.org"


def test_a_delivery_comes_back_as_it_was_recorded(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        record_sent(tx, [a_delivery()])
        assert delivery_by_ref(tx, "d1") == a_delivery()
        assert delivery_by_ref(tx, "d2") is None


def test_a_delivery_is_recorded_once(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        record_sent(tx, [a_delivery(), a_delivery(message="another")])
        assert delivery_by_ref(tx, "d1") == a_delivery()


def test_more_than_one_batch(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        record_sent(tx, (a_delivery(f"d{number}", f"a{number}@example.org") for number in range(2100)))
        assert tx.connection.scalar(text("SELECT count(*) FROM deliveries")) == 2100


def test_what_the_bounce_names_finds_the_delivery_to_that_address(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        record_sent(tx, [a_delivery("d1"), a_delivery("d2", ANN, message_id="d1@lists.example")])
        for clues in (
            Clues(envelope_id="env-d1"),
            Clues(message_id="d1@lists.example"),
            Clues(message_id="<d1@lists.example>"),
            Clues(references=("other@x.example", "d1@lists.example")),
            Clues(envelope_id="unknown", message_id="d1@lists.example"),
        ):
            assert find(tx, clues, "JOE@example.org") == a_delivery("d1")
        assert find(tx, Clues(envelope_id="env-d1"), ANN) is None
        assert find(tx, Clues(message_id="d1@lists.example"), "bob@example.org") is None
        assert find(tx, Clues(), JOE) is None


def test_of_two_deliveries_the_message_id_tells_where_the_envid_is_anybodys(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        sent = [a_delivery(f"d{number}", envelope_id="contact-7") for number in (1, 2, 3)]
        record_sent(tx, sent)
        for delivery in sent:
            assert find(tx, Clues(envelope_id="contact-7", message_id=delivery.message_id), JOE) == delivery
        rewritten = Clues(envelope_id="contact-7", message_id="by-a-gateway@x.example")
        assert find(tx, rewritten, JOE) in sent
        assert find(tx, Clues(envelope_id="contact-7", message_id="d1@lists.example"), "") == sent[0]


def test_a_bounce_that_names_no_address_finds_the_only_delivery_of_that_name(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        record_sent(
            tx, [a_delivery("d1"), a_delivery("d2", message_id="same@x"), a_delivery("d3", ANN, message_id="same@x")]
        )
        assert find(tx, Clues(envelope_id="env-d1"), "") == a_delivery("d1")
        assert find(tx, Clues(message_id="same@x"), "") is None
        assert find(tx, Clues(), "") is None


def test_the_newest_delivery_to_an_address(ledger: Ledger) -> None:
    days = {f"d{day}": NOW + timedelta(days=day) for day in (3, 1, 2)}
    with ledger.transaction() as tx:
        record_sent(tx, [a_delivery(ref, sent_at=when, message_id="", envelope_id="") for ref, when in days.items()])
        newest = newest_to(tx, JOE)
        assert newest
        assert newest.ref == "d3"
        earlier = newest_to(tx, JOE, until=days["d2"])
        assert earlier
        assert earlier.ref == "d2"
        assert newest_to(tx, JOE, until=NOW) is None


def test_a_message_sent_again_under_the_same_message_id_is_the_newest(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        record_sent(
            tx, [a_delivery("d1", message_id="m@x"), a_delivery("d2", message_id="m@x", sent_at=NOW + timedelta(1))]
        )
        found = find(tx, Clues(message_id="m@x"), JOE)
        assert found
        assert found.ref == "d2"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"sent_at": NOW.replace(tzinfo=None)}, r"Delivery\.sent_at is .*, not an aware datetime"),
        ({"ref": 12}, r"Delivery\.ref is 12, not a text"),
        ({"category": None}, r"Delivery\.category is None, not a text"),
        (
            {"ref": f"n1:{JOE.upper()}"},
            r"Delivery\.ref is 'n1:JOE@.*: make it of the document and the contact's number",
        ),
        ({"ref": f"17-{JOE}-2"}, r"Delivery\.ref is '17-joe@"),
    ],
)
def test_a_delivery_of_wrong_types_is_refused_by_the_name_of_its_field(
    ledger: Ledger, wrong: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words), ledger.transaction() as tx:
        record_sent(tx, [a_delivery(), a_delivery(**{"ref": "d2", **wrong})])
    with ledger.reading() as tx:
        assert delivery_by_ref(tx, "d1") is None


@pytest.mark.parametrize("ref", [f"1.b{JOE}", f"{JOE}.example", "<1.2.joe@mail.example.org>", "joe", f"{ANN} 1", "@"])
def test_a_message_id_may_be_the_ref_and_whatever_only_looks_like_the_address(ledger: Ledger, ref: str) -> None:
    with ledger.transaction() as tx:
        record_sent(tx, [a_delivery(ref)])
        assert delivery_by_ref(tx, ref)


def test_a_ref_is_one_addresses_alone(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        record_sent(tx, [a_delivery("d1")])
        record_sent(tx, [a_delivery("d1"), a_delivery("d2")])  # told again
    for twice in (
        [a_delivery("d1", address=ANN)],
        [a_delivery("d3"), a_delivery("d3", address=ANN)],
    ):
        with (
            pytest.raises(ValueError, match=r"ref = 'd[13]' is that of one to another address"),
            ledger.transaction() as tx,
        ):
            record_sent(tx, twice)
    with ledger.reading() as tx:
        assert delivery_by_ref(tx, "d3") is None
