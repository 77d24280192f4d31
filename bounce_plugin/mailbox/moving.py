"""How do mails get into another folder of an IMAP server, and no other mail is harmed? (RFC 6851, 4315)"""

from __future__ import annotations

import re
from typing import Final

from bounce_plugin.mailbox.fetch_answer import compact, expand
from bounce_plugin.mailbox.session import Session, encode

_COPYUID: Final = re.compile(rb"(\d+) ([\d:,]+) ([\d:,]+)")


def move_set(session: Session, uid_set: str, destination: str) -> tuple[dict[str, str], str]:
    """Move mails of the selected folder; returns the new UIDs as far as they are told, and their UIDVALIDITY."""
    if "MOVE" in session.capabilities:
        return _transfer(session, "MOVE", uid_set, destination)
    _spare(session, uid_set)
    known = _transfer(session, "COPY", uid_set, destination)
    remove(session, uid_set)
    return known


def _transfer(session: Session, command: str, uid_set: str, destination: str) -> tuple[dict[str, str], str]:
    """MOVE or COPY, making the target if there is none; see `move_set`."""
    session.response("COPYUID")  # of another command
    status, answer = session.command(command, uid_set, encode(destination))
    if status != "OK":
        missing = any(isinstance(item, bytes) and b"[TRYCREATE]" in item.upper() for item in answer)
        if not missing and session.exists(destination):
            raise session.refuse(f"{command} to {destination}", answer)
        session.create(destination)
        status, answer = session.command(command, uid_set, encode(destination))
        if status != "OK":
            raise session.refuse(f"{command} to {destination}", answer)
    known, under = dict[str, str](), ""
    for told in session.response("COPYUID"):
        if isinstance(told, bytes) and (copied := _COPYUID.fullmatch(told)):
            with session.asking("COPYUID"):
                pairs = zip(expand(copied[2].decode()), expand(copied[3].decode()), strict=True)
                known |= {str(old): str(new) for old, new in pairs}
                under = copied[1].decode()
    return known, under


def _spare(session: Session, uid_set: str) -> None:
    r"""Take \Deleted from what is to be copied: else the copy has it, too, and whoever expunges loses it (I-12).

    We ourselves have set it, if we were killed between the copy and the removal.
    """
    status, answer = session.command("SEARCH", "UID", uid_set, "DELETED")
    if status != "OK":
        raise session.refuse("UID SEARCH", answer)
    found = b" ".join(item for item in answer if isinstance(item, bytes)).split()
    if not found:
        return
    flagged = compact([int(uid) for uid in found])
    status, answer = session.command("STORE", flagged, "-FLAGS.SILENT", r"(\Deleted)")
    if status != "OK":
        raise session.refuse("UID STORE", answer)


def remove(session: Session, uid_set: str) -> None:
    r"""Take these mails away, and them alone: without UIDPLUS an EXPUNGE would take what others flagged."""
    status, answer = session.command("STORE", uid_set, "+FLAGS.SILENT", r"(\Deleted)")
    if status != "OK":
        raise session.refuse("UID STORE", answer)
    if "UIDPLUS" in session.capabilities:
        status, answer = session.command("EXPUNGE", uid_set)
        if status != "OK":
            raise session.refuse("UID EXPUNGE", answer)
