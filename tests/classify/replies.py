"""Verdicts on replies of all kinds, for what must hold for any of them."""

from __future__ import annotations

from hypothesis import strategies as st

from bounce_plugin.classify.classification import Classification
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.detectors.finding import Stage
from bounce_plugin.message.report import Action
from tests.classify.judge import HOSTS, judge

EXAMPLES = [phrase.example.rstrip(". ") for phrase in BUILT_IN.phrases.values()]
ADDRESSES = ["x@example.org", "<anna.b@club.example>", "mailbox.full@example.org", "SRS0=a=b=c.example=d@e.example"]
ASIDE = ["", "550-5.1.1", "192.0.2.1", "https://example.org/a?p=OverQuotaPerm", "{@", "grüße von"]
STATUSES = [
    "5.0.0",
    "4.0.0",
    "5.1.1",
    "4.1.1",
    "5.1.10",
    "5.2.0",
    "5.2.2",
    "5.4.1",
    "5.7.1",
    "4.7.1",
    "5.7.606",
    "4.4.7",
]
CODES = ["421", "450", "451", "452", "550", "551", "552", "553", "554"]


@st.composite
def verdicts(draw: st.DrawFn) -> Classification:
    """The verdict on a reply that quotes one or two wordings, addresses and codes, at any stage, by any provider."""
    said = draw(st.lists(st.sampled_from(EXAMPLES), min_size=1, max_size=2))
    said.insert(draw(st.integers(0, len(said))), draw(st.sampled_from(ADDRESSES)))
    said.insert(draw(st.integers(0, len(said))), draw(st.sampled_from(ASIDE)))
    fields: dict[str, object] = {
        "action": draw(st.sampled_from([Action.FAILED, Action.FAILED, Action.FAILED, *Action])),
        "stage": draw(st.sampled_from([Stage.UNKNOWN, Stage.RCPT, *Stage])),
        "host": draw(st.sampled_from(["", *HOSTS])),
        "diagnostic_type": draw(st.sampled_from(["smtp", "smtp", "smtp", "x-unix"])),
    }
    if draw(st.booleans()):
        fields["status"] = draw(st.sampled_from(STATUSES))
    if draw(st.booleans()):
        fields["reply_code"] = draw(st.sampled_from(CODES))
    quiet = draw(st.booleans())
    text = draw(st.sampled_from(EXAMPLES)) if quiet else ""
    return judge("550 no" if quiet else ". ".join(filter(None, said)), text=text, **fields)
