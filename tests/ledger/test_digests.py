"""Are the fingerprints of many those of each?"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bounce_plugin.desk.erase import erase
from bounce_plugin.ledger.digests import Digests, fingerprint_in
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.rotate import rotate
from bounce_plugin.ledger.transaction import fingerprint
from tests.servers.ledgers import KEY
from tests.suppression.samples import among, stop

NEW = b"another key, of 32 octets......."

TEXTS = st.lists(
    st.sampled_from(["Joe@Example.org", "müller@example.org", "nobody", "", " a@b@c\n", "\udcff@x.org"])
    | st.text(max_size=9)
)


@given(TEXTS)
def test_the_fingerprints_of_many_are_those_of_each(addresses: list[str]) -> None:
    digests, _ = Digests(KEY, "address").of(addresses)
    assert [digest.hex()[:32] for digest in digests] == [fingerprint(KEY, address) for address in addresses]


@pytest.mark.parametrize("octets", [32, 63, 64, 65, 200])
def test_it_is_hmac_by_keys_of_any_length(octets: int) -> None:
    key = bytes(range(octets))
    expected = hmac.digest(key, b"address\0joe@example.org", hashlib.sha256)
    assert Digests(key, "address").of(["joe@example.org"]) == ([expected], None)


def test_what_is_no_address_is_told(ledger: Ledger) -> None:
    with ledger.reading() as tx:
        assert tx.digests(["joe@example.org", "Joe <joe@example.org>", "nobody"])[1] == "Joe <joe@example.org>"
        assert tx.digests(["joe@example.org", "JOE@EXAMPLE.ORG"])[1] is None
        assert tx.digests([]) == ([], None)


def test_who_was_forgotten_before_the_key_was_changed_keeps_the_fingerprint_of_that_time(tmp_path: Path) -> None:
    url, addresses = f"sqlite:///{tmp_path}/ledger.db", ["ann@example.org", "Joe@Example.org", "nobody"]
    with Ledger.open(url, key=KEY) as ledger:
        stop(ledger, *addresses)
        old = ledger.fingerprint("joe@example.org")
        erase(ledger, "joe@example.org")
    with Ledger.open(url, key=NEW, previous_keys=[KEY]) as ledger:
        assert rotate(ledger).due
        with ledger.reading() as tx:
            found = [fingerprint_in(digest) for digest in tx.digests(addresses)[0]]
            assert found == [tx.fingerprint(address) for address in addresses]
        assert found[1] == old
        assert len(among(ledger, addresses)) == 3
