"""Each rule that evidence can cite is found where it stands."""

import tomllib
from functools import cache
from importlib import resources

import pytest

from bounce_plugin.classify.places import find_table_line
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.message.status import EnhancedStatus

TABLES = resources.files("bounce_plugin.classify")
CODES = tomllib.loads(TABLES.joinpath("status_codes.toml").read_text("utf-8"))
REPLIES = tomllib.loads(TABLES.joinpath("reply_codes.toml").read_text("utf-8"))


@cache
def lines_of(file: str) -> list[str]:
    return TABLES.joinpath(file).read_text("utf-8").splitlines()


def line_of(rule: str) -> str:
    file, _, number = find_table_line(rule).partition(":")
    return lines_of(file)[int(number) - 1]


def test_every_phrase_has_its_line() -> None:
    for rule, phrase in BUILT_IN.phrases.items():
        (row,) = tomllib.loads(f"rows = [{line_of(rule)}\n]")["rows"]
        assert (row["phrase"], row.get("scope", "any")) == (phrase.phrase, phrase.scope), rule
        assert (row["reason"], row["example"]) == (phrase.reason, phrase.example), rule


@pytest.mark.parametrize("class_", [4, 5])
def test_every_code_has_its_line(class_: int) -> None:
    column = "temporary" if class_ == 4 else "permanent"
    for entry in CODES["iana"] + CODES["provider"]:
        if column not in entry:
            continue
        scope, code = entry.get("scope", ""), entry["code"].replace("X", str(class_))
        status = EnhancedStatus.find(code)
        assert status is not None
        row = BUILT_IN.codes.of_provider(scope, status) if scope else BUILT_IN.codes.of_status(str(status))
        assert row is not None
        assert f'"{entry["code"]}"' in line_of(row.rule)
        assert f'{column} = "{row.reason}"' in line_of(row.rule)
        assert not scope or f'scope = "{scope}"' in line_of(row.rule)


@pytest.mark.parametrize("kind", ["reply", "exit"])
def test_every_reply_and_exit_code_has_its_line(kind: str) -> None:
    for entry in REPLIES[kind]:
        assert f'code = "{entry["code"]}", reason = "{entry["reason"]}"' in line_of(f"{kind}:{entry['code']}")


def test_every_provider_has_its_line() -> None:
    assert {line_of(f"provider:{name}") for name in BUILT_IN.providers.names} == {
        f"[{name}]" for name in BUILT_IN.providers.names
    }


@pytest.mark.parametrize(
    "rule", ["gate:failed", "stage:rcpt", "person:erna", "phrase:any:of a plugin", "status:5.99.1", "status:", "", "x"]
)
def test_what_stands_in_no_packaged_table_has_no_line(rule: str) -> None:
    assert find_table_line(rule) == ""
