"""Is the address known that somebody wrote to, when Exim passed the mail on to another?"""

from __future__ import annotations

import pytest

from bounce_plugin.examination import examine
from tests.test_samples import SAMPLES

MAIL = (SAMPLES / "exim" / "188-dsn-generated-from.eml").read_bytes()


@pytest.mark.parametrize(
    ("was", "becomes", "others"),
    [
        (b"", b"", ("board@garden.example",)),
        (b"  nils.garden@mail.example\n", b"  <nils.garden@mail.example>\n", ("board@garden.example",)),
        (b"(generated from board@garden.example)", b"(generated from a script)", ()),
        (b"  nils.garden@mail.example\n", b"  emma@mail.example\n", ()),
    ],
    ids=["as it is", "in brackets", "from no address", "of another recipient"],
)
def test_d_24_the_address_that_a_recipient_was_generated_from_is_another_name(
    was: bytes, becomes: bytes, others: tuple[str, ...]
) -> None:
    (finding,) = examine(MAIL.replace(was, becomes)).findings
    assert (finding.recipient, finding.other_recipients) == ("nils.garden@mail.example", others)
