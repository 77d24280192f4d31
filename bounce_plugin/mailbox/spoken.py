"""What does an IMAP server say, as people would read it?"""

from __future__ import annotations

from imap_tools.errors import UnexpectedCommandStatusError


def octets(answer: object) -> bytes:
    """The data of an answer in one."""
    return b" ".join(item for item in answer if isinstance(item, bytes)) if isinstance(answer, list) else b""


def text(answer: object) -> str:
    """An answer as text; never empty."""
    return answer if isinstance(answer, str) else octets(answer).decode("utf-8", "replace").strip() or "refused"


def reason(error: Exception) -> str:
    """What an exception of imaplib or the system says."""
    if isinstance(error, UnexpectedCommandStatusError):
        return text(error.command_result[1])
    if isinstance(error, TimeoutError):
        return "no answer in time"
    first = error.args[0] if error.args else ""
    if isinstance(first, bytes):  # imaplib passes the server's words on
        return first.decode("utf-8", "replace")
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
