"""Which kinds of mail are there, and which of them are sent whatever happened?"""

from __future__ import annotations

from typing import Final

from bounce_plugin.policy.rules import Category

#: Known to every host, which adds its own and may change these. Exempt is what people have a right to, or a duty to
#: answer: it is not ours to withhold, only to report that it failed.
BUILT_IN_CATEGORIES: Final = (
    Category(name="newsletter"),
    Category(name="announcement"),
    Category(name="transactional"),
    Category(name="invoice", exempt=True),
    Category(name="statutory", exempt=True),  # what the law or the articles demand, like the call to a general assembly
)
