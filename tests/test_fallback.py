"""Is an invoice that fails told once, by its number, and with the way in which it is to be sent?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bounce_plugin import Delivery
from bounce_plugin.ledger.deliveries import deliveries_to
from tests.trust.marked import KEYS, returned, signing
from tests.world import ANNA, START, World, open_world

CATEGORIES = '[categories]\ninvoice = { use = "exempt", fallback = "post" }\n'


@pytest.fixture
def club(tmp_path: Path) -> Iterator[World]:
    for number, key in KEYS.items():
        (tmp_path / f"trust-{number}.key").write_text(key)
    world = open_world(tmp_path, CATEGORIES + signing("signed"))
    with world.plugin:
        yield world


def told(world: World) -> list[tuple[str, str]]:
    return list(zip((event.document for event in world.host.exempt), world.host.fallbacks, strict=True))


def invoice(world: World, category: str = "invoice") -> str:
    path = world.plugin.return_path("7", "invoices-2026-11", category, address=ANNA, document="2026-0815")
    return path.address


def handle(world: World, raw: bytes) -> None:
    world.box.drop(raw, world.clock.now)
    world.plugin.run_once()


def test_the_document_and_the_fallback_are_told(club: World) -> None:
    handle(club, returned(invoice(club)))
    assert told(club) == [("2026-0815", "post")]
    assert club.host.exempt[0].message == "invoices-2026-11"
    assert club.host.classified[0].document == "2026-0815"
    with club.plugin.ledger.reading() as tx:
        assert [delivery.document for delivery in deliveries_to(tx, ANNA)] == ["2026-0815"]


def test_a_category_without_fallback_leaves_it_to_the_host(club: World) -> None:
    handle(club, returned(invoice(club, "statutory")))
    assert told(club) == [("2026-0815", "")]


def test_each_message_is_told_once_whatever_is_reported_of_it(club: World) -> None:
    to = invoice(club)
    for reply in ("554 5.7.1 Rejected: spam", "550 5.1.1 User unknown", "550 5.1.1 User unknown"):
        handle(club, returned(to, reply=reply))
    assert len(club.host.classified) == 2, "the first is not held against the address"
    assert told(club) == [("2026-0815", "post")]
    handle(club, returned(invoice(club)))
    assert len(told(club)) == 2, "another message, also of the same document"


def test_a_signed_report_is_told_after_one_that_nobody_believed(club: World) -> None:
    known = Delivery(
        ref="d1", address=ANNA, category="invoice", document="1", sent_at=START, message_id="i@crm.example"
    )
    club.plugin.record_sent([known])
    handle(club, returned("bounces@crm.example", message_id="i@crm.example"))
    assert told(club) == []
    path = club.plugin.return_path("7", "", "invoice", address=ANNA, message_id="j@crm.example", document="2")
    handle(club, returned("bounces@crm.example", message_id="j@crm.example"))
    assert told(club) == [], "its Message-ID is no secret"
    handle(club, returned(path.address, message_id="j@crm.example"))
    assert told(club) == [("2", "post")]


def test_a_delay_is_no_failure(club: World) -> None:
    handle(club, returned(invoice(club), reply="451 4.4.1 Connection timed out", action="delayed"))
    assert told(club) == []
