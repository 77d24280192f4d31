"""What are people told, in their language? Pure rendering: values in, subject, text and HTML out.

Whatever comes from a mail is data, never a template, never markup and never a line of its own (T-12, T-13, T-17).
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Final

from jinja2 import BaseLoader, PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from bounce_plugin.event import BounceEvent
from bounce_plugin.notices.kind import NoticeKind
from bounce_plugin.outcome import Handling, Incident, ReviewItem, RunSummary
from bounce_plugin.policy.rules import Decision
from bounce_plugin.words import catalogue

LONGEST_VALUE: Final = 500  # characters of one value
MOST: Final = 50  # entries of one notice; the rest is counted

#: Characters that move the cursor, reverse the reading direction or cannot be seen, by their Unicode category.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A rule of the policy was reached."""

    event: BounceEvent
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Unarrived:
    """Mail that must arrive did not."""

    event: BounceEvent
    fallback: str = ""  # how it is to be sent; empty: somebody has to decide

    @property
    def document(self) -> str:
        """By which number people find what was sent."""
        return self.event.document or self.event.message


News = Reached | Unarrived | ReviewItem | Incident | RunSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A notice, ready to be put into a mail."""

    subject: str
    text: str
    html: str


def render(kind: NoticeKind, language: str, news: Sequence[News]) -> Rendered:
    """Write a notice about one piece of news or several of the same kind; the first line of a text is its subject."""
    environment = _environment()
    context = {
        "news": news[:MOST],
        "more": max(0, len(news) - MOST),
        "total": len(news),
        "language": language,
        "words": load_words(language),
        **_sums([one for one in news if isinstance(one, RunSummary)]),
    }
    written = environment.get_template(f"{language}/{kind}.txt").render(context)
    subject, _, text = written.partition("\n")
    html = environment.get_template(f"{kind}.html").render(context, subject=subject)
    return Rendered(subject=subject, text=text.strip() + "\n", html=html)


def _sums(summaries: Sequence[RunSummary]) -> Mapping[str, int]:
    """What the subject of a notice about runs counts; mail that is no bounce and stays where it is does not count."""
    handlings = [outcome.handling for summary in summaries for outcome in summary.outcomes]
    return {
        "mails": sum(handling is not Handling.LEFT for handling in handlings),
        "waiting": sum(handling is Handling.REVIEW for handling in handlings),
        "failures": sum(len(summary.errors) for summary in summaries),
    }


def build_environment(loader: BaseLoader) -> ImmutableSandboxedEnvironment:
    """A Jinja environment in which templates reach nothing but their values, and values stay text."""
    return ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=lambda name: name is None or not name.endswith(".txt"),
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def load_words(language: str) -> Mapping[str, Mapping[str, str]]:
    """The words of a language: for kinds and reasons those that all rooms share, for the rest those of its words.toml."""
    own = files("bounce_plugin.notices").joinpath("templates", language, "words.toml")
    shared = catalogue.load_words(language).tables
    return {"kind": shared["kind"], "reason": shared["reason"], **tomllib.loads(own.read_text("utf-8"))}


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return build_environment(PackageLoader("bounce_plugin.notices"))


def visible(text: str) -> str:
    """One line in which nothing is hidden: line ends become spaces, other control characters their code."""
    shown = "".join(_shown(character) for character in text[: LONGEST_VALUE + 1])
    return shown if len(shown) <= LONGEST_VALUE else f"{shown[: LONGEST_VALUE - 1]}…"


def _shown(character: str) -> str:
    if character in "\r\n\t\u2028\u2029\x85":
        return " "
    return f"\\u{ord(character):04x}" if unicodedata.category(character) in _UNSEEN else character


def _finalize(value: object) -> object:
    """What is written for a value."""
    if isinstance(value, Markup):  # the template's own
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return visible(value) if isinstance(value, str) else value
