"""Sets of UIDs, as servers write and read them. What they answer to FETCH is tried in test_imap_misbehaving."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bounce_plugin.mailbox.fetch_answer import compact, expand


@given(st.sets(st.integers(min_value=1, max_value=400), min_size=1))
def test_a_compact_set_names_the_same_uids_in_order(uids: set[int]) -> None:
    assert expand(compact(uids)) == sorted(uids)


def test_runs_are_written_as_runs() -> None:
    assert compact([7, 3, 1, 2, 9, 8, 7]) == "1:3,7:9"
    assert compact([5]) == "5"


def test_a_run_may_be_told_backwards() -> None:
    assert expand("9:7,3") == [9, 8, 7, 3]


def test_a_set_without_measure_is_refused_T_20() -> None:
    with pytest.raises(ValueError, match="a set of 4294967294 UIDs"):
        expand("1:4294967295")
