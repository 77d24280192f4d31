"""How is a mail server told that a mail was not taken? So that it keeps the mail, whatever went wrong.

What is handed to us are bounces. Their sender is the null sender, to whom nothing can be returned: a mail server that
is told of a failure for good throws the mail away. So there are two exit codes, 0 and 75 (EX_TEMPFAIL), and none of
the others: what a wrong setting keeps from us today it can deliver tomorrow.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader
from typing import Final, NoReturn, cast

from bounce_plugin.errors import BounceError

TAKEN: Final = 0
TRY_AGAIN: Final = 75  # EX_TEMPFAIL of sysexits.h

_PIECE: Final = 1024 * 1024
_woken: list[int] = []  # the end of a pipe that has an octet once a signal has come


def answer_mail_server(run: Callable[[], object]) -> NoReturn:
    """End the process as a mail server understands it: 0 if `run` ends with that code, otherwise 75 and a line that says why."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    _woken.append(woken)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)  # a process that a signal ended is a failure for good to some mail servers
    try:
        run()
        code = TAKEN
    except _Stopped:
        _end(TRY_AGAIN)
    except SystemExit as end:
        code = TAKEN if end.code in (None, 0) else TRY_AGAIN
    except BounceError as error:
        say(str(error))
        code = TRY_AGAIN
    except BaseException as error:  # noqa: BLE001 - the mail must not be lost, whatever this is
        say(f"{type(error).__name__}: {error}")
        code = TRY_AGAIN
    if code == TRY_AGAIN:
        say("the mail was not taken; the mail server should try again")
        _read_to_the_end()
    _end(code)


def say(line: str) -> None:
    """One line on standard error, if anybody listens. It never begins with a status, which Postfix would believe."""
    with suppress(OSError, ValueError):
        print(f"bounce-plugin: {' '.join(line.split())}", file=sys.stderr, flush=True)  # noqa: T201 - the log may be set up no more


def read_input(octets: int) -> bytes:
    """At most so many octets of standard input, none at its end.

    A signal that comes just before the reading does not interrupt it: Python has noted it, and acts once the reading is
    over, which may be never. So what has come is waited for beside the pipe.
    """
    stream = cast("BufferedReader", sys.stdin.buffer)
    if _woken:
        with suppress(OSError, ValueError):  # no file that can be waited for: then it does not block, either
            select.select([stream.fileno(), *_woken], [], [])
    return stream.read1(octets)


def _stop(number: int, _frame: object) -> NoReturn:
    say(f"stopped by {signal.Signals(number).name}")
    raise _Stopped(TRY_AGAIN)


class _Stopped(SystemExit):
    """We were told to end, and read no further."""


def _read_to_the_end() -> None:
    """Let the mail server write all of the mail: one that fails to may take that for the answer."""
    with suppress(OSError, ValueError, AttributeError):
        if not sys.stdin.isatty():
            while read_input(_PIECE):
                pass


def _end(code: int) -> NoReturn:
    """End without what the interpreter does at its end: an output that is gone would change the code (to 120)."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # it may be gone, or never have been there
            stream.flush()
    os._exit(code)
