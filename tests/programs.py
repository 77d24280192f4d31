"""`bounce-plugin` in a process of its own, for tests: with its own standard streams and exit code, but forked (`tests.processes`)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from threading import Thread
from typing import Any

from tests.processes import PROCESSES

PATIENCE = 120  # seconds


def run_program(
    *arguments: str | Path, stdin: bytes = b"", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run it to its end, with what is piped to it; gives what `subprocess.run` would."""
    reader, writer = os.pipe()
    feeder = Thread(target=_feed, args=(writer, stdin))
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = start_program(
            *arguments, streams=(reader, out.fileno(), errors.fileno()), environment=environment or os.environ
        )
        os.close(reader)
        feeder.start()
        process.join(PATIENCE)
        process.kill()  # so that nothing waits for it, should it still be there
        feeder.join()
        process.join()
        assert process.exitcode is not None
        out.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(arguments, process.exitcode, out.read(), errors.read())


def start_program(*arguments: str | Path, streams: tuple[int, int, int], environment: Mapping[str, str]) -> BaseProcess:
    """Start it with three descriptors as its standard streams."""
    given = [_Descriptor(stream) for stream in streams]
    process = PROCESSES.Process(target=_be_the_program, args=(list(map(str, arguments)), given, dict(environment)))
    process.start()
    return process


def _feed(writer: int, octets: bytes) -> None:
    try:
        with open(writer, "wb") as pipe:
            pipe.write(octets)
    except BrokenPipeError:
        pass  # it did not want to know all of it


class _Descriptor:
    """What arrives in the other process as the number of a descriptor of its own."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return _detach, (DupFd(self._number),)


def _detach(duplicate: Any) -> int:
    number: int = duplicate.detach()
    return number


def _be_the_program(arguments: Sequence[str], streams: Sequence[int], environment: Mapping[str, str]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - open to the end, as they are in any program
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["bounce-plugin", *arguments]
    from bounce_plugin.cli import main

    main()
