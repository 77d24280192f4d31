"""Fetching the servers: nothing twice, and one clear line where it cannot be done."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.servers import fetch


def test_without_apt_it_says_so_in_one_line_and_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fetch, "wanted", lambda: ("dovecot-imapd",))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["fetch.py", "--into", str(tmp_path / "servers")])
    fetch.main()
    assert capsys.readouterr().err == ("Servers for tests: there is no apt-get here. The tests that need them skip.\n")


def test_without_apt_it_says_so_once_for_all_mail_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["fetch.py", "--mtas", "--into", str(tmp_path / "servers")])
    fetch.main()
    assert capsys.readouterr().err == ("Servers for tests: there is no apt-get here. The tests that need them skip.\n")
    assert not (tmp_path / "servers" / "done").exists()


def test_what_apt_cannot_give_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("apt-get", "dpkg"):
        (tools / tool).write_text(
            "#!/bin/sh\necho 'W: a warning' >&2\necho 'E: Unable to locate package' >&2\nexit 100\n"
        )
        (tools / tool).chmod(0o755)
    monkeypatch.setattr(fetch, "wanted", lambda: ("dovecot-imapd",))
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setattr(sys, "argv", ["fetch.py", "--into", str(tmp_path / "servers")])
    fetch.main()
    fetch.main()  # nothing was kept that would hide it the second time
    line = "Servers for tests: apt cannot download dovecot-imapd: E: Unable to locate package. The tests that need them skip."
    assert capsys.readouterr().err.splitlines() == [line, line]


def test_where_nothing_is_missing_nothing_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "wanted", lambda: ())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fetch.fetch(tmp_path / "servers") == ""
    assert fetch.fetch(tmp_path / "servers") == ""
