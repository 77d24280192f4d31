"""What does bounce.toml say, and what is said of one that is wrong?"""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from bounce_plugin.correlate.correlation import Trust
from bounce_plugin.errors import SettingsError
from bounce_plugin.notices.kind import NoticeKind
from bounce_plugin.policy.presets import build_policy
from bounce_plugin.settings import ImapSettings, Settings, load_settings, parse_settings

IMAP = '[[mailbox]]\nname = "b"\nkind = "imap"\nhost = "h"\nuser = "u"\n'
NOTICES = '[notices]\nto = ["a@example.org"]\nfrom = "b@example.org"\n'


def parse(text: str) -> Settings:
    return parse_settings(text, folder=Path("/etc/bounce"))


def refused(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        parse(text)
    return str(caught.value)


# ---- what holds if nothing is said ----


def test_an_empty_file_is_the_careful_default() -> None:
    settings = parse("")
    assert settings.policy == build_policy()
    assert settings.mailboxes == ()
    assert settings.trust.require is Trust.ADDRESS
    assert settings.notices is None
    assert settings.ledger.url == "sqlite:////etc/bounce/bounces.sqlite3"
    assert settings.ledger.key_file == Path("/etc/bounce/ledger.key")
    assert (settings.ledger.tenant, settings.hooks.disabled, dict(settings.plugin)) == (1, frozenset(), {})


def test_everything_can_be_said() -> None:
    settings = parse(
        """
        [ledger]
        url = "postgresql+psycopg://bounce@db/bounces"
        tenant = 2
        [trust]
        require = "address"
        [notices]
        to = ["a@example.org", "b@example.org"]
        from = "bounces@example.org"
        language = "de"
        events = ["review", "run"]
        smtp = { host = "smtp.example.org", security = "starttls", user = "u", password_env = "P", ca_file = "ca.pem" }
        [hooks]
        disabled = ["noisy"]
        [plugin.sqlalchemy]
        url = "sqlite:///crm.sqlite3"
        columns = { address = "email" }
        """
    )
    assert (settings.ledger.url, settings.ledger.tenant) == ("postgresql+psycopg://bounce@db/bounces", 2)
    notices = settings.notices
    assert notices is not None
    assert (notices.to, notices.sender) == (("a@example.org", "b@example.org"), "bounces@example.org")
    assert (notices.language, notices.events) == ("de", {NoticeKind.REVIEW, NoticeKind.RUN})
    assert (notices.smtp.host, notices.smtp.port, notices.smtp.ca_file) == (
        "smtp.example.org",
        587,
        Path("/etc/bounce/ca.pem"),
    )
    assert settings.hooks.disabled == {"noisy"}
    assert settings.plugin["sqlalchemy"] == {
        "url": "sqlite:////etc/bounce/crm.sqlite3",
        "columns": {"address": "email"},
    }


def test_notices_go_through_the_mail_server_of_this_machine_unless_another_is_named() -> None:
    notices = parse(NOTICES).notices
    assert notices is not None
    assert (notices.smtp.host, notices.smtp.port, notices.smtp.security) == ("localhost", 25, "none")
    assert notices.smtp.read_password() == ""
    assert notices.events == set(NoticeKind)
    other = parse(NOTICES + 'smtp = { host = "smtp.example.org" }').notices
    assert other is not None
    assert (other.smtp.port, other.smtp.security) == (465, "tls")


def test_paths_are_relative_to_the_files_folder_or_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ada")
    Path("etc").mkdir()
    Path("etc/bounce.toml").write_text('[ledger]\nkey_file = "~/keys/ledger"\nurl = "sqlite:////var/l.db"\n')
    settings = load_settings(Path("etc/bounce.toml"))
    assert (settings.folder, settings.source) == (tmp_path / "etc", "etc/bounce.toml")
    assert settings.ledger.key_file == Path("/home/ada/keys/ledger")
    assert settings.ledger.url == "sqlite:////var/l.db"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse("").ledger.tenant = 3


# ---- what is wrong is named: file, key, value, and what is allowed ----

WRONG = {
    "section": ("[ledgr]", ["ledgr: there is no such key here", 'did you mean "ledger"?', "allowed: ledger, mailbox"]),
    "key": ("[ledger]\ntenat = 3", ["ledger.tenat = 3", 'did you mean "tenant"?']),
    "no section": ("ledger = 3", ["ledger = 3", "must be a table of keys"]),
    "type": ('[ledger]\ntenant = "one"', ["ledger.tenant = 'one'", "must be a whole number"]),
    "too small": ("[ledger]\ntenant = 0", ["ledger.tenant = 0", "must be 1 or more"]),
    "path": ("[ledger]\nkey_file = 3", ["ledger.key_file = 3", "must be a path"]),
    "home of nobody": ('[ledger]\nkey_file = "~nobody-here/x"', ["ledger.key_file", "'~nobody-here/x'"]),
    "database": ('[ledger]\nurl = "mysql://x/y"', ["ledger.url", "'mysql' is no database that we know"]),
    "database path": ('[ledger]\nurl = "sqlite://"', ["ledger.url", 'must be "sqlite:///FILE"']),
    "trust without a key": (
        '[trust]\nrequire = "signed"',
        ["trust.require = 'signed'", "needs trust.bounce_domain and a"],
    ),
    "trust": ('[trust]\nrequire = "adress"', ["trust.require = 'adress'", 'did you mean "address"?']),
    "preset": (
        '[policy]\npreset = "careful!"',
        ["policy.preset = 'careful!'", "allowed: careful, three-strikes, none"],
    ),
    "rule in one bracket": (
        '[policy.rule]\nname = "x"',
        ["policy.rule: must be written in two brackets: [[policy.rule]]"],
    ),
    "mailbox in one bracket": ('[mailbox]\nname = "x"', ["mailbox: must be written in two brackets: [[mailbox]]"]),
    "mailbox kind": (
        '[[mailbox]]\nname = "b"\nkind = "uucp"',
        ["mailbox[1].kind = 'uucp'", "allowed: imap, pop3, maildir, mbox"],
    ),
    "no mailbox kind": ('[[mailbox]]\nname = "b"', ["mailbox[1].kind: is missing", "imap, maildir, mbox"]),
    "no host": ('[[mailbox]]\nname = "b"\nkind = "imap"\nuser = "u"', ["mailbox[1].host: is missing"]),
    "no path": ('[[mailbox]]\nname = "b"\nkind = "mbox"', ["mailbox[1].path: is missing"]),
    "no user": (IMAP.replace('user = "u"\n', ""), ["mailbox[1].user: is missing"]),
    "empty name": ('[[mailbox]]\nname = " "\nkind = "mbox"\npath = "x"', ["mailbox[1].name", "must not be empty"]),
    "other kind's key": (
        '[[mailbox]]\nname = "b"\nkind = "maildir"\npath = "x"\nhost = "h"',
        ["mailbox[1].host = 'h'", "no such key here"],
    ),
    "port": (IMAP + 'password_env = "P"\nport = 70000', ["mailbox[1].port = 70000", "must be 65535 or less"]),
    "security": (IMAP + 'security = "ssl"', ["mailbox[1].security = 'ssl'", "allowed: tls, starttls, none"]),
    "dedicated": (IMAP + 'dedicated = "yes"', ["mailbox[1].dedicated = 'yes'", "must be true or false"]),
    "poll": (IMAP + "poll_seconds = 0", ["mailbox[1].poll_seconds = 0", "must be more than 0"]),
    "poll for ever": (IMAP + "poll_seconds = inf", ["mailbox[1].poll_seconds = inf", "must be a number"]),
    "no password": (IMAP, ["mailbox[1].user = 'u'", "needs one of password_file, password_env, password_command"]),
    "two passwords": (
        IMAP + 'password_env = "P"\npassword_file = "f"',
        ["mailbox[1].password_env: only one of password_file, password_env can be used"],
    ),
    "command": (IMAP + "password_command = [1]", ["mailbox[1].password_command = [1]", "must be a command"]),
    "command's quotes": (IMAP + 'password_command = "pass \'x"', ["mailbox[1].password_command", "cannot be split"]),
    "same folder": (
        '[[mailbox]]\nname = "b"\nkind = "maildir"\npath = "x"\nreview = "processed"',
        ["mailbox[1].review = 'processed'", "must be a place of its own"],
    ),
    "same file": (
        '[[mailbox]]\nname = "b"\nkind = "mbox"\npath = "x"\nprocessed = "x"',
        ["mailbox[1].processed = '/etc/bounce/x'", "must be a place of its own"],
    ),
    "same name": (
        '[[mailbox]]\nname = "b"\nkind = "mbox"\npath = "x"\n' * 2,
        ["mailbox[2].name = 'b'", "another mailbox has this name"],
    ),
    "category": ('[categories]\nraffle = "exemt"', ["categories.raffle = 'exemt'", 'did you mean "exempt"?']),
    "nobody told": ('[notices]\nto = []\nfrom = "a@b"', ["notices.to = []", "must not be empty"]),
    "no address": ('[notices]\nto = ["office"]\nfrom = "a@b"', ["notices.to[1] = 'office'", "is no address"]),
    "no sender": ('[notices]\nto = ["a@b"]', ["notices.from: is missing"]),
    "language": (NOTICES + 'language = "fr"', ["notices.language = 'fr'", "allowed: en, de"]),
    "event": (NOTICES + 'events = ["reviews"]', ["notices.events", "'reviews'", 'did you mean "review"?']),
    "smtp without user": (
        NOTICES + 'smtp = { host = "h", password_env = "P" }',
        ["notices.smtp.user: is missing", "signs nobody in"],
    ),
    "smtp without password": (
        NOTICES + 'smtp = { host = "h", user = "u" }',
        ["notices.smtp.user = 'u'", "needs one of"],
    ),
    "plugin": ("[plugin]\nsqlalchemy = 3", ["plugin.sqlalchemy = 3", "must be a table"]),
    "disabled": ('[hooks]\ndisabled = "x"', ["hooks.disabled = 'x'", "must be a list"]),
    "no TOML": ("[ledger]\n\ntenant = \n[", ["is not TOML", "line 3"]),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_setting_is_named_with_its_value_and_what_is_allowed(text: str, said: list[str]) -> None:
    message = refused(text)
    assert message.startswith("bounce.toml: ")
    for words in said:
        assert words in message


def test_the_error_has_its_facts_as_attributes(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text("[ledger]\ntenant = 0\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert (caught.value.source, caught.value.key, caught.value.value) == (str(path), "ledger.tenant", 0)


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml: there is no such file; `bounce-plugin init` writes one"):
        load_settings(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe4\n")
    with pytest.raises(SettingsError, match=r"latin\.toml: cannot be read"):
        load_settings(tmp_path / "latin.toml")


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "bounce.toml").write_bytes("\ufeff[ledger]\r\ntenant = 7\r\n".encode())
    assert load_settings(tmp_path / "bounce.toml").ledger.tenant == 7


# ---- a password is never shown ----


@pytest.mark.parametrize(
    "text",
    [
        IMAP + 'password = "hunter2"\npassword_env = "P"',
        IMAP + 'pasword = "hunter2"',
        IMAP + 'passwrd = ["hunter2"]',
        IMAP + 'password = ["hunter2"]',
        IMAP.replace("[[mailbox]]", "[mailbox]") + 'password = "hunter2"',
        IMAP.replace("[[mailbox]]", "[[mailboxes]]") + 'password = "hunter2"',
        IMAP.replace('host = "h"', "") + 'password = "hunter2"',
        NOTICES + 'smtp = { host = "h", password = "hunter2" }',
        '[ledger]\nurl = "mysql://u:hunter2@h/d"',
        '[ledger]\nulr = "postgresql://u:hunter2@h/d"',
    ],
)
def test_no_error_and_no_traceback_repeats_a_password(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(text)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_no_repr_shows_a_password() -> None:
    settings = parse(
        IMAP + 'password = "hunter2"\n[ledger]\nurl = "postgresql://u:hunter2@h/d"\n[plugin.x]\nurl = "p://u:hunter2@h"'
    )
    assert "hunter2" not in f"{settings!r} {settings} {settings.mailboxes!r} {settings.ledger!r}"
    mailbox = settings.mailboxes[0]
    assert isinstance(mailbox, ImapSettings)
    assert mailbox.read_password() == "hunter2"


@pytest.mark.parametrize(
    ("url", "becomes"),
    [
        ("sqlite:///crm.sqlite3", "sqlite:////etc/bounce/crm.sqlite3"),
        ("sqlite+pysqlite:///data/crm.sqlite3", "sqlite+pysqlite:////etc/bounce/data/crm.sqlite3"),
        ("sqlite:////srv/crm.sqlite3", "sqlite:////srv/crm.sqlite3"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql+psycopg://crm@localhost/crm", "postgresql+psycopg://crm@localhost/crm"),
        ("https://crm.example/api", "https://crm.example/api"),
    ],
)
def test_the_sqlite_file_of_a_plugin_is_relative_to_the_settings(url: str, becomes: str) -> None:
    assert parse(f'[plugin.crm]\nurl = "{url}"\nkey = "sqlite:///x"').plugin["crm"] == {
        "url": becomes,
        "key": "sqlite:///x",
    }
