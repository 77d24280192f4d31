"""Does what the pages show work as it is written? Run as a reader would type it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from bounce_plugin import BouncePlugin, Contact, PolicyAction, Reason, hookimpl, load_settings
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.cli.argument import argue
from bounce_plugin.examination import examine
from bounce_plugin.outcome import Handling
from bounce_plugin.policy.presets import build_policy
from tests.bounces import Box, report
from tests.pages import ROOT, blocks, text


class Everybody:
    """A host that knows everybody."""

    @hookimpl
    def find_contact(self, address: str) -> Contact:
        return Contact(id="7", address=address)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder whose shell finds our commands."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("python", "bounce-plugin"):
        module = " -m bounce_plugin" if name == "bounce-plugin" else ""
        (commands / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
        (commands / name).chmod(0o700)
    work = tmp_path / "work"
    work.mkdir()
    return work


def shell(folder: Path, script: str) -> str:
    path = f"{folder.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["sh", "-e", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


def test_the_first_hook_of_the_readme_works(folder: Path) -> None:
    (program_text,) = blocks("README.md", "python")
    (rule,) = blocks("README.md", "toml")
    assert len([line for line in program_text.splitlines() if line.strip()]) <= 20
    assert len(rule.splitlines()) <= 5
    shell(folder, "bounce-plugin init")
    with (folder / "bounce.toml").open("a") as settings:
        settings.write(rule)
    (folder / "first_hook.py").write_text(program_text)
    box = Box(folder / "Maildir")
    for number in (1, 2):
        box.drop(report("anna@example.org", message_id=f"news{number}@club.example"))
    both = shell(folder, "python first_hook.py")
    assert both == "newsletter to anna@example.org\nnewsletter to ben@example.org\n"
    box.drop(report("anna@example.org", message_id="news3@club.example"))
    first, *rest = shell(folder, "python first_hook.py").splitlines()
    assert first.startswith("anna@example.org is off the list: 3 ")
    assert rest == ["newsletter to ben@example.org"]


@pytest.mark.parametrize("page", ["README.md", "docs/explanation/verdicts.md"])
def test_pages_show_what_examine_says(page: str) -> None:
    (shown,) = blocks(page, "text")
    command, *lines = shown.splitlines()
    path = ROOT / command.split()[-1]
    assert command == f"$ bounce-plugin examine {path.relative_to(ROOT)}"
    said = click.unstyle(argue(str(path), examine(path.read_bytes()))).splitlines()
    assert lines == said[1 : len(lines) + 1]


@pytest.mark.parametrize(
    ("failure", "reasons"),
    [
        ("the address is gone", [Reason.ADDRESS_UNKNOWN, Reason.DOMAIN_UNKNOWN]),
        ("the mailbox is switched off", [Reason.MAILBOX_DISABLED]),
        ("the mailbox has a new owner", [Reason.OWNER_CHANGED]),
        ("the mailbox is full, the host is silent", [Reason.MAILBOX_FULL, Reason.UNREACHABLE, Reason.EXPIRED]),
        ("our side is refused", [Reason.REPUTATION_BLOCK, Reason.AUTH_FAILURE, Reason.RATE_LIMITED]),
        ("this message is refused", [Reason.SPAM_CONTENT, Reason.MESSAGE_TOO_LARGE, Reason.CONTENT_REJECTED]),
        ("it will pass", [Reason.GREYLISTED, Reason.SYSTEM_ERROR]),
    ],
)
def test_the_readme_compares_kinds_of_failure_as_the_rules_do(failure: str, reasons: list[Reason]) -> None:
    (row,) = re.findall(
        rf"^\| {failure} \| [^|]+ \| (\w+) \| ([^|]+) \| ([^|]+) \|$", text("README.md"), flags=re.MULTILINE
    )
    counts, careful, three_strikes = row
    rules = build_policy().rules
    for reason in reasons:
        actions = {action for rule in rules if reason in rule.reasons for action in rule.then}
        assert BUILT_IN.reasons[reason].counts == (counts == "yes")
        assert (PolicyAction.PAUSE in actions) == ("pause" in careful)
        assert (PolicyAction.SUPPRESS in actions) == ("then stops" in careful)
        assert (PolicyAction.SUPPRESS_ALL in actions) == ("everything" in careful) == ("everything" in three_strikes)
        assert (PolicyAction.INCIDENT in actions) == ("operator" in careful) == ("operator" in three_strikes)
        assert bool(actions) == (careful != "nothing")
        assert (counts == "yes") == (three_strikes not in ("nothing", "tells the operator"))


def test_the_readme_counts_the_mails_of_the_demo() -> None:
    mails = list((ROOT / "example_host/bounces").rglob("*.eml"))
    assert f"{len(mails)} mails" in text("README.md")


def test_the_tutorial_works_as_it_is_written(folder: Path) -> None:
    page = text("docs/tutorial/first-host.md")
    outputs = []
    for name, block, script in re.findall(
        r"^<!-- file: (\S+) -->\n```\w+\n(.*?)^```|^<!-- run -->\n```sh\n(.*?)^```",
        page,
        flags=re.MULTILINE | re.DOTALL,
    ):
        if name:
            (folder / name).write_text(block)
        else:
            outputs.append(shell(folder, script))
    examined, _, _, first, second, settled = outputs
    assert "delivery has failed for good" in examined
    assert "It is held against the address" in examined
    assert "bounce handled" in first
    assert first.count("The newsletter goes to") == 2
    assert "anna@example.org is off the list." in second
    assert "The newsletter goes to anna" not in second
    assert re.search(r"newsletter +withheld", settled)
    assert re.search(r"invoice +sent", settled)
    assert "Mail to anna@example.org is sent again." in settled
    assert len(list((folder / "Maildir/.processed/new").iterdir())) == 3


def test_what_is_sent_is_recorded_as_the_page_says(folder: Path) -> None:
    (program_text,) = blocks("docs/how-to/record-what-you-send.md", "python")
    shell(folder, "bounce-plugin init")
    Box(folder / "Maildir").drop(report("anna@example.org", message_id="invoice.R-2026-17.7@club.example"))
    (folder / "send.py").write_text(program_text)
    assert "Subject: Invoice R-2026-17" in shell(folder, "python send.py")
    with BouncePlugin(
        load_settings(folder / "bounce.toml"), plugins={"host": Everybody()}, entry_points=False
    ) as plugin:
        (outcome,) = plugin.run_once().outcomes
        (event,) = plugin.explain("anna@example.org", "invoice").events
    assert (outcome.handling, event.document, event.category) == (Handling.HANDLED, "R-2026-17", "invoice")


def test_what_is_sent_is_signed_as_the_page_says(folder: Path) -> None:
    page = "docs/how-to/sign-what-you-send.md"
    (program_text,) = blocks(page, "python")
    (make_key,) = re.findall(r"^   ```sh\n   (.*?)\n   ```", text(page), flags=re.MULTILINE)
    *_, signed = blocks(page, "toml")
    shell(folder, f"bounce-plugin init; {make_key}")
    settings = (folder / "bounce.toml").read_text("utf-8")
    (folder / "bounce.toml").write_text(settings.replace("[trust]\n", signed), "utf-8")
    (folder / "send.py").write_text(program_text)
    anna, joe = shell(folder, "python send.py").splitlines()
    box = Box(folder / "Maildir")
    for address, path in (("anna@example.org", anna), ("joe@example.org", joe), ("joe@example.org", "b+x@example.org")):
        box.drop(report(address).replace(b"To: bounces@crm.example", f"To: {path}".encode()))
    with BouncePlugin(
        load_settings(folder / "bounce.toml"), plugins={"host": Everybody()}, entry_points=False
    ) as plugin:
        outcomes = plugin.run_once().outcomes
        (event,) = plugin.explain("anna@example.org", "invoice").events
    assert sorted(outcome.handling for outcome in outcomes) == [Handling.HANDLED, Handling.HANDLED, Handling.REVIEW]
    assert (event.counts, event.message, event.category) == (True, "R-2026-17", "invoice")


def test_a_phrase_is_added_as_the_page_says(folder: Path) -> None:
    page = text("docs/how-to/add-a-phrase.md")
    (row,) = blocks("docs/how-to/add-a-phrase.md", "toml")
    before, after = re.findall(r'^    (bounce-plugin rules test ".*")$', page, flags=re.MULTILINE)
    shell(folder, "bounce-plugin init")
    assert "No phrase is found in it." in shell(folder, before)
    with (folder / "bounce.toml").open("a") as settings:
        settings.write(row)
    assert shell(folder, "bounce-plugin rules check") == "ok      bounce.toml: 1 phrase\n"
    assert shell(folder, before).startswith("address_moved: ")
    assert shell(folder, after).startswith("address_moved: ")


def test_the_messages_that_the_page_explains_are_those_of_the_code() -> None:
    said = re.findall(r"^\| `([\w ]+)", text("docs/how-to/add-a-phrase.md"), flags=re.MULTILINE)
    code = "".join((ROOT / "bounce_plugin/classify" / name).read_text() for name in ("example.py", "overlap.py"))
    assert len(said) == 5
    assert [words for words in said if words.strip() not in code] == []


def test_the_architecture_names_what_is_there() -> None:
    page = text("docs/explanation/architecture.md")
    named = set(re.findall(r"`((?:bounce_plugin/)?\w+(?:/\w+)*(?:/|\.py|\.toml))`", page)) - {"bounce.toml"}
    assert len(named) > 20
    for path in named:
        assert (ROOT / path).exists() or (ROOT / "bounce_plugin" / path).exists(), path


def test_make_is_what_the_readme_promises() -> None:
    make = text("Makefile")
    assert {"demo", "test"} <= set(re.findall(r"^(\w+):", make, flags=re.MULTILINE))
    assert (
        shutil.which("make") is None
        or subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, check=False).returncode == 0
    )
