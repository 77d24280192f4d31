"""By which rules are mails classified, once bounce.toml and the plugins have had their say?"""

from __future__ import annotations

from pathlib import Path

import pytest

from bounce_plugin import BouncePlugin, Reason, SettingsError, hookimpl
from bounce_plugin.announce import Phrases
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.rulebook import add_all, load_rules, make_tables
from bounce_plugin.settings import Settings, load_settings, parse_settings, write_template
from tests.bounces import report

KIOSK = """
[[phrases]]
phrase = "kiosk shut"
reason = "mailbox_disabled"
example = "550 kiosk shut"
"""
STALL = 'phrases = [{ phrase = "stall shut", reason = "address_moved", example = "550 stall shut" }]'


class Club:
    """A plugin that has phrases."""

    def __init__(self, toml: str) -> None:
        self.toml = toml

    @hookimpl
    def phrases(self) -> str:
        return self.toml


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A settings file as `init` leaves it, with a phrase of the operator's."""
    path, _ = write_template(tmp_path)
    with path.open("a") as file:
        file.write(KIOSK)
    return path


def lines(path: Path) -> int:
    """How many lines a file has."""
    return len(path.read_text().splitlines())


def parse(text: str) -> Settings:
    return parse_settings(text, folder=Path("/etc/bounce"))


def test_without_additions_the_rules_are_ours() -> None:
    assert make_tables(parse(""), []) is BUILT_IN
    assert make_tables(parse(""), [Phrases(plugin="club", toml="phrases = []")]) is BUILT_IN


def test_the_operators_phrases_and_those_of_plugins_are_used_and_their_place_is_known() -> None:
    tables = make_tables(parse(KIOSK), [Phrases(plugin="club", toml=STALL)])
    assert dict(tables.sources) == {
        "phrase:any:stall shut": "plugin 'club', line 1",
        "phrase:any:kiosk shut": "bounce.toml, line 2",
    }


def test_the_plugin_examines_with_the_operators_phrases(path: Path) -> None:
    mail = report("anna@example.com", "550 kiosk shut")
    with BouncePlugin(load_settings(path), plugins={"club": Club(STALL)}, entry_points=False) as plugin:
        (verdict,) = plugin.examine(mail).classifications
        (other,) = plugin.examine(mail.replace(b"kiosk", b"stall")).classifications
        assert plugin.pipeline.gathering.tables is plugin.tables
    assert verdict.reason is Reason.MAILBOX_DISABLED
    assert other.reason is Reason.ADDRESS_MOVED
    assert load_rules(path).tables.sources == {"phrase:any:kiosk shut": f"{path}, line {lines(path) - 3}"}


def test_the_start_is_refused_for_a_line_of_the_operator(path: Path) -> None:
    path.write_text(path.read_text() + KIOSK.replace("shut", "away").replace("mailbox_disabled", "mailbox_disabld"))
    with pytest.raises(SettingsError) as caught:
        BouncePlugin(load_settings(path), entry_points=False)
    problem = "reason = 'mailbox_disabld': is no reason; did you mean mailbox_disabled?"
    assert str(caught.value) == f"{path}, line {lines(path) - 1}: {problem}"


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ("phrases = [", "plugin 'club': is no TOML"),
        ("[[phrases]]\n\nphrase = 'x y'", "plugin 'club', line 1: reason: is missing"),
        (STALL.replace("550 stall", "550 shop"), "plugin 'club', line 1: example = '550 shop shut': does not hold"),
        (
            f"# two\n{STALL.replace('stall', 'no such user')}",
            "plugin 'club', line 2: example = '550 no such user shut'",
        ),
    ],
)
def test_the_start_is_refused_for_a_plugin_whose_phrases_cannot_be_used_by_its_name(
    path: Path, toml: str, problem: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        BouncePlugin(load_settings(path), plugins={"club": Club(toml)}, entry_points=False)
    assert str(caught.value).startswith(problem)


def test_everything_that_is_wrong_is_found_at_once() -> None:
    bad = KIOSK.replace("550 kiosk", "550 shop")
    faults = add_all(
        parse(bad + KIOSK.replace("kiosk", "no such user")),
        [Phrases(plugin="one", toml="phrases = 3"), Phrases(plugin="two", toml=STALL.replace("address_moved", "zzz"))],
    ).faults
    assert [str(fault).partition(": ")[0] for fault in faults] == [
        "plugin 'one'",
        "plugin 'two', line 1",
        "bounce.toml, line 5",
        "bounce.toml, line 10",
    ]


def test_what_the_operator_shares_with_a_plugin_is_said_of_the_operators_line() -> None:
    shared = KIOSK.replace('"kiosk shut"', '"stall  shut|kiosk shut"').replace("mailbox_disabled", "address_moved")
    (fault,) = add_all(parse(shared), [Phrases(plugin="club", toml=STALL)]).faults
    assert str(fault).startswith(
        "bounce.toml, line 3: phrase = 'stall  shut|kiosk shut': “stall shut” is there already"
    )
    assert "plugin 'club', line 1" in str(fault)


def test_the_operator_may_overrule_a_plugin() -> None:
    text = KIOSK.replace("kiosk", "stall") + "priority = 60\n"
    club = Phrases(plugin="club", toml=STALL)
    (fault,) = add_all(parse(text), [club]).faults  # the same name of a rule
    assert "is there already (plugin 'club', line 1)" in str(fault)
    assert add_all(parse(text.replace('"stall shut"', '"stall shut|stall gone"', 1)), [club]).faults == ()


def test_plugins_that_are_left_out_are_not_asked(path: Path) -> None:
    path.write_text(path.read_text().replace("#disabled = []", 'disabled = ["notices"]'))
    assert load_rules(path).faults == ()
