"""Each hook has one sentence in hookspecs.py, one page in the reference, and one test by its name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Final, get_type_hints

import pytest

from bounce_plugin import hookspecs
from bounce_plugin.announce import Announcements, Found, Plugins, Questions, Told, load_plugins
from bounce_plugin.classify.additions import extend, read_addition
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.correlate.correlation import Contact
from bounce_plugin.ledger import mails, outbox, record, review
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.transaction import Transaction
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling, RunSummary
from bounce_plugin.testing import (
    FakeHost,
    sample_clues,
    sample_decision,
    sample_delivery,
    sample_event,
    sample_incident,
    sample_lifted,
    sample_summary,
)
from bounce_plugin.testing.samples import SAMPLE_TIME as NOW

ROOT: Final = Path(__file__).parent.parent
PAGES: Final = ROOT / "docs" / "reference" / "hooks"
HOOKS: Final = tuple(name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec"))
BLOCK: Final = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

each_hook = pytest.mark.parametrize("hook", HOOKS)


def test_there_are_hooks() -> None:
    assert len(HOOKS) == 13


@each_hook
def test_a_hook_is_typed_and_has_one_sentence(hook: str) -> None:
    spec = getattr(hookspecs, hook)
    assert set(get_type_hints(spec)) == {*inspect.signature(spec).parameters, "return"}
    assert re.fullmatch(r"[A-Z][^\n]+[.?:][^\n]*", spec.__doc__ or "")


@each_hook
def test_a_hook_has_a_page_that_says_everything(hook: str) -> None:
    page = (PAGES / f"{hook}.md").read_text("utf-8")
    parameters = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)
    assert page.startswith(f"# {hook}({parameters})\n")
    said = [
        part for part in ("When", "How often", "Arguments", "Return", "On error", "Example") if f"**{part}:**" in page
    ]
    assert said == ["When", "How often", "Arguments", "Return", "On error", "Example"]
    for parameter in inspect.signature(getattr(hookspecs, hook)).parameters:
        assert f"- `{parameter}`" in page
    assert f"({hook}.md)" in (PAGES / "index.md").read_text("utf-8")


def test_there_is_no_page_without_a_hook() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == {*HOOKS, "index"}


@each_hook
def test_a_hook_has_a_test_by_name(hook: str) -> None:
    assert f"test_the_example_of_{hook}" in globals()


# The examples of the pages are run, and do what the pages say.


def example(hook: str) -> ModuleType:
    (source,) = BLOCK.findall((PAGES / f"{hook}.md").read_text("utf-8"))
    module = ModuleType(f"example_of_{hook}")
    exec(source, module.__dict__)
    return module


def load(module: ModuleType) -> Plugins:
    return load_plugins({"example": module}, entry_points=False)


def ask(hook: str) -> Questions:
    return Questions(load(example(hook)), lambda trouble: pytest.fail(trouble.sentence))


def test_the_example_of_find_contact() -> None:
    questions = ask("find_contact")
    assert questions.find("joe@example.org", sample_clues()).contacts == (Contact(id="7", address="joe@example.org"),)
    assert [contact.id for contact in questions.find("family@example.org", sample_clues()).contacts] == ["8", "9"]
    assert questions.find("nobody@example.org", sample_clues()) == Found()


def test_the_example_of_find_delivery() -> None:
    questions = ask("find_delivery")
    found = questions.find("joe@example.org", sample_clues(message_id="invoice-17@example.com")).delivery
    assert found is not None
    assert (found.ref, found.category) == ("invoice-17", "invoice")
    assert questions.find("ann@example.org", sample_clues(message_id="invoice-17@example.com")) == Found()


def test_the_example_of_should_suppress() -> None:
    with_ours = load_plugins(
        {
            "ours": FakeHost(withheld=["president@example.org", "joe@example.org"]),
            "example": example("should_suppress"),
        },
        entry_points=False,
    )
    questions = Questions(with_ours, lambda trouble: pytest.fail(trouble.sentence))
    assert questions.should_suppress("president@example.org", "newsletter") is False
    assert questions.should_suppress("joe@example.org", "newsletter") is True


def test_the_example_of_should_suppress_many() -> None:
    questions = ask("should_suppress_many")
    addresses = ("Joe@example.org", "ann@example.org")
    assert questions.should_suppress_many(addresses, "christmas-card") == {"Joe@example.org"}
    assert questions.should_suppress_many(addresses, "newsletter") == frozenset()


def test_the_example_of_phrases() -> None:
    (phrases,) = ask("phrases").phrases()
    assert phrases.plugin == "example"
    extended = extend(BUILT_IN, [read_addition(phrases.toml, source="example")])
    assert extended.faults == ()
    assert len(extended.tables.phrases) == len(BUILT_IN.phrases) + 1


Put = Callable[[Announcements, Transaction], None]
AnnounceTwice = Callable[[str, Put], Mapping[str, object]]


@pytest.fixture
def announce(monkeypatch: pytest.MonkeyPatch) -> Iterator[AnnounceTwice]:
    """Announce something to the example of a hook, twice, as after a crash; gives what is in the example then."""

    def crash(*arguments: object) -> None:
        raise KeyboardInterrupt

    def announce_twice(hook: str, put: Put) -> Mapping[str, object]:
        module = example(hook)
        announcements = Announcements(ledger, load(module))
        with ledger.transaction() as tx:
            record.record_event(tx, sample_event(), weight=1.0)
            put(announcements, tx)
        with monkeypatch.context() as context:
            context.setattr(outbox, "done", crash)
            with pytest.raises(KeyboardInterrupt):
                announcements.deliver_due(NOW)
        assert announcements.deliver_due(NOW) == Told(told=1)
        return vars(module)

    with Ledger.in_memory() as ledger:
        yield announce_twice


def test_the_example_of_on_bounce_classified(announce: AnnounceTwice) -> None:
    module = announce("on_bounce_classified", lambda all_, tx: all_.bounce_classified(tx, sample_event(), NOW))
    assert module["HISTORY"] == {
        "7": {sample_event().id: "bounce: address_unknown (smtp; 550 5.1.1 <joe@example.org>: user unknown)"}
    }


def test_the_example_of_on_threshold_reached(announce: AnnounceTwice) -> None:
    module = announce(
        "on_threshold_reached", lambda all_, tx: all_.threshold_reached(tx, sample_event(), sample_decision(), NOW)
    )
    assert module["MEMBERSHIPS"] == {("8", "news")}


def test_the_example_of_on_exempt_failure(announce: AnnounceTwice) -> None:
    event = sample_event(category="invoice", message="invoices-2026-11", document="2026-0815")
    event = replace(event, id="other", message_key="mid:other")

    def put(announcements: Announcements, tx: Transaction) -> None:
        record.record_event(tx, event, weight=1.0)
        announcements.exempt_failure(tx, event, NOW, fallback="post")

    assert announce("on_exempt_failure", put)["TO_BE_POSTED"] == {"2026-0815"}


def test_the_example_of_on_message_handled(announce: AnnounceTwice) -> None:
    def put(announcements: Announcements, tx: Transaction) -> None:
        mail = mails.Mail(
            mailbox="bounces",
            folder="inbox",
            uidvalidity="1",
            uid="7",
            content_sha256="0" * 64,
            size=100,
            received_at=NOW,
            kind=Kind.BOUNCE,
            handling=Handling.REVIEW,
            why="Nobody knows.",
        )
        number = mails.record_mail(tx, mail)
        assert number is not None
        announcements.message_handled(tx, mails.outcome_of(tx, number), NOW)

    log = announce("on_message_handled", put)["LOG"]
    assert log == {1: "bounce: review. Nobody knows."}


def test_the_example_of_on_review_needed(announce: AnnounceTwice) -> None:
    def put(announcements: Announcements, tx: Transaction) -> None:
        item = review.open_item(tx, why="Nobody knows.", now=NOW)
        announcements.review_needed(tx, item, NOW)

    assert announce("on_review_needed", put)["TASKS"] == {1: "Nobody knows."}


def test_the_example_of_on_suppression_lifted(announce: AnnounceTwice) -> None:
    module = announce("on_suppression_lifted", lambda all_, tx: all_.suppression_lifted(tx, sample_lifted(), NOW))
    said = "2026-11-23: alice lets mail through again: Joe has a new mailbox."
    assert module["NOTES"] == {"joe@example.org": said}


def test_the_example_of_on_incident(announce: AnnounceTwice) -> None:
    module = announce("on_incident", lambda all_, tx: all_.incident(tx, sample_incident(), NOW))
    assert module["OPEN"] == {sample_incident().key: "example.org refuses our mail: reputation_block (12x)"}


def test_the_example_of_on_run_finished(announce: AnnounceTwice) -> None:
    summary: RunSummary = sample_summary(errors=("mailbox bounces: refused",))
    module = announce("on_run_finished", lambda all_, tx: all_.run_finished(tx, summary, NOW))
    assert module["FAILED_RUNS"] == {NOW: ("mailbox bounces: refused",)}


# The index's own examples.


def test_the_examples_of_the_index_can_be_loaded() -> None:
    blocks = BLOCK.findall((PAGES / "index.md").read_text("utf-8"))
    modules = []
    for source in blocks:
        module = ModuleType("example_of_the_index")
        exec(source, module.__dict__)
        modules.append(module)
    first, with_options, tested = modules
    assert load(first).hooks_of("example") == ("find_contact", "on_threshold_reached")
    loaded = load_plugins({"crm": with_options.Hooks}, options={"crm": {"url": "x"}}, entry_points=False)
    assert loaded.hooks_of("crm") == ("find_contact",)
    assert tested.TestHooks.known_address == "joe@example.org"
    assert sample_delivery().address == "joe@example.org"
