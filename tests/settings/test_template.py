"""What does a new operator begin with?"""

from __future__ import annotations

import re
import stat
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from bounce_plugin.errors import SettingsError
from bounce_plugin.policy.categories import BUILT_IN_CATEGORIES
from bounce_plugin.policy.presets import build_policy
from bounce_plugin.settings import (
    CanarySettings,
    CanarySmtpSettings,
    GoogleOAuth,
    ImapSettings,
    LmtpSettings,
    MaildirSettings,
    MboxSettings,
    MetricsSettings,
    MicrosoftOAuth,
    OtherOAuth,
    Pop3Settings,
    Settings,
    SmtpSettings,
    load_settings,
    parse_settings,
    write_template,
)
from bounce_plugin.settings.policy import RuleSettings
from bounce_plugin.settings.trust import KeySettings

TEMPLATE = resources.files("bounce_plugin.settings").joinpath("bounce.toml").read_text("utf-8")


def shown(*, alternatives: bool) -> dict[str, Any]:
    """The template with every key that it shows, and with those behind "##", of which only one can be used."""
    text = re.sub(r"^##(?=\w)" if alternatives else r"(?!)", "", TEMPLATE, flags=re.MULTILINE)
    return tomllib.loads(re.sub(r"^#(?=\[|\w+ = )", "", text, flags=re.MULTILINE))


def keys(section: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in section.model_fields.items()}


def sections() -> dict[str, tuple[dict[str, Any], type[BaseModel]]]:
    everything = shown(alternatives=True)
    maildir, imap, microsoft, google, other, pop3, mbox = everything["mailbox"]
    found: dict[str, tuple[dict[str, Any], type[BaseModel]]] = {
        "maildir": (maildir, MaildirSettings),
        "imap": ({**imap, "oauth": None}, ImapSettings),
        "microsoft": (microsoft["oauth"], MicrosoftOAuth),
        "google": (google["oauth"], GoogleOAuth),
        "other": (other["oauth"], OtherOAuth),
        "pop3": (pop3, Pop3Settings),
        "mbox": (mbox, MboxSettings),
        "rule": (everything["policy"]["rule"][0], RuleSettings),
        "smtp": (everything["notices"]["smtp"], SmtpSettings),
        "lmtp": (everything["lmtp"], LmtpSettings),
        "metrics": (everything["metrics"], MetricsSettings),
        "trust.key": (everything["trust"]["key"][0], KeySettings),
        "canary": (everything["canary"], CanarySettings),
        "canary.smtp": (everything["canary"]["smtp"], CanarySmtpSettings),
        "everything": (everything, Settings),
    }
    for name in ("ledger", "trust", "hooks", "health"):
        section = Settings.model_fields[name].annotation
        assert section is not None
        found[name] = (everything[name], section)
    return found


def test_it_is_valid_as_it_stands_and_changes_nothing(tmp_path: Path) -> None:
    settings_file, key_file = write_template(tmp_path)
    settings = load_settings(settings_file)
    assert settings.policy == build_policy()
    assert [(mailbox.name, mailbox.kind) for mailbox in settings.mailboxes] == [("bounces", "maildir")]
    bare = parse_settings("", folder=tmp_path, source=settings.source)
    for section in ("ledger", "trust", "notices", "canary", "hooks", "policy", "lmtp", "health", "metrics"):
        assert getattr(settings, section) == getattr(bare, section), section
    assert settings.ledger.read_key() == bytes.fromhex(key_file.read_text())


@pytest.mark.parametrize("name", sections())
def test_it_shows_every_key_and_no_other(name: str) -> None:
    text, section = sections()[name]
    assert set(text) == keys(section)


@pytest.mark.parametrize("name", sections())
def test_what_it_shows_beside_a_key_is_the_default(name: str) -> None:
    text, section = sections()[name]
    shown_only = {"path", "ca_file", "user", "key_env", "client_id", "token_url", "bounce_domain", "file", "env", "key"}
    places = ("", "_file", "_env", "_command")
    shown_only |= {f"password{place}" for place in places} | {f"client_secret{place}" for place in places}
    shown_only |= {f"{name}{place}" for name in ("refresh_token", "certificate", "service_account") for place in places}
    if section is Settings:
        return  # each of its keys is a section
    for key, field in section.model_fields.items():
        alias = field.alias or key
        if field.is_required() or alias in shown_only or alias.startswith(("port", "processed", "review")):
            continue
        if section is MetricsSettings:
            continue
        if section is RuleSettings and alias in ("after", "within_days", "types", "reasons", "categories"):
            continue  # an example says more; the default stands in brackets
        if (section is OtherOAuth and alias == "scope") or alias == "smtp":  # a section of its own
            continue
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        assert text[alias] in (default, str(default), sorted(default) if isinstance(default, frozenset) else None), (
            alias
        )


def test_the_categories_that_it_shows_are_the_built_in_ones() -> None:
    uses = {category.name: "exempt" if category.exempt else "suppressible" for category in BUILT_IN_CATEGORIES}
    assert shown(alternatives=False)["categories"] == uses


def test_everything_that_it_shows_can_be_used_at_once(tmp_path: Path) -> None:
    text = re.sub(r"^#(?=\[|\w+ = )", "", TEMPLATE, flags=re.MULTILINE)
    settings = parse_settings(text, folder=tmp_path)
    assert [mailbox.kind for mailbox in settings.mailboxes] == ["maildir", *["imap"] * 4, "pop3", "mbox"]
    assert settings.policy.rules[-1].name == "three failed sends"


def test_only_the_owner_may_read_what_it_wrote(tmp_path: Path) -> None:
    written = write_template(tmp_path / "new" / "folder")
    assert [path.name for path in written] == ["bounce.toml", "ledger.key"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in written] == [0o600, 0o600]


def test_each_key_is_another_one_of_32_octets(tmp_path: Path) -> None:
    one, other = (write_template(tmp_path / name)[1].read_text() for name in ("a", "b"))
    assert one != other
    assert len(bytes.fromhex(one)) == 32


@pytest.mark.parametrize("name", ["bounce.toml", "ledger.key"])
def test_nothing_is_overwritten_and_nothing_is_half_written(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(SettingsError, match=f"{name}: exists already"):
        write_template(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_link_that_leads_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "ledger.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match="exists already"):
        write_template(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="file"):
        write_template(tmp_path / "file" / "folder")
