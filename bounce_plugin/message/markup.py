"""What does this HTML say in plain text? Tags are dropped, no link is followed, nothing is run (T2)."""

from __future__ import annotations

import html
import re
from typing import Final

# The class [^<>] makes an unclosed tag end at the next one: linear on any input.
_BREAK: Final = re.compile(
    r"<(?:br|/?p|/?div|/?tr|/?li|/?ul|/?ol|/?table|/?h[1-6]|/?pre|/?blockquote|hr)\b[^<>]*>", re.I
)
_CELL: Final = re.compile(r"</?t[dh]\b[^<>]*>", re.I)
_TAG: Final = re.compile(r"<[/!?A-Za-z][^<>]*>")
_UNSEEN: Final = ("style", "script", "head", "title")


def html_to_text(markup: str) -> str:
    """The readable text of an HTML part, a line for each block and for each row of a table, between whose cells are tabs."""
    text = markup.replace("\n", " ")
    for name in _UNSEEN:
        text = _without(text, f"<{name}", f"</{name}>")
    text = _without(text, "<!--", "-->")
    text = _TAG.sub("", _CELL.sub("\t", _BREAK.sub("\n", text.replace("\t", " "))))
    return "\n".join([_row(line) for line in html.unescape(text).replace("\xa0", " ").split("\n")])


def _row(line: str) -> str:
    """A line without needless blanks; between the cells of a table a tab."""
    if "\t" not in line:
        return " ".join(line.split())
    return "\t".join([" ".join(cell.split()) for cell in line.split("\t") if cell and not cell.isspace()])


def _without(text: str, begin: str, end: str) -> str:
    """The text without what stands between two marks; an end that is missing keeps the rest."""
    lower = text.lower()
    if begin not in lower or len(lower) != len(text):
        return text
    kept = []
    at = 0
    while (start := lower.find(begin, at)) >= 0 and (stop := lower.find(end, start)) >= 0:
        kept.append(text[at:start])
        at = stop + len(end)
    kept.append(text[at:])
    return "".join(kept)
