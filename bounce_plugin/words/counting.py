"""How are things counted in an English sentence?"""

from __future__ import annotations


def counted(number: int, one: str, several: str = "") -> str:
    """A number with its noun: `1 mail`, `2 mails`; `several` where the plural is more than an s."""
    return f"{number} {one if number == 1 else several or one + 's'}"
