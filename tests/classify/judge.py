"""What the classifier says of a reply, read as a delivery status report would carry it."""

from bounce_plugin.classify.additions import Extended, extend, read_addition
from bounce_plugin.classify.classification import Classification
from bounce_plugin.classify.classifier import classify
from bounce_plugin.classify.tables import BUILT_IN, Tables
from bounce_plugin.detectors.finding import Finding, Stage
from bounce_plugin.detectors.reply import read_reply
from bounce_plugin.message.headers import Headers
from bounce_plugin.message.passage import Passage
from bounce_plugin.message.report import Action, Kind, Report
from bounce_plugin.message.status import EnhancedStatus

#: A host of each provider, as a Remote-MTA field names it.
HOSTS = {
    "google": "gmail-smtp-in.l.google.com",
    "microsoft": "example-org.mail.protection.outlook.com",
    "yahoo": "mta5.am0.yahoodns.net",
    "apple": "mx01.mail.icloud.com",
    "gmx": "mx00.gmx.net",
    "tonline": "mx00.t-online.de",
    "orange": "smtp-in.orange.fr",
    "att": "ff-ip4-mx-vip1.prodigy.net",
    "mimecast": "eu-smtp-inbound-1.mimecast.com",
    "tencent": "mx3.qq.com",
    "any": "mx.example.org",
}


def find(reply: str, *, host: str = "", status: str = "", **fields: object) -> Finding:
    """A failed recipient whose refusal is this reply; the codes are read from it unless they are given."""
    said = read_reply(reply)
    values: dict[str, object] = {
        "recipient": "x@example.org",
        "action": Action.FAILED,
        "status": EnhancedStatus.find(status) if status else said.status,
        "reply_code": said.code,
        "diagnostic_code": reply,
        "diagnostic_type": "smtp",
        "stage": Stage.UNKNOWN,
        "remote_mta": HOSTS.get(host, host),
        "detector": "test",
    }
    return Finding(**{**values, **fields})  # type: ignore[arg-type]  # the fields are given by name


def judge(reply: str, *, text: str = "", tables: Tables = BUILT_IN, **fields: object) -> Classification:
    """The verdict on it."""
    report = Report(kind=Kind.BOUNCE, headers=Headers(()), passage=Passage.of(text))
    return classify(find(reply, **fields), report, tables)  # type: ignore[arg-type]  # the fields are given by name


def add(*texts: str) -> Extended:
    """Our tables with these additions, and what is wrong with them; the first comes from `one.toml`."""
    names = ("one.toml", "two.toml", "three.toml")
    return extend(BUILT_IN, [read_addition(text, source=name) for name, text in zip(names, texts, strict=False)])
