"""Which mark of a report decides, and can anything that anybody writes be taken for one?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Trust
from bounce_plugin.correlate.seal import Inspection, Seal, number_of
from bounce_plugin.correlate.token import Keyring, Purpose
from bounce_plugin.policy.categories import BUILT_IN_CATEGORIES

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
RING = Keyring(domain="bounces.example.org", keys={1: bytes(range(32))}, newest=1)
SEAL = Seal(keyring=RING)
PATHS = [SEAL.mark(delivery=number, category="newsletter", recipient="ann@example.org", now=NOW) for number in range(6)]


def test_the_strongest_mark_decides_whatever_else_stands_in_the_report() -> None:
    envelope, envid, sender, message_id, header, _ = PATHS
    clues = {
        "envelope_recipients": ("bounces@crm.example", envelope.address),
        "envelope_id": envid.envelope_id,
        "envelope_sender": sender.address,
        "message_id": message_id.message_id,
        "header_ref": header.header,
    }
    found = []
    while clues:
        proof = SEAL.inspect(Clues(**clues), NOW).proof  # type: ignore[arg-type]
        assert proof
        found.append((proof.ref, proof.trust))
        clues.pop(next(iter(clues)))
    envelope_trust, header_trust = Trust.SIGNED_ENVELOPE, Trust.SIGNED_HEADER
    expected = [envelope_trust, envelope_trust, envelope_trust, header_trust, header_trust]
    assert found == [(path.ref, trust) for path, trust in zip(PATHS, expected, strict=False)]


def test_a_mark_that_was_forged_does_not_hide_one_that_is_ours() -> None:
    forged = f"b+{'a2' * 18}@bounces.example.org"
    inspection = SEAL.inspect(Clues(envelope_recipients=(forged, PATHS[0].address)), NOW)
    assert inspection.proof
    assert inspection.forged == 1


def test_c_04_whether_it_has_expired_is_said_and_not_hidden() -> None:
    clues = Clues(envelope_recipients=(PATHS[0].address,))
    proof = SEAL.inspect(clues, NOW + timedelta(days=46)).proof
    assert proof
    assert not proof.current


def test_d_37_the_unsubscribe_mark_is_for_addresses_alone() -> None:
    path = PATHS[0]
    proof = SEAL.inspect(Clues(envelope_recipients=(path.unsubscribe,)), NOW).proof
    assert proof
    assert (proof.purpose, proof.trust) == (Purpose.UNSUBSCRIBE, Trust.NONE)
    token = path.unsubscribe.removeprefix("b+").partition("@")[0]
    for clues in (Clues(envelope_sender=path.unsubscribe), Clues(envelope_id=token), Clues(header_ref=token)):
        assert SEAL.inspect(clues, NOW).proof is None


@pytest.mark.parametrize("prefix", ["", "b-", "b=", "bounce+"])
def test_the_prefix_is_the_hosts(prefix: str) -> None:
    seal = Seal(keyring=RING, prefix=prefix)
    path = seal.mark(delivery=1, category="newsletter", recipient="ann@example.org", now=NOW)
    assert path.address.startswith(prefix)
    for address in (path.address, path.address.upper(), f"prvs=0123abcdef={path.address}"):
        assert seal.inspect(Clues(envelope_recipients=(address,)), NOW).proof, address


def test_a_category_keeps_its_number_whatever_else_is_declared() -> None:
    numbers = {category.name: number_of(category.name) for category in BUILT_IN_CATEGORIES}
    assert numbers == {"newsletter": 222, "announcement": 135, "transactional": 210, "invoice": 83, "statutory": 196}
    assert number_of("") == 0
    assert all(1 <= number_of(f"category {number}") <= 255 for number in range(500))


PIECES = st.sampled_from(
    [*"b+@<>=", "a2" * 18, "a2" * 17, "bounces.example.org", "srs0=a=b=", "prvs=0123abcdef=", "é", "\0"]
)
TEXTS = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=100)


@settings(max_examples=200)
@given(TEXTS, TEXTS, TEXTS, TEXTS, st.lists(TEXTS, max_size=4).map(tuple))
def test_whatever_a_report_says_nothing_is_believed_by_chance(
    envid: str, sender: str, message_id: str, header: str, recipients: tuple[str, ...]
) -> None:
    clues = Clues(
        envelope_recipients=recipients,
        envelope_id=envid,
        envelope_sender=sender,
        message_id=message_id,
        header_ref=header,
    )
    assert SEAL.inspect(clues, NOW).proof is None


def test_without_any_clue_there_is_nothing() -> None:
    assert SEAL.inspect(Clues(), NOW) == Inspection()
