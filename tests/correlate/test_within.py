"""Is an address found in whatever surrounds it, and nobody else's taken for it?"""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bounce_plugin.correlate.address import normalise
from bounce_plugin.correlate.within import addresses_within
from tests.surroundings import ANNA, OTHERS, SURROUNDED


@pytest.mark.parametrize("text", SURROUNDED)
def test_t_23_an_address_is_found_in_what_surrounds_it(text: str) -> None:
    assert ANNA in addresses_within(text)


@pytest.mark.parametrize("text", OTHERS)
def test_t_09_another_address_that_only_ends_or_begins_like_it_is_not_it(text: str) -> None:
    assert ANNA not in addresses_within(text)


@given(st.text(alphabet="ab=@.'_+-/\"é", max_size=40))
def test_what_is_found_is_in_its_normal_spelling(text: str) -> None:
    assert all(normalise(address) == address for address in addresses_within(text))


def test_no_text_takes_long() -> None:
    began = time.perf_counter()
    for text in ("=a.b" * 31 + "@x.example", "'a" * 64 + "@x.example", "a=b.c_" * 5000 + "@x.example"):
        addresses_within(text)
    assert time.perf_counter() - began < 2
