"""What the engine and the consumer runtime need from outside. The docstrings are the contract.

Every implementation passes the suites in ``tests/contract``; the ones in ``adapters.memory`` are
for tests and dry runs. Whatever goes wrong outside reaches the caller as ``Unavailable`` (wait and
try again) or ``Misconfigured`` (a person must act), never as a client library's exception.
"""

from orchestrator.ports.broker import Broker, Clock, Subscription
from orchestrator.ports.commits import (
    Commit,
    CommitResult,
    Committed,
    Conflict,
    Duplicate,
    KeptDefinition,
    OutboxEntry,
    Reaction,
    Settlement,
)
from orchestrator.ports.inspection import FinishedInstance, Inspection, OpenInstance
from orchestrator.ports.ledger import Ledger, Noted
from orchestrator.ports.progress import JOINED, OPEN, Progress, Standing
from orchestrator.ports.states import MESSAGE, NOTHING, PIECE, InstanceKey, InstanceWrite, Timer
from orchestrator.ports.store import Store

__all__ = [
    "JOINED",
    "MESSAGE",
    "NOTHING",
    "OPEN",
    "PIECE",
    "Broker",
    "Clock",
    "Commit",
    "CommitResult",
    "Committed",
    "Conflict",
    "Duplicate",
    "FinishedInstance",
    "Inspection",
    "InstanceKey",
    "InstanceWrite",
    "KeptDefinition",
    "Ledger",
    "Noted",
    "OpenInstance",
    "OutboxEntry",
    "Progress",
    "Reaction",
    "Settlement",
    "Standing",
    "Store",
    "Subscription",
    "Timer",
]
