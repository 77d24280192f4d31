"""How is text of a mail shown at a terminal, and a table where there is none?"""

from __future__ import annotations

import sys
from typing import Final

from rich.console import Console
from rich.table import Table

#: Columns for a table that goes into a file or a pipe, where nothing should be cut off.
WIDE: Final = 200
#: Columns of a terminal from which such a table can be read.
ROOMY: Final = 140


def printable(text: str) -> str:
    """Text that steers no terminal: every control character but the line end is made visible (T-16)."""
    return "".join(char if char == "\n" or char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def on_one_line(text: str) -> str:
    """The same without line ends, for what stands within a line."""
    return " ".join(printable(text).split())


def counted(number: int, one: str, several: str = "") -> str:
    """A number of things, in words: "1 failure", "2 failures"."""
    return f"{number} {one if number == 1 else several or one + 's'}"


def is_narrow() -> bool:
    """Whether this is a terminal with too few columns for a table with an address and a server's reply."""
    return sys.stdout.isatty() and Console().width < ROOMY


def print_table(table: Table) -> None:
    """Print a table whose cells hold plain text."""
    Console(width=None if sys.stdout.isatty() else WIDE, markup=False, highlight=False).print(table)
