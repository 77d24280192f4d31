"""What does bounce.toml say of phrases?"""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from bounce_plugin.classify.phrases import KEYS
from bounce_plugin.errors import SettingsError
from bounce_plugin.rulebook import add_all
from bounce_plugin.settings import parse_settings

DOCS = Path(__file__).parents[2] / "docs"
TEMPLATE = resources.files("bounce_plugin.settings").joinpath("bounce.toml").read_text("utf-8")


def test_rows_stay_as_they_are_until_the_tables_are_made() -> None:
    settings = parse_settings('[[phrases]]\nphrase = "x y"\n[[phrases]]\nreason = "zzz"\n', folder=Path("/etc"))
    assert settings.phrases == ({"phrase": "x y"}, {"reason": "zzz"})
    assert settings.addition.rows == settings.phrases
    assert settings.addition.source == "bounce.toml"
    assert [str(fault) for fault in add_all(settings, []).faults] == [
        "bounce.toml, line 1: reason: is missing",
        "bounce.toml, line 3: phrase: is missing",
    ]


def test_the_form_of_our_own_table_is_understood_too() -> None:
    rows = '{ phrase = "kiosk shut", reason = "greylisted", example = "550 kiosk shut" }'
    settings = parse_settings(f"phrases = [\n    {rows},\n]\n[trust]\n", folder=Path("/etc"))
    assert add_all(settings, []).tables.source_of("phrase:any:kiosk shut") == "bounce.toml, line 2"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[phrases]\nphrase = "x"', "phrases: must be written in two brackets: [[phrases]]"),
        ("phrases = [3]", "phrases[1] = 3: must be a table of keys"),
        ('[[phrase]]\nphrase = "x"', 'phrase: there is no such key here; did you mean "phrases"?'),
    ],
)
def test_another_form_is_refused(text: str, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, folder=Path("/etc"))
    assert problem in str(caught.value)


def test_what_the_template_shows_can_be_used_as_it_is() -> None:
    text = re.sub(
        r"^##?(?=\[\[phrases|(?:phrase|reason|example|scope|priority|code) = )",
        "",
        TEMPLATE[TEMPLATE.index("#[[phrases]]") :],
        flags=re.MULTILINE,
    )
    (row,) = tomllib.loads(text)["phrases"]
    assert set(row) == KEYS
    assert (row["scope"], row["priority"]) == ("any", 70)
    assert add_all(parse_settings(text, folder=Path("/etc")), []).faults == ()


def test_the_reference_has_every_key_of_a_phrase() -> None:
    page = (DOCS / "reference/settings.md").read_text("utf-8")
    section = page[page.index("## `[[phrases]]`") :].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)) == KEYS
