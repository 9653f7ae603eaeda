"""What a handler may raise to say how its failure is to be taken. Knows no broker.

Everything else a handler raises is taken as a failure that may pass, and is tried again.
"""

from __future__ import annotations

from orchestrator.errors import Refused, Unavailable


class Reject(Refused):
    """Trying this message again is pointless: dead-letter it at once.

    The text becomes part of the dead letter and of ``CommandFailed``: say what is wrong with the
    message, without repeating its data.
    """

    reason = "rejected"


class DependencyDown(Unavailable):
    """What the handler needs is away, and no message would fare better: pause, lose no attempt."""


class CrashLoop(Refused):
    """The process died each time it handled this message. Only the runtime raises it."""

    reason = "crash-loop"
