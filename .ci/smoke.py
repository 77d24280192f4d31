"""Does the wheel work alone, with the source folder out of reach? Run by .ci/run in a new environment."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import bounce_plugin

program = sys.argv[1]
source = Path(bounce_plugin.__file__).resolve()
assert "site-packages" in source.parts, f"bounce_plugin comes from {source}, not from the wheel"

BOUNCE = b"""\
From: MAILER-DAEMON@mx.example.net
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: text/plain

<anna@example.com>: 550 5.1.1 User unknown
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; anna@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown
--B--
"""


def run(*arguments: str, folder: Path, stdin: bytes = b"", expect: int = 0) -> str:
    done = subprocess.run([program, *arguments], cwd=folder, input=stdin, capture_output=True, check=False)
    assert done.returncode == expect, f"{arguments}: exit code {done.returncode}\n{done.stdout!r}\n{done.stderr!r}"
    return done.stdout.decode()


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    (record,) = map(json.loads, run("examine", "--json", "-", folder=folder, stdin=BOUNCE).splitlines())
    assert record["rows"][0]["reason"] == "address_unknown", record
    run("init", folder=folder)
    for place in ("new", "cur", "tmp"):
        (folder / "Maildir" / place).mkdir(parents=True)
    (folder / "Maildir" / "new" / "1.bounce.mx").write_bytes(BOUNCE)
    assert "1 review" in run("run", "--once", folder=folder)  # no host here knows the address
    assert "No contact is known" in run("review", "list", folder=folder)
    run("review", "assign", "1", "7", "--as", "smoke", folder=folder)
    assert "withheld" in run("status", "anna@example.com", "--category", "newsletter", folder=folder)
    assert "sent" in run("status", "anna@example.com", "--category", "invoice", folder=folder)
    for template in ("threshold", "run"):
        assert list((source.parent / "notices" / "templates").rglob(f"*{template}*")), (
            f"no template {template} in the wheel"
        )

print(f"The wheel of bounce-plugin works alone ({source.parent}).")
