"""Do the pages say what is so? Links lead somewhere, commands and settings exist, tables are complete."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from bounce_plugin import Reason, hookspecs
from bounce_plugin.cli import COMMANDS, program
from bounce_plugin.cli.health import as_record as health_record
from bounce_plugin.cli.record import as_record
from bounce_plugin.examination import examine
from bounce_plugin.health import look_at_health
from bounce_plugin.ledger import canaries
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.schema import metadata
from bounce_plugin.message import limits
from bounce_plugin.metrics import as_text
from bounce_plugin.outcome import Handling
from bounce_plugin.rulebook import add_all
from bounce_plugin.settings import parse_settings
from tests.bounces import report
from tests.pages import DOCS, PAGES, ROOT, prose, text

HOOKS = [name for name in vars(hookspecs) if re.match(r"(find|should|on)_|phrases$", name)]
LINK = re.compile(r"\[[^\]\n]+\]\(([^)\s]+)\)")


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
            for words in re.findall(r"bounce-plugin ((?:review |rules |policy )?[a-z]+)", page.read_text("utf-8"))
        ]
        assert len(shown) > 40
        for words in shown:
            group, _, name = words.partition(" ")
            if group in COMMANDS and name:
                commands = program.get_command(context, group)
                assert isinstance(commands, click.Group)
                assert name in commands.commands, words

    def test_exit_codes_are_those_of_the_program(self) -> None:
        rows = re.findall(r"^\| (\d) \| ([^|]+) \|$", self.PAGE, flags=re.MULTILINE)
        assert [int(code) for code, _ in rows] == list(range(6))


class TestExamineJson:
    """docs/reference/examine-json.md against what the command prints."""

    def test_every_field_is_described_and_no_other(self) -> None:
        record = as_record("a.eml", examine(report("anna@example.com")), trace=True)
        rows = record["rows"]
        assert isinstance(rows, list)
        described = re.findall(r"^\| `(\w+)` \|", text("docs/reference/examine-json.md"), flags=re.MULTILINE)
        assert sorted(described) == sorted([*record, *rows[0], *rows[0]["evidence"][0]])


class TestHealthJson:
    """docs/reference/health-json.md against what the command prints."""

    def test_every_field_is_described_and_no_other(self, tmp_path: Path) -> None:
        settings = parse_settings('[[mailbox]]\nname = "m"\nkind = "maildir"\npath = "m"\n', folder=tmp_path)
        with Ledger.in_memory() as ledger:
            with ledger.transaction() as tx:
                canary = canaries.write_down(tx, "0" * 32, "dead@example.com", datetime.now(UTC))
                canaries.await_report(tx, canary, datetime.now(UTC))
            record = health_record(look_at_health(settings, ledger, datetime.now(UTC)))
        mailboxes, queue, sent = record["mailboxes"], record["queue"], record["canary"]
        assert isinstance(mailboxes, list)
        assert isinstance(queue, dict)
        assert isinstance(sent, dict)
        page = text("docs/reference/health-json.md")
        described = re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)
        assert described == [*record, *mailboxes[0], *queue, *sent]


def test_every_metric_is_described_and_no_other(tmp_path: Path) -> None:
    settings = parse_settings("", folder=tmp_path)
    with Ledger.in_memory() as ledger:
        shown = as_text(settings, ledger, lambda: datetime.now(UTC))
    page = text("docs/how-to/watch-over-it.md")
    described = set()
    for cell in re.findall(r"^\| (`bounce_plugin_\w+`[^|]*) \|", page, flags=re.MULTILINE):
        first, *more = re.findall(r"`(\w+)`", cell)
        described |= {first, *(first.removesuffix("_waiting") + one for one in more)}
    assert described == set(re.findall(r"^# HELP (\w+)", shown, flags=re.MULTILINE))


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
                "lmtp",
                "health",
                "metrics",
                "policy",
                "categories",
                "notices",
                "canary",
                "ledger",
                "trust",
                "hooks",
                "plugin",
                "phrases",
            }, page
            mailbox = "" if "mailbox" in tables else '[[mailbox]]\nname = "m"\nkind = "maildir"\npath = "m"\n'
            settings = parse_settings(mailbox + block, folder=tmp_path)
            assert add_all(settings, []).faults == (), page
            shown += 1
    assert shown >= 8


def test_reasons_that_pages_name_exist() -> None:
    known = {reason.value for reason in Reason}
    named = re.findall(r"review classify \d+ (\w+)", "".join(page.read_text("utf-8") for page in PAGES))
    assert set(named) <= known
    assert named
