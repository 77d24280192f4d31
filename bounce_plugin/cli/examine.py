"""`bounce-plugin examine`: what does this mail say, and why do we think so?"""

from __future__ import annotations

import json
import sys

import click

from bounce_plugin.cli.argument import argue
from bounce_plugin.examination import Examination
from bounce_plugin.examination import examine as examine_mail
from bounce_plugin.mailbox.paths import raw_mails


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def examine(paths: tuple[str, ...], as_json: bool) -> None:
    """Explain bounces: files, folders, a Maildir, an mbox, or - for standard input. Changes nothing."""
    for mail in raw_mails(paths):
        examination = examine_mail(mail.raw)
        if as_json:
            sys.stdout.write(json.dumps(as_record(mail.name, examination), ensure_ascii=False) + "\n")
        else:
            click.echo(argue(mail.name, examination))


def as_record(name: str, examination: Examination) -> dict[str, object]:
    """The JSON object of one mail; its fields are documented in docs/reference/examine-json.md."""
    return {
        "file": name,
        "kind": examination.kind,
        "rows": [
            {
                "recipient": finding.recipient,
                "other_recipients": finding.other_recipients,
                "kind": verdict.kind,
                "reason": verdict.reason or "",
                "type": verdict.type or "",
                "fault": verdict.fault or "",
                "counts": verdict.counts,
                "confidence": round(verdict.confidence, 2),
                "suggestion": verdict.suggestion or "",
                "status": str(finding.status or ""),
                "reply_code": finding.reply_code,
                "diagnostic_code": finding.diagnostic_code,
                "stage": finding.stage,
                "remote_mta": finding.remote_mta,
                "detector": finding.detector,
                "evidence": [
                    {
                        "rule": step.rule,
                        "field": step.field,
                        "span": step.span,
                        "reason": step.reason or "",
                        "decided": step.decided,
                        "note": step.note,
                    }
                    for step in verdict.evidence
                ],
            }
            for finding, verdict in zip(examination.findings, examination.classifications, strict=True)
        ],
        "message_id": examination.clues.message_id,
        "limits": examination.limits,
        "error": None,
    }
