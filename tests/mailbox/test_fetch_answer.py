"""Sets of UIDs, as servers write and read them. What they answer to FETCH is tried in test_imap_misbehaving."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox.fetch_answer import compact, expand, read_facts


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


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("23-Nov-2026 10:00:00 +0000", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        (" 3-FEB-2024 23:59:60 +0000", None),
        (" 3-FEB-2024 23:59:59 -0330", datetime(2024, 2, 4, 3, 29, 59, tzinfo=UTC)),
        ("01-jan-2026 00:30:00 +0545", datetime(2025, 12, 31, 18, 45, tzinfo=UTC)),
        ("31-Feb-2026 10:00:00 +0000", None),
        ("01-Foo-2026 10:00:00 +0000", None),
        ("01-Jan-0001 00:00:00 +1400", None),
        ("01-Jan-2026 24:00:00 +0000", None),
        ("01-Jan-2026 10:00:00 +9999", None),
    ],
)
def test_a_date_is_read_as_it_is_written_and_an_impossible_one_is_the_servers_T_26(
    said: str, meant: datetime | None
) -> None:
    answer = [f'1 (UID 7 RFC822.SIZE 5 INTERNALDATE "{said}")'.encode()]
    if meant is None:
        with pytest.raises(MailboxError, match="impossible INTERNALDATE"):
            read_facts(answer, [7])
    else:
        assert read_facts(answer, [7])[7].received_at == meant
