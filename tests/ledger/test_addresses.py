"""Are addresses in one table only, and do texts come back as they were?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from bounce_plugin.correlate.correlation import Contact
from bounce_plugin.ledger.addresses import hide, hide_all, known, remember, remember_all, reveal, reveal_all
from bounce_plugin.ledger.deliveries import newest_to, record_sent
from bounce_plugin.ledger.history import event_by_id, events_of
from bounce_plugin.ledger.incidents import incidents, raise_incident
from bounce_plugin.ledger.mails import mail_by_id, record_mail
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.outbox import Payload, announce, due, failed
from bounce_plugin.ledger.past import acts_of
from bounce_plugin.ledger.record import record_acts
from bounce_plugin.ledger.review import close_item, item, open_item
from bounce_plugin.ledger.schema import metadata
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.outcome import Lifted
from bounce_plugin.policy.state import Act, Verb
from tests.ledger.samples import JOE, NOW, a_delivery, a_mail, recorded

SPELLINGS = ("joe@example.org", "Joe@Example.ORG", "JOE@example.org")


def forget(tx: Transaction, address: str) -> None:
    """What forgetting a person comes down to: one statement."""
    statement = text("UPDATE addresses SET address = NULL WHERE tenant = :tenant AND same_as = :fingerprint")
    tx.connection.execute(statement, {"tenant": tx.tenant, "fingerprint": tx.fingerprint(address)})


@pytest.fixture(scope="module")
def tx() -> Iterator[Transaction]:
    with Ledger.in_memory() as ledger, ledger.transaction() as transaction:
        yield transaction


@pytest.mark.parametrize(
    ("said", "shape"),
    [
        ("<joe@example.org>: no", "<{}>: no"),
        ("rfc822;joe@example.org", "rfc822;{}"),
        ("a@b.example, c@d.example; e@f.example", "{}, {}; {}"),
        ("joe@example.org.", "{}."),
        ("(mailto:joe@example.org)", "(mailto:{})"),
        ("bounces+joe=example.org@lists.example", "{}"),
        ("müller@exämple.org weiß nicht", "{} weiß nicht"),
        ("root@localhost", "{}"),
        ("joe+x@example.org's", "{}'s"),
        ("no address here, @ all", "no address here, @ all"),
        ('"joe"@example.org', "{}"),
        ('550 "no <"joe doe"@example.org>"', '550 "no <{}>"'),
        ("<joe@[192.0.2.1]>, joe@[IPv6:2001:db8::1].", "<{}>, {}."),
        ("see [192.0.2.1] @ [home]", "see [192.0.2.1] @ [home]"),
        ("'joe@example.org'", "'{}'"),
        ("`joe@example.org' /joe@example.org **joe@example.org**", "`{}' /{} **{}**"),
        ("/G=joe/S=doe/@gateway.example", "{}"),
        ("joe@", "joe@"),
        ("@example.org", "@example.org"),
        ("nothing", "nothing"),
    ],
)
def test_a_text_keeps_its_shape_and_no_address(tx: Transaction, said: str, shape: str) -> None:
    hidden = hide(tx, said)
    parts = shape.split("{}")
    assert hidden.startswith(parts[0])
    assert hidden.endswith(parts[-1])
    assert hidden.count("{@") == len(parts) - 1
    assert reveal(tx, hidden) == said


def test_every_spelling_comes_back_and_is_forgotten_with_its_person(ledger: Ledger) -> None:
    said = " ".join(SPELLINGS) + " ann@example.org"
    with ledger.transaction() as tx:
        hidden = hide(tx, said)
        assert reveal(tx, hidden) == said
        forget(tx, "jOE@example.org")
        left = reveal(tx, hidden)
        assert "joe" not in left.lower()
        assert left.endswith(" ann@example.org")


@pytest.mark.parametrize("address", ['"joe doe"@example.org', "joe@[192.0.2.1]", "joe@[IPv6:2001:db8::1]"])
def test_t_23_an_address_with_quotes_or_of_a_host_is_forgotten_in_texts(ledger: Ledger, address: str) -> None:
    with ledger.transaction() as tx:
        remember(tx, address)
        hidden = hide(tx, f"<{address}>: no, {address.upper()} is not here")
        assert reveal(tx, hidden) == f"<{address}>: no, {address.upper()} is not here"
        forget(tx, address)
        assert "joe" not in reveal(tx, hidden).lower()


def test_a_forgotten_address_does_not_come_back_by_being_seen_again(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        fingerprint = remember(tx, JOE)
        forget(tx, JOE)
        assert remember(tx, "JOE@example.org") == fingerprint
        hidden = hide(tx, JOE)
        assert known(tx, [fingerprint]) == {}
        assert reveal(tx, hidden) == hidden


def test_a_placeholder_that_a_mail_contains_is_only_text(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        remember(tx, "secret@example.org")
        forged = f"{{@{tx.fingerprint('secret@example.org')}}} {{{{@{tx.fingerprint('secret@example.org')}}}"
        assert reveal(tx, hide(tx, forged)) == forged


@given(
    st.lists(
        st.sampled_from([*SPELLINGS, "{@", "{", "}", "0123456789abcdef" * 2, " ", "\n", "\\", '"', "@", "ä@ö.example"])
        | st.text(max_size=5),
        max_size=12,
    )
)
def test_any_text_comes_back(tx: Transaction, parts: list[str]) -> None:
    said = "".join(parts)
    hidden = hide(tx, said)
    assert reveal(tx, hidden) == said.replace("\0", "\ufffd")
    assert all(spelling not in hidden for spelling in SPELLINGS)


def test_several_texts_at_once(ledger: Ledger) -> None:
    said = [f"<a{number}@example.org>" for number in range(1200)]
    with ledger.transaction() as tx:
        assert reveal_all(tx, hide_all(tx, said)) == said
        fingerprints = remember_all(tx, said)
        assert len(known(tx, fingerprints)) == 1200


def test_texts_that_a_database_cannot_hold_become_such_that_it_can(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        assert reveal(tx, hide(tx, "a\0b \udcff c")) == "a\ufffdb \ufffd c"


def test_t_23_an_address_stands_in_one_table_and_is_gone_from_everything_once_forgotten(ledger: Ledger) -> None:
    address = "Joe.Doe@Example.org"
    said = f"{address} and {address.lower()}"
    with ledger.transaction() as tx:
        mail_id = record_mail(tx, a_mail(why=said)) or 0
        record_sent(tx, [a_delivery(address=address, contact=address)])
        contact = Contact(id=address, address=address)
        event = recorded(
            tx, address.lower(), contacts=(contact,), diagnostic_code=said, remote_mta=said, mail_id=mail_id
        )
        act = Act(verb=Verb.SUPPRESS, at=NOW, rule="gone", because=said, actor=address, events=(event.id,))
        record_acts(tx, address, [act])
        lifted = Lifted(address=address, actor=address, why=said, at=NOW)
        announce(tx, "on_suppression_lifted", Payload(lifted=lifted), ["crm"], NOW, address=address)
        (announcement,) = due(tx, NOW, plugins=["crm"])
        assert announcement.payload.lifted == lifted
        failed(tx, announcement, said, NOW)
        review = open_item(tx, why=said, now=NOW, mail_id=mail_id, addresses=[address])
        close_item(tx, review.id, actor=address, resolution=said, now=NOW)
        raise_incident(tx, key=said, title=said, detail=said, now=NOW)
        for table in metadata.sorted_tables:
            if table.name != "addresses":
                for row in tx.connection.execute(table.select()):
                    assert "doe@example" not in str(row).lower(), table.name

        assert event_by_id(tx, event.id) == event
        assert mail_by_id(tx, mail_id).why == said
        assert acts_of(tx, address) == (act,)
        sent = newest_to(tx, address)
        assert sent
        assert (sent.address, sent.contact) == (address.lower(), address)
        assert (item(tx, review.id).why, item(tx, review.id).addresses) == (said, (address,))
        assert incidents(tx)[0].detail == said

        forget(tx, address)
        tx.known.clear()  # as in another transaction
        left = [event_by_id(tx, event.id), mail_by_id(tx, mail_id), acts_of(tx, address), newest_to(tx, address)]
        left += [item(tx, review.id), incidents(tx), due(tx, NOW.replace(year=2027), plugins=["crm"])]
        assert "doe@" not in str(left).lower()
        assert event_by_id(tx, event.id).address == event_by_id(tx, event.id).contacts[0].address == ""
        assert item(tx, review.id).addresses == ()
        assert len(events_of(tx, address)) == 1  # the fingerprint still finds what happened
