"""The tables are whole."""

import pytest

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.tables import BUILT_IN


def test_all_thirty_reasons_are_described():
    assert set(BUILT_IN.reasons) == set(Reason)
    assert all(row.definition for row in BUILT_IN.reasons.values())


def test_every_registered_code_is_known():
    for class_ in (4, 5):
        for subject, details in ((0, 0), (1, 10), (2, 4), (3, 5), (4, 7), (5, 6), (6, 10), (7, 30)):
            for detail in range(details + 1):
                row = BUILT_IN.codes.of_status(f"{class_}.{subject}.{detail}")
                assert row is not None or (subject, detail) in {(1, 5), (1, 9), (3, 6), (6, 4)}


def test_a_code_of_the_future_is_read_as_its_subject():
    row = BUILT_IN.codes.of_status("5.7.99")
    assert row is not None
    assert row.rule == "status:5.7.0"


@pytest.mark.parametrize("rule", ["code:microsoft:5.7.606-5.7.649", "status:5.1.1", "reply:550", "exit:67"])
def test_a_code_row_is_found_by_its_rule(rule):
    row = BUILT_IN.codes.by_rule(rule)
    assert row is not None
    assert row.rule == rule


def test_every_row_of_codes_can_be_listed_and_is_found_by_its_rule():
    rows = list(BUILT_IN.codes.rows())
    assert len({row.rule for row in rows}) == len(rows)
    assert {row.rule.partition(":")[0] for row in rows} == {"status", "code", "reply", "exit"}
    assert all(BUILT_IN.codes.by_rule(row.rule) == row for row in rows if "-" not in row.rule)


def test_what_nobody_added_is_built_in():
    assert {BUILT_IN.source_of(rule) for rule in BUILT_IN.phrases} == {"built in"}
