"""What follows from one delivery, made only by the functions here. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core import deadletter
from orchestrator.core.masking import redact_text
from orchestrator.errors import Refused

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.core.event import Delivery, Message
    from orchestrator.service.handler import Delay
    from orchestrator.service.report import OutcomeKind
    from orchestrator.service.work import Work


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be remembered and published before a delivery may be acknowledged.

    Attributes:
        kind: what became of it.
        messages: to publish.
        remember_as: the inbox key under which `messages` are remembered; None if they are not.
        attempt: which attempt this was.
        reason: why it was given up; None otherwise.
        error: what went wrong, on one line; None when nothing did.
        exception: what the handler raised without saying what is to follow; None otherwise.
    """

    kind: OutcomeKind
    messages: tuple[Message, ...] = ()
    remember_as: str | None = None
    attempt: int = 1
    reason: str | None = None
    error: str | None = None
    exception: Exception | None = None


def replied(work: Work, reply: tuple[Message, ...]) -> Outcome:
    """The handler succeeded with `reply`."""
    return Outcome("replied", reply, remember_as=work.key, attempt=work.attempt)


def repeated(work: Work, reply: tuple[Message, ...]) -> Outcome:
    """It had succeeded before, with `reply`, which may not have been published."""
    return Outcome("repeated", reply, attempt=work.attempt)


def ignored() -> Outcome:
    """No handler wants the type."""
    return Outcome("ignored")


class Failing:
    """Says what follows from failures on one queue."""

    def __init__(self, queue: str, retry_prefix: str) -> None:
        """Speak for `queue`; the retry exchanges are called ``<retry_prefix>.<delay>``."""
        self._queue = queue
        self._retry_prefix = retry_prefix

    def unreadable(self, delivery: Delivery, error: Refused, now: datetime) -> Outcome:
        """The message is not an event: nobody can be told but who reads the dead letters."""
        text = one_line(error)
        copy = deadletter.dead_letter(delivery, self._queue, error.reason, text, now)
        return Outcome("given-up", (copy,), reason=error.reason, error=text)

    def retried(self, work: Work, delay: Delay, error: Exception) -> Outcome:
        """Try `work` again after `delay`."""
        text = one_line(error)
        copy = deadletter.retry(
            work.delivery,
            self._queue,
            f"{self._retry_prefix}.{delay}",
            work.attempt + 1,
            text,
        )
        return Outcome("retried", (copy,), attempt=work.attempt, error=text, exception=error)

    def given_up(
        self, work: Work, reason: str, error: Exception, told: tuple[Message, ...], now: datetime
    ) -> Outcome:
        """Dead-letter `work`, and publish `told` so that rules can react."""
        text = one_line(error)
        copy = deadletter.dead_letter(
            work.delivery,
            self._queue,
            reason,
            text,
            now,
            handler=work.handler.name,
            attempts=work.attempt,
        )
        return Outcome(
            "given-up",
            (copy, *told),
            attempt=work.attempt,
            reason=reason,
            error=text,
            exception=None if isinstance(error, Refused) else error,
        )


def one_line(error: Exception) -> str:
    """Return what `error` says, on one line; its class where it says nothing, or is not ours.

    Secrets are masked as in the logs: it becomes a header, and an event that everybody may read.
    """
    name = type(error).__name__
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - the class is a handler's, and so is its text
        said = ""
    # What cannot be UTF-8 cannot be a header, and would stop whoever reports it.
    sendable = said.encode(errors="replace").decode()
    text = redact_text(" ".join(sendable.split()))[: deadletter.MAX_ERROR_LENGTH]
    if type(error).__module__.startswith("orchestrator."):
        return text or name
    return f"{name}: {text}" if text else name
