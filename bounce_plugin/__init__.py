"""Bounce management for mailing-list and CRM hosts.

Everything that a host or a plugin may rely on is named here, and nothing else is.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from bounce_plugin.classify.classification import Classification, Evidence, FailureType, Fault, Reason
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Contact, Delivery, Trust
from bounce_plugin.correlate.seal import ReturnPath
from bounce_plugin.detectors.finding import Finding
from bounce_plugin.errors import (
    BounceError,
    BusyError,
    HookError,
    Later,
    LedgerError,
    MailboxError,
    NotFoundError,
    NoticeError,
    RefusedError,
    SettingsError,
    SignInError,
    WorkerError,
)
from bounce_plugin.event import BounceEvent
from bounce_plugin.examination import Examination, examine
from bounce_plugin.message.report import Action, Kind
from bounce_plugin.outcome import Handling, Incident, Lifted, MailOutcome, ReviewItem, RunSummary
from bounce_plugin.policy.rules import Decision, PolicyAction, Step
from bounce_plugin.policy.state import Suppression

if TYPE_CHECKING:
    from bounce_plugin.canary import CanaryRound
    from bounce_plugin.desk.undo import Correction
    from bounce_plugin.hookspecs import hookimpl
    from bounce_plugin.ledger.canaries import Canary
    from bounce_plugin.many import examine_many
    from bounce_plugin.plugin import BouncePlugin
    from bounce_plugin.policy.undo import Choice
    from bounce_plugin.settings import Settings, load_settings
    from bounce_plugin.suppression.explanation import Explanation

__all__ = [
    "Action",
    "BounceError",
    "BounceEvent",
    "BouncePlugin",
    "BusyError",
    "Canary",
    "CanaryRound",
    "Choice",
    "Classification",
    "Clues",
    "Contact",
    "Correction",
    "Decision",
    "Delivery",
    "Evidence",
    "Examination",
    "Explanation",
    "FailureType",
    "Fault",
    "Finding",
    "Handling",
    "HookError",
    "Incident",
    "Kind",
    "Later",
    "LedgerError",
    "Lifted",
    "MailOutcome",
    "MailboxError",
    "NotFoundError",
    "NoticeError",
    "PolicyAction",
    "Reason",
    "RefusedError",
    "ReturnPath",
    "ReviewItem",
    "RunSummary",
    "Settings",
    "SettingsError",
    "SignInError",
    "Step",
    "Suppression",
    "Trust",
    "WorkerError",
    "examine",
    "examine_many",
    "hookimpl",
    "load_settings",
]

#: What brings the database, the mailboxes and the templates along is loaded when it is asked for: whoever only wants to
#: `examine` a mail waits for none of it.
_LATE: Final = {
    "BouncePlugin": "plugin",
    "Canary": "ledger.canaries",
    "CanaryRound": "canary",
    "Choice": "policy.undo",
    "Correction": "desk.undo",
    "Explanation": "suppression.explanation",
    "Settings": "settings",
    "examine_many": "many",
    "hookimpl": "hookspecs",
    "load_settings": "settings",
}


def __getattr__(name: str) -> object:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    globals()[name] = value
    return value
