"""What are all these mails, and why did they fail? Many at once, on all cores, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias

from bounce_plugin.classify.classification import Classification
from bounce_plugin.classify.tables import BUILT_IN, Tables
from bounce_plugin.crew import work_in_order
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.examination import UNREADABLE, Examination, examine
from bounce_plugin.message import limits
from bounce_plugin.message.read import read_report
from bounce_plugin.message.report import Kind, Report

_ENOUGH: Final = limits.MESSAGE + 1  # one octet over the cap, so that an examination sees that it is over

#: What travels from one process to another: all of an `Examination` but the mail itself.
_Verdict: TypeAlias = tuple[Kind, tuple[Finding, ...], tuple[Classification, ...], tuple[str, ...], str]


def examine_many(
    mails: Iterable[bytes], *, tables: Tables = BUILT_IN, processes: int | None = None
) -> Iterator[Examination]:
    """Examine many mails, in their order, as an iterator; each is what `examine` gives.

    Few mails are held in memory at a time, however many there are. `processes` says how many processes share the work:
    1 is this process alone, None is one for each usable core, once there are more than a few hundred mails. A program
    that is run as a file must be importable, so its call stands below `if __name__ == "__main__":`.

    What `mails` raises is raised when all mails before it are examined. Raises WorkerError when a process ends before
    its work is done.
    """
    # The built-in tables are there already.
    work = partial(_judge, tables=None if tables is BUILT_IN else tables)
    raws = (raw if len(raw) <= _ENOUGH else raw[:_ENOUGH] for raw in mails)
    if processes == 1:
        for raw in raws:
            yield examine(raw, tables)
        return
    with closing(work_in_order(work, raws, size_of=len, processes=processes)) as judged:
        for raw, verdict in judged:
            yield _put_together(raw, verdict)


def _judge(raw: bytes, tables: Tables | None) -> _Verdict:
    one = examine(raw, tables or BUILT_IN)
    return one.kind, one.findings, one.classifications, one.limits, one.why


def _put_together(raw: bytes, verdict: _Verdict) -> Examination:
    kind, findings, classifications, exceeded, why = verdict
    return Examination(
        kind=kind,
        findings=findings,
        classifications=classifications,
        source=UNREADABLE if exceeded == UNREADABLE.limits else _Unread(raw),
        limits=exceeded,
        why=why,
    )


@dataclass(slots=True)
class _Unread:
    """The report of a mail that another process examined: read here once somebody asks for it, as few do."""

    raw: bytes = field(repr=False)
    report: Report | None = field(default=None, repr=False)

    def __call__(self) -> Report:
        if self.report is None:
            self.report = read_report(self.raw)
        return self.report
