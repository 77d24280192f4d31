"""What does an operator see of the rules at a terminal? `rules list` and `rules show`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.cli import DONE, USAGE
from bounce_plugin.cli.rule_rows import COLUMNS
from bounce_plugin.errors import NotFoundError
from tests.cli.rules.listed import KIOSK, line_of, rows
from tests.cli.terminal import call


def test_rules_alone_lists_every_table() -> None:
    alone = call("rules")
    assert alone.exit_code == DONE
    assert alone.output == call("rules", "list").output
    for words in ("Reasons", "5.1.1", "exit 67", "phrase:any:{who} & {gone}", "mail.live.com"):
        assert words in alone.output


def test_json_has_every_row_once() -> None:
    listed = rows()
    counts = Counter(row["table"] for row in listed)
    assert list(counts) == list(COLUMNS)
    assert counts["reasons"] == 30
    assert counts["phrases"] == len(BUILT_IN.phrases)
    assert len({row["rule"] for row in listed}) == len(listed)
    assert {row["source"] for row in listed} == {"built in"}


def test_a_phrase_has_its_rule_priority_reason_scope_and_example() -> None:
    (row,) = rows("--word", "5.7.9")[-1:]
    assert row == {
        "table": "phrases",
        "rule": "phrase:yahoo:not accepted for policy reasons",
        "reason": "auth_failure",
        "scope": "yahoo",
        "priority": 18,
        "phrase": "not accepted for policy reasons",
        "words": ["not accepted for policy reasons"],
        "code": "554 5\\.7\\.9",
        "example": "554 5.7.9 Message not accepted for policy reasons.",
        "source": "built in",
    }


def test_phrases_are_listed_in_the_order_in_which_they_come() -> None:
    ranks = [BUILT_IN.phrases[str(row["rule"])].rank for row in rows("--table", "phrases")]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("table", COLUMNS)
def test_one_table_can_be_chosen(table: str) -> None:
    assert {row["table"] for row in rows("--table", table)} == {table}
    assert call("rules", "list", "--table", table).exit_code == DONE


def test_rows_are_filtered_by_reason_scope_and_word() -> None:
    assert {row["reason"] for row in rows("--reason", "mailbox_full")} == {"mailbox_full"}
    assert {row["table"] for row in rows("--reason", "mailbox_full")} == {"reasons", "status", "reply", "phrases"}
    assert {row["scope"] for row in rows("--scope", "google")} == {"google"}
    found = rows("--reason", "mailbox_full", "--scope", "any", "--word", "INBOX")
    assert found
    assert all("inbox" in str(row).lower() for row in found)
    assert call("rules", "list", "--word", "there is no such word").output == "There is no such rule.\n"


def test_what_is_added_is_listed_with_its_place(settings: Path) -> None:
    (row,) = rows("--added")
    assert (row["rule"], row["source"]) == ("phrase:any:kiosk shut", f"bounce.toml, line {line_of(settings, KIOSK)}")
    assert "bounce.toml, line" in call("rules", "list", "--added").output


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("status:5.1.1", ["Bad destination mailbox address", "address_unknown"]),
        ("reply:552", ["mailbox_full"]),
        ("reason:mailbox_full", ["over quota", "soft"]),
        ("provider:google", ["gsmtp", "gmail.com"]),
        ("phrase:any:{who} & {gone}", ["example    ", "mailbox | mailboxes", "priority   "]),
        ("Not Accepted For Policy Reasons", ["auth_failure", "554 5.7.9"]),
    ],
)
def test_a_rule_is_shown_by_its_name_or_by_words_of_it(name: str, shown: list[str]) -> None:
    result = call("rules", "show", name)
    assert result.exit_code == DONE, result.output
    assert all(words in result.output for words in shown)


def test_a_rule_is_shown_by_its_name_as_other_commands_shorten_it() -> None:
    line = next(line for line in call("rules", "test", "550 no such user").output.splitlines() if "…" in line)
    assert call("rules", "show", line.split(" (built in")[0].strip()).exit_code == DONE


def test_a_rule_is_shown_as_json() -> None:
    assert json.loads(call("rules", "show", "status:5.1.1", "--json").output)["code"] == "5.1.1"


def test_a_name_that_several_rules_have_is_refused_with_their_names() -> None:
    result = call("rules", "show", "quota")
    assert result.exit_code == USAGE
    assert "phrase:google:email quota exceeded|over quota|overquotatemp" in result.output
    assert "more" in result.output


def test_a_rule_that_does_not_exist() -> None:
    assert isinstance(call("rules", "show", "no such rule at all").exception, NotFoundError)


def test_every_reason_can_be_asked_for() -> None:
    assert {row["reason"] for row in rows("--table", "reasons")} == {reason.value for reason in Reason}
