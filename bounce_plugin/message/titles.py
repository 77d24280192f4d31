"""What does a text call the subject of a mail? That says nothing of what became of any."""

from __future__ import annotations

import re
from typing import Final

#: What stands before it in a line of its own, in lower case.
_LABELS: Final = (
    "subject", "betreff", "objet", "sujet", "asunto", "oggetto", "onderwerp", "temat", "assunto", "ämne", "emne", "předmět", "predmet", "tárgy", "subiect", "konu", "тема", "θέμα", "aihe", "件名", "主题", "主題",
)  # fmt: skip
#: A line with an address may name who failed, and why, behind the subject: so pages put tables into one line.
_TITLE: Final = re.compile(
    rf"^([ \t>*-]{{0,8}}(?:{'|'.join(_LABELS)})[ \xa0]?[:：])[^\n@]+$", re.IGNORECASE | re.MULTILINE
)


def drop_titles(text: str, lower: str) -> str:
    """A text without the subjects in it, as far as lines begin with them; it is given in lower case, too."""
    if not any([label in lower for label in _LABELS]):  # noqa: C419 - a generator is slow
        return text
    return _TITLE.sub(r"\1", text)
