"""In which language does the person at the terminal read?"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final

import click

from bounce_plugin.words.catalogue import LANGUAGES

#: Where a locale is named, the strongest first (POSIX, section 8.2).
_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")


def language_of(environment: Mapping[str, str]) -> str:
    """The language of the locale, as `de` of `de_AT.UTF-8`; English where there are no words for it."""
    locale = next(filter(None, map(environment.get, _VARIABLES)), "")
    language = re.split(r"[_.@-]", locale)[0].lower()
    return language if language in LANGUAGES else LANGUAGES[0]


LANG: Final = click.option(
    "--lang",
    "language",
    type=click.Choice(LANGUAGES),
    default=lambda: language_of(os.environ),
    show_default="that of the locale, else en",
    help="The language of the words.",
)
