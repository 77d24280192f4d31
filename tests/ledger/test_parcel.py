"""Does a value come back from its column, whatever its texts hold, and does no address stand there?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bounce_plugin.correlate.correlation import Contact
from bounce_plugin.ledger.addresses import reveal
from bounce_plugin.ledger.columns import storable
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.parcel import Parcel
from bounce_plugin.ledger.transaction import Transaction

CONTACTS: Parcel[tuple[Contact, ...]] = Parcel(TypeAdapter(tuple[Contact, ...]))

#: Also what JSON writes with an escape, whose letter must not become a part of an address.
texts = st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from(["\n", "\t", '"', "\\", "{@", "}", "joe@example.org", "n", "ü", "\ud800", "\0", ","])).map(
        "".join
    ),
)
contacts = st.builds(Contact, id=texts, address=texts, lists=st.lists(texts, max_size=3).map(tuple))


@pytest.fixture(scope="module")
def tx() -> Iterator[Transaction]:
    with Ledger.in_memory() as ledger, ledger.transaction() as transaction:
        yield transaction


@given(st.lists(contacts, max_size=3).map(tuple))
def test_a_value_comes_back_and_no_address_is_in_its_column(tx: Transaction, value: tuple[Contact, ...]) -> None:
    packed = CONTACTS.pack(tx, value)
    assert "joe@example.org" not in packed
    assert CONTACTS.unpack(reveal(tx, packed)) == tuple(
        Contact(id=storable(one.id), address=storable(one.address), lists=tuple(map(storable, one.lists)))
        for one in value
    )
