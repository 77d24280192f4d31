"""Is a report without our mark, with somebody else's, or with a forged one, without effect?"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from bounce_plugin import BounceEvent, BouncePlugin, Delivery, ReturnPath, Trust, examine
from bounce_plugin.ledger.history import events_of
from bounce_plugin.outcome import Handling
from tests.trust.marked import DOMAIN, JOE, KEYS, handle, make_world, returned, sign, signing, stopped, trust_of, why
from tests.world import ANNA, START, World


class TestWhatIsForged:
    """Whoever writes a perfect report has no mark for it, or the mark of his own mail."""

    def test_t_01_a_perfect_report_about_a_logged_message_changes_nothing(self, world: World) -> None:
        known = Delivery(
            ref="d1", address=ANNA, contact="7", category="newsletter", sent_at=START, message_id="n@crm.example"
        )
        world.plugin.record_sent([known])
        assert handle(world, returned("bounces@crm.example", message_id="n@crm.example")) is Handling.REVIEW
        assert trust_of(world) == [Trust.LOGGED]
        assert "is not signed, as trust.require demands" in why(world)
        assert (world.counted(), stopped(world), world.host.reached) == (0, False, [])

    def test_t_01_the_mark_of_another_contact_touches_that_contact_alone(self, world: World) -> None:
        own = sign(world, JOE, "8")
        handle(world, returned(own.address, ANNA))
        assert (world.counted(), stopped(world)) == (0, False)
        with world.plugin.ledger.reading() as tx:
            assert [event.delivery_ref for event in events_of(tx, JOE)] == [own.ref]
            assert events_of(tx, ANNA) == ()

    def test_t_01_no_invoice_is_posted_because_of_a_forged_report(self, world: World) -> None:
        known = Delivery(
            ref="i1", address=ANNA, contact="7", category="invoice", sent_at=START, message_id="i@crm.example"
        )
        world.plugin.record_sent([known])
        handle(world, returned("bounces@crm.example", message_id="i@crm.example"))
        assert world.host.exempt == []
        handle(world, returned(sign(world, category="invoice").address))
        assert [event.category for event in world.host.exempt] == ["invoice"]

    def test_t_02_a_mark_for_another_purpose_or_domain_proves_nothing(self, world: World) -> None:
        path = sign(world)
        for to in (
            f"b+{path.header}@{DOMAIN}",
            f"b+{path.envelope_id}@{DOMAIN}",
            path.address.replace("b+", "c+"),
            other_host(world).address,
        ):
            assert handle(world, returned(to)) is Handling.REVIEW, to
        assert set(trust_of(world)) == {Trust.ADDRESS}
        assert world.counted() == 0

    def test_t_01_no_forged_or_mutated_mark_ever_changes_a_contact(self, world: World) -> None:
        chance = random.Random(4)
        genuine = sign(world).address.partition("@")[0]
        raws = []
        for _ in range(300):
            marks = list(genuine)
            for place in chance.sample(range(2, 38), chance.randrange(1, 4)):
                marks[place] = chance.choice([c for c in "abcdefghijklmnopqrstuvwxyz234567" if c != marks[place]])
            forged = "".join(marks)
            mark = forged[2:]
            raws.append(returned(f"{forged}@{DOMAIN}", more=f"X-Bounce-Ref: {mark}\n", message_id=f"{mark}@{DOMAIN}"))
        events = learn(world, *raws)
        assert len(events) == 300
        assert {(event.counts, event.trust) for event in events} == {(False, Trust.ADDRESS)}
        assert (world.counted(), stopped(world), world.host.reached) == (0, False, [])

    def test_t_03_a_thousand_copies_of_a_report_count_once(self, world: World) -> None:
        path = sign(world)
        copies = [returned(path.address, report_id=f"c{number}", message_id=f"m{number}@x") for number in range(1000)]
        assert len({event.id for event in learn(world, *copies)}) == 1
        assert world.counted() == 1

    def test_c_07_an_altered_copy_is_a_duplicate(self, world: World) -> None:
        path = sign(world)
        assert handle(world, returned(path.address)) is Handling.HANDLED
        assert handle(world, returned(path.address, reply="552 5.2.2 Mailbox full")) is Handling.DUPLICATE
        assert world.counted() == 1

    def test_c_09_many_forged_marks_in_an_hour_are_one_incident(self, world: World) -> None:
        for number in range(30):
            raw = returned(f"b+{'a2' * 18}@{DOMAIN}")
            learn(world, raw)
            world.plugin.tell()
            assert len(world.host.incidents) == (number >= 20)
        (incident,) = world.host.incidents
        assert incident.title == "Many bounces bear signatures that are not ours"
        world.clock.now += timedelta(hours=1)
        handle(world, returned(f"b+{'a2' * 18}@{DOMAIN}"))
        assert len(world.host.incidents) == 1

    def test_t_26_the_dates_that_a_mail_claims_change_nothing(self, world: World) -> None:
        for date in (b"Thu, 01 Jan 1970 00:00:00 +0000", b"Fri, 31 Dec 2099 23:59:59 +0000", b"yesterday"):
            raw = returned(sign(world).address).replace(b"Mon, 23 Nov 2026 15:00:00 +0000 (UTC)", date)
            assert handle(world, raw) is Handling.HANDLED
        assert trust_of(world) == [Trust.SIGNED_ENVELOPE] * 3
        with world.plugin.ledger.reading() as tx:
            assert {event.received_at for event in events_of(tx, ANNA)} == {START}


def other_host(world: World) -> ReturnPath:
    """A return path of another tenant, with the same key, for its own domain."""
    (world.folder / "other").mkdir()
    other = make_world(world.folder / "other", signing().replace(DOMAIN, "bounces.other.example"))
    with other.plugin:
        path = sign(other)
    return replace(path, address=path.address.replace("bounces.other.example", DOMAIN))


def learn(world: World, *raws: bytes) -> list[BounceEvent]:
    """What follows from mails, without a mailbox around them: their events."""
    pipeline, now = world.plugin.pipeline, world.clock.now
    cases = [(pipeline.gathering.inquire(examine(raw), now), 0) for raw in raws]
    with world.plugin.ledger.transaction() as tx:
        learned = world.plugin.consequences.learn_all(tx, cases, now=now)
    return [event for one in learned for event in one.events]


def test_the_plugin_shows_no_key(world: World) -> None:
    plugin: BouncePlugin = world.plugin
    for one in (plugin, plugin.settings, plugin.settings.trust, plugin.pipeline):
        assert KEYS[1][:16] not in repr(one)
        assert repr(bytes.fromhex(KEYS[1]))[2:20] not in repr(one)
