"""What can go wrong for the operator or the host? One root, and one class for each remedy.

    BounceError
    ├── SettingsError      bounce.toml or a table says something impossible; names the key and the value
    ├── LedgerError        the database cannot be opened, is of another version, or was keyed otherwise
    ├── MailboxError       the mailbox cannot be reached, signed in to, or used
    │   ├── SignInError    the mailbox refused our credentials
    │   └── BusyError      another process works on the mailbox just now; nothing needs to be mended
    ├── NoticeError        a mail to people could not be handed to the mail server
    │   └── RefusedError   the mail server refused every recipient for good
    ├── HookError          a plugin has a misspelt or unusable hook, or is missing
    ├── NotFoundError      the item that a command names does not exist
    └── WorkerError        a process that shared the work has ended before it was done

A mail is never an error: whatever it holds, `examine()` returns an `Examination`. Nor is `Later`: it is an answer that
a plugin gives.
"""

from __future__ import annotations

from datetime import datetime


class BounceError(Exception):
    """Something that the operator or the host must mend."""


class SettingsError(BounceError):
    """A setting is missing, unknown or impossible."""

    def __init__(self, problem: str, *, key: str = "", value: object = None, source: str = "") -> None:
        self.problem, self.key, self.value, self.source = problem, key, value, source
        where = f"{source}: " if source else ""
        what = f"{key} = {value!r}: " if key and value is not None else f"{key}: " if key else ""
        super().__init__(f"{where}{what}{problem}")


class LedgerError(BounceError):
    """The ledger's database cannot be used as it is."""


class MailboxError(BounceError):
    """A mailbox cannot be reached or used."""


class SignInError(MailboxError):
    """The mailbox refused our credentials."""


class BusyError(MailboxError):
    """Another process works on the mailbox."""


class NoticeError(BounceError):
    """A mail to people could not be handed to the mail server."""


class RefusedError(NoticeError):
    """The mail server refused every recipient of a mail for good."""


class HookError(BounceError):
    """A plugin implements a hook that does not exist or cannot be called; or the one that has to answer is not loaded."""


class NotFoundError(BounceError):
    """What a command names does not exist."""


class WorkerError(BounceError):
    """A process that examined some of many mails has ended before it was done: killed, out of memory, or never begun."""

    def __init__(self, *, first: int, last: int, exit_code: int | None) -> None:
        self.first, self.last = first, last  # of the mails that it was at, counted from 1
        self.exit_code = exit_code  # the number of a signal, negative, if that ended it; None if it is not known
        how = "an unknown exit code" if exit_code is None else f"exit code {exit_code}"
        super().__init__(
            f"a process ended with {how} when it was to examine the mails {first} to {last}. If it never began, let the "
            'program call examine_many below `if __name__ == "__main__":`'
        )


class Later(Exception):  # noqa: N818 - an answer, no error
    """A plugin asks to be told the same again later: no failure, and no try that counts.

    `until` is aware. Without it the plugin is told again once the other announcements that are due were offered to
    it, so that it can gather them.
    """

    def __init__(self, until: datetime | None = None) -> None:
        self.until = until
        super().__init__(f"later, at {until.isoformat()}" if until else "later")
