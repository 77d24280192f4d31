"""On which line of a TOML text does a row stand, and on which line each of its keys? The parser does not say."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

#: Comments and texts in quotes: what they hold is no key and no bracket.
_HIDDEN: Final = re.compile(
    r"""#[^\n]*+|"{3}(?:[^\\]|\\.)*?"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'""", flags=re.DOTALL
)
_KEY: Final = re.compile(r"(?<![\w.-])(\w+)[ \t]*=")
_HEADER: Final = re.compile(r"^[ \t]*\[", flags=re.MULTILINE)
_BRACKET: Final = re.compile(r"[\[\]{}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Where one row stands; lines are counted from one."""

    first: int
    keys: Mapping[str, int]

    def of(self, key: str) -> int:
        """The line of a key; that on which the row begins where the key is missing, or in quotes."""
        return self.keys.get(key, self.first)


def find_lines(text: str, name: str) -> tuple[Lines, ...]:
    """Where each table of an array stands: `[[name]]` again and again, or `name = [{ … }, { … }]` at the top.

    The text is TOML already. A way of writing that is not understood gives fewer lines than there are rows.
    """
    plain = _HIDDEN.sub(lambda hidden: re.sub(r"[^\n]", '"', hidden[0]), text)
    ends = [at for at, sign in enumerate(plain) if sign == "\n"]
    headed = list(_headed(plain, name))
    return tuple(_lines(plain, begin, end, ends) for begin, end in headed or _in_array(plain, name))


def _headed(plain: str, name: str) -> Iterator[tuple[int, int]]:
    """From where to where each `[[name]]` reaches: to the next header."""
    for header in re.finditer(rf"^[ \t]*\[\[[ \t]*{re.escape(name)}[ \t]*\]\]", plain, flags=re.MULTILINE):
        following = _HEADER.search(plain, header.end())
        yield header.start(), following.start() if following else len(plain)


def _in_array(plain: str, name: str) -> Iterator[tuple[int, int]]:
    """From where to where each table of the array reaches that stands behind `name =`."""
    array = re.search(rf"^[ \t]*{re.escape(name)}[ \t]*=[ \t]*(?=\[)", plain, flags=re.MULTILINE)
    if array is None:
        return
    depth = begin = 0
    for bracket in _BRACKET.finditer(plain, array.end()):
        if bracket[0] in "[{":
            if depth == 1:
                begin = bracket.start()
            depth += 1
        else:
            depth -= 1
            if depth == 1:
                yield begin, bracket.end()
            if depth == 0:
                return


def _lines(plain: str, begin: int, end: int, ends: list[int]) -> Lines:
    keys: dict[str, int] = {}
    for key in _KEY.finditer(plain, begin, end):
        keys.setdefault(key[1], bisect_right(ends, key.start()) + 1)
    return Lines(first=bisect_right(ends, begin) + 1, keys=keys)
