"""Do the pages say what is so? Links lead somewhere, commands exist, and what is marked as run is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import click
import pytest

from bounce_plugin import BouncePlugin, Contact, PolicyAction, Reason, hookimpl, hookspecs, load_settings
from bounce_plugin.classify.classification import Evidence
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.cli import COMMANDS, program
from bounce_plugin.cli.argument import argue
from bounce_plugin.cli.examine import as_record
from bounce_plugin.examination import examine
from bounce_plugin.ledger.schema import metadata
from bounce_plugin.message import limits
from bounce_plugin.outcome import Handling
from bounce_plugin.policy.presets import build_policy
from bounce_plugin.settings import parse_settings
from tests.bounces import Box, report

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    [ROOT / "README.md", ROOT / "example_host/README.md", *ROOT.glob("hooks/*/README.md"), *DOCS.rglob("*.md")]
)
HOOKS = [name for name in vars(hookspecs) if re.match(r"(find|should|on)_|phrases$", name)]
LINK = re.compile(r"\[[^\]\n]+\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", flags=re.MULTILINE | re.DOTALL)


def text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text("utf-8"))


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text(page), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_page_can_be_reached_from_the_index() -> None:
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in LINK.findall(text("docs/index.md"))}
    assert set(DOCS.rglob("*.md")) - linked == {DOCS / "index.md"}


def test_every_hook_has_a_page() -> None:
    assert len(HOOKS) == 13
    assert {path.stem for path in (DOCS / "reference/hooks").glob("*.md")} >= set(HOOKS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_tell_of_the_project_alone(page: Path) -> None:
    found = re.search(r"TODO|FIXME|\.\./shared|issue #?\d", page.read_text("utf-8"))
    assert found is None, found


class TestCommands:
    """docs/reference/cli.md against the command line itself."""

    PAGE = text("docs/reference/cli.md")

    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_command_has_an_entry_with_all_its_options(self, name: str) -> None:
        start = self.PAGE.index(f"## `bounce-plugin {name}`")
        entry = self.PAGE[start : self.PAGE.index("\n## ", start + 1)]
        context = click.Context(program)
        command = program.get_command(context, name)
        assert command is not None
        commands = command.commands.values() if isinstance(command, click.Group) else [command]
        for one in commands:
            assert one is command or f"bounce-plugin {name} {one.name}" in entry
            for option in (one_of for one_of in one.params if isinstance(one_of, click.Option)):
                assert any(f"`{spelling}" in entry or f" {spelling}" in entry for spelling in option.opts), option.opts

    def test_commands_that_pages_show_exist(self) -> None:
        context = click.Context(program)
        shown = [
            words
            for page in PAGES
            for words in re.findall(r"bounce-plugin ((?:review )?[a-z]+)", page.read_text("utf-8"))
        ]
        assert len(shown) > 40
        for words in shown:
            group, _, name = words.partition(" ")
            if group in COMMANDS and name:
                review = program.get_command(context, group)
                assert isinstance(review, click.Group)
                assert name in review.commands, words

    def test_exit_codes_are_those_of_the_program(self) -> None:
        rows = re.findall(r"^\| (\d) \| ([^|]+) \|$", self.PAGE, flags=re.MULTILINE)
        assert [int(code) for code, _ in rows] == list(range(6))


class TestExamineJson:
    """docs/reference/examine-json.md against what the command prints."""

    def test_every_field_is_described_and_no_other(self) -> None:
        record = as_record("a.eml", examine(report("anna@example.com")))
        rows = record["rows"]
        assert isinstance(rows, list)
        described = re.findall(r"^\| `(\w+)` \|", text("docs/reference/examine-json.md"), flags=re.MULTILINE)
        steps = [field.name for field in fields(Evidence)]
        assert sorted(described) == sorted([*record, *rows[0], *steps])


def test_the_limits_are_those_of_the_code() -> None:
    page = text("docs/reference/limits.md")
    assert limits.MESSAGE == 10 * 2**20
    assert limits.HEAD == 256 * 2**10
    assert limits.HEADER_BLOCK == 64 * 2**10
    assert limits.DECODED == 2**20
    assert limits.DIAGNOSTIC == 4096
    for number in (limits.DEPTH, limits.PARTS, limits.HEADER_FIELDS, limits.RECIPIENTS):
        assert f"| {number} |" in page


def test_the_ledgers_tables_are_described_and_no_other() -> None:
    described = re.findall(r"^\| `(\w+)` \|", text("docs/reference/ledger.md"), flags=re.MULTILINE)
    assert sorted(described) == sorted(metadata.tables)


def test_every_dependency_has_its_reason() -> None:
    page = text("docs/explanation/dependencies.md").lower()
    project = tomllib.loads(text("pyproject.toml"))["project"]
    names = [re.split(r"[\[><=]", one)[0] for one in project["dependencies"]]
    names += [re.split(r"[\[><=]", one)[0] for extra in project["optional-dependencies"].values() for one in extra]
    assert [name for name in names if name.lower() not in page] == []
    assert all(f"`{extra}`" in page for extra in project["optional-dependencies"])


def test_the_glossary_is_in_order_and_has_our_words() -> None:
    words = re.findall(r"^\| ([\w -]+) \| ", text("docs/glossary.md"), flags=re.MULTILINE)[1:]
    assert [word.lower() for word in words] == sorted(word.lower() for word in words)
    assert {"bounce", "contact", "delivery", "event", "kind", "ledger", "reason", "trust"} <= set(words)
    assert all(f"`{handling}`" in text("docs/glossary.md") for handling in Handling)


def test_every_setting_that_a_page_shows_is_valid(tmp_path: Path) -> None:
    shown = 0
    for page in PAGES:
        for block in re.findall(r"^```toml\n(.*?)^```", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL):
            if "entry-points" in block:
                continue
            tables = tomllib.loads(block)
            assert set(tables) <= {
                "mailbox",
                "policy",
                "categories",
                "notices",
                "ledger",
                "trust",
                "hooks",
                "plugin",
            }, page
            mailbox = "" if "mailbox" in tables else '[[mailbox]]\nname = "m"\nkind = "maildir"\npath = "m"\n'
            parse_settings(mailbox + block, folder=tmp_path)
            shown += 1
    assert shown >= 8


def test_reasons_that_pages_name_exist() -> None:
    known = {reason.value for reason in Reason}
    named = re.findall(r"review classify \d+ (\w+)", "".join(page.read_text("utf-8") for page in PAGES))
    assert set(named) <= known
    assert named


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
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
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


def test_the_readme_shows_what_examine_says() -> None:
    (shown,) = blocks("README.md", "text")
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
        assert (PolicyAction.INCIDENT in actions) == ("operator" in careful)
        assert bool(actions) == (careful != "nothing")
        assert (counts == "no") == (three_strikes == "nothing")


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
    assert (outcome.handling, event.message, event.category) == (Handling.HANDLED, "R-2026-17", "invoice")


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
