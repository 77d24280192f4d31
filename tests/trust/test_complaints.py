"""Is who marks our mail as spam, or asks for no more, heeded if it is proven, and shown to a person in any case?"""

from __future__ import annotations

import pytest

from bounce_plugin.outcome import Handling
from bounce_plugin.policy.state import Verb
from tests.trust.marked import DOMAIN, complaint, handle, sign, stopped, why
from tests.world import ANNA, World


class TestComplaints:
    """Who marks our mail as spam, or asks for no more, is heeded if it is proven; and shown to a person in any case."""

    def test_d_33_a_signed_complaint_stops_mail_that_need_not_be_sent(self, world: World) -> None:
        assert handle(world, complaint(sign(world).header)) is Handling.REVIEW
        assert stopped(world)
        assert not world.plugin.should_suppress(ANNA, "invoice")
        assert f"about mail to {ANNA}, and signed" in why(world)

    def test_d_33_a_replay_stops_nobody_whom_a_person_has_freed(self, world: World) -> None:
        raw = complaint(sign(world).header)
        handle(world, raw)
        world.plugin.lift(ANNA, actor="Erna", why="a slip of the finger")
        handle(world, raw + b"\n")
        assert not stopped(world)

    @pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "virus", "other"])
    def test_d_33_other_feedback_stops_nobody(self, world: World, kind: str) -> None:
        handle(world, complaint(sign(world).header, kind))
        assert not stopped(world)

    def test_t_25_a_forged_complaint_goes_to_review_and_stops_nobody(self, world: World) -> None:
        forged = complaint("a2" * 18).replace(b"redacted@provider.example", ANNA.encode())
        assert handle(world, forged) is Handling.REVIEW
        with world.plugin.ledger.reading() as tx:
            assert tx.connection.exec_driver_sql("SELECT count(*) FROM acts").scalar() == 0

    def test_d_37_a_mail_to_the_unsubscribe_address_asks_for_no_more(self, world: World) -> None:
        path = sign(world)
        text = f"From: {ANNA}\nTo: {path.unsubscribe}\nSubject: unsubscribe\n\nunsubscribe\n"
        assert handle(world, text.encode()) is Handling.REVIEW
        assert why(world) == f"A person asks for something: unsubscribe. It is about mail to {ANNA}, and signed."

    def test_d_37_without_its_mark_it_is_a_mail_like_any_other(self, world: World) -> None:
        path = sign(world)
        for to in (path.address, f"b+{'a2' * 18}@{DOMAIN}", "unsubscribe@crm.example"):
            text = f"From: {ANNA}\nTo: {to}\nSubject: unsubscribe\n\nunsubscribe\n"
            assert handle(world, text.encode()) is Handling.LEFT


def test_a_stop_by_a_complaint_can_be_explained(world: World) -> None:
    handle(world, complaint(sign(world).header))
    explanation = world.plugin.explain(ANNA, "newsletter")
    assert explanation.suppressed
    assert "marked as spam" in explanation.because
    assert [act.verb for act in explanation.acts] == [Verb.SUPPRESS]
