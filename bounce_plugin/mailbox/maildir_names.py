"""How are the files of a Maildir named? (https://cr.yp.to/proto/maildir.html)"""

from __future__ import annotations

import os
import socket
from itertools import count
from time import time_ns

_serial = count()


def uid_of(name: str) -> str:
    """The unique part of a file name, before the flags; octets that are no UTF-8 are spelt out, for a database."""
    return os.fsencode(name.partition(":")[0]).decode("utf-8", "backslashreplace")


def new_name(name: str) -> str:
    """A name that was never used, with the sizes (`,S=`, `,W=`) and flags of the old one."""
    seconds, rest = divmod(time_ns(), 1_000_000_000)
    host = socket.gethostname().replace("/", r"\057").replace(":", r"\072").replace(",", r"\054")
    unique = f"{seconds}.M{rest // 1000:06d}P{os.getpid()}Q{next(_serial)}R{os.urandom(4).hex()}.{host}"
    stem, colon, flags = name.partition(":")
    _, comma, sizes = stem.partition(",")
    return f"{unique}{comma}{sizes}{colon}{flags}"
