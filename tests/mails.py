"""All mails that tests may read: the samples, and real bounces where somebody put a corpus beside the repository."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORPUS = Path(os.environ.get("BOUNCE_SHARED") or ROOT.parent / "shared") / "corpus"

SAMPLES = sorted((ROOT / "tests/samples").rglob("*.eml"))
REAL = sorted(path for path in (CORPUS / "mails").rglob("*") if path.is_file())

WITHOUT_CORPUS = f"no corpus of real bounces in {CORPUS} (BOUNCE_SHARED names another place)"
