"""The pages of the documentation, for the tests that hold them to the code."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    [ROOT / "README.md", ROOT / "example_host/README.md", *ROOT.glob("hooks/*/README.md"), *DOCS.rglob("*.md")]
)
FENCE = re.compile(r"^```.*?^```", flags=re.MULTILINE | re.DOTALL)


def text(path: str) -> str:
    """A page, by its path from the root."""
    return (ROOT / path).read_text("utf-8")


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", page.read_text("utf-8"))


def blocks(page: str, language: str) -> list[str]:
    """The blocks of code of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text(page), flags=re.MULTILINE | re.DOTALL)
