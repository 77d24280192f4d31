"""How are mails taken over LMTP? The table [lmtp]."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationInfo

from bounce_plugin.settings.section import Name, Origin, Section, Whole, refuse, split_place

_UNIX: Final = "unix:"


def _place(value: str, info: ValidationInfo) -> str:
    """Make the path of a socket absolute, and see that anything else is a host and a port."""
    assert isinstance(info.context, Origin)
    if value.startswith(_UNIX):
        path = value.removeprefix(_UNIX)
        if not path:
            raise refuse(f'names no socket; allowed: "HOST:PORT", "{_UNIX}FILE"')
        return f"{_UNIX}{info.context.folder / path}"
    if split_place(value) is None:
        raise refuse(f'is no place to listen at; allowed: "HOST:PORT", "{_UNIX}FILE"')
    return value


class LmtpSettings(Section):
    """Where we listen, and how much we take."""

    listen: Annotated[Name, AfterValidator(_place)] = "127.0.0.1:2424"
    mailbox: str = ""  # the [[mailbox]] that takes the mails; empty: the only Maildir
    max_connections: Whole = 20  # at one time
    max_megabytes: Whole = 64  # of one mail; a larger one is put off
    idle_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 300.0  # then a silent client is let go

    @property
    def socket(self) -> Path | None:
        """The socket's file; None where we listen at a port."""
        return Path(self.listen.removeprefix(_UNIX)) if self.listen.startswith(_UNIX) else None

    @property
    def host(self) -> str:
        """The name or number before the port."""
        return (split_place(self.listen) or ("", 0))[0]

    @property
    def port(self) -> int:
        """The port, where we listen at one."""
        return (split_place(self.listen) or ("", 0))[1]
